"""«پیامک‌های من»: after a code by SMS, everything held about the holder of a number, and everything they may do with it.

The session is one sealed cookie for fifteen minutes that holds the number and nothing else; it is sent to /my alone and never from
another site, and every form repeats a mark made from it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import wraps
from typing import Any

from flask import Blueprint, Response, request
from flask_babel import gettext as _

from contacts.commands import codes
from contacts.commands import preferences as commands
from contacts.commands.suppression import suppress_number
from contacts.public import limits
from contacts.public.page import guard, leads, masked, not_found, settings, show, told, too_many, top_office, typed_in
from contacts.public.tickets import seal, unseal
from contacts.queries.fields import fields_of
from contacts.queries.held_data import HeldContact, HeldData, held_about
from contacts.rules.codes import CodePurpose, Verdict
from contacts.rules.custom_values import CustomValue, reader_for
from contacts.rules.people import Person
from contacts.words import BASES, CHANNELS, GENDERS, problem_words
from engage.clock import now
from engage.identity.guard import public
from engage.persian import format_jalali_datetime, local_form, normalise, parse_phone, to_latin_digits
from engage.refusal import Refused
from engage.vault import vault
from engage.web.csrf import csrf_exempt
from engage.web.refusals import explain

blueprint = Blueprint("citizen_self_service", __name__, url_prefix="/my")

COOKIE = "engage_my"
SESSION_LASTS = timedelta(minutes=15)
TYPING_LASTS = timedelta(hours=1)
NOTE_LENGTH = 500
_FIELDS = ("first_name", "last_name", "neighbourhood", "gender", "birth_year")


# -- in and out -----------------------------------------------------------------------------------------------------------------------


def _number() -> str | None:
    """The number this browser proved, if its time isn't over."""
    held = unseal("my", request.cookies.get(COOKIE, ""))
    return held["number"] if held else None


def _proof() -> str:
    """The mark every form of this session repeats."""
    key = bytes.fromhex(vault().derive_secret("self-service forms"))
    return hmac.digest(key, request.cookies.get(COOKIE, "").encode(), hashlib.sha256).hex()[:32]


def proved(view: Callable[..., Response]) -> Callable[..., Response]:
    """The view gets the number that was proved; without one it leads to the door. A POST must carry the session's own mark."""

    @wraps(view)
    def watched(**values: Any) -> Response:
        e164 = _number()
        if e164 is None:
            return leads("/my/in")
        if request.method == "POST" and not hmac.compare_digest(request.form.get("proof", ""), _proof()):
            return leads("/my/")
        return view(e164, **values)

    return watched


@blueprint.get("/in")
@public
def number_page() -> Response:
    return _ask_number()


@blueprint.post("/in")
@csrf_exempt
@public
@limits.asking
def ask_code() -> Response:
    typed = typed_in("phone", 40)
    e164 = parse_phone(typed)
    if e164 is None:
        return _ask_number(typed, _("Type the mobile number in full, for example %(example)s.", example="۰۹۱۲۳۴۵۶۷۸۹"))
    _send_code(e164)
    return leads(f"/my/code/{seal('my-code', TYPING_LASTS, number=e164)}")


@blueprint.get("/code/<ticket>")
@public
@limits.missing
def code_page(ticket: str) -> Response:
    held = unseal("my-code", ticket)
    return not_found() if held is None else _ask_code(ticket, held["number"], again=request.args.get("again") is not None)


@blueprint.post("/code/<ticket>")
@csrf_exempt
@public
@limits.typing
def check_code(ticket: str) -> Response:
    held = unseal("my-code", ticket)
    if held is None:
        return not_found()
    verdict = codes.check_code(CodePurpose.SELF_SERVICE, held["number"], request.form.get("code", ""))
    if verdict is Verdict.WRONG:
        return _ask_code(ticket, held["number"], problem=_("This code isn't right. Type the six digits of the newest text."), status=422)
    if verdict is Verdict.SPENT:
        return _ask_code(ticket, held["number"], problem=_("This code doesn't hold any more. Have a new one sent."), status=422)
    response = leads("/my/")
    response.set_cookie(
        COOKIE,
        seal("my", SESSION_LASTS, number=held["number"]),
        max_age=int(SESSION_LASTS.total_seconds()),
        path="/my",
        secure=settings().base_url.startswith("https://"),
        httponly=True,
        samesite="Strict",
    )
    return response


@blueprint.post("/again/<ticket>")
@csrf_exempt
@public
@limits.asking
def send_code_again(ticket: str) -> Response:
    held = unseal("my-code", ticket)
    if held is None:
        return not_found()
    _send_code(held["number"])
    return leads(f"/my/code/{ticket}?again")


@blueprint.post("/leave")
@csrf_exempt
@public
@proved
def leave(e164: str) -> Response:
    return _left(told(_("You have left"), _("On this phone nobody sees your data any more without a new code."), is_good=True))


# -- what is held ---------------------------------------------------------------------------------------------------------------------


@blueprint.get("/", strict_slashes=False)
@public
def overview() -> Response:
    e164 = _number()
    if e164 is None:
        return _ask_number()
    done = {
        "saved": _("Your choice is saved."),
        "same": _("Nothing was changed."),
        "corrected": _("Your data are corrected."),
        "renewed": _("The stop has ended. What you had agreed to holds again."),
        "stopped": _("From now on no office of the municipality texts this number."),
        "disputed": _("We are sorry. Texting has stopped, and your objection is being looked into."),
    }.get(request.args.get("done", ""), "")
    return _mine("held.html", held_about(e164), done=done)


@blueprint.get("/print")
@public
@proved
def print_page(e164: str) -> Response:
    return _mine("print.html", held_about(e164), printed_at=now())


@blueprint.get("/data.json")
@public
@proved
def export(e164: str) -> Response:
    body = json.dumps(exported(held_about(e164)), ensure_ascii=False, indent=2).encode()
    response = guard(Response(body, content_type="application/json; charset=utf-8"))
    response.headers["Content-Disposition"] = f'attachment; filename="my-data-{now():%Y-%m-%d}.json"'
    return response


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
    except Refused as refused:
        return _refused(refused)
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
    except Refused as refused:
        return _refused(refused)
    return leads("/my/?done=corrected" if changed else "/my/?done=same")


# -- what can't be taken back is asked first ------------------------------------------------------------------------------------------


@blueprint.get("/<any('stop', 'not-mine', 'dispute', 'erase', 'renew'):deed>")
@public
@proved
def ask(e164: str, deed: str) -> Response:
    return show(f"ask_{deed.replace('-', '_')}.html", office=top_office()[0], proof=_proof(), parts=("held",), masked=masked(e164))


@blueprint.post("/stop")
@csrf_exempt
@public
@proved
def stop(e164: str) -> Response:
    suppress_number(e164, "page", actor_id=None)
    return leads("/my/?done=stopped")


@blueprint.post("/renew")
@csrf_exempt
@public
@proved
def renew(e164: str) -> Response:
    return leads("/my/?done=renewed" if commands.renew_by_code(e164) else "/my/?done=same")


@blueprint.post("/not-mine")
@csrf_exempt
@public
@proved
def not_mine(e164: str) -> Response:
    commands.disown_number(e164)
    return _left(
        told(
            _("Thank you for telling us"),
            _("What was kept about the former holder of this number no longer leads to it, and nothing meant for them is sent here."),
            _("If you want texts yourself, join with your own name on a page or poster of the municipality."),
            is_good=True,
        )
    )


@blueprint.post("/dispute")
@csrf_exempt
@public
@proved
def dispute(e164: str) -> Response:
    note = typed_in("note", NOTE_LENGTH)
    commands.object_to_consent(e164, note)
    return leads("/my/?done=disputed")


@blueprint.post("/erase")
@csrf_exempt
@public
@proved
def erase(e164: str) -> Response:
    try:
        commands.erase_holder(e164)
    except Refused as refused:
        return _refused(refused)
    return _left(
        told(
            _("Your data are erased"),
            _("Name, number, notes, texts and answers that led to you are gone, in every office."),
            _(
                "What remains leads to nobody: lines of the ledger of consents under a random mark, and, if you had stopped texts, a seal that keeps them stopped."
            ),
            is_good=True,
        )
    )


@blueprint.errorhandler(429)
def _limited(error: Exception) -> Response:
    return too_many()


# -- parts -----------------------------------------------------------------------------------------------------------------------------


def exported(held: HeldData) -> dict[str, Any]:
    """Everything held, as plain values under stable names; moments in UTC (ISO 8601)."""
    return {
        "format": 1,
        "exported_at": _plain(now()),
        "number": held.e164,
        "stopped_since": _plain(held.stopped_since),
        "waiting": [
            {
                "office": each.unit_name,
                "topics": list(each.topics),
                "asked_at": _plain(each.asked_at),
                "expires_at": _plain(each.expires_at),
            }
            for each in held.pendings
        ],
        "offices": [
            {
                "office": each.unit_name,
                "known_since": _plain(each.created_at),
                "first_name": each.first_name,
                "last_name": each.last_name,
                "further_names": list(each.further_names),
                "neighbourhood": each.neighbourhood,
                "gender": each.gender,
                "birth_year": each.birth_year,
                "language": each.language,
                "fields": {field.title: field.value for field in each.fields if field.value is not None},
                "tags": list(each.tags),
                "notes": [{"at": _plain(note.at), "text": note.text} for note in each.notes],
                "topics": [
                    {"topic": p.purpose.title, "words": p.purpose.words, "stands": p.stands, "basis": p.basis, "since": _plain(p.since)}
                    for p in each.preferences
                ],
                "consents": [
                    {
                        "at": _plain(line.at),
                        "topic": line.title,
                        "given": line.given,
                        "basis": line.basis,
                        "channel": line.channel,
                        "words": line.text,
                        "evidence": line.evidence,
                        "list": line.file_name,
                        "row": line.row,
                    }
                    for line in reversed(each.lines)
                ],
                "lists": list(each.lists),
                "events": [
                    {
                        "at": _plain(event.at),
                        "kind": event.kind,
                        "what": str(event.title),
                        "more": str(event.meta),
                        "text": str(event.quote),
                    }
                    for event in reversed(each.events)
                ],
            }
            for each in held.contacts
        ],
    }


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime | date) else value


def _mine(template: str, held: HeldData, **values: Any) -> Response:
    return show(
        template,
        office=top_office()[0],
        parts=("held",),
        held=held,
        number=local_form(held.e164),
        proof=_proof(),
        bases=BASES,
        channels=CHANNELS,
        genders=GENDERS,
        moment=format_jalali_datetime,
        **values,
    )


def _own(e164: str) -> HeldContact | None:
    return held_about(e164).contact_in(request.form.get("unit", ""))


def _ask_number(typed: str = "", problem: str = "") -> Response:
    return show(
        "number.html", office=top_office()[0], parts=("errors", "held"), status=422 if problem else 200, typed=typed, problem_words=problem
    )


def _ask_code(ticket: str, e164: str, *, problem: str = "", again: bool = False, status: int = 200) -> Response:
    return show(
        "code.html",
        office=top_office()[0],
        status=status,
        parts=("errors", "held"),
        masked=masked(e164),
        problem=problem,
        is_again=again,
        action=f"/my/code/{ticket}",
        again_action=f"/my/again/{ticket}",
        back="/my/in",
        button=_("Show my data"),
    )


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
        proof=_proof(),
    )


def _send_code(e164: str) -> None:
    codes.send_code(CodePurpose.SELF_SERVICE, e164, unit_id=None, sms_name=top_office()[1])


def _refused(refused: Refused) -> Response:
    return told(_("This wasn't possible"), explain(refused), mark="stop", status=409, link=("/my/", _("My texts")))


def _left(response: Response) -> Response:
    response.delete_cookie(COOKIE, path="/my", secure=settings().base_url.startswith("https://"), httponly=True, samesite="Strict")
    return response
