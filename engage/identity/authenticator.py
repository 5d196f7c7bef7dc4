"""The second factor: codes of an authenticator app, each good once, and recovery codes for the day the phone is lost."""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import Any

import segno
from flask_security.totp import Totp
from passlib.totp import TOTP, TotpMatch

from engage import clock
from engage.identity.models import User
from engage.vault import vault

ISSUER = "Engage"
RECOVERY_CODES = 10
DRIFT_SECONDS = 30
"""A phone's clock may be this far off."""


class Authenticator(Totp):  # type: ignore[misc]  # Flask-Security has no types
    """Flask-Security's TOTP on the application's clock. Secrets are encrypted by the vault, bound to their user; no code works twice."""

    def __init__(self, secrets: dict[str, str], issuer: str) -> None:
        super().__init__(secrets, issuer)
        self._totp = TOTP.using(issuer=issuer, now=lambda: clock.now().timestamp())

    def get_last_counter(self, user: Any) -> int | None:
        counter: int | None = user.totp_counter
        return counter

    def set_last_counter(self, user: Any, tmatch: TotpMatch) -> None:
        user.totp_counter = tmatch.counter

    def new_secret(self, user: User) -> bytes:
        return vault().encrypt(self._totp.new().base32_key, _context(user))

    def is_code(self, code: str, sealed: bytes, user: User) -> bool:
        """Whether `code` is right now; if so it is used up (the caller's transaction stores that)."""
        if not re.fullmatch(r"[0-9]{6}", code):
            return False
        return bool(self.verify_totp(code, self._source(sealed, user), user, window=DRIFT_SECONDS))

    def key(self, sealed: bytes, user: User) -> str:
        """The secret for typing by hand, in groups of four."""
        return str(self.get_totp_pretty_key(self._source(sealed, user)))

    def qr_image(self, sealed: bytes, user: User) -> str:
        """The secret as a QR code: a `data:` address of an SVG."""
        uri = self.get_totp_uri(user.email, self._source(sealed, user))
        return str(segno.make(uri, error="m").svg_data_uri(scale=5, border=2, dark="#1b2430", light="#fff"))

    def _source(self, sealed: bytes, user: User) -> str:
        return str(self._totp(key=vault().decrypt(sealed, _context(user))).to_json(encrypt=False))


def _context(user: User) -> str:
    return f"app_user.totp_secret:{user.id}"


def recovery_digest(user_id: int, code: str) -> str:
    """How a recovery code is stored: keyed, since its 48 bits alone could be searched through."""
    key = bytes.fromhex(vault().derive_secret("recovery codes"))
    plain = re.sub(r"[^0-9a-f]", "", code.lower())
    return hmac.new(key, f"{user_id}:{plain}".encode(), hashlib.sha256).hexdigest()


def looks_like_recovery_code(code: str) -> bool:
    return re.fullmatch(r"[0-9a-f]{12}", re.sub(r"[\s-]", "", code.lower())) is not None
