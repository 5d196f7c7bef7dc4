"""Choosing what to receive, and correcting what is held."""

from __future__ import annotations

from typing import Any

from flask import Response, request
from flask_babel import gettext as _

from contacts.commands import preferences as commands
from contacts.public.page import leads, not_found, show, typed_in
from contacts.public.self_service.visit import blueprint, proof, proved, refused
from contacts.queries.fields import fields_of
from contacts.queries.held_data import HeldContact, held_about
from contacts.rules.custom_values import CustomValue, reader_for
from contacts.rules.people import Person
from contacts.words import GENDERS, problem_words
from engage.identity.guard import public
from engage.persian import normalise, to_latin_digits
from engage.refusal import Refused
from engage.web.csrf import csrf_exempt

_FIELDS = ("first_name", "last_name", "neighbourhood", "gender", "birth_year")


@blueprint.post("/preferences")
@csrf_exempt
@public
@proved
def choose(e164: str) -> Response:
    contact = _own(e164)
    if contact is None:
        return leads("/my/")
    ticked = frozenset(request.form.getlist("topic"))
    offered = {each.purpose.key: each for each in contact.preferences}
    shown = [key for key, each in offered.items() if request.form.get(f"words-{key}") == each.purpose.sha]
    wanted = {key: offered[key].purpose.sha256 for key in shown if key in ticked}
    try:
        chosen = commands.choose_purposes(contact.id, wanted, shown, evidence=commands.BY_CODE)
    except Refused as why:
        return refused(why)
    return leads("/my/?done=saved" if chosen.given or chosen.withdrawn else "/my/?done=same")


@blueprint.route("/correct/<unit>", methods=["GET", "POST"])
@csrf_exempt
@public
@proved
def correct(e164: str, unit: str) -> Response:
    contact = held_about(e164).contact_in(unit)
    if contact is None:
        return not_found()
    own = [each for each in contact.fields if each.key in _offered_keys(contact)]
    if request.method == "GET":
        typed = {name: str(getattr(contact, name) or "") for name in _FIELDS} | {f"own-{each.key}": each.written for each in own}
        return _correction(contact, typed, {})
    typed = {name: typed_in(name, 200) for name in (*_FIELDS, *(f"own-{each.key}" for each in own))}
    problems: dict[str, Any] = {}
    year = to_latin_digits(typed["birth_year"])
    if year and not (year.isascii() and year.isdigit() and 1250 <= int(year) <= 1500):
        problems["birth_year"] = _("Type the solar year with four digits, for example %(year)s.", year="۱۳۶۲")
    values: dict[str, CustomValue | None] = {}
    for each in own:
        values[each.key], problem = reader_for(each.kind, each.options)(typed[f"own-{each.key}"])
        if problem:
            problems[f"own-{each.key}"] = problem_words(problem)
    if problems:
        return _correction(contact, typed, problems, 422)
    person = Person(
        first_name=normalise(typed["first_name"]),
        last_name=normalise(typed["last_name"]),
        neighbourhood=normalise(typed["neighbourhood"]),
        gender=typed["gender"] if typed["gender"] in GENDERS else "",
        birth_year=int(year) if year else None,
    )
    try:
        changed = commands.correct_own_data(contact.id, person, values)
    except Refused as why:
        return refused(why)
    return leads("/my/?done=corrected" if changed else "/my/?done=same")


def _own(e164: str) -> HeldContact | None:
    return held_about(e164).contact_in(request.form.get("unit", ""))


def _offered_keys(contact: HeldContact) -> frozenset[str]:
    """Keys of the fields the unit still asks for; what others hold can be erased, not rewritten."""
    return frozenset(each.key for each in fields_of(contact.unit_id))


def _correction(contact: HeldContact, typed: dict[str, str], problems: dict[str, Any], status: int = 200) -> Response:
    return show(
        "correct.html",
        office=contact.unit_name,
        status=status,
        parts=("errors", "held"),
        contact=contact,
        typed=typed,
        own=[each for each in contact.fields if each.key in _offered_keys(contact)],
        problems=problems,
        genders=GENDERS,
        proof=proof(),
    )
