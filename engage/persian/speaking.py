"""The language in which numbers and days are written at the moment: Persian, unless a page of another language is being made."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_LANGUAGE: ContextVar[str] = ContextVar("spoken language", default="fa")


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Within the block digits, separators and days are those of `language` (fa, ar or en), in this thread alone."""
    token = _LANGUAGE.set(language)
    try:
        yield
    finally:
        _LANGUAGE.reset(token)


def spoken_language() -> str:
    return _LANGUAGE.get()
