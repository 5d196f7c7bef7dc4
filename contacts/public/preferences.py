"""What the holder of a personal link receives, purpose by purpose.

A link may have been passed on, so it only ends things; what starts anew asks for a code (`/my`).
"""

from __future__ import annotations

from flask import Blueprint, Response, request
from flask_babel import gettext as _

from contacts.commands import preferences as commands
from contacts.commands.disputes import dispute_consent
from contacts.public import limits
from contacts.public.page import leads, not_found, show, told, too_many, typed_in
from contacts.queries.held_data import preferences_of
from contacts.queries.link_holders import LinkHolder, contact_of_link, holder_of_link
from contacts.rules.consent import Channel
from engage.identity.guard import public
from engage.refusal import Refused
from engage.web.csrf import csrf_exempt

blueprint = Blueprint("citizen_preferences", __name__)

NOTE_LENGTH = 500


@blueprint.get("/<token>/preferences")
@public
@limits.missing
def preferences_page(token: str) -> Response:
    holder, contact_id = _behind(token)
    if holder is None:
        return not_found()
    found = preferences_of(contact_id) if contact_id is not None else ()
    return show(
        "preferences.html",
        office=holder.office_name,
        parts=("held",),
        token=token,
        standing=[each for each in found if each.stands],
        others=[each for each in found if not each.stands],
        is_saved=request.args.get("saved") is not None,
    )


@blueprint.post("/<token>/preferences")
@csrf_exempt
@public
@limits.missing
def end_purpose(token: str) -> Response:
    holder, contact_id = _behind(token)
    if holder is None or contact_id is None:
        return not_found()
    purpose = request.form.get("end", "")
    if any(each.stands and each.purpose.key == purpose for each in preferences_of(contact_id)):
        commands.choose_purposes(contact_id, {}, [purpose], evidence=commands.BY_LINK)
    return leads(f"/{token}/preferences?saved")


@blueprint.get("/<token>/dispute")
@public
@limits.missing
def dispute_page(token: str) -> Response:
    holder, _contact_id = _behind(token)
    if holder is None:
        return not_found()
    return show("ask_dispute.html", office=holder.office_name, parts=("held",), action=f"/{token}/dispute", back=f"/{token}/preferences")


@blueprint.post("/<token>/dispute")
@csrf_exempt
@public
@limits.missing
def dispute(token: str) -> Response:
    holder, contact_id = _behind(token)
    if holder is None:
        return not_found()
    if contact_id is not None:
        try:
            dispute_consent(contact_id, channel=Channel.PAGE, note=typed_in("note", NOTE_LENGTH), actor_id=None)
        except Refused:
            return not_found()  # erased between two clicks
    return told(
        _("We are sorry"),
        _("No office of the municipality texts this number any more. The list that named you is being looked into."),
        office=holder.office_name,
        is_good=True,
        link=("/my", _("My texts and my data")),
    )


@blueprint.errorhandler(429)
def _limited(error: Exception) -> Response:
    return too_many()


def _behind(token: str) -> tuple[LinkHolder | None, int | None]:
    holder = holder_of_link(token)
    return holder, contact_of_link(holder) if holder is not None else None
