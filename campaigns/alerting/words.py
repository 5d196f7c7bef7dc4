"""What each notice about campaigns says: what is the matter, and what to do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask_babel import gettext as _

from campaigns.views.labels import pause_words
from engage.identity.notices import register_notice
from engage.identity.rules import NoticeGroup
from engage.web.filters import number, rial


def install() -> None:
    approvals = (
        ("campaign_to_approve", _to_approve),
        ("campaign_approved", _titled(lambda t: _("“%(title)s” was approved. It waits for its start.", title=t))),
        ("campaign_returned", _titled(lambda t: _("“%(title)s” was sent back for changes; the note stands on its page.", title=t))),
        (
            "campaign_void",
            _titled(lambda t: _("The approval of “%(title)s” is void. Look it over and send it for approval again.", title=t)),
        ),
    )
    for code, words in approvals:
        register_notice(code, words, group=NoticeGroup.APPROVALS)
    for code, words, is_urgent in (
        ("campaign_paused", _paused, True),
        ("campaign_waits", _paused, False),
        ("campaign_never_opens", _titled(_never_opens), True),
        ("campaign_deadline", _titled(_deadline), True),
        ("campaign_survey_closes", _titled(_survey_closes), True),
        ("campaign_survey_closed", _titled(_survey_closed), True),
        ("alert_to_review", _titled(_to_review), False),
        ("messages_unknown", _unknown, False),
        ("credit_low", _credit_low, True),
        ("worker_silent", _worker_silent, True),
        ("sweeper_silent", _sweeper_silent, True),
        ("webhooks_behind", _webhooks_behind, False),
        ("webhooks_missing", _webhooks_missing, False),
    ):
        register_notice(code, words, group=NoticeGroup.SENDING, is_urgent=is_urgent)


def _titled(say: Callable[[str], Any]) -> Callable[[Mapping[str, Any]], str]:
    return lambda params: str(say(str(params.get("title", ""))))


def _to_approve(params: Mapping[str, Any]) -> str:
    size = {"count": number(params.get("recipients", 0)), "cost": rial(params.get("cost", 0))}
    return str(_("“%(title)s” waits for your approval: %(count)s recipients, %(cost)s.", title=params.get("title", ""), **size))


def _paused(params: Mapping[str, Any]) -> str:
    words = pause_words(str(params.get("why", "")))
    return str(_("“%(title)s” is paused. %(why)s %(advice)s", title=params.get("title", ""), why=words.title, advice=words.advice))


def _never_opens(title: str) -> Any:
    return _(
        "“%(title)s” can't be sent: no sending hours are left before its end. Move its last moment, or cancel it and choose other hours.",
        title=title,
    )


def _deadline(title: str) -> Any:
    return _("The last moment for sending “%(title)s” is less than an hour away, and texts still wait.", title=title)


def _survey_closes(title: str) -> Any:
    return _(
        "The survey of “%(title)s” closes within the hour, and texts still wait. Move its last day, or cancel the campaign.", title=title
    )


def _survey_closed(title: str) -> Any:
    return _(
        "The survey of “%(title)s” takes no answers any more, but texts still wait. Open it again, or cancel the campaign.", title=title
    )


def _to_review(title: str) -> Any:
    return _("The safety alert “%(title)s” went out without a second person. Look at it and confirm that you have.", title=title)


def _unknown(params: Mapping[str, Any]) -> str:
    facts = {"title": params.get("title", ""), "count": number(params.get("count", 0))}
    return str(
        _(
            "Of %(count)s texts of “%(title)s” nobody has known for 15 minutes whether they went out. The gateway is being asked; none is sent twice.",
            **facts,
        )
    )


def _credit_low(params: Mapping[str, Any]) -> str:
    facts = {"credit": rial(params.get("credit", 0)), "reserved": rial(params.get("reserved", 0))}
    return str(_("The gateway's credit is low: %(credit)s, with %(reserved)s promised to campaigns. Have it charged.", **facts))


def _worker_silent(params: Mapping[str, Any]) -> str:
    return str(
        _(
            "Work has been waiting for minutes and nobody does it. Tell whoever runs the server: engage work %(name)s",
            name=params.get("queue", ""),
        )
    )


def _sweeper_silent(params: Mapping[str, Any]) -> str:
    return str(_("The sweeper is silent, so nothing is asked for or started on time. Tell whoever runs the server: engage sweep"))


def _webhooks_behind(params: Mapping[str, Any]) -> str:
    return str(
        _("Delivery reports and citizens' texts have waited for more than 10 minutes. Tell whoever runs the server to look at its workers.")
    )


def _webhooks_missing(params: Mapping[str, Any]) -> str:
    return str(
        _("Delivery reports of more than an hour ago are missing. Look in the gateway's panel whether our webhook address stands there.")
    )
