"""The form of the table: its rows, and the answers that stand in every one."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, TextAreaField

from surveys.editing import read_options
from surveys.forms.choosing import AloneForm, check_lines, lines_of
from surveys.types.base import Option
from surveys.types.matrix import MAX_COLUMNS, MAX_ROWS, Row


class MatrixForm(AloneForm):
    most_lines = MAX_COLUMNS
    id_letter = "c"

    rows = TextAreaField(_l("Rows of the table"), description=_l("What is asked about, one a line."), render_kw={"rows": 8})
    options = TextAreaField(
        _l("Columns of the table"), description=_l("The answers of every row, one a line, the lowest first. Five with short words fit any phone."), render_kw={"rows": 5}
    )
    exclusive = TextAreaField(
        _l("Column beside the scale"), description=_l("Drawn last: for example “I don't know”. Empty: none."), render_kw={"rows": 1}
    )
    shuffle = BooleanField(_l("Rows in another order for each citizen"))

    def show(self, question: Any) -> None:
        super().show(question)
        self.rows.data, self.shuffle.data = lines_of(question.rows), question.shuffle

    def changes(self, question: Any) -> dict[str, Any]:
        before = [Option(id=row.id, label=row.label) for row in question.rows]
        rows = [Row(id=option.id, label=option.label) for option in read_options(self.rows.data or "", "", before, "r")]
        return super().changes(question) | {"rows": rows, "shuffle": bool(self.shuffle.data)}

    def validate(self, extra_validators: Any = None) -> bool:
        fits = super().validate(extra_validators)
        return check_lines(self.rows, MAX_ROWS) and fits
