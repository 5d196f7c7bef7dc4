"""A survey as a paper form: A4 sheets as PDF, set by typst with our own font. What is ticked on them is entered by a collector."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask_babel import gettext as _

from engage.persian import format_number, to_persian_digits
from engage.web.filters import jalali
from engage.web.sheets import draw_sheet
from surveys.asked import Asked
from surveys.conditions import Asked as Askable
from surveys.conditions import askable, in_words
from surveys.definitions import Definition
from surveys.flow import PLACEHOLDER
from surveys.types import AnyQuestion, type_of
from surveys.types.ballots import toman

SHEET = Path(__file__).with_name("paper.typ")
MOST_PAGES = 99
LONG = 12
"""A question of more things than that may be broken over two sheets."""
UNSEEN = frozenset({"hidden", "calculation"})

Body = dict[str, Any]


@dataclass(frozen=True)
class _Numbered:
    question: AnyQuestion
    number: int
    """From 1; 0 for what asks nothing"""


def paper_form(asked: Asked, code: str | None = None, *, format: str = "pdf", ppi: float | None = None) -> bytes:
    """The survey to fill in by pen. `code` is the number of this very sheet; without one there is a line to write it on.

    `format` "png" is for looking at a form of one page.
    """
    data = json.dumps(_words(asked, code or ""), ensure_ascii=False)
    return draw_sheet(SHEET, {"data": data}, format=format, ppi=ppi)


def _words(asked: Asked, code: str) -> dict[str, Any]:
    definition = asked.definition
    items = numbered(definition)
    numbers = {each.question.id: each.number for each in items}
    known = {each.name: each for each in askable(definition.questions)}
    return {
        "office": asked.office.name,
        "title": definition.title,
        "intro": definition.intro.strip(),
        "code": code,
        "form_number": _("Form number"),
        "of": _("of"),
        "pages": [to_persian_digits(str(page)) for page in range(1, MOST_PAGES + 1)],
        "promises": _promises(asked),
        "items": [_item(each, definition, numbers, known) for each in items],
        "thanks": _("Thank you for your answers."),
    }


def numbered(definition: Definition) -> list[_Numbered]:
    """What is printed, in order: questions numbered from 1, and texts between them."""
    found: list[_Numbered] = []
    number = 0
    for question in definition.questions:
        if type_of(question) in UNSEEN:
            continue
        number += question.asks
        found.append(_Numbered(question, number if question.asks else 0))
    return found


def _promises(asked: Asked) -> list[str]:
    definition = asked.definition
    lines = [_("Answer as you like: no password, no bank card and no money is asked for. Don't write your name unless a question asks for it.")]
    if definition.data_use.strip():
        lines.append(definition.data_use.strip())
    elif definition.is_anonymous:
        lines.append(_("Your answers are anonymous: nobody can tell who gave them."))
    else:
        lines.append(_("Your answers are confidential: only the responsible staff see them, and they are published as totals alone."))
    if asked.closes_at is not None:
        lines.append(_("Hand this form in by %(day)s.", day=jalali(asked.closes_at)))
    return lines


def _item(each: _Numbered, definition: Definition, numbers: Mapping[str, int], known: Mapping[str, Askable]) -> dict[str, Any]:
    question = each.question
    said = in_words(question.show_if, known, _) if question.show_if else ""
    when = ""
    if question.show_if:
        when = _("Only if %(condition)s:", condition=said) if said else _("Only if the collector asks it:")
    body = _body(question)
    return {
        "number": to_persian_digits(str(each.number)) if each.number else "",
        "label": _blanks(question.label, numbers),
        "hint": _blanks(question.hint or (getattr(question, "text", "") if not each.number else ""), numbers),
        "required": _("required") if question.required and each.number else "",
        "instruction": _instruction(question, body) if each.number else "",
        "when": when,
        "after": _skips(question, known, numbers),
        "long": _size(body) > LONG,
        "body": body,
    }


def _blanks(text: str, numbers: Mapping[str, int]) -> str:
    """«{q1}» repeats an answer on a screen; on paper the reader is led to it."""

    def named(found: Any) -> str:
        number = numbers.get(found[1].partition(".")[0])
        return _("[answer %(number)s]", number=to_persian_digits(str(number))) if number else found[0]

    return PLACEHOLDER.sub(named, text)


def _skips(question: AnyQuestion, known: Mapping[str, Askable], numbers: Mapping[str, int]) -> list[str]:
    lines = []
    for skip in question.skips:
        condition = in_words(skip.when, known, _)
        number = numbers.get(skip.to)
        where = _("go on with question %(number)s", number=to_persian_digits(str(number))) if number else _("go on to the end")
        lines.append(_("If %(condition)s, %(where)s.", condition=condition, where=where) if condition else where)
    return lines


def _size(body: Body) -> int:
    return len(body.get("options", ())) // max(1, body.get("columns", 1) if isinstance(body.get("columns"), int) else 1) + len(body.get("rows", ())) + len(
        body.get("items", ())
    )


# -- controls: what is drawn below a question ------------------------------------------------------------------------------


def _instruction(question: AnyQuestion, body: Body) -> str:
    kind = type_of(question)
    if kind in ("ranking", "ballot_ranking"):
        return _("Write 1 beside the most important one, then 2, and so on.") if kind == "ranking" else _most_ranks(question)
    if kind in ("upload", "date", "time", "phone", "national_id"):
        return ""
    return question.instruction(_)


def _most_ranks(question: Any) -> str:
    return _("Write 1 beside the most important one, then 2, up to %(count)s.", count=format_number(question.ranks))


def _body(question: Any) -> Body:
    draw = _BODIES.get(type_of(question))
    return draw(question) if draw else {"kind": "words", "label": ""}


def _options(question: Any, *, many: bool) -> Body:
    options = [
        {"label": option.label, "write": option.other, "note": _("(alone)") if option.exclusive and many else ""} for option in question.drawn_options
    ]
    longest = max((len(option["label"]) for option in options), default=0)
    is_plain = not any(option["write"] for option in options)
    columns = 3 if longest <= 16 and len(options) > 8 and is_plain else 2 if longest <= 32 and len(options) > 5 and is_plain else 1
    return {"kind": "options", "many": many, "columns": columns, "options": options}


def _yes_no(question: Any) -> Body:
    labels = list(question.labels.values())
    return {"kind": "options", "many": False, "columns": len(labels), "options": [{"label": label, "write": False, "note": ""} for label in labels]}


def _scale(question: Any, first: int, last: int) -> Body:
    points = [format_number(point) for point in range(first, last + 1)]
    return {"kind": "scale", "points": points, "low": question.low_label, "high": question.high_label}


def _cells(*groups: int, mark: str = "") -> Callable[[Any], Body]:
    return lambda question: {"kind": "cells", "groups": list(groups), "mark": mark}


def _matrix(question: Any) -> Body:
    columns = [option.label for option in question.drawn_options]
    return {"kind": "matrix", "columns": columns, "rows": [row.label for row in question.rows]}


def _listed(items: list[Any], *, ticks: bool = False, total: str = "") -> Body:
    return {"kind": "listed", "items": items, "ticks": ticks, "total": total}


def _ranked(question: Any) -> Body:
    return _listed([{"label": option.label, "note": "", "cost": ""} for option in question.options])


def _projects(question: Any) -> list[dict[str, str]]:
    found = [
        {
            "label": project.label,
            "note": " · ".join(filter(None, (project.place, project.description))),
            "cost": toman(project.cost) if project.cost else "",
        }
        for project in question.projects
    ]
    return [*found, {"label": question.none_label, "note": "", "cost": ""}] if question.none_label else found


def _points(question: Any) -> Body:
    return _listed(_projects(question), total=_("Sum, at most %(count)s:", count=format_number(question.points)))


def _knapsack(question: Any) -> Body:
    return _listed(_projects(question), ticks=True, total=_("Sum of what you ticked, at most %(budget)s:", budget=toman(question.budget)))


_BODIES: dict[str, Callable[[Any], Body]] = {
    "single": lambda question: _options(question, many=False),
    "long_list": lambda question: _options(question, many=False),
    "neighbourhood": lambda question: _options(question, many=False),
    "multiple": lambda question: _options(question, many=True),
    "yes_no": _yes_no,
    "rating": lambda question: _scale(question, 1, question.scale),
    "nps": lambda question: _scale(question, 0, 10),
    "number": lambda question: {"kind": "number", "unit": question.unit},
    "short_text": lambda question: {"kind": "lines", "count": 1},
    "long_text": lambda question: {"kind": "lines", "count": 4},
    "date": _cells(4, 2, 2, mark="/"),
    "time": _cells(2, 2, mark=":"),
    "phone": _cells(4, 3, 4),
    "national_id": _cells(3, 6, 1),
    "consent": lambda question: {"kind": "tick", "label": question.statement},
    "upload": lambda question: {"kind": "words", "label": _("Hand the picture in with this form.")},
    "ranking": _ranked,
    "matrix": _matrix,
    "approval": lambda question: _listed(_projects(question), ticks=True),
    "ballot_ranking": lambda question: _listed(_projects(question)),
    "points": _points,
    "knapsack": _knapsack,
}
