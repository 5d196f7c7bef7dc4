"""OLE files: old Excel (XLS), and workbooks locked by a password. Their streams and records are looked through before a library opens them."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

from engage.refusal import Refused
from engage.tables.bounds import MAX_CELLS

_FREE = 0xFFFFFFFA
"""From here on a sector number is a mark, not a number."""
_MACROS = {"_vba_project", "_vba_project_cur", "vba", "macros"}
_FILEPASS, _BOUNDSHEET, _BOF, _EOF = 0x002F, 0x0085, 0x0809, 0x000A
_WORKSHEET = 0
# Records of cells that hold something: number, text, formula, error, several numbers.
_ONE_CELL = frozenset({0x0203, 0x0204, 0x00FD, 0x00D6, 0x0006, 0x0205, 0x027E})
_MANY_CELLS = 0x00BD


def check_compound(path: Path) -> None:
    """An XLS that is safe to open. Refused: file_locked, file_macros, file_cells (limit), file_cut, file_unreadable."""
    content = path.read_bytes()
    try:
        names: dict[str, tuple[str, int, int, int]] = {}
        for entry in _directory(content):
            names.setdefault(entry[0], entry)
        if "encryptedpackage" in names or "encryptioninfo" in names:
            raise Refused("file_locked")
        if _MACROS & names.keys():
            raise Refused("file_macros")
        book = names.get("workbook") or names.get("book")
        if book is None:
            raise Refused("file_unreadable")
        _check_records(_stream(content, names, book))
    except (struct.error, IndexError):
        # A chain of sectors that leads behind the end of the file.
        raise Refused("file_cut" if len(content) >= 512 and _is_cut(content) else "file_unreadable") from None


def _is_cut(content: bytes) -> bool:
    """Whether the sector table speaks of sectors behind the end of the file, or lies there itself."""
    try:
        used = [number for number, following in enumerate(_table(content)) if following != 0xFFFFFFFF]
    except (struct.error, IndexError):
        return True
    return bool(used) and (used[-1] + 1) * _sector_size(content) >= len(content)


def _sector_size(content: bytes) -> int:
    shift = struct.unpack_from("<H", content, 30)[0]
    if shift not in (9, 12):
        raise Refused("file_unreadable")
    return 1 << int(shift)


def _table(content: bytes) -> list[int]:
    """The sector allocation table: sector → the one after it."""
    size = _sector_size(content)
    first, count = struct.unpack_from("<II", content, 68)
    sectors = [number for number in struct.unpack_from("<109I", content, 76) if number < _FREE]
    for _ in range(min(count, len(content) // size + 1)):
        if first >= _FREE:
            break
        *more, following = struct.unpack_from(f"<{size // 4}I", content, (first + 1) * size)
        sectors.extend(number for number in more if number < _FREE)
        first = following
    table: list[int] = []
    for sector in sectors:
        table.extend(struct.unpack_from(f"<{size // 4}I", content, (sector + 1) * size))
        if len(table) > len(content) // size + size:
            break
    return table


def _chain(content: bytes, table: list[int], first: int) -> bytes:
    size = _sector_size(content)
    parts: list[bytes] = []
    seen = 0
    while first < _FREE:
        part = content[(first + 1) * size : (first + 2) * size]
        if not part or seen > len(table):
            raise IndexError("a chain that leads nowhere")
        parts.append(part)
        first, seen = table[first], seen + 1
    return b"".join(parts)


def _directory(content: bytes) -> Iterator[tuple[str, int, int, int]]:
    """(name in small letters, kind, first sector, size) of every entry."""
    start = struct.unpack_from("<I", content, 48)[0]
    entries = _chain(content, _table(content), start)
    for at in range(0, len(entries) - 127, 128):
        length, kind = struct.unpack_from("<HB", entries, at + 64)
        if kind in (1, 2, 5) and 2 <= length <= 64:
            name = entries[at : at + length - 2].decode("utf-16-le", "replace").lower()
            first, size = struct.unpack_from("<II", entries, at + 116)
            yield name, kind, first, size


def _stream(content: bytes, names: dict[str, tuple[str, int, int, int]], entry: tuple[str, int, int, int]) -> bytes:
    _, _, first, size = entry
    table = _table(content)
    cutoff = struct.unpack_from("<I", content, 56)[0]
    if size >= cutoff:
        return _chain(content, table, first)[:size]
    root = next((found for found in names.values() if found[1] == 5), None)
    if root is None:
        raise Refused("file_unreadable")
    small = _chain(content, table, root[2])
    links_at = struct.unpack_from("<I", content, 60)[0]
    links_raw = _chain(content, table, links_at)
    links = struct.unpack(f"<{len(links_raw) // 4}I", links_raw)
    parts: list[bytes] = []
    while first < _FREE and len(parts) <= len(links):
        parts.append(small[first * 64 : first * 64 + 64])
        first = links[first]
    return b"".join(parts)[:size]


def _check_records(stream: bytes) -> None:
    at, end = 0, len(stream)
    unpack = struct.unpack_from
    rows = columns = 0
    while at + 4 <= end:
        kind, size = unpack("<HH", stream, at)
        body = at + 4
        if kind == _FILEPASS:
            raise Refused("file_locked")
        if kind == _BOUNDSHEET and size >= 6 and stream[body + 5] not in (_WORKSHEET, 2):
            raise Refused("file_macros")  # a sheet of Excel 4 macros or a Visual Basic module
        if kind == _BOF:
            rows = columns = 0
        elif (kind in _ONE_CELL or kind == _MANY_CELLS) and size >= 6:
            row, column = unpack("<HH", stream, body)
            last = unpack("<H", stream, body + size - 2)[0] if kind == _MANY_CELLS else column
            rows, columns = max(rows, row + 1), max(columns, column + 1, min(last, 255) + 1)
            if rows * columns > MAX_CELLS:
                raise Refused("file_cells", limit=MAX_CELLS)
        at = body + size
