"""In by a code, and out."""

from __future__ import annotations

from datetime import timedelta

from flask import Response, request
from flask_babel import gettext as _

from contacts.commands import codes
from contacts.public import limits
from contacts.public.page import leads, masked, not_found, show, told, top_office, typed_in
from contacts.public.self_service.visit import LASTS, blueprint, entered, left, proved
from contacts.rules.codes import CodePurpose, Verdict
from engage.identity.guard import public
from engage.persian import parse_phone
from engage.web.csrf import csrf_exempt
from engage.web.tickets import seal, unseal

TYPING_LASTS = timedelta(hours=1)


@blueprint.get("/in")
@public
def number_page() -> Response:
    return ask_number()


@blueprint.post("/in")
@csrf_exempt
@public
@limits.asking
def ask_code() -> Response:
    typed = typed_in("phone", 40)
    e164 = parse_phone(typed)
    if e164 is None:
        return ask_number(typed, _("Type the mobile number in full, for example %(example)s.", example="۰۹۱۲۳۴۵۶۷۸۹"))
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
    verdict, visit_id = codes.open_visit(CodePurpose.SELF_SERVICE, held["number"], request.form.get("code", ""), LASTS)
    if verdict is Verdict.WRONG:
        return _ask_code(ticket, held["number"], problem=_("This code isn't right. Type the six digits of the newest text."), status=422)
    if visit_id is None:
        return _ask_code(ticket, held["number"], problem=_("This code doesn't hold any more. Have a new one sent."), status=422)
    return entered(leads("/my/"), visit_id, held["number"])


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
    return left(told(_("You have left"), _("On this phone nobody sees your data any more without a new code."), is_good=True))


def ask_number(typed: str = "", problem: str = "") -> Response:
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


def _send_code(e164: str) -> None:
    codes.send_code(CodePurpose.SELF_SERVICE, e164, unit_id=None, sms_name=top_office()[1])
