"""Everything held, on the page, on paper and as a file."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any

from flask import Response, request
from flask_babel import gettext as _

from contacts.public.page import guard, show, top_office
from contacts.public.self_service.entering import ask_number
from contacts.public.self_service.visit import blueprint, number, proof, proved
from contacts.queries.held_data import HeldData, held_about
from contacts.words import BASES, CHANNELS, GENDERS
from engage.clock import now
from engage.identity.guard import public
from engage.persian import format_jalali_datetime, local_form


@blueprint.get("/", strict_slashes=False)
@public
def overview() -> Response:
    e164 = number()
    if e164 is None:
        return ask_number()
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
        proof=proof(),
        bases=BASES,
        channels=CHANNELS,
        genders=GENDERS,
        moment=format_jalali_datetime,
        **values,
    )
