"""What can't be taken back is asked first: stopping, renewing, objecting, disowning and erasing."""

from __future__ import annotations

from flask import Response
from flask_babel import gettext as _

from contacts.commands import preferences as commands
from contacts.commands.suppression import suppress_number
from contacts.public.page import leads, masked, show, told, top_office, typed_in
from contacts.public.self_service.visit import blueprint, left, proof, proved, refused
from engage.identity.guard import public
from engage.refusal import Refused
from engage.web.csrf import csrf_exempt

NOTE_LENGTH = 500


@blueprint.get("/<any('stop', 'not-mine', 'dispute', 'erase', 'renew'):deed>")
@public
@proved
def ask(e164: str, deed: str) -> Response:
    return show(f"ask_{deed.replace('-', '_')}.html", office=top_office()[0], proof=proof(), parts=("held",), masked=masked(e164))


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
    return left(
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
    except Refused as why:
        return refused(why)
    return left(
        told(
            _("Your data are erased"),
            _("Name, number, notes, texts and answers that led to you are gone, in every office."),
            _(
                "What remains leads to nobody: lines of the ledger of consents under a random mark, and, if you had stopped texts, a seal that keeps them stopped."
            ),
            is_good=True,
        )
    )
