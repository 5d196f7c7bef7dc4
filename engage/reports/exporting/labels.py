"""Words of exports: refusals, audit sentences, states, kinds of files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from engage.web.filters import number
from engage.web.states import StateLook

REFUSALS: dict[str, Any] = {
    "report_rows_anonymous": _l(
        "This survey is anonymous: its answers leave the house as figures only, never one by one. Take the table of figures or the report."
    ),
    "report_rows_too_many": _l("An Excel sheet holds %(limit)s rows; this survey has more answers. Take the CSV or the SPSS file."),
    "report_file_gone": _l("The file is no longer there: files are deleted after %(days)s days. Ask for it anew."),
    "report_file_crashed": _l("Writing the file failed several times. Ask for it anew; if it fails again, tell support."),
    "report_files_many": _l("%(count)s files of this survey are being written already. Wait until they are ready."),
}

AUDIT_LABELS: dict[str, Any] = {"report_file_asked": _l("A file of “%(title)s” was asked for: %(kind)s")}
AUDIT_NAMES: dict[str, Any] = {"report_file_asked": _l("Report files asked for")}

STATES: dict[str, StateLook] = {
    "asked": StateLook("grey", "hourglass", _l("Waits its turn")),
    "writing": StateLook("run", "clock", _l("Being written")),
    "ready": StateLook("ok", "check", _l("Ready")),
    "failed": StateLook("bad", "alert", _l("Failed")),
    "expired": StateLook("grey", "lock", _l("Deleted")),
}


@dataclass(frozen=True)
class KindWords:
    """What a kind of file is called, and what it is good for."""

    name: Any
    about: Any
    icon: str


KINDS: dict[str, KindWords] = {
    "xlsx": KindWords(_l("Excel (XLSX)"), _l("Answers, codebook and figures on three sheets, from right to left"), "spreadsheet"),
    "csv": KindWords(_l("Table with labels (CSV)"), _l("One row an answer, choices in words"), "spreadsheet"),
    "codes.csv": KindWords(_l("Table with codes (CSV)"), _l("One row an answer, choices as codes, for programs"), "spreadsheet"),
    "sav": KindWords(_l("SPSS (SAV)"), _l("Persian variable and value labels, missing values marked"), "chart"),
    "codebook.csv": KindWords(_l("Codebook (CSV)"), _l("What every column and every code means"), "list-check"),
    "figures.csv": KindWords(_l("Table of figures (CSV)"), _l("Counts and shares as the report shows them, small groups hidden"), "chart"),
    "json": KindWords(_l("Figures for programs (JSON)"), _l("The report's figures with their definitions"), "file"),
    "html": KindWords(_l("Report as one file (HTML)"), _l("To read, print and forward"), "printer"),
    "pdf": KindWords(_l("Report to print (PDF)"), _l("With cover and page numbers"), "printer"),
}
"""In the order of the page; a kind is offered where something writes it"""


def size_words(size: int) -> str:
    """How large a file is, rounded up to a whole kilobyte, or to a tenth of a megabyte."""
    if size < 10**6:
        return _("%(size)s kB", size=number(max(1, -(-size // 1000))))
    return _("%(size)s MB", size=number(round(size / 10**6, 1)))
