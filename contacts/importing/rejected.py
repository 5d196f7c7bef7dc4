"""Rows that were not accepted, given back as a file of the uploaded family, so that the office corrects them where it knows how."""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol
from xml.sax.saxutils import escape, quoteattr

import xlsxwriter

from contacts.reading import Table
from contacts.rules.columns import Cell
from contacts.rules.rows import CleanRow, Problem, text_of
from contacts.rules.showing import neutralise
from engage import persian

SUFFIXES = {"csv": ".csv", "xlsx": ".xlsx", "xls": ".xlsx", "ods": ".ods"}
"""Family of an upload → suffix of what is given back. Old Excel opens xlsx since 2007, and nothing writes xls any more."""

_ENCODINGS = {"cp1256": "cp1256", "utf-16": "utf-16", "utf-16-le": "utf-16", "utf-16-be": "utf-16"}
# Windows-1256 is older than the Persian yeh and the Persian digits.
_TO_1256 = str.maketrans("ی۰۱۲۳۴۵۶۷۸۹٬٫", "ي0123456789,.")


class RejectedFile:
    """Rows that were not accepted, as they stood, with a column that says why. Cells a spreadsheet would run as a formula are neutralised.

    A CSV keeps its separator and an encoding the office's programs open; a workbook becomes one of the same family (see `SUFFIXES`).
    """

    def __init__(
        self,
        path: Path,
        headers: Sequence[str],
        reason_title: str,
        row_title: str,
        explain: Callable[[Problem], str],
        *,
        separator: str = "",
        encoding: str = "",
    ) -> None:
        self._path = path
        self._headers = [row_title, *map(neutralise, headers), reason_title]
        self._width = len(headers)
        self._explain = explain
        self._separator, self._encoding = separator or ",", _ENCODINGS.get(encoding, "utf-8-sig")

    @classmethod
    def like(cls, table: Table, path: Path, reason_title: str, row_title: str, explain: Callable[[Problem], str]) -> RejectedFile:
        """In the family, encoding and separator of an opened list."""
        return cls(path, table.headers, reason_title, row_title, explain, separator=table.separator, encoding=table.encoding)

    def __enter__(self) -> RejectedFile:
        if self._path.suffix == ".xlsx":
            self._out: _Out = _Xlsx(self._path)
        elif self._path.suffix == ".ods":
            self._out = _Ods(self._path)
        else:
            self._out = _Csv(self._path, self._separator, self._encoding)
        self._out.write(self._headers)
        return self

    def add(self, row: CleanRow, cells: Sequence[Cell]) -> None:
        texts = [neutralise(text_of(cell)) for cell in cells]
        own, further = texts[: self._width], texts[self._width :]
        own += [""] * (self._width - len(own))
        reason = "؛ ".join(dict.fromkeys(self._explain(problem) for problem in row.errors))
        # Cells beyond the last column have no header; they stand behind the reason, so that nothing is lost.
        self._out.write([str(row.number), *own, reason, *further])

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._out.close()


class _Out(Protocol):
    def write(self, values: list[str]) -> None: ...
    def close(self) -> None: ...


class _Csv:
    def __init__(self, path: Path, separator: str, encoding: str) -> None:
        # The marks of UTF-8 and UTF-16 make Excel read them.
        self._file = path.open("w", encoding=encoding, errors="replace", newline="")
        self._writer = csv.writer(self._file, delimiter=separator)
        self._is_old = encoding == "cp1256"

    def write(self, values: list[str]) -> None:
        self._writer.writerow([value.translate(_TO_1256) for value in values] if self._is_old else values)

    def close(self) -> None:
        self._file.close()


class _Xlsx:
    def __init__(self, path: Path) -> None:
        options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_numbers": False, "strings_to_urls": False}
        self._book = xlsxwriter.Workbook(str(path), options)
        self._sheet = self._book.add_worksheet()
        self._sheet.right_to_left()
        self._text = self._book.add_format({"num_format": "@"})
        self._next = 0

    def write(self, values: list[str]) -> None:
        for column, value in enumerate(values):
            self._sheet.write_string(self._next, column, value, self._text)
        self._next += 1

    def close(self) -> None:
        self._book.close()


class _Ods:
    """One sheet of text cells, written as a stream."""

    def __init__(self, path: Path) -> None:
        self._archive = zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED)
        self._archive.writestr(zipfile.ZipInfo("mimetype"), _MIMETYPE, zipfile.ZIP_STORED)
        self._archive.writestr("META-INF/manifest.xml", _MANIFEST)
        self._file: Any = self._archive.open("content.xml", "w")
        self._file.write(_BEGIN.encode())

    def write(self, values: list[str]) -> None:
        cells = "".join(
            f'<table:table-cell table:style-name="text" office:value-type="string" office:string-value={quoteattr(_xml(value))}>'
            f"<text:p>{escape(_xml(value))}</text:p></table:table-cell>"
            if value
            else "<table:table-cell/>"
            for value in values
        )
        self._file.write(f"<table:table-row>{cells}</table:table-row>".encode())

    def close(self) -> None:
        self._file.write(_END.encode())
        self._file.close()
        self._archive.close()


def _xml(text: str) -> str:
    """Without the characters XML has no place for."""
    return "".join(c for c in persian.normalise(text) if c >= " " and c not in "\ufffe\uffff") if not text.isprintable() else text


_MIMETYPE = "application/vnd.oasis.opendocument.spreadsheet"
_MANIFEST = f"""<?xml version="1.0" encoding="UTF-8"?>
<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0" manifest:version="1.3">
<manifest:file-entry manifest:full-path="/" manifest:media-type="{_MIMETYPE}"/>
<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/>
</manifest:manifest>"""
_BEGIN = """<?xml version="1.0" encoding="UTF-8"?>
<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"
 xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0" xmlns:number="urn:oasis:names:tc:opendocument:xmlns:datastyle:1.0"
 office:version="1.3"><office:automatic-styles>
<number:text-style style:name="N"><number:text-content/></number:text-style>
<style:style style:name="text" style:family="table-cell" style:data-style-name="N"/>
<style:style style:name="sheet" style:family="table"><style:table-properties style:writing-mode="rl-tb"/></style:style>
</office:automatic-styles><office:body><office:spreadsheet><table:table table:name="1" table:style-name="sheet">"""
_END = "</table:table></office:spreadsheet></office:body></office:document-content>"
