"""Boxes that anybody in the platform can shut and only the holder of a survey's private key can open. Pure.

A box is a version byte, a fresh X25519 public key and the content under AES-256-GCM. The key comes by HKDF-SHA256 from the agreement of
the fresh key with the survey's, and from a secret of the platform: who holds the database and with it every public key can't make a box
that opens, so can't surround one citizen's answer with answers of their own.
"""

from __future__ import annotations

import zlib

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

VERSION = 1
SMALLEST = 512
"""Bytes of content in the smallest box; the next ones are each twice as large."""
MAX_CONTENT = 8 * 1024 * 1024
_KEY = 32
_NONCE = bytes(12)
"""Always the same: every box has a key of its own."""


def new_pair() -> tuple[bytes, bytes]:
    """(private, public), 32 bytes each."""
    private = X25519PrivateKey.generate()
    return private.private_bytes_raw(), private.public_key().public_bytes_raw()


def public_half(private: bytes) -> bytes:
    return X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()


def shut(public: bytes, secret: bytes, survey_id: int, content: bytes) -> bytes:
    """`content` in a box of this survey. Its size tells only between which two powers of two the compressed content lies."""
    fresh = X25519PrivateKey.generate()
    mine = fresh.public_key().public_bytes_raw()
    key = _key(fresh.exchange(X25519PublicKey.from_public_bytes(public)), secret, survey_id, mine, public)
    return bytes((VERSION,)) + mine + AESGCM(key).encrypt(_NONCE, pad(zlib.compress(content, 9)), None)


def unlock(private: bytes, secret: bytes, survey_id: int, box: bytes) -> bytes | None:
    """The content of a box, None for one of another survey, another platform, or changed by a bit."""
    if len(box) <= 1 + _KEY or box[0] != VERSION:
        return None
    held = X25519PrivateKey.from_private_bytes(private)
    theirs = box[1 : 1 + _KEY]
    try:
        shared = held.exchange(X25519PublicKey.from_public_bytes(theirs))
        key = _key(shared, secret, survey_id, theirs, held.public_key().public_bytes_raw())
        return inflate(unpad(AESGCM(key).decrypt(_NONCE, box[1 + _KEY :], None)))
    except (InvalidTag, ValueError, zlib.error):
        return None


def _key(shared: bytes, secret: bytes, survey_id: int, fresh: bytes, public: bytes) -> bytes:
    info = b"engage sealed answer" + bytes((VERSION,)) + survey_id.to_bytes(8, "big") + fresh + public
    return HKDF(SHA256(), _KEY, secret, info).derive(shared)


def pad(content: bytes) -> bytes:
    """Content behind its length, filled up with zeros to 512 bytes, 1024, 2048 and so on."""
    size = SMALLEST
    while size < len(content) + 4:
        size *= 2
    return (len(content).to_bytes(4, "big") + content).ljust(size, b"\0")


def unpad(padded: bytes) -> bytes:
    """What `pad` filled up; ValueError for anything else."""
    length = int.from_bytes(padded[:4], "big")
    if length > len(padded) - 4:
        raise ValueError("not padded by us")
    return padded[4 : 4 + length]


def inflate(packed: bytes) -> bytes:
    """Never more than `MAX_CONTENT` bytes; ValueError for more."""
    engine = zlib.decompressobj()
    content = engine.decompress(packed, MAX_CONTENT)
    if engine.unconsumed_tail or not engine.eof:
        raise ValueError("too large")
    return content
