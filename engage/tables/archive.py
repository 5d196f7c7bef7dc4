"""ZIP containers (XLSX, ODS), looked through before anything of them is opened as a workbook."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path

from engage.refusal import Refused

MAX_ENTRIES = 2_000
MAX_UNPACKED = 600 * 1024 * 1024
MAX_RATIO = 100
"""Spreadsheets of people pack 5 to 20 fold, repetitive ones 50 fold; bombs start in the hundreds."""
SMALL = 20 * 1024 * 1024
"""Below this no ratio matters: an empty grid packs well and harms nobody."""

BROKEN = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError, ValueError)
_PIECE = 1 << 20
_NESTED = (b"PK\x03\x04", b"\x1f\x8b", b"7z\xbc\xaf", b"Rar!", b"BZh", b"\xfd7zXZ")
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ODS = b"application/vnd.oasis.opendocument.spreadsheet"


def check_archive(path: Path) -> str:
    """"xlsx" or "ods", when it is safe to open. Refused: file_unreadable, file_cut, file_macros, file_locked, file_bomb, file_binary_excel.

    Declared sizes are looked at first, so that a bomb is refused without being unpacked; then every entry is unpacked into nothing,
    because a directory can lie and the check sums tell.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            _check_sizes(entries)
            names = [entry.filename.lower().replace("\\", "/") for entry in entries]
            # Two entries of one name: what is checked would not be what is read.
            if len(set(names)) != len(names):
                raise Refused("file_unreadable")
            _check_macros(names)
            if any(entry.flag_bits & 0x1 for entry in entries):
                raise Refused("file_locked")
            if any(entry.compress_type not in _METHODS for entry in entries):
                raise Refused("file_unreadable")
            kind = _kind_of(archive, set(names))
            for entry in entries:
                _unpack(archive, entry)
            return kind
    except zipfile.BadZipFile:
        raise Refused("file_cut" if _is_cut(path) else "file_unreadable") from None
    except BROKEN:
        raise Refused("file_unreadable") from None


def _check_sizes(entries: list[zipfile.ZipInfo]) -> None:
    unpacked = sum(entry.file_size for entry in entries)
    packed = max(1, sum(entry.compress_size for entry in entries))
    if len(entries) > MAX_ENTRIES or unpacked > MAX_UNPACKED:
        raise Refused("file_bomb")
    if unpacked > SMALL and unpacked / packed > MAX_RATIO:
        raise Refused("file_bomb")
    for entry in entries:
        if entry.file_size > SMALL and entry.file_size / max(1, entry.compress_size) > MAX_RATIO:
            raise Refused("file_bomb")
    # Entries that lie over each other unpack the same bytes again and again.
    spans = sorted((entry.header_offset, entry.compress_size) for entry in entries)
    for (start, size), (following, _) in zip(spans, spans[1:], strict=False):
        if start + size > following:
            raise Refused("file_bomb")


def _check_macros(names: list[str]) -> None:
    for name in names:
        last = name.rpartition("/")[2]
        if last in ("vbaproject.bin", "vbadata.xml") or "/macrosheets/" in name or "/dialogsheets/" in name:
            raise Refused("file_macros")
        # An index of libraries is in many documents; a module is a macro.
        if name.startswith("basic/") and last.endswith(".xml") and last not in ("script-lc.xml", "script-lb.xml"):
            raise Refused("file_macros")
        if name.startswith("scripts/") and last:
            raise Refused("file_macros")


def _kind_of(archive: zipfile.ZipFile, names: set[str]) -> str:
    if "content.xml" in names and "meta-inf/manifest.xml" in names:
        manifest = _read(archive, "META-INF/manifest.xml")
        if b"encryption-data" in manifest:
            raise Refused("file_locked")
        mimetype = _read(archive, "mimetype") if "mimetype" in names else b""
        if mimetype and not mimetype.strip().startswith(_ODS):
            raise Refused("file_unreadable")
        return "ods"
    if "xl/workbook.bin" in names:
        raise Refused("file_binary_excel")
    types = _read(archive, "[Content_Types].xml") if "[content_types].xml" in names else b""
    if b"macroEnabled" in types:
        raise Refused("file_macros")
    if "xl/workbook.xml" not in names:
        raise Refused("file_unreadable")
    return "xlsx"


def _read(archive: zipfile.ZipFile, name: str) -> bytes:
    entry = next(entry for entry in archive.infolist() if entry.filename.lower() == name.lower())
    with archive.open(entry) as file:
        return file.read(4 * _PIECE)


def _unpack(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> None:
    with archive.open(entry) as file:
        piece = file.read(_PIECE)
        is_xml = entry.filename.lower().endswith((".xml", ".rels"))
        if is_xml and piece.startswith(_NESTED):
            raise Refused("file_bomb")
        while piece:
            piece = file.read(_PIECE)


def _is_cut(path: Path) -> bool:
    """A ZIP whose end is missing: its directory stands at the end."""
    with path.open("rb") as file:
        file.seek(0, 2)
        size = file.tell()
        file.seek(max(0, size - 66_000))
        tail = file.read()
        file.seek(0)
        return size > 1000 and b"PK\x05\x06" not in tail and file.read(4) == b"PK\x03\x04"
