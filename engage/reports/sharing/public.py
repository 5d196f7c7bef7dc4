"""A report by its link: no sign-in, no cookie, nothing to press. An address that leads nowhere always gets the same page."""

from __future__ import annotations

import structlog
from flask import Blueprint, Response, make_response, render_template, request
from redis.exceptions import RedisError

from engage.clock import now
from engage.identity.guard import public
from engage.identity.queries import get_unit
from engage.jobs import redis_connection
from engage.reports.content import Report
from engage.reports.labels import SURVEY_STATES
from engage.reports.masking import mask_numbers
from engage.reports.queries import texts_of
from engage.reports.render.page import page_of
from engage.reports.sharing import queries
from engage.reports.sharing.commands.links import note_opened
from engage.reports.sharing.labels import STATES
from engage.reports.sharing.rules import STEP, Section
from engage.reports.tally import MINIMUM
from engage.web.limits import limiter

log = structlog.get_logger(__name__)

blueprint = Blueprint("report_links", __name__)
limiter.exempt(blueprint)

MISSES_A_MINUTE = 60
"""Of one address, those of citizens' links counted together with these"""
QUOTES = 3
_LOOKS_BACK = 60
"""So many newer texts are stepped over at most; beyond it none are shown"""


@blueprint.get("/r/<token>")
@public
def show(token: str) -> Response:
    link = queries.find_link(token)
    if link is None:
        return _miss()
    if request.method != "HEAD":
        note_opened(link.id)
    shared = queries.shared_report(link.survey_id)
    report, quotes = shared.report, {}
    if report is not None and Section.TEXTS in link.sections and not report.is_sealed:
        quotes = _quotes(report, shared.newer)
    survey = report or queries.report_of(link.survey_id)
    unit = get_unit(survey.unit_id)
    return _answer(
        render_template(
            "sharing/shared.html",
            survey=survey,
            report=report,
            page=page_of(report, quotes) if report is not None else None,
            quotes=quotes,
            decisions=queries.decisions_of(link.survey_id) if Section.DECISIONS in link.sections else (),
            promise=queries.promise_of(link.survey_id),
            sections=link.sections,
            expires_at=link.expires_at,
            unit_name=unit.name if unit else "",
            looks=SURVEY_STATES,
            states=STATES,
            minimum=MINIMUM,
            step=STEP,
        )
    )


def _quotes(report: Report, newer: dict[str, int]) -> dict[str, tuple[str, ...]]:
    """The newest texts of the answers that are counted here: those that came since wait for the next step, like every figure."""
    found = {}
    for question in report.content.questions:
        skipped = newer.get(question.key, 0)
        if question.is_written and question.answered >= MINIMUM and skipped <= _LOOKS_BACK:
            texts = texts_of(report, question.key, page=1, size=skipped + QUOTES)[skipped:]
            found[question.key] = tuple(mask_numbers(text) for text in texts)
    return found


def _miss() -> Response:
    if _is_guessing():
        response = _answer(render_template("sharing/nowhere.html", is_too_many=True), 429)
        response.headers["Retry-After"] = "60"
        return response
    return _answer(render_template("sharing/nowhere.html", is_too_many=False), 404)


def _is_guessing() -> bool:
    """Count one more address of this client that leads nowhere; whether there were too many. Right links cost nothing."""
    key = f"engage:misses:{request.remote_addr}:{int(now().timestamp() // 60)}"
    try:
        pipe = redis_connection().pipeline(transaction=False)
        pipe.incr(key)
        pipe.expire(key, 120)
        return int(pipe.execute()[0]) > MISSES_A_MINUTE
    except RedisError as error:
        # Guessing 64 bits stays hopeless without the limit.
        log.warning("misses_uncounted", error=type(error).__name__)
        return False


def _answer(html: str, status: int = 200) -> Response:
    response = make_response(html, status)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response
