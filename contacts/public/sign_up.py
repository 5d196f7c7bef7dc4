"""Joining: the page behind a poster, the code that proves the number, and the link in a request for confirmation."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from flask import Blueprint, Response, request
from flask_babel import gettext as _

from contacts.commands import pending as commands
from contacts.commands.pending import Joining
from contacts.commands.preferences import BY_CODE
from contacts.commands.renewal import renew_number
from contacts.public import limits
from contacts.public.page import leads, masked, not_found, show, told, too_many, typed_in
from contacts.queries.sign_up_pages import OfferedPurpose, PublicPage, find_sign_up_page
from contacts.rules.consent import Channel
from contacts.rules.people import Person
from engage.identity.guard import public
from engage.persian import normalise, parse_phone
from engage.refusal import Refused
from engage.web.csrf import csrf_exempt
from engage.web.tickets import seal, unseal

blueprint = Blueprint("citizen_sign_up", __name__)

TYPING_LASTS = timedelta(hours=1)
PROVED_LASTS = timedelta(minutes=15)
NAME_LENGTH = 100


@dataclass
class Typed:
    """What somebody filled in, and what is wrong with it: field → sentence."""

    phone: str = ""
    first_name: str = ""
    last_name: str = ""
    topics: frozenset[str] = frozenset()
    problems: dict[str, str] = field(default_factory=dict)


@blueprint.get("/join/<slug>")
@public
@limits.missing
def join_page(slug: str) -> Response:
    page = _open_page(slug)
    return page if isinstance(page, Response) else _form(page, Typed())


@blueprint.post("/join/<slug>")
@csrf_exempt
@public
@limits.asking
def ask_to_join(slug: str) -> Response:
    page = _open_page(slug)
    if isinstance(page, Response):
        return page
    typed = Typed(
        phone=typed_in("phone", 40),
        first_name=typed_in("first_name", NAME_LENGTH),
        last_name=typed_in("last_name", NAME_LENGTH),
        topics=frozenset(request.form.getlist("topic")),
    )
    e164 = parse_phone(typed.phone)
    chosen = [purpose for purpose in page.purposes if purpose.key in typed.topics]
    if e164 is None:
        typed.problems["phone"] = _("Type the mobile number in full, for example %(example)s.", example="۰۹۱۲۳۴۵۶۷۸۹")
    if not chosen:
        typed.problems["topic"] = _("Choose at least one topic.")
    elif not _saw_these_words(chosen):
        typed.problems["topic"] = _("The words beside the topics have changed meanwhile. Please read them and choose again.")
        typed.topics = frozenset()
    if e164 is None or typed.problems:
        return _form(page, typed, 422)
    try:
        pending_id = commands.begin_sign_up(page.id, e164, Person(normalise(typed.first_name), normalise(typed.last_name)), chosen)
    except Refused:
        return _closed(page)
    return leads(f"/join/{page.slug}/code/{seal('join', TYPING_LASTS, id=pending_id, to=e164)}")


@blueprint.get("/join/<slug>/code/<ticket>")
@public
@limits.missing
def code_page(slug: str, ticket: str) -> Response:
    held = unseal("join", ticket)
    page = find_sign_up_page(slug)
    if held is None or page is None:
        return not_found()
    return _code_page(page, ticket, held["to"], again=request.args.get("again") is not None)


@blueprint.post("/join/<slug>/code/<ticket>")
@csrf_exempt
@public
@limits.typing
def check_code(slug: str, ticket: str) -> Response:
    held = unseal("join", ticket)
    page = find_sign_up_page(slug)
    if held is None or page is None:
        return not_found()
    outcome = commands.finish_sign_up(held["id"], request.form.get("code", ""))
    if outcome is Joining.JOINED:
        return leads(f"/join/{page.slug}/welcome")
    if outcome is Joining.STOPPED:
        return leads(f"/join/{page.slug}/renew/{seal('renew', PROVED_LASTS, id=held['id'])}")
    if outcome is Joining.GONE:
        return _gone(page.unit_name, f"/join/{page.slug}")
    if outcome is Joining.WRONG_CODE:
        problem = _("This code isn't right. Type the six digits of the newest text.")
    else:
        problem = _("This code doesn't hold any more. Have a new one sent.")
    return _code_page(page, ticket, held["to"], problem=problem, status=422)


@blueprint.post("/join/<slug>/again/<ticket>")
@csrf_exempt
@public
@limits.asking
def send_code_again(slug: str, ticket: str) -> Response:
    held = unseal("join", ticket)
    if held is None:
        return not_found()
    commands.send_sign_up_code_again(held["id"])
    return leads(f"/join/{slug}/code/{ticket}?again")


@blueprint.get("/join/<slug>/renew/<ticket>")
@public
@limits.missing
def renewal_page(slug: str, ticket: str) -> Response:
    held = unseal("renew", ticket)
    pending = commands.find_pending(held["id"]) if held else None
    if pending is None:
        return not_found()
    return show(
        "renew.html",
        office=pending.unit_name,
        parts=("held",),
        purposes=pending.purposes,
        action=f"/join/{slug}/renew/{ticket}",
        back=f"/join/{slug}",
    )


@blueprint.post("/join/<slug>/renew/<ticket>")
@csrf_exempt
@public
@limits.typing
def renew_and_join(slug: str, ticket: str) -> Response:
    held = unseal("renew", ticket)
    pending = commands.find_pending(held["id"]) if held else None
    if pending is None:
        return not_found()
    # Only what was chosen just now is given: what stood before the stop isn't brought back by joining something else.
    renew_number(pending.e164, Channel.SIGN_UP, evidence=BY_CODE, purposes=())
    commands.join_after_renewal(pending.id)
    return leads(f"/join/{slug}/welcome")


@blueprint.get("/join/<slug>/welcome")
@public
@limits.missing
def welcome(slug: str) -> Response:
    page = find_sign_up_page(slug)
    if page is None:
        return not_found()
    return _joined(page.unit_name)


# -- the link in a request for confirmation -------------------------------------------------------------------------------------------


@blueprint.get("/confirm/<token>")
@public
@limits.missing
def confirm_page(token: str) -> Response:
    pending = commands.find_pending(commands.read_confirm_token(token))
    if pending is None:
        return not_found()
    return show("confirm.html", office=pending.unit_name, purposes=pending.purposes, action=f"/confirm/{token}")


@blueprint.post("/confirm/<token>")
@csrf_exempt
@public
@limits.missing
def confirm(token: str) -> Response:
    pending = commands.find_pending(commands.read_confirm_token(token))
    if pending is None:
        return not_found()
    if request.form.get("answer") != "yes":
        commands.decline_by_link(token)
        return told(
            _("Your number was deleted"),
            _("Nothing of this request is kept, and no text will follow."),
            office=pending.unit_name,
        )
    outcome = commands.confirm_by_link(token)
    if outcome is Joining.STOPPED:
        return told(
            _("This number gets no texts"),
            _("Its holder asked for no more texts. Renew that first on the page “my texts”, then open this link again."),
            office=pending.unit_name,
            mark="stop",
            link=("/my", _("My texts")),
            status=409,
        )
    if outcome is not Joining.JOINED:
        return not_found()
    return _joined(pending.unit_name)


@blueprint.errorhandler(429)
def _limited(error: Exception) -> Response:
    return too_many()


# -- parts -----------------------------------------------------------------------------------------------------------------------------


def _open_page(slug: str) -> PublicPage | Response:
    page = find_sign_up_page(slug)
    if page is None:
        return not_found()
    return page if page.is_open else _closed(page)


def _closed(page: PublicPage) -> Response:
    return told(
        _("Joining on this page is over"),
        _("“%(title)s” takes no new members any more. What you had agreed to before still holds.", title=page.title),
        office=page.unit_name,
        mark="calendar",
        status=410,
        link=("/my", _("My texts")),
    )


def _gone(office: str, address: str) -> Response:
    return told(
        _("Your request isn't there any more"),
        _("It was confirmed before, or too much time has passed. You can simply ask again."),
        office=office,
        mark="hourglass",
        status=410,
        link=(address, _("Ask again")),
    )


def _joined(office: str) -> Response:
    return told(
        _("Thank you. You have joined."),
        _("From now on you get texts about the topics you chose, and about nothing else."),
        _("You can change or end this at any time: by answering 11, or on the page “my texts”."),
        office=office,
        is_good=True,
        link=("/my", _("My texts")),
    )


def _form(page: PublicPage, typed: Typed, status: int = 200) -> Response:
    return show("join.html", office=page.unit_name, status=status, parts=("errors", "held"), page=page, typed=typed)


def _code_page(page: PublicPage, ticket: str, e164: str, *, problem: str = "", again: bool = False, status: int = 200) -> Response:
    return show(
        "code.html",
        office=page.unit_name,
        status=status,
        parts=("errors", "held"),
        masked=masked(e164),
        problem=problem,
        is_again=again,
        action=f"/join/{page.slug}/code/{ticket}",
        again_action=f"/join/{page.slug}/again/{ticket}",
        back=f"/join/{page.slug}",
        button=_("Join"),
    )


def _saw_these_words(chosen: list[OfferedPurpose]) -> bool:
    """Whether the words that stood beside every chosen topic are the ones that hold now."""
    return all(request.form.get(f"words-{each.key}") == each.sha for each in chosen)
