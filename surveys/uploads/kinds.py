"""What a file is, by its first bytes: names and types that browsers tell are never believed. Pure."""

from __future__ import annotations

SUFFIXES = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/webp": ".webp",
    "image/heic": ".heic",
    "application/pdf": ".pdf",
}
ENOUGH = 64
"""Bytes that suffice"""
_HEIC = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"})


def media_type_of(head: bytes) -> str | None:
    """The type of a file that begins so, None for all others than JPEG, PNG, WebP, HEIC and PDF."""
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[4:8] == b"ftyp" and _brands(head) & _HEIC:
        return "image/heic"
    if head.startswith(b"%PDF-"):
        return "application/pdf"
    return None


def _brands(head: bytes) -> set[bytes]:
    """The brands an ISO media file names: the major one, and those it is compatible with."""
    size = min(int.from_bytes(head[:4], "big"), ENOUGH, len(head))
    return {head[8:12]} | {head[at : at + 4] for at in range(16, size - 3, 4)}
