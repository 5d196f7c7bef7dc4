"""Earlier pages of an anonymous survey travel through the citizen's own browser; the database never sees an unfinished answer."""

from __future__ import annotations

import base64
import binascii
import hmac
import os
import zlib
from collections.abc import Mapping
from typing import Any

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from engage.vault import vault
from surveys.sealing.boxes import inflate, pad, unpad

_VERSION = b"\x01"
_NONCE = 12


def carry(token: str, document: Mapping[str, Any]) -> str:
    """`document` as text for a hidden field: letters, digits, - and _. Only `read_carried` with the same token reads it.

    It is encrypted, bound to the token and padded; the token names the survey, too. Any process of the platform reads it, before and
    after any rotation of keys.
    """
    nonce = os.urandom(_NONCE)
    content = pad(zlib.compress(msgspec.json.encode(dict(document)), 6))
    sealed = _VERSION + nonce + AESGCM(_key(token)).encrypt(nonce, content, _VERSION + token.encode())
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def read_carried(token: str, text: str) -> dict[str, Any] | None:
    """The document, None for a text that is another token's, tampered with or none of ours."""
    try:
        sealed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        if sealed[:1] != _VERSION:
            return None
        nonce, content = sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :]
        found = msgspec.json.decode(inflate(unpad(AESGCM(_key(token)).decrypt(nonce, content, _VERSION + token.encode()))))
    except (binascii.Error, ValueError, InvalidTag, zlib.error, msgspec.DecodeError):
        return None
    return found if isinstance(found, dict) else None


def _key(token: str) -> bytes:
    # Derived from a key that never rotates: a rotation must not blank the earlier pages of whoever is answering at this moment.
    return hmac.digest(bytes.fromhex(vault().derive_secret("surveys: carried pages")), token.encode(), "sha256")
