"""What came of reading or writing an XLSForm, besides the form. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from surveys.definitions import Definition


@dataclass(frozen=True)
class Skipped:
    """Something that couldn't be carried over. Codes are told in words by `interchange.words`."""

    sheet: str
    row: int
    """0 where no single row is meant"""
    column: str
    what: str
    """As it stands in the form: a name, a type, an expression"""
    code: str

    def as_json(self, why: str) -> dict[str, Any]:
        return {"sheet": self.sheet, "row": self.row, "column": self.column, "what": self.what, "code": self.code, "why": why}


@dataclass
class Notes:
    """What is noted along the way, in the order of the form."""

    skipped: list[Skipped] = field(default_factory=list)
    warnings: list[Skipped] = field(default_factory=list)
    """Carried over, but not as it was"""

    def skip(self, code: str, what: str, *, row: int = 0, column: str = "", sheet: str = "survey") -> None:
        self.skipped.append(Skipped(sheet, row, column, what[:200], code))

    def warn(self, code: str, what: str, *, row: int = 0, column: str = "", sheet: str = "survey") -> None:
        self.warnings.append(Skipped(sheet, row, column, what[:200], code))


@dataclass(frozen=True)
class Imported:
    """A survey made of somebody's form."""

    definition: Definition
    skipped: list[Skipped]
    warnings: list[Skipped]


@dataclass(frozen=True)
class Exported:
    """A form made of a survey."""

    content: bytes
    skipped: list[Skipped]
    """What an XLSForm can't say"""
