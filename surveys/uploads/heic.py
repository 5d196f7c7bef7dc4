"""HEIC pictures without their Exif and XMP: written over where they lie, so that nothing else in the file moves. Pure.

How they are turned stands among the picture's own properties, not in Exif. Boxes as in ISO/IEC 14496-12, items as in its section 8.11.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

NOTHING_TOLD = b"\0\0\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0"
"""An Exif item with no entry"""
_XMP = b"application/rdf+xml"
_MOST_ITEMS = 10_000


@dataclass(frozen=True)
class _Box:
    name: bytes
    start: int
    """Of its content"""
    end: int


def bare_heic(content: bytes) -> bytes:
    """The same picture; ValueError, IndexError or struct.error where its boxes can't be followed."""
    meta = _only(content, b"meta", 0, len(content))
    inside = {box.name: box for box in _boxes(content, meta.start + 4, meta.end)}
    if b"iinf" not in inside or b"iloc" not in inside:
        raise ValueError("no items")
    told = _items_that_tell(content, inside[b"iinf"])
    found = bytearray(content)
    idat = inside.get(b"idat")
    for item, at, length in _extents(content, inside[b"iloc"], idat.start if idat else None, set(told)):
        if at + length > len(content):
            raise ValueError("an item beyond the end")
        found[at : at + length] = told[item][:length].ljust(length, told[item][-1:])
    return bytes(found)


def _boxes(content: bytes, at: int, end: int) -> Iterator[_Box]:
    while at + 8 <= end:
        size, name = struct.unpack_from(">I4s", content, at)
        head = 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", content, at + 8)
            head = 16
        elif size == 0:
            size = end - at
        if size < head or at + size > end:
            raise ValueError("a box beyond its parent")
        yield _Box(name, at + head, at + size)
        at += size


def _only(content: bytes, name: bytes, at: int, end: int) -> _Box:
    found = [box for box in _boxes(content, at, end) if box.name == name]
    if len(found) != 1:
        raise ValueError("not one box of this kind")
    return found[0]


def _items_that_tell(content: bytes, iinf: _Box) -> dict[int, bytes]:
    """Item id → what is to stand in its place, of Exif and XMP."""
    wide = content[iinf.start] != 0
    found: dict[int, bytes] = {}
    for infe in _boxes(content, iinf.start + (8 if wide else 6), iinf.end):
        version = content[infe.start]
        if infe.name != b"infe" or version not in (2, 3):
            continue
        item, _, kind = struct.unpack_from(">HH4s" if version == 2 else ">IH4s", content, infe.start + 4)
        words = content[infe.start + (12 if version == 2 else 14) : infe.end].split(b"\0")
        if kind == b"Exif":
            found[item] = NOTHING_TOLD
        elif kind == b"mime" and len(words) > 1 and words[1] == _XMP:
            found[item] = b" "
    return found


def _extents(content: bytes, iloc: _Box, idat: int | None, wanted: set[int]) -> Iterator[tuple[int, int, int]]:
    """Item, first byte and length of every piece of these items."""
    version = content[iloc.start]
    if version > 2:
        raise ValueError("a new kind of item list")
    sizes = content[iloc.start + 4 : iloc.start + 6]
    offset_size, length_size, base_size = sizes[0] >> 4, sizes[0] & 15, sizes[1] >> 4
    index_size = sizes[1] & 15 if version else 0
    at = iloc.start + 6

    def number(size: int) -> int:
        nonlocal at
        if at + size > iloc.end:
            raise ValueError("an item list beyond its end")
        at += size
        return int.from_bytes(content[at - size : at], "big")

    count = number(4 if version == 2 else 2)
    if count > _MOST_ITEMS:
        raise ValueError("too many items")
    for _ in range(count):
        item = number(4 if version == 2 else 2)
        method = number(2) & 15 if version else 0
        elsewhere, base = number(2), number(base_size)
        for _ in range(number(2)):
            number(index_size)
            offset, length = number(offset_size), number(length_size)
            if item not in wanted:
                continue
            if elsewhere or method > 1 or (method == 1 and idat is None) or not length:
                raise ValueError("an item that lies elsewhere")
            yield item, base + offset + (idat or 0 if method == 1 else 0), length
