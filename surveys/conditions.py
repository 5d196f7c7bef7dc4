"""Conditions without typing expressions: what can be asked about, an expression from three choices, and any expression in words.

Pure. Words are made by the caller's translator `_`, as in question types.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from engage.persian import format_number, normalise, parse_date, to_latin_digits
from engage.refusal import Refused
from surveys.definitions import Definition
from surveys.logic.kinds import Kind
from surveys.logic.parsing import parsed_or_none
from surveys.logic.tree import Call, Literal, Node, Paired, Prefixed, Reference, written_name, written_text
from surveys.types import AnyQuestion, Translate
from surveys.types.number import plain_number

COMPARED = frozenset({"=", "!=", ">", ">=", "<", "<="})
COMPARISONS = ("is", "is_not", "over", "least", "under", "most", "answered", "unanswered")
"""What the helper offers; "is" of several choices means that one of them is chosen."""

_SIGNS = {"is": "=", "is_not": "!=", "over": ">", "least": ">=", "under": "<", "most": "<="}
_ORDERED = frozenset({Kind.NUMBER, Kind.DATE, Kind.TIME})
_YES = {"yes", "بله", "بلی", "آری", "1"}
_NO = {"no", "خیر", "نه", "0"}
SHOWN = 60


@dataclass(frozen=True)
class Asked:
    """One thing a condition may be about: an answer, or a part of one."""

    name: str
    """As expressions name it, unescaped: "q1" or "q5.r2" """
    number: int
    label: str
    kind: Kind
    choices: Sequence[tuple[str, str]] = ()
    """Ids and labels it can be compared with"""


def askable(questions: Iterable[AnyQuestion], *, first: int = 1) -> list[Asked]:
    """Everything a condition can be about in these questions; the first of them has the number `first`."""
    found = []
    for number, question in enumerate(questions, first):
        for part, name in question.names().items():
            labels = _labels(question)
            choices = [(each, labels.get(each, each)) for each in labels if each in name.options]
            choices += [(each, each) for each in sorted(name.options - {known for known, _ in choices})]
            words = question.label.strip() or question.id
            if part:
                words = f"{words} ← {labels.get(part, part)}"
            found.append(Asked(f"{question.id}.{part}" if part else question.id, number, words, name.kind, choices))
    return found


def compose(asked: Asked, comparison: str, value: str) -> str:
    """The expression for this choice.

    Refused: "rule_comparison_unknown", "rule_comparison_unfit" (the answer has no order), "rule_value_missing",
    "rule_value_unknown" (choices), "rule_value_unreadable".
    """
    name = written_name(asked.name)
    if comparison == "answered":
        return f"answered({name})"
    if comparison == "unanswered":
        return f"not answered({name})"
    if comparison not in _SIGNS:
        raise Refused("rule_comparison_unknown")
    if comparison not in ("is", "is_not") and asked.kind not in _ORDERED:
        raise Refused("rule_comparison_unfit")
    if not value.strip():
        raise Refused("rule_value_missing")
    written = _written(asked, value.strip())
    if asked.kind is Kind.CHOICES:
        return f"{name} has {written}" if comparison == "is" else f"not {name} has {written}"
    return f"{name} {_SIGNS[comparison]} {written}"


def join(before: str, added: str, word: str) -> str:
    """Both conditions by `and` or `or`; the earlier one in brackets where it needs them."""
    if not before.strip():
        return added
    parsed = parsed_or_none(before)
    looser = parsed is None or (isinstance(parsed.root, Paired) and parsed.root.operator == "or")
    earlier = f"({before.strip()})" if looser and word == "and" else before.strip()
    return f"{earlier} {'or' if word == 'or' else 'and'} {added}"


def _written(asked: Asked, value: str) -> str:
    if asked.kind in (Kind.CHOICE, Kind.CHOICES):
        wanted = normalise(value)
        for choice_id, label in asked.choices:
            if value == choice_id or wanted == normalise(label):
                return written_text(choice_id)
        raise Refused("rule_value_unknown", choices="، ".join(label for _, label in asked.choices[:12]))
    if asked.kind is Kind.NUMBER:
        number = plain_number(value)
        if number is None:
            raise Refused("rule_value_unreadable")
        return f"{number:f}"
    if asked.kind is Kind.TRUTH:
        plain = to_latin_digits(value).lower()
        if plain in _YES | _NO:
            return written_text("yes" if plain in _YES else "no")
        raise Refused("rule_value_unknown", choices="بله، خیر")
    if asked.kind is Kind.DATE:
        if parse_date(value) is None:
            raise Refused("rule_value_unreadable")
        return f"date({written_text(to_latin_digits(value))})"
    if asked.kind is Kind.TIME:
        return f"time({written_text(to_latin_digits(value))})"
    return written_text(value)


# -- in words ----------------------------------------------------------------------------------------------------------------------------


def in_words(text: str, known: Mapping[str, Asked], _: Translate) -> str:
    """What an expression says, for people who don't read expressions; "" where it can't be said in words."""
    expression = parsed_or_none(text) if text.strip() else None
    if expression is None:
        return ""
    try:
        return _said(expression.root, known, _)
    except _Unsayable:
        return ""


class _Unsayable(Exception):
    pass


def _said(node: Node, known: Mapping[str, Asked], _: Translate) -> str:
    if isinstance(node, Paired) and node.operator in ("and", "or"):
        left, right = (_said(each, known, _) for each in (node.left, node.right))
        return (
            _("%(left)s and %(right)s", left=left, right=right)
            if node.operator == "and"
            else _("%(left)s or %(right)s", left=left, right=right)
        )
    if isinstance(node, Paired) and node.operator == "has":
        return _("in “%(question)s”, “%(value)s” is chosen", **_sides(node, known, _))
    if isinstance(node, Paired) and node.operator in COMPARED:
        return _compared(node.operator, **_sides(node, known, _), _=_)
    if isinstance(node, Prefixed) and node.operator == "not":
        inner = node.operand
        if isinstance(inner, Paired) and inner.operator == "has":
            return _("in “%(question)s”, “%(value)s” isn't chosen", **_sides(inner, known, _))
        if isinstance(inner, Call) and inner.function == "answered":
            return _("“%(question)s” isn't answered", question=_named(inner.arguments[0], known).label)
    if isinstance(node, Call) and node.function == "answered":
        return _("“%(question)s” is answered", question=_named(node.arguments[0], known).label)
    if isinstance(node, Reference):
        return _("“%(question)s” is “%(value)s”", question=_named(node, known).label, value=_("yes"))
    raise _Unsayable


def _compared(operator: str, question: str, value: str, _: Translate) -> str:
    if operator == "=":
        return _("“%(question)s” is “%(value)s”", question=question, value=value)
    if operator == "!=":
        return _("“%(question)s” isn't “%(value)s”", question=question, value=value)
    if operator == ">":
        return _("“%(question)s” is more than %(value)s", question=question, value=value)
    if operator == ">=":
        return _("“%(question)s” is at least %(value)s", question=question, value=value)
    if operator == "<":
        return _("“%(question)s” is less than %(value)s", question=question, value=value)
    return _("“%(question)s” is at most %(value)s", question=question, value=value)


def _sides(node: Paired, known: Mapping[str, Asked], _: Translate) -> dict[str, str]:
    asked = _named(node.left, known)
    return {"question": asked.label, "value": _value(node.right, asked, _)}


def _named(node: Node, known: Mapping[str, Asked]) -> Asked:
    if not isinstance(node, Reference) or node.name not in known:
        raise _Unsayable
    asked = known[node.name]
    label = asked.label if len(asked.label) <= SHOWN else asked.label[: SHOWN - 1].rstrip() + "…"
    return Asked(asked.name, asked.number, label, asked.kind, asked.choices)


def _value(node: Node, asked: Asked, _: Translate) -> str:
    if isinstance(node, Call) and node.function in ("date", "time") and isinstance(node.arguments[0], Literal):
        return str(node.arguments[0].value)
    if not isinstance(node, Literal):
        raise _Unsayable
    if isinstance(node.value, bool):
        return _("yes") if node.value else _("no")
    if isinstance(node.value, str):
        if asked.kind is Kind.TRUTH:
            return {"yes": _("yes"), "no": _("no")}.get(node.value, node.value)
        return dict(asked.choices).get(node.value, node.value)
    return format_number(node.value)


def _labels(question: AnyQuestion) -> dict[str, str]:
    """Ids of whatever a question lists, and their labels."""
    found: dict[str, str] = {}
    for name in type(question).__struct_fields__:
        value = getattr(question, name)
        if isinstance(value, list):
            found |= {each.id: each.label for each in value if hasattr(each, "id") and hasattr(each, "label")}
    return found


def names_before(definition: Definition, question_id: str, *, itself: bool = False) -> list[Asked]:
    """What a condition of this question may be about: the questions before it, with it if `itself`."""
    index = next((n for n, each in enumerate(definition.questions) if each.id == question_id), len(definition.questions))
    return askable(definition.questions[: index + 1 if itself else index])
