"""Rows of an XLSForm into questions of ours, without their conditions: those may name rows that come later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from surveys.interchange.findings import Notes
from surveys.interchange.from_xpath import Known
from surveys.interchange.keeping import text_of
from surveys.interchange.kinds_of_rows import MEANT, reason_against
from surveys.interchange.leftovers import Leftovers
from surveys.interchange.naming import free_id
from surveys.interchange.sheets import CHOICE_MARK, ROW_MARK, row_of
from surveys.interchange.texts import Languages, elements
from surveys.logic.kinds import Kind, Name
from surveys.types import ShortText
from surveys.types.base import MAX_LABEL
from surveys.types.hidden import MAX_VALUE, PARAMETER
from surveys.types.matrix import MAX_COLUMNS, MAX_ROWS

YES = frozenset({"yes", "بله", "بلی", "آری", "نعم", "oui", "ja", "sí", "evet"})
NO = frozenset({"no", "خیر", "نه", "لا", "non", "nein", "hayır"})
LONG_TEXT = 2000
"""Letters of a text whose form sets no limit"""
LONG_LIST = 25
"""From so many options on, a closed list is one to search in."""


@dataclass
class Row:
    """One question on its way: builtin values of the definition, and what is still to be translated."""

    name: str
    number: int
    raw: dict[str, Any]
    texts: dict[str, dict[str, str]] = field(default_factory=dict)
    """Language → place within the question → text"""
    conditions: list[tuple[str, int]] = field(default_factory=list)
    """(XPath, row): all must hold for it to be shown"""
    required: str = ""
    constraint: str = ""
    formula: str = ""
    is_itself: bool = True
    """Whether a dot in its constraint is its own answer"""
    kept: str = ""
    """What a form of ours carries beside it; see `keeping`"""


@dataclass
class Grids:
    """The tables within a group, and what else stands in it."""

    rows: list[Row]
    rest: list[Mapping[str, Any]]
    takes_label: bool


class Maker:
    """Makes rows; keeps ids distinct and remembers what each name became."""

    def __init__(self, form: Mapping[str, Any], languages: Languages, notes: Notes, known: dict[str, Known]) -> None:
        self._lists: Mapping[str, Any] = form.get("choices") or {}
        self._languages = languages
        self._notes = notes
        self._known = known
        self._ids: set[str] = set()
        self._leftovers = Leftovers(languages, notes)
        self._others = {str(each.get("name")) for each in elements(form.get("children")) if _is_made(each)}
        """Names of the texts pyxform makes for «other»"""

    # -- one question --------------------------------------------------------------------------------------------------

    def question(self, element: Mapping[str, Any]) -> Row | None:
        """The question of one row, or None where there is none of its kind here, which is listed then."""
        number, name, kind = row_of(element), str(element.get("name")), str(element.get("type"))
        if _is_made(element) or name.startswith("reserved_name_for_field_list_labels_"):
            return None
        reason = reason_against(kind)
        if reason:
            self._notes.skip(reason, f"{kind} {name}", row=number, column="type")
            return None
        meant = MEANT[kind]
        if _looks(element) == "label" and meant.startswith("select"):
            self._notes.skip("table_head", name, row=number, column="appearance")
            return None
        if meant == "note" and not self._languages.main_text(element.get("label")).strip():
            self._notes.skip("note_empty", name, row=number, column="label")
            return None
        if meant in ("select one", "select all that apply", "rank") and not self._has_choices(element):
            self._notes.skip("choices_elsewhere", f"{kind} {name}", row=number, column="type")
            return None
        row = self._row(element, name, number)
        {
            "text": self._text, "integer": self._number, "decimal": self._number, "percentage": self._number, "date": self._date, "time": self._time,
            "datetime": self._date, "note": self._note, "calculate": self._calculate, "hidden": self._hidden, "acknowledge": self._consent,
            "photo": self._upload, "file": self._upload, "range": self._range, "select one": self._single, "select all that apply": self._multiple,
            "rank": self._ranking,
        }[meant](row, element)  # fmt: skip
        self._leftovers.tell_columns(element, row.name, row.number, row.formula, meant)
        return row

    def tell_group(self, group: Mapping[str, Any]) -> None:
        self._leftovers.tell_group(group)

    def information(self, group: Mapping[str, Any]) -> Row:
        """A group's heading."""
        row = self._row(group, str(group.get("name")), row_of(group))
        row.raw["type"] = "information"
        row.conditions, row.required, row.constraint = [], "", ""
        self._know(row, None)
        return row

    def _row(self, element: Mapping[str, Any], name: str, number: int) -> Row:
        question_id = free_id(name, self._ids, "q")
        self._ids.add(question_id)
        if question_id != name and not name.startswith(("generated_", "_")):
            self._notes.warn("renamed", f"{name} → {question_id}", row=number, column="name")
        row = Row(name, number, {"id": question_id}, kept=text_of(element))
        for column in ("label", "hint"):
            self._say(row, column, element.get(column))
        bind = element.get("bind") or {}
        row.conditions = [(str(bind["relevant"]), number)] if bind.get("relevant") else []
        row.required, row.constraint = str(bind.get("required") or ""), str(bind.get("constraint") or "")
        row.formula = str(bind.get("calculate") or "")
        self._say(row, "valid_message", bind.get("jr:constraintMsg"))
        return row

    def _say(self, row: Row, place: str, value: Any, *, into: dict[str, Any] | None = None) -> None:
        target, key = (row.raw, place) if into is None else (into, "label")
        target[key] = self._languages.main_text(value)
        for language, text in self._languages.translated(value).items():
            if target[key]:
                row.texts.setdefault(language, {})[place] = text

    def _know(self, row: Row, kind: Kind | None, options: Mapping[str, str] | None = None, ids: Sequence[str] = ()) -> None:
        if kind is not None:
            self._known[row.name] = Known(row.raw["id"], Name(kind, frozenset(ids)), options or {})

    # -- types ---------------------------------------------------------------------------------------------------------

    def _text(self, row: Row, element: Mapping[str, Any]) -> None:
        control = element.get("control") or {}
        is_long = "multiline" in str(control.get("appearance") or "") or "rows" in control
        row.raw |= {"type": "long_text", "max_length": LONG_TEXT} if is_long else {"type": "short_text", "max_length": ShortText.most}
        self._know(row, Kind.TEXT)

    def _number(self, row: Row, element: Mapping[str, Any]) -> None:
        row.raw["type"] = "number"
        if MEANT[str(element["type"])] == "decimal":
            row.raw["decimals"] = 2
        elif MEANT[str(element["type"])] == "percentage":
            row.raw |= {"min": 0.0, "max": 100.0}
        self._know(row, Kind.NUMBER)

    def _date(self, row: Row, element: Mapping[str, Any]) -> None:
        row.raw["type"] = "date"
        if MEANT[str(element["type"])] == "datetime":
            self._notes.warn("time_lost", row.name, row=row.number, column="type")
        self._know(row, Kind.DATE)

    def _time(self, row: Row, element: Mapping[str, Any]) -> None:
        row.raw["type"] = "time"
        self._know(row, Kind.TIME)

    def _note(self, row: Row, element: Mapping[str, Any]) -> None:
        row.raw["type"] = "information"
        _part(row, "text", is_twice=False)

    def _calculate(self, row: Row, element: Mapping[str, Any]) -> None:
        row.raw |= {"type": "calculation", "label": row.raw["label"] or row.name}
        self._know(row, Kind.NUMBER)

    def _hidden(self, row: Row, element: Mapping[str, Any]) -> None:
        if row.formula:
            self._calculate(row, element)
            return
        row.raw |= {"type": "hidden", "label": row.raw["label"] or row.name}
        value = " ".join(str(element.get("default") or "").split())
        if value:
            row.raw["value"] = value[:MAX_VALUE]
        else:
            row.raw["parameter"] = row.name if PARAMETER.fullmatch(row.name) else f"p{row.number}"
            self._notes.warn("hidden_by_link", f"{row.name}: ?{row.raw['parameter']}=", row=row.number, column="type")
        self._know(row, Kind.TEXT)

    def _consent(self, row: Row, element: Mapping[str, Any]) -> None:
        row.raw["type"] = "consent"
        _part(row, "statement", is_twice=True)
        self._know(row, Kind.TRUTH)

    def _upload(self, row: Row, element: Mapping[str, Any]) -> None:
        is_file = MEANT[str(element["type"])] == "file"
        row.raw |= {"type": "upload", "accepts_kinds": "photo_or_pdf" if is_file else "photo"}
        if is_file:
            self._notes.warn("file_kinds", row.name, row=row.number, column="type")
        self._know(row, Kind.CHOICE)

    def _range(self, row: Row, element: Mapping[str, Any]) -> None:
        parameters = element.get("parameters") or {}
        start, end, step = (_decimal(parameters.get(name)) for name in ("start", "end", "step"))
        assert start is not None and end is not None and step is not None  # pyxform fills them in
        low, high, step = min(start, end), max(start, end), abs(step)
        if start > end:
            self._notes.warn("range_turned", row.name, row=row.number, column="parameters")
        looks = str((element.get("control") or {}).get("appearance") or "").split()
        if step == 1 and low == 1 and 3 <= high <= 10:
            row.raw |= {"type": "rating", "scale": int(high), "style": "stars" if "rating" in looks else "numbers"}
        elif step == 1 and low == 0 and high == 10:
            row.raw |= {"type": "nps", "low_label": "", "high_label": ""}
        else:
            exponent = step.normalize().as_tuple().exponent
            places = max(-exponent, 0) if isinstance(exponent, int) else 0
            row.raw |= {"type": "number", "min": float(low), "max": float(high), "decimals": min(places, 4)}
            if step.normalize().as_tuple().digits != (1,) or step > 1:
                self._notes.skip("range_step", f"{row.name}: {step}", row=row.number, column="parameters")
        for name in parameters:
            if name not in ("start", "end", "step"):
                self._notes.skip("parameter", f"{row.name}: {name}", row=row.number, column="parameters")
        self._know(row, Kind.NUMBER)

    def _single(self, row: Row, element: Mapping[str, Any]) -> None:
        choices, has_other = self._choices(row, element)
        meant = _yes_no(choices, [self._languages.main_text(choice.get("label")).strip().lower() for choice in choices])
        if meant and not has_other:
            row.raw["type"] = "yes_no"
            for choice in choices:
                place = f"{meant[str(choice['name'])]}_label"
                self._say(row, place, choice.get("label"))
                row.raw[place] = row.raw[place] or str(choice["name"])
                self._leftovers.tell_choice(choice, str(choice["name"]))
            self._know(row, Kind.CHOICE if len(choices) > 2 else Kind.TRUTH, meant, list(meant.values()))
            return
        looks = set(str((element.get("control") or {}).get("appearance") or "").split())
        is_long = not has_other and (bool(looks & {"autocomplete", "search"}) or len(choices) > LONG_LIST)
        row.raw["type"] = "long_list" if is_long else "single"
        self._options(row, choices, has_other, Kind.CHOICE)

    def _multiple(self, row: Row, element: Mapping[str, Any]) -> None:
        choices, has_other = self._choices(row, element)
        row.raw["type"] = "multiple"
        self._options(row, choices, has_other, Kind.CHOICES)

    def _ranking(self, row: Row, element: Mapping[str, Any]) -> None:
        choices, _ = self._choices(row, element)
        row.raw["type"] = "ranking"
        self._options(row, choices, False, Kind.CHOICES)

    # -- choices -------------------------------------------------------------------------------------------------------

    def _choices(self, row: Row, element: Mapping[str, Any]) -> tuple[list[Mapping[str, Any]], bool]:
        """The choices of a question, and whether pyxform added «other» to them, for which our types have a field of their own."""
        choices = list(self._lists.get(_list_name(element)) or element.get("choices") or ())
        if element.get("choice_filter"):
            self._notes.skip("choice_filter", str(element["choice_filter"]), row=row.number, column="choice_filter")
        parameters = element.get("parameters") or {}
        for parameter, value in parameters.items():
            if parameter == "randomize":
                if str(value) == "true":
                    row.raw["shuffle"] = True
            else:
                self._notes.skip("parameter", f"{row.name}: {parameter}", row=row.number, column="parameters")
        other = f"{row.name}_other"
        has_other = other in self._others
        # pyxform adds «other» to the list itself, for every question that shares it.
        return [choice for choice in choices if CHOICE_MARK in choice or has_other], has_other

    def _has_choices(self, element: Mapping[str, Any]) -> bool:
        """Whether its choices stand in the form: they may come from another file, or from answers."""
        return bool(self._lists.get(_list_name(element)) or element.get("choices"))

    def _options(self, row: Row, choices: Sequence[Mapping[str, Any]], has_other: bool, kind: Kind, *, part: str = "options") -> None:
        options, ids = self.things(row, choices, part)
        row.raw[part] = options
        if has_other:
            other = next(option for option in options if option["id"] == ids["other"])
            other["other"] = True
            if other["label"] == "Other" and any("\u0600" <= letter <= "\u06ff" for option in options for letter in option["label"]):
                other["label"] = "سایر"
        self._know(row, kind, ids, list(ids.values()))

    def things(self, row: Row, choices: Sequence[Mapping[str, Any]], part: str) -> tuple[list[dict[str, Any]], dict[str, str]]:
        """Options with ids and labels, and what the names of the choices became."""
        found: list[dict[str, Any]] = []
        ids: dict[str, str] = {}
        for choice in choices:
            name = str(choice.get("name"))
            if name in ids:
                self._notes.skip("choice_twice", f"{row.name}: {name}", row=row.number, column="name", sheet="choices")
                continue
            option_id = free_id(name, set(ids.values()), "a", reserved=())
            ids[name] = option_id
            option: dict[str, Any] = {"id": option_id}
            self._say(row, f"{part}.{option_id}", choice.get("label"), into=option)
            option["label"] = option["label"] or name
            found.append(option)
            self._leftovers.tell_choice(choice, name)
        return found, ids

    # -- tables --------------------------------------------------------------------------------------------------------

    def grids(self, group: Mapping[str, Any], children: Sequence[Mapping[str, Any]]) -> Grids | None:
        """A group's rows of one list of choices as a matrix: a head with the appearance «label», then rows without labels."""
        heads = [child for child in children if _looks(child) == "label"]
        rows = [child for child in children if _looks(child) == "list-nolabel" and MEANT.get(str(child.get("type"))) == "select one"]
        if not heads or not rows or len({child.get("itemset") for child in rows}) > 1:
            return None
        heads = [head for head in heads if head.get("itemset") == rows[0].get("itemset") and MEANT.get(str(head.get("type"))) == "select one"]
        if not heads or len(rows) < 2 or len(rows) > MAX_ROWS or len(self._lists.get(_list_name(rows[0])) or ()) > MAX_COLUMNS:
            return None
        note = next((child for child in children if str(child.get("name")).startswith("generated_table_list_label_")), None)
        rest = [child for child in children if not any(child is each for each in (*heads, *rows, note))]
        is_alone = all(str(each.get("type")) in ("note", "q note") for each in rest)
        head = heads[0] if not str(heads[0].get("name")).startswith("reserved_name_for_") else None
        label = next((each.get("label") for each in (note, group if is_alone else None, head) if each is not None and each.get("label")), None)
        matrix = self._matrix(group, rows, label, group.get("hint") if note is None else note.get("hint"))
        return Grids([matrix], rest, is_alone)

    def _matrix(self, group: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], label: Any, hint: Any) -> Row:
        name = str(group.get("name"))
        row = self._row({"name": name, "label": label, "hint": hint}, name, row_of(group) or row_of(rows[0]))
        row.kept = text_of(group)
        row.raw["type"] = "matrix"
        row.raw["options"], ids = self.things(row, list(self._lists.get(_list_name(rows[0])) or ()), "options")
        parts: list[dict[str, Any]] = []
        taken: set[str] = set()
        for each in rows:
            own = str(each.get("name"))
            part = free_id(own.removeprefix(f"{name}."), taken, "r", reserved=())
            taken.add(part)
            line: dict[str, Any] = {"id": part}
            self._say(row, f"rows.{part}", each.get("label"), into=line)
            line["label"] = line["label"] or own
            parts.append(line)
            self._known[own] = Known(f"{row.raw['id']}.{part}", Name(Kind.CHOICE, frozenset(ids.values())), ids)
            bind = each.get("bind") or {}
            for column in ("relevant", "constraint"):
                if bind.get(column):
                    self._notes.skip("row_condition", str(bind[column]), row=row_of(each), column=column)
            if each.get("hint"):
                self._notes.skip("row_hint", own, row=row_of(each), column="hint")
        row.raw["rows"] = parts
        wanted = [str((each.get("bind") or {}).get("required") or "") for each in rows]
        if any(wanted):
            row.required = wanted[0] if len(set(wanted)) == 1 else "true()"
            if len(set(wanted)) > 1:
                self._notes.warn("row_required", name, row=row.number, column="required")
        return row


def _list_name(element: Mapping[str, Any]) -> str:
    return str(element.get("itemset") or element.get("list_name") or "")


def _is_made(element: Mapping[str, Any]) -> bool:
    return ROW_MARK not in element and element.get("type") == "text" and str(element.get("name")).endswith("_other")


def _yes_no(choices: Sequence[Mapping[str, Any]], labels: Sequence[str]) -> dict[str, str]:
    """What each choice means, where they are yes and no, and perhaps «don't know»; else nothing."""
    names = [str(choice.get("name")) for choice in choices]
    if names in (["yes", "no"], ["yes", "no", "unknown"]):
        return dict(zip(names, names, strict=True))
    if len(names) == 2 and labels[0] in YES and labels[1] in NO and names[0] != names[1] and names[0] not in ("no", "0"):
        return {names[0]: "yes", names[1]: "no"}
    return {}


def _part(row: Row, field: str, *, is_twice: bool) -> None:
    """A text of a heading and what follows after a blank line, as `to_xlsform` writes them; without one, the whole is where it fits."""
    parts = {"": row.raw["label"], **{language: texts["label"] for language, texts in row.texts.items() if "label" in texts}}
    is_cut = "\n\n" in parts[""] and len(parts[""].partition("\n\n")[0]) <= MAX_LABEL
    for language, text in parts.items():
        head, _, rest = text.partition("\n\n")
        if not is_cut:
            head, rest = ("", text) if len(parts[""]) > MAX_LABEL and not is_twice else (text, text if is_twice else "")
        target = row.texts[language] if language else row.raw
        target["label"], target[field] = head, rest
        if language:
            row.texts[language] = {place: value for place, value in target.items() if value}


def _looks(element: Mapping[str, Any]) -> str:
    return str((element.get("control") or {}).get("appearance") or "")


def _decimal(value: Any) -> Decimal | None:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None
