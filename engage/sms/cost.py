"""What messages cost, in rials, by a table of settings (pure). An estimate: the gateway's returned `cost` is the truth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from engage.sms.segments import Script, pages, script_of


@dataclass(frozen=True)
class PagePrice:
    """Rials one page costs, by script."""

    persian: int
    latin: int

    def __post_init__(self) -> None:
        if self.persian < 0 or self.latin < 0:
            raise ValueError("a page price can't be negative")

    def of(self, script: Script | str) -> int:
        return self.latin if Script(script) is Script.LATIN else self.persian


@dataclass(frozen=True)
class PriceTable:
    """The price of every line: its own where it has one, else the default."""

    default: PagePrice
    lines: Mapping[str, PagePrice] = field(default_factory=dict)

    def for_line(self, line: str | None) -> PagePrice:
        return self.default if line is None else self.lines.get(line, self.default)


def estimate(page_count: int, script: Script | str, table: PriceTable, line: str | None = None) -> int:
    """Rials for `page_count` pages of one script on a line."""
    if page_count < 0:
        raise ValueError("pages can't be negative")
    return page_count * table.for_line(line).of(script)


def estimate_text(text: str, table: PriceTable, line: str | None = None) -> int:
    """Rials for sending the text once."""
    return estimate(pages(text), script_of(text), table, line)
