"""A rule read aloud: «زنان ۳۰ تا ۴۵ سالهٔ سنگلج که به … پاسخ نداده‌اند».

Gender, age and neighbourhood asked of everybody become the noun; whatever else is asked follows as clauses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _

from contacts.rules.segments import Condition, Group, Mode, Options
from contacts.segments import options
from contacts.words import BASES
from engage import persian
from engage.web.filters import digits, number

if TYPE_CHECKING:
    from contacts.segments.criteria import Criterion, Scope

SHOWN = 6
"""So many names are read out; of more, the number is told."""


def read_aloud(rule: Group, scope: Scope, criteria: Mapping[str, Criterion]) -> str:
    """The people this rule finds, as one sentence without its full stop."""
    parts = _asking(rule)
    head: dict[str, Condition] = {}
    if rule.mode is Mode.ALL:
        for part in parts:
            if isinstance(part, Condition) and part.field not in head and _is_noun(part):
                head[part.field] = part
    taken = {id(part) for part in head.values()}
    clauses = _clauses([part for part in parts if id(part) not in taken], rule.mode, scope, criteria)
    if not head:
        return str(_("people who %(clauses)s", clauses=clauses) if clauses else _("everybody"))
    people = _noun(head)
    return str(_("%(people)s who %(clauses)s", people=people, clauses=clauses)) if clauses else people


def _asking(group: Group) -> list[Group | Condition]:
    return [part for part in group.parts if not isinstance(part, Group) or _asking(part)]


def _clauses(parts: list[Group | Condition], mode: Mode, scope: Scope, criteria: Mapping[str, Criterion]) -> str:
    said = []
    for part in parts:
        if isinstance(part, Group):
            inner = _clauses(_asking(part), part.mode, scope, criteria)
            said.append(f"({inner})" if len(_asking(part)) > 1 and part.mode is not Mode.NONE and len(parts) > 1 else inner)
        else:
            criterion = criteria.get(part.field)
            said.append(criterion.say(part, scope) if criterion else str(_("fit a condition that no longer exists")))
    if not said:
        return ""
    if mode is Mode.NONE:
        return str(_("fit none of these: %(clauses)s", clauses="؛ ".join(said)))
    return _joined(said, _("or") if mode is Mode.ANY else _("and"), "، ")


def _joined(said: list[str], word: Any, comma: str) -> str:
    if len(said) < 2:
        return "".join(said)
    return f"{comma.join(said[:-1])} {word} {said[-1]}"


# ── the noun ──


def _is_noun(condition: Condition) -> bool:
    match condition.field:
        case "gender":
            return condition.chosen("in") in (("female",), ("male",))
        case "age":
            return not condition.get("on")
        case "neighbourhood":
            return "" not in condition.chosen("in")
    return False


def _noun(head: Mapping[str, Condition]) -> str:
    gender, age_asked, places = head.get("gender"), head.get("age"), head.get("neighbourhood")
    who = str({"female": _("women"), "male": _("men")}[gender.chosen("in")[0]] if gender else _("people"))
    where = names(places.chosen("in")) if places else ""
    if age_asked is None and gender is None:
        return str(_("residents of %(places)s", places=where))
    if age_asked is None:
        return str(_("%(who)s of %(places)s", who=who, places=where)) if where else who
    first, last = age_asked.get("from"), age_asked.get("to")
    if first is None or last is None:
        aged = (
            _("%(who)s aged %(first)s or more", who=who, first=digits(first))
            if last is None
            else _("%(who)s aged up to %(last)s", who=who, last=digits(last))
        )
        return str(_("%(who)s living in %(places)s", who=aged, places=where) if where else aged)
    ages = {"who": who, "first": digits(first), "last": digits(last)}
    if where:
        return str(_("%(who)s aged %(first)s to %(last)s of %(places)s", places=where, **ages))
    return str(_("%(who)s aged %(first)s to %(last)s", **ages))


def names(said: Iterable[Any]) -> str:
    """«سنگلج، هرندی و ارگ»; of many, how many."""
    listed = [f"{each}" for each in said]
    if len(listed) > SHOWN:
        shown = "، ".join(listed[: SHOWN - 1])
        return str(_("%(shown)s and %(count)s more", shown=shown, count=number(len(listed) - SHOWN + 1)))
    return _joined(listed, _("and"), "، ")


def labels_of(chosen: Iterable[Any], known: Options | Callable[[], Options]) -> str:
    """The words of what was chosen."""
    words = dict(known() if callable(known) else known)
    return names(str(words.get(each) or _("something deleted")).strip("— ") for each in chosen)


def day_words(day: str) -> str:
    return persian.format_jalali(date.fromisoformat(day))


def range_words(first: Any, last: Any, show: Callable[[Any], str]) -> str:
    if first is not None and last is not None:
        return str(_("from %(first)s to %(last)s", first=show(first), last=show(last)))
    return str(_("from %(first)s on", first=show(first)) if last is None else _("up to %(last)s", last=show(last)))


# ── clauses, one per criterion ──


def unit(condition: Condition, scope: Scope) -> str:
    return str(_("belong to %(units)s", units=labels_of(condition.chosen("in"), lambda: options.unit_options(scope))))


def neighbourhood(condition: Condition, scope: Scope) -> str:
    places = [each for each in condition.chosen("in") if each]
    if not places:
        return str(_("have no known neighbourhood"))
    if "" in condition.chosen("in"):
        return str(_("live in %(places)s or whose neighbourhood isn't known", places=names(places)))
    return str(_("live in %(places)s", places=names(places)))


def gender(condition: Condition, scope: Scope) -> str:
    return str(_("have the gender %(genders)s", genders=labels_of(condition.chosen("in"), options.GENDER_OPTIONS)))


def age(condition: Condition, scope: Scope) -> str:
    ages = range_words(condition.get("from"), condition.get("to"), digits)
    if condition.get("on"):
        return str(_("are %(ages)s years old on %(day)s", ages=ages, day=day_words(condition.get("on"))))
    return str(_("are %(ages)s years old", ages=ages))


def birth_year(condition: Condition, scope: Scope) -> str:
    return str(_("were born in the years %(years)s", years=range_words(condition.get("from"), condition.get("to"), digits)))


def language(condition: Condition, scope: Scope) -> str:
    return str(_("want to be written to in %(languages)s", languages=labels_of(condition.chosen("in"), options.LANGUAGE_OPTIONS)))


def name(condition: Condition, scope: Scope) -> str:
    return str(_("have “%(words)s” in their name", words=condition.get("contains")))


def tags(condition: Condition, scope: Scope) -> str:
    said = labels_of(condition.chosen("in"), lambda: options.tag_options(scope))
    if condition.get("match") == "all" or len(condition.chosen("in")) == 1:
        return str(_("bear the tag %(tags)s", tags=said))
    return str(_("bear one of the tags %(tags)s", tags=said))


def note(condition: Condition, scope: Scope) -> str:
    return str(_("have a note") if condition.get("is") else _("have no note"))


def consent(condition: Condition, scope: Scope) -> str:
    purpose = labels_of([condition.get("purpose")], options.purpose_options)
    said = str(
        {
            "given": _("have agreed to “%(purpose)s”", purpose=purpose),
            "withdrawn": _("have withdrawn their consent to “%(purpose)s”", purpose=purpose),
            "never": _("were never asked about “%(purpose)s”", purpose=purpose),
        }[condition.get("standing")]
    )
    if condition.get("standing") == "never":
        return said
    more = []
    if condition.get("basis"):
        more.append(str(_("basis: %(basis)s", basis=BASES.get(condition.get("basis"), condition.get("basis")))))
    if condition.get("since") or condition.get("until"):
        more.append(range_words(condition.get("since"), condition.get("until"), day_words))
    if condition.get("import"):
        more.append(str(_("brought by %(list)s", list=labels_of([condition.get("import")], lambda: options.import_options(scope)))))
    return f"{said} ({'، '.join(more)})" if more else said


def imported(condition: Condition, scope: Scope) -> str:
    return str(_("came with the list %(lists)s", lists=labels_of(condition.chosen("in"), lambda: options.import_options(scope))))


def created(condition: Condition, scope: Scope) -> str:
    return str(_("were entered %(days)s", days=range_words(condition.get("from"), condition.get("to"), day_words)))


def updated(condition: Condition, scope: Scope) -> str:
    return str(_("were changed %(days)s", days=range_words(condition.get("from"), condition.get("to"), day_words)))


def shared(condition: Condition, scope: Scope) -> str:
    return str(_("have a shared number") if condition.get("is") else _("have a number of their own"))


def reach(condition: Condition, scope: Scope) -> str:
    return str(_("have a number of one of these kinds: %(states)s", states=labels_of(condition.chosen("in"), options.REACH_OPTIONS)))


def custom(condition: Condition, title: str, kind: str) -> str:
    said = []
    show = day_words if kind == "date" else number
    if condition.get("from") is not None or condition.get("to") is not None:
        said.append(range_words(condition.get("from"), condition.get("to"), show))
    if isinstance(condition.get("is"), bool):
        said.append(str(_("yes") if condition.get("is") else _("no")))
    elif condition.get("is"):
        said.append(f"«{condition.get('is')}»")
    if condition.get("contains"):
        said.append(str(_("with “%(words)s” in it", words=condition.get("contains"))))
    if condition.chosen("in"):
        said.append(names(condition.chosen("in")))
    value = _joined(said, _("and"), "، ")
    blank = condition.get("blank")
    if not said:
        return str(
            _("have nothing under “%(field)s”", field=title) if blank else _("have something under “%(field)s”", field=title)
        )
    if blank:
        return str(_("have under “%(field)s” nothing or %(value)s", field=title, value=value))
    return str(_("have under “%(field)s” %(value)s", field=title, value=value))
