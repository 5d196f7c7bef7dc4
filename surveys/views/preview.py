"""The draft as a citizen sees it on a phone, page by page. Nothing can be sent from it."""

from __future__ import annotations

from datetime import date, datetime

from flask import Response, render_template, request
from flask.typing import ResponseReturnValue

from engage.identity.guard import guarded
from engage.identity.queries import get_unit
from engage.identity.rules import Permission
from surveys.asked import Asked, Office
from surveys.citizen.form import Leaf, whole_leaf
from surveys.citizen.form import preview_page as preview_form
from surveys.definitions import Definition, numbers_of
from surveys.flow import cut_pages
from surveys.translating import translate
from surveys.views.base import blueprint, survey_or_404
from surveys.words import LANGUAGES


@blueprint.get("/<slug>/preview")
@guarded(Permission.SURVEYS_VIEW)
def preview_page(slug: str) -> ResponseReturnValue:
    survey = survey_or_404(slug)
    pages = len(cut_pages(survey.draft))
    language = _language(survey.draft)
    return render_template("surveys/preview.html", survey=survey, pages=pages, page=_page(pages), language=language, languages=LANGUAGES)


@blueprint.get("/<slug>/preview/page")
@guarded(Permission.SURVEYS_VIEW)
def preview_document(slug: str) -> ResponseReturnValue:
    survey = survey_or_404(slug)
    language = _language(survey.draft)
    pages = cut_pages(survey.draft)
    wanted = request.args.get("question", "")
    number = next((n for n, page in enumerate(pages, 1) if any(each.id == wanted for each in page)), _page(len(pages)))
    return preview_response(survey.draft, survey.unit_id, survey.closes_at, survey.results_on, number=number, language=language)


def preview_response(
    definition: Definition, unit_id: int, closes_at: datetime | None, results_on: date | None, *, number: int = 0, language: str = "fa"
) -> Response:
    """One page of the form for a frame of our own, or all of it at once (`number` 0)."""
    unit = get_unit(unit_id)
    asked = Asked(0, translate(definition, language), Office(unit.name if unit else ""), closes_at, results_on)
    pages = cut_pages(asked.definition)
    leaf = whole_leaf(asked, language=language)
    if number and pages:
        numbers = numbers_of(definition)
        leaf = Leaf(
            pages[number - 1],
            number=number,
            place=number,
            count=len(pages),
            is_last=number == len(pages),
            numbers=numbers,
            total=len(numbers),
            language=language,
        )
    page = preview_form(asked, leaf)
    headers = {
        "Content-Security-Policy": page.policy,
        "X-Frame-Options": "SAMEORIGIN",
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
    }
    return Response(page.body, headers=headers, content_type="text/html; charset=utf-8")


def _page(pages: int) -> int:
    typed = request.args.get("page", "")
    number = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 5 else 1
    return min(max(number, 1), max(pages, 1))


def _language(definition: Definition) -> str:
    wanted = request.args.get("language", "")
    return wanted if wanted in definition.languages else "fa"
