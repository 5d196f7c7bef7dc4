"""Writes small XLS and ODS files, whole ones and ones that nobody should open; no library that we use writes either."""

from __future__ import annotations

import io
import struct
import zipfile

FREE, END, FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD


def ole(streams: dict[str, bytes]) -> bytes:
    """An OLE file of these streams, each padded to 4,096 bytes so that none lies in the small stream."""
    chunks, table, entries = [], [], []
    for name, content in streams.items():
        content = content.ljust(4096, b"\0")
        content += b"\0" * (-len(content) % 512)
        first, count = len(table), len(content) // 512
        table += [*range(first + 1, first + count), END]
        chunks.append(content)
        entries.append((name, 2, first, len(content)))
    directory_at = len(table)
    names = [("Root Entry", 5, END, 0), *entries]
    directory = b"".join(_entry(*entry, child=1 if n == 0 and entries else FREE, right=n + 1 if 0 < n < len(entries) else FREE) for n, entry in enumerate(names))
    directory += b"\0" * (-len(directory) % 512)
    count = len(directory) // 512
    table += [*range(directory_at + 1, directory_at + count), END]
    fat_at = len(table)
    size = -(-(len(table) + 2) // 128)
    table += [FAT] * size
    table += [FREE] * (-len(table) % 128)
    header = struct.pack(
        "<8s16sHHHHHHIIIIIIIIII",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"", 0x3E, 3, 0xFFFE, 9, 6, 0, 0, 0, size, directory_at, 0, 4096, END, 0, END, 0,
    )  # fmt: skip
    header += struct.pack("<109I", *range(fat_at, fat_at + size), *[FREE] * (109 - size))
    return header + b"".join(chunks) + directory + struct.pack(f"<{len(table)}I", *table)


def _entry(name: str, kind: int, first: int, size: int, *, child: int, right: int) -> bytes:
    raw = (name + "\0").encode("utf-16-le")
    return (
        raw.ljust(64, b"\0")
        + struct.pack("<HBBIII", len(raw), kind, 1, FREE, right, child)
        + b"\0" * 36
        + struct.pack("<III", first, size, 0)
    )


def _record(kind: int, body: bytes = b"") -> bytes:
    return struct.pack("<HH", kind, len(body)) + body


def _text(text: str, wide_length: bool = True) -> bytes:
    return struct.pack("<HB" if wide_length else "<BB", len(text), 1) + text.encode("utf-16-le")


def xls(sheets: dict[str, dict[tuple[int, int], str | float]], *, locked: bool = False, kind: int = 0, streams: dict[str, bytes] | None = None) -> bytes:
    """A BIFF8 workbook: sheet → (row, column) → cell. `kind` 1 makes the sheets Excel 4 macros."""
    bof = lambda what: _record(0x0809, struct.pack("<HHHHII", 0x0600, what, 0x0DBB, 0x07CC, 0, 6))  # noqa: E731
    texts = list(dict.fromkeys(value for cells in sheets.values() for value in cells.values() if isinstance(value, str)))
    bodies = []
    for cells in sheets.values():
        body = bof(0x0010)
        for (row, column), value in sorted(cells.items()):
            if isinstance(value, str):
                body += _record(0x00FD, struct.pack("<HHHI", row, column, 0, texts.index(value)))
            else:
                body += _record(0x0203, struct.pack("<HHHd", row, column, 0, value))
        bodies.append(body + _record(0x000A))
    shared = _record(0x00FC, struct.pack("<II", len(texts), len(texts)) + b"".join(map(_text, texts)))
    lock = _record(0x002F, b"\x01\0\x01\0\x01\0" + bytes(48)) if locked else b""
    start = bof(0x0005) + lock + _record(0x0042, struct.pack("<H", 0x04B0))
    names = [(6 + len(_text(name, False))) + 4 for name in sheets]
    at = len(start) + sum(names) + len(shared) + 4
    bound = b""
    for name, body in zip(sheets, bodies, strict=True):
        bound += _record(0x0085, struct.pack("<IBB", at, 0, kind) + _text(name, False))
        at += len(body)
    return ole({"Workbook": start + bound + shared + _record(0x000A) + b"".join(bodies), **(streams or {})})


ODS_HEAD = (
    '<office:document-content xmlns:office="o" xmlns:table="t" xmlns:text="x"><office:body><office:spreadsheet>'
)
ODS_TAIL = "</office:spreadsheet></office:body></office:document-content>"


def ods(content: str, *, manifest: str = "<m/>", more: dict[str, bytes] | None = None) -> bytes:
    """An ODS file around the tables of `content`."""
    return zipped(
        {
            "mimetype": b"application/vnd.oasis.opendocument.spreadsheet",
            "META-INF/manifest.xml": manifest.encode(),
            "content.xml": (ODS_HEAD + content + ODS_TAIL).encode(),
            **(more or {}),
        }
    )


def ods_table(name: str, rows: list[list[str | float]]) -> str:
    def cell(value: str | float) -> str:
        if value == "":
            return "<table:table-cell/>"
        if isinstance(value, float):
            return f'<table:table-cell office:value-type="float" office:value="{value!r}"><text:p>~</text:p></table:table-cell>'
        return f'<table:table-cell office:value-type="string"><text:p>{value}</text:p></table:table-cell>'

    body = "".join(f"<table:table-row>{''.join(map(cell, row))}</table:table-row>" for row in rows)
    blank = '<table:table-row table:number-rows-repeated="1048000"><table:table-cell table:number-columns-repeated="16384"/></table:table-row>'
    return f'<table:table table:name="{name}">{body}{blank}</table:table>'


def zipped(entries: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return buffer.getvalue()


_TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/></Types>'
)
_LINKS = '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{}</Relationships>'
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def xlsx(sheet_data: str, *, shared: str = "", head: str = "", more: dict[str, bytes] | None = None) -> bytes:
    """An XLSX of one sheet whose rows are this XML."""
    links = f'<Relationship Id="r1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
    if shared:
        links += f'<Relationship Id="r2" Type="{_OFFICE}/sharedStrings" Target="sharedStrings.xml"/>'
    entries = {
        "[Content_Types].xml": _TYPES,
        "_rels/.rels": _LINKS.format(f'<Relationship Id="r1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/>'),
        "xl/workbook.xml": f'<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="{_OFFICE}">'
        '<sheets><sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": _LINKS.format(links),
        "xl/worksheets/sheet1.xml": f'<?xml version="1.0"?>{head}<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        f"<sheetData>{sheet_data}</sheetData></worksheet>",
    }
    if shared:
        entries["xl/sharedStrings.xml"] = f'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">{shared}</sst>'
    return zipped({name: text.encode() for name, text in entries.items()} | (more or {}))
