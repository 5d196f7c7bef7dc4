"""Keys and what they protect: encrypted columns, blind indexes, suppression hashes and the citizens' links.

The key file lies outside the database with mode 0600. Every key has versions; the highest one writes, all of them read.
An unkeyed hash of a phone number is worthless (there are only a thousand million of them), so every index here is an HMAC.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import secrets
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from flask import current_app

from engage.refusal import Refused

PURPOSES = ("encryption", "index", "suppression", "links", "ledger", "session")
TOKEN_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
"""base57: no 0, 1, I, O, l, so that a token survives being read out on the telephone."""
TOKEN_LENGTH = 11
_NONCE = 12
_PAIRS = [first + second for second in TOKEN_ALPHABET for first in TOKEN_ALPHABET]
"""Two letters at a time: a campaign derives a million of them."""


class Vault:
    """All keys of one installation. Its `repr` shows fingerprints, never keys."""

    def __init__(self, keys: Mapping[str, Mapping[int, bytes]]) -> None:
        for purpose in PURPOSES:
            if not keys.get(purpose):
                raise Refused("keys_incomplete", purpose=purpose)
        self._keys = {purpose: dict(keys[purpose]) for purpose in PURPOSES}
        self._newest = {purpose: max(versions) for purpose, versions in self._keys.items()}
        self._ciphers = {version: AESGCM(key) for version, key in self._keys["encryption"].items()}
        self._index_key = self._current("index")
        self._suppression_key = self._current("suppression")
        # Two uses of the link keys, two derived keys: who learns a digest learns nothing about a token.
        self._token_keys = {v: hmac.digest(k, b"engage token", "sha256") for v, k in self._keys["links"].items()}
        self._digest_keys = {v: hmac.digest(k, b"engage digest", "sha256") for v, k in self._keys["links"].items()}

    def __repr__(self) -> str:
        return f"Vault({self.fingerprints()})"

    def _current(self, purpose: str) -> bytes:
        return self._keys[purpose][self._newest[purpose]]

    # -- the file ------------------------------------------------------------------------------------------------------

    @classmethod
    def load(cls, path: Path) -> Vault:
        """The vault of an existing key file.

        Refused: "keys_missing" when there is no file, "keys_unreadable" when it is damaged or can't be opened,
        "keys_exposed" when others on this machine may read it.
        """
        try:
            mode = path.stat().st_mode
            text = path.read_text()
        except FileNotFoundError:
            raise Refused("keys_missing", path=str(path)) from None
        except OSError as error:
            raise Refused("keys_unreadable", path=str(path), detail=error.strerror) from None
        if stat.S_IMODE(mode) & 0o077:
            raise Refused("keys_exposed", path=str(path))
        try:
            stored = json.loads(text)["keys"]
            keys = {purpose: {int(v): base64.b64decode(key) for v, key in versions.items()} for purpose, versions in stored.items()}
            if any(len(key) != 32 for versions in keys.values() for key in versions.values()):
                raise ValueError("a key is not 32 bytes long")
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise Refused("keys_unreadable", path=str(path), detail=str(error)) from None
        return cls(keys)

    @classmethod
    def create(cls, path: Path) -> Vault:
        """A new key file at `path`, mode 0600, written whole or not at all; an existing one is never touched."""
        keys = {purpose: {1: secrets.token_bytes(32)} for purpose in PURPOSES}
        stored = {p: {str(v): base64.b64encode(k).decode() for v, k in versions.items()} for p, versions in keys.items()}
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".keys-")
            with os.fdopen(handle, "w") as file:
                json.dump({"keys": stored}, file, indent=1)
                file.flush()
                os.fsync(file.fileno())
            try:
                os.link(temporary, path)  # fails when another process was first: both then use that one
            except FileExistsError:
                return cls.load(path)
            finally:
                os.unlink(temporary)
        except OSError as error:
            raise Refused("keys_unwritable", path=str(path), detail=error.strerror) from None
        return cls(keys)

    @classmethod
    def load_or_create(cls, path: Path) -> Vault:
        """The vault at `path`, made on the very first start."""
        return cls.load(path) if path.exists() else cls.create(path)

    def fingerprints(self) -> dict[str, str]:
        """A short, public name for every key, as `purpose/version → 16 hex digits`; the database remembers them, so that a swapped key file is found at start."""
        return {
            f"{purpose}/{version}": hmac.digest(key, b"engage fingerprint", "sha256").hex()[:16]
            for purpose in PURPOSES
            for version, key in sorted(self._keys[purpose].items())
        }

    def session_secret(self) -> str:
        return hmac.digest(self._current("session"), b"engage session", "sha256").hex()

    def derive_secret(self, name: str) -> str:
        """A stable secret for one more purpose inside this installation (a password salt, a webhook path)."""
        return hmac.digest(self._current("session"), name.encode(), "sha256").hex()

    # -- encryption ----------------------------------------------------------------------------------------------------

    def encrypt(self, plaintext: str, context: str) -> bytes:
        """`plaintext` sealed by AES-256-GCM; it opens only with the same `context` (table, column and row id), so that no row's
        value can be moved to another. Layout: version (1 byte), nonce (12), ciphertext and tag."""
        version = self._newest["encryption"]
        nonce = os.urandom(_NONCE)
        return bytes((version,)) + nonce + self._ciphers[version].encrypt(nonce, plaintext.encode(), context.encode())

    def decrypt(self, blob: bytes, context: str) -> str:
        """What `encrypt` sealed. Refused("keys_do_not_fit") for a foreign key, a changed byte or another row's value."""
        cipher = self._ciphers.get(blob[0]) if blob else None
        if cipher is None:
            raise Refused("keys_do_not_fit")
        try:
            return cipher.decrypt(blob[1 : 1 + _NONCE], blob[1 + _NONCE :], context.encode()).decode()
        except InvalidTag:
            raise Refused("keys_do_not_fit") from None

    # -- indexes -------------------------------------------------------------------------------------------------------

    def blind_index(self, e164: str) -> bytes:
        """32 bytes by which an encrypted number can be found again: HMAC-SHA256 under the index key."""
        return hmac.digest(self._index_key, e164.encode(), "sha256")

    def suppression_hash(self, e164: str) -> bytes:
        """32 bytes that keep an opt-out valid after the number itself was erased."""
        return hmac.digest(self._suppression_key, e164.encode(), "sha256")

    def ledger_mac(self, previous: bytes, content: bytes) -> bytes:
        """One link of a person's consent chain: HMAC-SHA256 over the link before it and this entry's canonical bytes."""
        return hmac.digest(self._keys["ledger"][self._newest["ledger"]], previous + content, "sha256")

    # -- links ---------------------------------------------------------------------------------------------------------

    @property
    def link_version(self) -> int:
        return self._newest["links"]

    def link_token(self, invitation_id: int, version: int | None = None) -> str:
        """The 11 letters and digits of an invitation's link; derived, so they are stored nowhere."""
        key = self._token_keys[version or self._newest["links"]]
        number = int.from_bytes(hmac.digest(key, invitation_id.to_bytes(8, "big"), "sha256")[:8], "big")
        letters = ""
        for _ in range(TOKEN_LENGTH // 2):
            number, pair = divmod(number, 3249)
            letters += _PAIRS[pair]
        return letters + TOKEN_ALPHABET[number % 57]

    def digest_key(self) -> bytes:
        """The newest key behind `token_digest`, for measuring a bare look-up."""
        return self._digest_keys[self._newest["links"]]

    def token_digest(self, token: str, version: int | None = None) -> bytes:
        """16 bytes by which a link is looked up. Keyed: among a million plain hashes of 64-bit tokens one would be found in hours."""
        return hmac.digest(self._digest_keys[version or self._newest["links"]], token.encode(), "sha256")[:16]

    def token_digests(self, token: str) -> list[bytes]:
        """The digests `token` may be stored under, newest key first."""
        return [self.token_digest(token, version) for version in sorted(self._digest_keys, reverse=True)]

    # -- receipts ------------------------------------------------------------------------------------------------------

    def receipt_code(self, response_id: int) -> str:
        """Five letters a citizen can quote; says that an answer was recorded, nothing about it."""
        digest = hmac.digest(self._keys["links"][self._newest["links"]], b"receipt %d" % response_id, "sha256")
        return "".join("23456789ABCDEFGHJKLMNPQRSTUVWXYZ"[byte & 31] for byte in digest[:5])


def is_token_shaped(token: str) -> bool:
    return len(token) == TOKEN_LENGTH and all(letter in TOKEN_ALPHABET for letter in token)


def sha256(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def vault() -> Vault:
    """The running application's vault."""
    found: Vault = current_app.extensions["engage_vault"]
    return found
