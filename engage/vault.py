"""Keys and what they protect: encrypted columns, blind indexes, suppression hashes and the citizens' links.

The key file lies outside the database with mode 0600. Every key has versions; one of them writes (the highest, unless the file names
another while a key is being rotated), all of them read. A running process picks a changed file up within `PICK_UP` seconds.
An unkeyed hash of a phone number is worthless (there are only a thousand million of them), so every index here is an HMAC.
"""

from __future__ import annotations

import base64
import copy
import hashlib
import hmac
import json
import os
import secrets
import stat
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from flask import Flask, current_app

from engage.refusal import Refused

log = structlog.get_logger(__name__)

PURPOSES = ("encryption", "index", "suppression", "links", "ledger", "session")
ROTATABLE = ("encryption", "index", "suppression", "links")
PICK_UP = 1.0
"""Seconds between two looks of a running process at its key file."""
TOKEN_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
"""base57: no 0, 1, I, O, l, so that a token survives being read out on the telephone."""
TOKEN_LENGTH = 11
_NONCE = 12
_PAIRS = [first + second for second in TOKEN_ALPHABET for first in TOKEN_ALPHABET]
"""Two letters at a time: a campaign derives a million of them."""


_INNER, _OUTER = (bytes(byte ^ pad for byte in range(256)) for pad in (0x36, 0x5C))
_NONCES = 512


def keyed(key: bytes) -> Callable[[bytes], bytes]:
    """HMAC-SHA256 (RFC 2104) under one key of up to 64 bytes. What depends on the key alone is hashed once, which makes the hash of
    a short text twice as fast as `hmac.digest`."""
    if len(key) > 64:
        raise ValueError("a key of more than a block")
    block = key.ljust(64, b"\0")
    inner, outer = hashlib.sha256(block.translate(_INNER)).copy, hashlib.sha256(block.translate(_OUTER)).copy

    def mac(content: bytes) -> bytes:
        within, whole = inner(), outer()
        within.update(content)
        whole.update(within.digest())
        return whole.digest()

    return mac


class Vault:
    """All keys of one installation. Its `repr` shows fingerprints, never keys."""

    def __init__(self, keys: Mapping[str, Mapping[int, bytes]], writing: Mapping[str, int] | None = None) -> None:
        """`writing` names the version that writes for purposes where it isn't the highest one."""
        for purpose in PURPOSES:
            if not keys.get(purpose):
                raise Refused("keys_incomplete", purpose=purpose)
        self._keys = {purpose: dict(keys[purpose]) for purpose in PURPOSES}
        self._newest = {purpose: max(versions) for purpose, versions in self._keys.items()}
        for purpose, version in (writing or {}).items():
            if version not in self._keys.get(purpose, {}):
                raise Refused("keys_incomplete", purpose=purpose)
            self._newest[purpose] = version
        self._ciphers = {version: AESGCM(key) for version, key in self._keys["encryption"].items()}
        self._blind = keyed(self._current("index"))
        self._suppress = self._chain(self._newest["suppression"])
        self._link = keyed(self._current("ledger"))
        # Two uses of the link keys, two derived keys: who learns a digest learns nothing about a token.
        self._digest_keys = {v: hmac.digest(k, b"engage digest", "sha256") for v, k in self._keys["links"].items()}
        self._tokens = {v: keyed(hmac.digest(k, b"engage token", "sha256")) for v, k in self._keys["links"].items()}
        self._digests = {v: keyed(key) for v, key in self._digest_keys.items()}

    def __repr__(self) -> str:
        return f"Vault({self.fingerprints()})"

    def _current(self, purpose: str) -> bytes:
        return self._keys[purpose][self._newest[purpose]]

    def _chain(self, version: int) -> tuple[Callable[[bytes], bytes], ...]:
        """The HMACs under the suppression keys up to `version`, oldest first: a number went through all of them."""
        return tuple(keyed(key) for each, key in sorted(self._keys["suppression"].items()) if each <= version)

    def versions(self, purpose: str) -> tuple[int, ...]:
        """The versions held of a key, oldest first."""
        return tuple(sorted(self._keys[purpose]))

    def writing(self, purpose: str) -> int:
        """The version that writes."""
        return self._newest[purpose]

    def writing_with(self, **versions: int) -> Vault:
        """This vault, with other versions writing: `index` and `suppression` as they are in force in the database.

        Refused("keys_old", purpose=…) when one of them isn't held.
        """
        changed = {purpose: version for purpose, version in versions.items() if self._newest[purpose] != version}
        if not changed:
            return self
        for purpose, version in changed.items():
            if version not in self._keys[purpose]:
                raise Refused("keys_old", names=f"{purpose}/{version}")
        other = copy.copy(self)
        other._newest = self._newest | changed
        other._blind = keyed(other._current("index"))
        other._suppress = other._chain(other._newest["suppression"])
        return other

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
            stored = json.loads(text)
            keys = {purpose: {int(v): base64.b64decode(key) for v, key in versions.items()} for purpose, versions in stored["keys"].items()}
            writing = {str(purpose): int(version) for purpose, version in stored.get("writing", {}).items()}
            if any(len(key) != 32 for versions in keys.values() for key in versions.values()):
                raise ValueError("a key is not 32 bytes long")
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise Refused("keys_unreadable", path=str(path), detail=str(error)) from None
        return cls(keys, writing)

    @classmethod
    def create(cls, path: Path) -> Vault:
        """A new key file at `path`, mode 0600, written whole or not at all; an existing one is never touched."""
        keys = {purpose: {1: secrets.token_bytes(32)} for purpose in PURPOSES}
        made = cls(keys)
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            temporary = made._write_beside(path)
            try:
                os.link(temporary, path)  # fails when another process was first: both then use that one
            except FileExistsError:
                return cls.load(path)
            finally:
                os.unlink(temporary)
            _sync_folder(path.parent)
        except OSError as error:
            raise Refused("keys_unwritable", path=str(path), detail=error.strerror) from None
        return made

    def store(self, path: Path) -> None:
        """The key file at `path` is this vault's: whole, or still the one before. Refused("keys_unwritable")."""
        try:
            for left in path.parent.glob(".keys-*"):
                if time.time() - left.stat().st_mtime > 60:  # of a process that was killed while it wrote
                    left.unlink(missing_ok=True)
            temporary = self._write_beside(path)
            os.replace(temporary, path)
            _sync_folder(path.parent)
        except OSError as error:
            raise Refused("keys_unwritable", path=str(path), detail=error.strerror) from None

    def _write_beside(self, path: Path) -> str:
        keys = {p: {str(v): base64.b64encode(k).decode() for v, k in sorted(held.items())} for p, held in self._keys.items()}
        writing = {purpose: version for purpose, version in self._newest.items() if version != max(self._keys[purpose])}
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".keys-")
        with os.fdopen(handle, "w") as file:
            json.dump({"keys": keys} | ({"writing": writing} if writing else {}), file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        return temporary

    def with_new_key(self, purpose: str, version: int) -> Vault:
        """This vault with a fresh key of that version, which doesn't write yet. One that is held already stays as it is."""
        if version in self._keys[purpose]:
            return self
        keys = self._keys | {purpose: self._keys[purpose] | {version: secrets.token_bytes(32)}}
        return Vault(keys, self._newest)

    def with_writing(self, purpose: str, version: int) -> Vault:
        """This vault as it is stored once `version` writes."""
        return Vault(self._keys, self._newest | {purpose: version})

    def without_keys(self, purpose: str, versions: Iterable[int]) -> Vault:
        """This vault without those versions; the one that writes always stays."""
        gone = set(versions) - {self._newest[purpose]}
        kept = {version: key for version, key in self._keys[purpose].items() if version not in gone}
        return Vault(self._keys | {purpose: kept}, self._newest)

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

    def encrypts(self) -> Callable[[str, str], bytes]:
        """`encrypt` for whoever seals many values in one go, twice as fast: its nonces are random, too, but drawn by the hundred. For the
        thread and the process that asked alone: what is forked would use the same nonces again."""
        version = self._newest["encryption"]
        seal, first = self._ciphers[version].encrypt, bytes((version,))
        nonces: list[bytes] = []

        def encrypt(plaintext: str, context: str) -> bytes:
            if not nonces:
                noise = os.urandom(_NONCE * _NONCES)
                nonces.extend(noise[at : at + _NONCE] for at in range(0, len(noise), _NONCE))
            nonce = nonces.pop()
            return first + nonce + seal(nonce, plaintext.encode(), context.encode())

        return encrypt

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
        """32 bytes by which an encrypted number can be found again: HMAC-SHA256 under the index key that writes."""
        return self._blind(e164.encode())

    def blind_indexes(self, e164: str) -> list[bytes]:
        """The indexes a number may be stored under, whichever key is in force: for reading without holding the keys."""
        return [hmac.digest(key, e164.encode(), "sha256") for key in self._keys["index"].values()]

    def blind_index_under(self, e164: str, version: int) -> bytes:
        """The blind index under one version of the key."""
        return hmac.digest(self._keys["index"][version], e164.encode(), "sha256")

    def suppression_hash(self, e164: str) -> bytes:
        """32 bytes that keep an opt-out valid after the number itself was erased.

        Numbers that are erased can't be hashed anew, so each key wraps the hash under the one before it: HMAC(k₂, HMAC(k₁, number)).
        """
        found = e164.encode()
        for wrap in self._suppress:
            found = wrap(found)
        return found

    def suppression_hashes(self, e164: str) -> list[bytes]:
        """The hashes an opt-out may be stored under, whichever key is in force: for reading without holding the keys."""
        hashes, found = [], e164.encode()
        for _, key in sorted(self._keys["suppression"].items()):
            found = hmac.digest(key, found, "sha256")
            hashes.append(found)
        return hashes

    def wrap_suppression(self, number_hash: bytes, version: int) -> bytes:
        """A stored hash of the version before, as `version` stores it."""
        return hmac.digest(self._keys["suppression"][version], number_hash, "sha256")

    def ledger_mac(self, previous: bytes, content: bytes) -> bytes:
        """One link of a person's consent chain: HMAC-SHA256 over the link before it and this entry's canonical bytes."""
        return self._link(previous + content)

    # -- links ---------------------------------------------------------------------------------------------------------

    @property
    def link_version(self) -> int:
        return self._newest["links"]

    def link_token(self, invitation_id: int, version: int | None = None) -> str:
        """The 11 letters and digits of an invitation's link; derived, so they are stored nowhere."""
        mac = self._tokens[version or self._newest["links"]]
        number = int.from_bytes(mac(invitation_id.to_bytes(8, "big"))[:8], "big")
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
        return self._digests[version or self._newest["links"]](token.encode())[:16]

    def token_digests(self, token: str) -> list[bytes]:
        """The digests `token` may be stored under, newest key first."""
        return [self.token_digest(token, version) for version in sorted(self._digest_keys, reverse=True)]

    # -- receipts ------------------------------------------------------------------------------------------------------

    def receipt_code(self, id: int, of: str = "") -> str:
        """Five letters a citizen can quote; says that an answer was recorded, nothing about it. `id` is the response's, or, with `of`,
        that of something there is one response to."""
        digest = hmac.digest(self._keys["links"][self._newest["links"]], b"receipt %s%d" % (of.encode(), id), "sha256")
        return "".join("23456789ABCDEFGHJKLMNPQRSTUVWXYZ"[byte & 31] for byte in digest[:5])


def is_token_shaped(token: str) -> bool:
    return len(token) == TOKEN_LENGTH and all(letter in TOKEN_ALPHABET for letter in token)


def sha256(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


# -- the running application ---------------------------------------------------------------------------------------------


class KeyFile:
    """Sees within `PICK_UP` seconds that the key file was changed, by its stat alone."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen = self._stat()
        self._look_at = time.monotonic() + PICK_UP
        self.lock = threading.Lock()
        """Held from before a look until what was read is in use: no other thread takes the old keys for the file's meanwhile."""

    @property
    def is_due(self) -> bool:
        """Whether the last look is `PICK_UP` seconds ago."""
        return time.monotonic() >= self._look_at

    def read(self, held: Vault) -> Vault:
        """`held`, or what the file holds since it was changed. A file that can't be read, or that gives a key we hold another value,
        or lacks a newer version we hold, is not taken: the keys that opened the data so far go on opening it."""
        self._look_at = time.monotonic() + PICK_UP
        seen = self._stat()
        if seen is None or seen == self._seen:
            return held
        try:
            fresh = Vault.load(self._path)
        except Refused as refused:
            log.error("key_file_not_taken", code=refused.code)
            return held
        self._seen = seen
        mine, its = held.fingerprints(), fresh.fingerprints()
        is_older = any(max(fresh.versions(purpose)) < max(held.versions(purpose)) for purpose in PURPOSES)
        if is_older or any(its.get(name, mark) != mark for name, mark in mine.items()):
            log.error("key_file_not_taken", code="keys_mixed")
            return held
        log.info("keys_picked_up", versions={purpose: fresh.writing(purpose) for purpose in ROTATABLE})
        return fresh

    def _stat(self) -> tuple[int, int, int] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@dataclass(frozen=True)
class EncryptedColumn:
    """A column the encryption key protects. `context` is what binds a value to its row, with `{}` for the row's `name`."""

    table: str
    column: str
    context: str
    name: str = "id"
    """The column `context` names the row by"""

    def context_of(self, name: object) -> str:
        return self.context.format(name)


def install(app: Flask, held: Vault, path: Path) -> None:
    """The application uses `held`, and what the file at `path` becomes."""
    app.extensions["engage_vault"] = held
    app.extensions["engage_key_file"] = KeyFile(path)
    app.extensions["engage_encrypted_columns"] = []


def register_encrypted_columns(app: Flask, *columns: EncryptedColumn) -> None:
    """Have rotation of the encryption key rewrite these columns; tables with an ascending integer `id`."""
    app.extensions["engage_encrypted_columns"] += columns


def encrypted_columns() -> list[EncryptedColumn]:
    """Every column the encryption key protects."""
    found: list[EncryptedColumn] = current_app.extensions["engage_encrypted_columns"]
    return found


def vault(*, fresh: bool = False) -> Vault:
    """The running application's vault, as its key file was at most `PICK_UP` seconds ago (now, when `fresh`)."""
    extensions = current_app.extensions
    file: KeyFile = extensions["engage_key_file"]
    if fresh or file.is_due:
        with file.lock:
            extensions["engage_vault"] = file.read(extensions["engage_vault"])
    held: Vault = extensions["engage_vault"]
    return held
