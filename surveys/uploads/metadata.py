"""Photos without what phones write beside the picture: the place, the device, the owner's name. Pure.

PDF files keep what their makers wrote into them: it may lie in any of their compressed parts. The builder says so to the officer.
"""

from __future__ import annotations

import struct
import zlib

from surveys.uploads.heic import bare_heic

_APP1, _APP13, _COMMENT, _START_OF_SCAN = 0xE1, 0xED, 0xFE, 0xDA
_PNG_HEAD = 8
_PNG_TOLD = frozenset({b"eXIf", b"tEXt", b"zTXt", b"iTXt", b"tIME"})


def without_metadata(content: bytes, media_type: str) -> bytes:
    """The same picture; of what stood beside it a JPEG keeps only how it is turned. What can't be followed stays as it is."""
    try:
        if media_type == "image/jpeg":
            return _bare_jpeg(content)
        if media_type == "image/png":
            return _bare_png(content)
        if media_type == "image/webp":
            return _bare_webp(content)
        if media_type == "image/heic":
            return bare_heic(content)
    except (struct.error, IndexError, ValueError):
        return content
    return content


def _bare_jpeg(content: bytes) -> bytes:
    kept = [content[:2]]
    at, turned = 2, 1
    while at < len(content):
        if content[at] != 0xFF:
            raise ValueError("no marker")
        marker = content[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        if marker == _START_OF_SCAN:
            head = [kept[0]] + ([_turning(turned)] if turned != 1 else [])
            return b"".join([*head, *kept[1:], content[at:]])
        (length,) = struct.unpack_from(">H", content, at + 2)
        if length < 2:
            raise ValueError("segment too short")
        segment = content[at : at + 2 + length]
        if marker == _APP1 and segment[4:10] == b"Exif\0\0":
            turned = _orientation(segment[10:])
        elif marker not in (_APP1, _APP13, _COMMENT):
            kept.append(segment)
        at += 2 + length
    raise ValueError("no picture")


def _orientation(tiff: bytes) -> int:
    """1 to 8; 1 (upright) where nothing readable is said."""
    try:
        order = {b"II": "<", b"MM": ">"}[tiff[:2]]
        (first,) = struct.unpack_from(order + "I", tiff, 4)
        (count,) = struct.unpack_from(order + "H", tiff, first)
        for entry in range(min(count, 200)):
            tag, _, _, value = struct.unpack_from(order + "HHIH", tiff, first + 2 + 12 * entry)
            if tag == 0x0112:
                return int(value) if 1 <= value <= 8 else 1
    except (KeyError, struct.error):
        pass
    return 1


def _turning(turned: int) -> bytes:
    """An Exif segment that says nothing but this."""
    tiff = b"MM\0*\0\0\0\x08\0\x01" + struct.pack(">HHIHH", 0x0112, 3, 1, turned, 0) + b"\0\0\0\0"
    body = b"Exif\0\0" + tiff
    return b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body


def _bare_png(content: bytes) -> bytes:
    kept = [content[:_PNG_HEAD]]
    at = _PNG_HEAD
    while at < len(content):
        (length,) = struct.unpack_from(">I", content, at)
        chunk = content[at : at + 12 + length]
        if len(chunk) < 12 + length or zlib.crc32(chunk[4:-4]) != struct.unpack(">I", chunk[-4:])[0]:
            raise ValueError("damaged chunk")
        if chunk[4:8] not in _PNG_TOLD:
            kept.append(chunk)
        at += 12 + length
        if chunk[4:8] == b"IEND":
            return b"".join(kept)
    raise ValueError("no end")


def _bare_webp(content: bytes) -> bytes:
    kept = []
    at = 12
    while at < len(content):
        name = content[at : at + 4]
        (length,) = struct.unpack_from("<I", content, at + 4)
        whole = 8 + length + length % 2
        chunk = content[at : at + whole]
        if name == b"VP8X":
            # Two flags say that metadata follows.
            chunk = chunk[:8] + bytes((chunk[8] & ~0x0C,)) + chunk[9:]
        if name not in (b"EXIF", b"XMP "):
            kept.append(chunk)
        at += whole
    body = b"WEBP" + b"".join(kept)
    return b"RIFF" + struct.pack("<I", len(body)) + body
