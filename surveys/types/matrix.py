"""The same few answers for many rows: how satisfied with each service. Stored: under each row's id the id of one option."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from markupsafe import Markup

from surveys.logic.kinds import Kind, Name
from surveys.types.base import AnswerProblem, Column, Drawn, Entries, Given, Option, PartTally, Tally, Translate, only_value, spoken
from surveys.types.choices import Choosing, check_list, shuffled

MAX_ROWS = 500
MAX_COLUMNS = 12
PAGE = 7
"""So many rows fill a page."""
NARROW, SHORT_WORD = 5, 8
"""So many columns with such words stand side by side on the narrowest phone."""
WIDE, LONG_WORD = 6, 11
"""So many columns with such words make a table on a wide screen."""


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One thing that is asked about."""

    id: str
    label: str


class Matrix(Choosing, frozen=True, kw_only=True, tag="matrix"):
    """The options are the columns; one that stands alone («نمی‌دانم») is drawn last. Where an answer is required, every row needs one."""

    tally = Tally.CHOICES
    parts = ("matrix",)
    most_options = MAX_COLUMNS
    may_have_other = False

    rows: list[Row] = []
    shuffle: bool = False
    """Rows come in an order that differs from citizen to citizen."""

    def check(self) -> None:
        super().check()
        check_list(self.rows, MAX_ROWS, self.id)

    def gaps(self) -> list[str]:
        found = super().gaps()
        labels = [row.label.strip() for row in self.rows]
        if len(labels) < 2:
            found.append("too_few_rows")
        if not all(labels):
            found.append("row_without_label")
        if len(set(labels)) < len(labels):
            found.append("row_label_repeated")
        return found

    @property
    def is_shuffled(self) -> bool:
        """Columns are a scale: they keep their order."""
        return False

    @property
    def weight(self) -> int:  # type: ignore[override]
        return min(max(len(self.rows), 1), PAGE)

    def read(self, given: Given) -> Entries:
        if not {part for part in given if part} <= {row.id for row in self.rows}:
            raise AnswerProblem("row_unknown")
        known = set(self.option_ids)
        entries: Entries = {}
        for row in self.rows:
            answer = only_value(given, row.id)
            if answer and answer not in known:
                raise AnswerProblem("option_unknown")
            if answer:
                entries[row.id] = answer
        if entries and self.required and len(entries) < len(self.rows):
            left = [row for row in self.rows if row.id not in entries]
            raise AnswerProblem("rows_missing", count=len(left), row=left[0].id)
        return entries

    def accepts(self, entries: Mapping[str, Any]) -> bool:
        known = set(self.option_ids)
        if not entries or not set(entries) <= {row.id for row in self.rows}:
            return False
        if not all(isinstance(answer, str) and answer in known for answer in entries.values()):
            return False
        return not self.required or len(entries) == len(self.rows)

    def typed(self, entries: Entries) -> dict[str, list[str]]:
        return {row_id: [str(answer)] for row_id, answer in entries.items()}

    def names(self) -> dict[str, Name]:
        ids = frozenset(self.option_ids)
        return {row.id: Name(Kind.CHOICE, ids) for row in self.rows}

    def in_words(self, entries: Mapping[str, Any], _: Translate) -> str:
        """One row's answer alone, several each behind their row."""
        labels = self.labels
        if len(entries) == 1:
            return labels.get(str(next(iter(entries.values()))), "")
        return "؛ ".join(f"{row.label}: {labels[entries[row.id]]}" for row in self.rows if entries.get(row.id) in labels)

    @property
    def first_control(self) -> str:
        return f"{self.id}:1"

    def instruction(self, _: Translate) -> str:
        return _("Choose one answer in each row.")

    # -- the page ------------------------------------------------------------------------------------------------------

    def _layout(self) -> str:
        """How far columns stand side by side: "ms" everywhere, "mt" on wide screens, "" nowhere, because their words need room."""
        longest = max((len(word) for option in self.options for word in option.label.split()), default=0)
        most_words = max((len(option.label.split()) for option in self.options), default=0)
        if len(self.options) <= NARROW and longest <= SHORT_WORD and most_words <= 2:
            return "ms"
        return "mt" if len(self.options) <= WIDE and longest <= LONG_WORD else ""

    def draw(self, drawn: Drawn) -> Markup:
        options = self.drawn_options
        rows = shuffled(self.rows, drawn.seed, self.id) if self.shuffle else self.rows
        is_strict = drawn.is_bad and (self.required or bool(self.required_if))
        left = {row.id for row in rows if not drawn.only(row.id)} if is_strict else set()
        # The error leads to where something is to be done: the first row without an answer.
        first = next((row.id for row in rows if row.id in left), rows[0].id if rows else "")
        pieces = [self._draw_row(row, options, drawn, is_first=row.id == first, is_left=row.id in left) for row in rows]
        layout = self._layout()
        if layout:
            names = Markup("").join(Markup("<span>%s</span>") % option.label for option in options)
            pieces.insert(0, Markup('<div class="mh" aria-hidden="true"><div class="mg">%s</div></div>') % names)
        return Markup('<div class="mx %s">\n%s\n</div>') % (layout, Markup("\n").join(pieces))

    def _draw_row(self, row: Row, options: list[Option], drawn: Drawn, *, is_first: bool, is_left: bool) -> Markup:
        given = drawn.only(row.id)
        cells = Markup("").join(
            Markup('<label><input type="radio"%s name="%s.%s" value="%s"%s%s><span><b>%s</b></span></label>')
            % (
                Markup(' id="%s"') % self.first_control if is_first and index == 0 else "",
                self.id,
                row.id,
                option.id,
                Markup(" checked") if option.id == given else "",
                drawn.attributes(first=is_first and index == 0),
                option.label,
            )
            for index, option in enumerate(options)
        )
        told = Markup('<i class="ml">%s</i>') % drawn.translate("no answer yet") if is_left else Markup("")
        return Markup('<div class="mr" role="radiogroup" aria-labelledby="%s.%s:l"><p id="%s.%s:l"><b>%s</b>%s</p><div class="mg">%s</div></div>') % (
            self.id,
            row.id,
            self.id,
            row.id,
            row.label,
            told,
            cells,
        )

    def explain(self, problem: AnswerProblem, _: Translate) -> tuple[str, str]:
        if problem.code == "rows_missing":
            label = next((row.label for row in self.rows if row.id == problem.params["row"]), "")
            count = spoken(problem.params["count"])
            return (
                _("%(count)s rows are without an answer", count=count),
                _("Please answer every row. %(count)s are still without an answer, first “%(row)s”.", count=count, row=label),
            )
        if problem.code in ("option_unknown", "row_unknown"):
            return _("choose again"), _("A chosen option isn't on offer any more. Please choose from these.")
        return super().explain(problem, _)

    def explain_missing(self, _: Translate) -> tuple[str, str]:
        return _("answer the rows"), _("Please choose one answer in every row.")

    # -- reports -------------------------------------------------------------------------------------------------------

    def columns(self) -> list[Column]:
        return [Column(f"{self.id}.{row.id}", f"{self.label} · {row.label}") for row in self.rows]

    def cells(self, entries: Mapping[str, Any]) -> list[str | int | float | None]:
        labels = self.labels
        return [labels.get(str(entries.get(row.id, ""))) for row in self.rows]

    def codes(self, entries: Mapping[str, Any]) -> list[str | int | float | None]:
        return [entries.get(row.id) for row in self.rows]

    def tallies(self) -> list[PartTally]:
        return [PartTally(row.id, row.label, self.tally, tuple(self.options)) for row in self.rows]
