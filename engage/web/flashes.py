"""Messages that wait for the next page."""

from __future__ import annotations

from flask import flash


def flash_undo(message: str, url: str) -> None:
    """On the next page: what was done, and a button that POSTs to `url` to take it back."""
    flash({"message": str(message), "url": url}, "undo")  # type: ignore[arg-type]  # Flask stores any JSON value


def flash_done(message: str) -> None:
    flash(str(message), "ok")
