"""The contact base's own criteria: fields of a contact, consent, tags, lists."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, and_, cast, false, literal, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Integer

from contacts.models import Contact, ContactConsent, ContactNote, PhoneIdentity
from contacts.queries.finding import SearchFilter, conditions_of
from contacts.rules.segments import Condition, Field, Kind, Options, Parameter
from contacts.segments import words
from contacts.segments.criteria import PERSON, Criterion, Found, Scope, Without
from contacts.segments.options import (
    GENDER_OPTIONS,
    LANGUAGE_OPTIONS,
    REACH_OPTIONS,
    STANDING_OPTIONS,
    TAG_OPTIONS,
    import_options,
    neighbourhood_options,
    purpose_options,
    tag_options,
    unit_options,
)
from contacts.words import BASES
from engage import persian
from engage.clock import TEHRAN
from engage.identity.queries import units_tree

_PERSON = _l("Person")
_CONSENT = _l("Consent")
_BASE = _l("Contact base")


def standard_criteria(scope: Scope) -> dict[str, Criterion]:
    """Key → criterion, in the order the builder lists them. Reads nothing yet; options are read when a page shows them."""
    made = [
        Criterion(_choices("unit", _l("Unit"), lambda: unit_options(scope), _PERSON), _unit, words.unit),
        Criterion(
            _choices("neighbourhood", _l("Neighbourhood"), lambda: neighbourhood_options(scope), _PERSON),
            lambda c, s: PERSON.neighbourhood.in_(c.chosen("in")),
            words.neighbourhood,
        ),
        Criterion(
            _choices("gender", _l("Gender"), GENDER_OPTIONS, _PERSON), lambda c, s: PERSON.gender.in_(c.chosen("in")), words.gender
        ),
        Criterion(
            Field(
                "age",
                _l("Age"),
                (*_range(0, 130), Parameter("on", Kind.DATE, _l("on the day (today if left empty)"))),
                needs_one=("from", "to"),
                ranges=(("from", "to"),),
                group=_PERSON,
            ),
            _age,
            words.age,
        ),
        Criterion(
            Field("birth_year", _l("Birth year"), _range(1250, 1500), needs_one=("from", "to"), ranges=(("from", "to"),), group=_PERSON),
            lambda c, s: between(PERSON.birth_year, c.get("from"), c.get("to")),
            words.birth_year,
        ),
        Criterion(
            _choices("language", _l("Language"), LANGUAGE_OPTIONS, _PERSON),
            lambda c, s: PERSON.language.in_(c.chosen("in")),
            words.language,
        ),
        Criterion(
            Field("name", _l("Name"), (Parameter("contains", Kind.TEXT, _l("contains"), is_needed=True),), group=_PERSON),
            _name,
            words.name,
        ),
        Criterion(
            Field(
                "tags",
                _l("Tags"),
                (
                    Parameter("match", Kind.CHOICE, _l("which"), options=TAG_OPTIONS, default="any"),
                    Parameter("in", Kind.CHOICES, _l("of these"), is_needed=True, options=lambda: tag_options(scope)),
                ),
                group=_PERSON,
            ),
            _tags,
            words.tags,
        ),
        Criterion(_yes_no("note", _l("Has a note"), _PERSON), _note, words.note),
        Criterion(_consent_field(scope), _consent, words.consent),
        Criterion(
            _choices("import", _l("Imported list"), lambda: import_options(scope), _BASE),
            lambda c, s: PERSON.import_id.in_(ids_of(c.chosen("in"))),
            words.imported,
        ),
        Criterion(_days("created", _l("Entered"), _BASE), lambda c, s: _on_days(PERSON.created_at, c), words.created),
        Criterion(_days("updated", _l("Changed"), _BASE), lambda c, s: _on_days(PERSON.updated_at, c), words.updated),
        Criterion(_yes_no("shared", _l("Shared number"), _BASE), lambda c, s: PERSON.is_shared.is_(c.get("is")), words.shared),
        Criterion(_choices("reach", _l("Reach"), REACH_OPTIONS, _BASE), _reach, words.reach),
    ]
    return {each.field.key: each for each in made}


# ── what they ask ──


def _choices(key: str, label: Any, options: Options | Callable[[], Options], group: Any) -> Field:
    return Field(key, label, (Parameter("in", Kind.CHOICES, _l("one of these"), is_needed=True, options=options),), group=group)


def _yes_no(key: str, label: Any, group: Any) -> Field:
    return Field(key, label, (Parameter("is", Kind.YES_NO, _l("answer"), is_needed=True, default=True),), group=group)


def _range(minimum: int, maximum: int) -> tuple[Parameter, Parameter]:
    return (
        Parameter("from", Kind.NUMBER, _l("from"), minimum=minimum, maximum=maximum),
        Parameter("to", Kind.NUMBER, _l("to"), minimum=minimum, maximum=maximum),
    )


def _days(key: str, label: Any, group: Any) -> Field:
    days = (Parameter("from", Kind.DATE, _l("from the day")), Parameter("to", Kind.DATE, _l("to the day")))
    return Field(key, label, days, needs_one=("from", "to"), ranges=(("from", "to"),), group=group)


def _consent_field(scope: Scope) -> Field:
    return Field(
        "consent",
        _l("Consent"),
        (
            Parameter("purpose", Kind.CHOICE, _l("for"), is_needed=True, options=purpose_options),
            Parameter("standing", Kind.CHOICE, _l("standing"), is_needed=True, options=STANDING_OPTIONS, default="given"),
            Parameter("basis", Kind.CHOICE, _l("basis"), options=tuple(BASES.items())),
            Parameter("since", Kind.DATE, _l("since the day")),
            Parameter("until", Kind.DATE, _l("until the day")),
            Parameter("import", Kind.CHOICE, _l("brought by the list"), options=lambda: import_options(scope)),
        ),
        ranges=(("since", "until"),),
        group=_CONSENT,
    )


# ── how they find ──


def between(column: Any, first: Any, last: Any) -> ColumnElement[bool]:
    """Both ends included; an open one asks nothing, and what is unknown is left out."""
    ends = [column >= first] if first is not None else []
    return and_(*ends, *([column <= last] if last is not None else []))


def ids_of(values: Iterable[Any]) -> list[int]:
    """What was chosen as whole numbers; [-1] where nothing is one, so that nobody is found."""
    return [int(each) for each in values if str(each).isascii() and str(each).isdecimal() and len(str(each)) < 19] or [-1]


def day_start(day: str) -> datetime:
    """The beginning of a day in Tehran."""
    return datetime.combine(date.fromisoformat(day), time(), TEHRAN).astimezone(UTC)


def _on_days(column: Any, condition: Condition, first: str = "from", last: str = "to") -> ColumnElement[bool]:
    ends = []
    if condition.get(first):
        ends.append(column >= day_start(condition.get(first)))
    if condition.get(last):
        ends.append(column < day_start(condition.get(last)) + timedelta(days=1))
    return and_(*ends)


def _unit(condition: Condition, scope: Scope) -> Found:
    chosen = set(ids_of(condition.chosen("in")))
    below = [node.id for node in units_tree() if node.id in scope.unit_ids and chosen & {int(each) for each in node.path.split("/") if each}]
    return PERSON.unit_id.in_(below or [-1])


def _age(condition: Condition, scope: Scope) -> Found:
    year = persian.to_jalali(date.fromisoformat(condition.get("on")) if condition.get("on") else scope.today)[0]
    youngest, oldest = condition.get("from"), condition.get("to")
    return between(PERSON.birth_year, None if oldest is None else year - oldest, None if youngest is None else year - youngest)


def _name(condition: Condition, scope: Scope) -> Found:
    if not persian.search_key(condition.get("contains")):
        return false()
    # As the list of contacts searches, by the index over the words of names.
    named = conditions_of(SearchFilter(words=condition.get("contains")))
    return select(Contact.id.label("contact_id")).where(Contact.unit_id.in_(scope.unit_ids), *named)


def _tags(condition: Condition, scope: Scope) -> Found:
    wanted = cast(literal(ids_of(condition.chosen("in")), ARRAY(Integer)), ARRAY(Integer))
    # The second half lets the planner use the index, which leaves people without tags out.
    column = PERSON.tag_ids
    found = column.op("@>")(wanted) if condition.get("match") == "all" else column.op("&&")(wanted)
    return and_(found, column != text("'{}'::integer[]"))


def _note(condition: Condition, scope: Scope) -> Found:
    noted = select(ContactNote.contact_id)
    return noted if condition.get("is") else Without(noted)


def _reach(condition: Condition, scope: Scope) -> Found:
    wanted = condition.chosen("in")
    if "" not in wanted:
        return select(PhoneIdentity.id.label("identity_id")).where(PhoneIdentity.reach != "", PhoneIdentity.reach.in_(wanted))
    others = [each for each, _words in REACH_OPTIONS if each not in wanted]
    return Without(select(PhoneIdentity.id.label("identity_id")).where(PhoneIdentity.reach != "", PhoneIdentity.reach.in_(others)))


def _consent(condition: Condition, scope: Scope) -> Found:
    standing = ContactConsent.purpose == condition.get("purpose")
    if condition.get("standing") == "never":
        return Without(select(ContactConsent.contact_id).where(standing))
    wanted = select(ContactConsent.contact_id).where(standing, ContactConsent.given.is_(condition.get("standing") == "given"))
    if condition.get("basis"):
        wanted = wanted.where(ContactConsent.basis == condition.get("basis"))
    if condition.get("import"):
        wanted = wanted.where(ContactConsent.import_id.in_(ids_of([condition.get("import")])))
    if condition.get("since") or condition.get("until"):
        wanted = wanted.where(_on_days(ContactConsent.since, condition, "since", "until"))
    return wanted
