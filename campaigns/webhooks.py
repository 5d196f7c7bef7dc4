"""What the gateway calls: delivery reports and inbound texts.

Its calls are not signed, so an unguessable word stands in the path. It repeats anything but 200 thirty times, so unknown ids get
200, too; GET and POST, query, form and JSON are all accepted (GATEWAY.md section 6). The work is done by jobs. What can't be stored just
now is answered 503, and comes again.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, abort, current_app, request

from campaigns import commands, jobs
from campaigns.commands.storing import BUFFER
from engage.clock import now
from engage.config import Settings
from engage.identity.guard import public
from engage.jobs import ring
from engage.persian import to_latin_digits
from engage.web.csrf import csrf_exempt

blueprint = Blueprint("hooks", __name__, url_prefix="/hooks/sms/<secret>")

MAX_ID = 2**63 - 1


@blueprint.route("/delivery", methods=["GET", "POST"])
@csrf_exempt
@public
def delivery(secret: str) -> tuple[str, int]:
    """One delivery report: `messageid`, `status`."""
    _check(secret)
    values = _values()
    gateway_id, status = _integer(values.get("messageid")), _integer(values.get("status"))
    if gateway_id is None or status is None or status > 1000:
        return "malformed", 400
    is_stored, wrote = BUFFER.store(gateway_id, status, now())
    if not is_stored:
        return "busy", 503
    if wrote:  # one bell for all that share a commit
        ring("default", jobs.apply_receipts)
    return "ok", 200


@blueprint.route("/inbound", methods=["GET", "POST"])
@csrf_exempt
@public
def inbound(secret: str) -> tuple[str, int]:
    """One text from a citizen: `messageid`, `from`, `to`, `message`."""
    _check(secret)
    values = _values()
    gateway_id, sender, text = _integer(values.get("messageid")), str(values.get("from") or ""), values.get("message")
    if gateway_id is None or not sender or text is None:
        return "malformed", 400
    commands.receive_inbound(gateway_id, str(values.get("to") or ""), sender, str(text))
    return "ok", 200


def _check(secret: str) -> None:
    settings: Settings = current_app.extensions["engage_settings"]
    if not settings.webhook_token or not hmac.compare_digest(secret.encode(), settings.webhook_token.encode()):
        abort(404)


def _values() -> Mapping[str, Any]:
    body = request.get_json(silent=True) if request.is_json else None
    if isinstance(body, list) and len(body) == 1:
        body = body[0]
    if isinstance(body, Mapping):
        return {str(key).lower(): value for key, value in body.items()}
    return {key.lower(): value for key, value in request.values.items()}


def _integer(value: Any) -> int | None:
    text = to_latin_digits(str(value)).strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 19 and int(text) <= MAX_ID else None
