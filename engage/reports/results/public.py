"""Results for everybody: no login, no cookie, no script; the same bytes for all, kept until something else is published."""

from __future__ import annotations

import base64
import gzip
import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from flask import Blueprint, Flask, Response, abort, current_app, request
from flask_babel import gettext as _
from markupsafe import Markup

from engage.identity.guard import public
from engage.identity.queries import get_unit
from engage.persian import to_persian_digits
from engage.reports.results import open_data
from engage.reports.results.queries import Publication, PublicLine, publication_of, published_by
from engage.reports.results.snapshot import PublicQuestion
from engage.web.citizen.style import minify, style_for
from engage.web.filters import jalali, number, percent
from surveys.queries import SurveyFacts, find_survey, get_survey_facts

blueprint = Blueprint("results", __name__, url_prefix="/results", template_folder="../templates")

CITY_LINE = "137"
FRESH = 60
"""Seconds a browser or a proxy may keep a page without asking"""
MOST_KEPT = 200
_NAME = "reports_results_pages"
_CSS = minify("""
.f3{display:flex;flex-wrap:wrap;margin:1rem -.3rem -.3rem}.f3 div{flex:1 1 6.5rem;margin:.3rem;background:var(--t);border-radius:.75rem;padding:.75rem 1rem}.f3 b{display:block;font-size:1.6rem;line-height:1.4}
.pl{list-style:none}.pl li{padding:.8rem 0;border-bottom:1px solid var(--l)}.pl li:last-child{border:0}
.hd{display:flex;flex-wrap:wrap;justify-content:space-between;align-items:baseline;line-height:1.6}.hd>span:first-child{margin-inline-end:1rem}
.vt{white-space:nowrap}.b{display:block;width:100%;height:.7rem;margin:.35rem 0;stroke:none;border-radius:.35rem;overflow:hidden}.g0{fill:var(--l)}.g1{fill:#0072b2}
.wr{white-space:pre-line}.bt{display:grid;grid-gap:.6rem}.dd dt{font-weight:700;margin-top:.6rem}details{border-top:1px solid var(--l);margin-top:1rem}summary{min-height:3rem;padding:.5rem 0;color:var(--h);font-weight:700;cursor:pointer}
.s h2+.m{margin-bottom:.5rem}
@media print{@page{size:A4;margin:15mm}html{font-size:11pt}body,.s{background:none}.s{max-width:none;padding:0;border:0;margin-bottom:1rem}.pl li,.f3{break-inside:avoid}details>*{display:block}.b{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
""")


@dataclass(frozen=True)
class _Kept:
    body: bytes
    packed: bytes
    tag: str
    kind: str


def install(app: Flask) -> None:
    app.extensions[_NAME] = {}


@blueprint.get("/<slug>")
@public
def show(slug: str) -> Response:
    survey, found = _found(slug)
    if found.state == "withdrawn":
        return _answer(_kept(f"page-{found.version}", "text/html; charset=utf-8", lambda: _withdrawn(survey, found)), 410)
    return _answer(_kept(f"page-{found.version}", "text/html; charset=utf-8", lambda: _page(survey, found)))


@blueprint.get("/<slug>/data.<any(csv, json):kind>")
@public
def data(slug: str, kind: str) -> Response:
    survey, found = _found(slug)
    if not found.is_public:
        return _answer(_kept(f"page-{found.version}", "text/html; charset=utf-8", lambda: _withdrawn(survey, found)), 410)
    write = open_data.as_csv if kind == "csv" else open_data.as_json
    mimetype = "text/csv; charset=utf-8" if kind == "csv" else "application/json"
    response = _answer(_kept(f"{kind}-{found.version}", mimetype, lambda: write(found, _office(survey))))
    response.headers["Content-Disposition"] = f'attachment; filename="results-{slug}.{kind}"'
    return response


def _found(slug: str) -> tuple[SurveyFacts, Publication]:
    """404, the same for a survey that isn't there and for one of which nothing is published."""
    survey = find_survey(slug)
    found = publication_of(survey.id) if survey is not None else None
    facts = get_survey_facts(survey.id) if survey is not None else None
    if facts is None or found is None or found.state == "draft" or found.figures is None:
        abort(404)
    return facts, found


def _office(survey: SurveyFacts) -> str:
    unit = get_unit(survey.unit_id)
    return unit.name if unit else ""


def _page(survey: SurveyFacts, found: Publication) -> bytes:
    figures = found.figures
    assert figures is not None
    people = number(figures.people_at_most)
    if figures.people_at_least != figures.people_at_most:
        people = _("%(low)s to %(high)s", low=number(figures.people_at_least), high=people)
    others: list[PublicLine] = [each for each in published_by([survey.unit_id], limit=6) if each.slug != survey.slug]
    return _document(
        "results/public.html",
        survey,
        found=found,
        figures=figures,
        people=people,
        how=_how(found),
        limits=_limits(found),
        groups=_tables(figures.questions),
        others=others,
        bar=_bar,
        url=f"/results/{survey.slug}",
    )


def _withdrawn(survey: SurveyFacts, found: Publication) -> bytes:
    return _document("results/withdrawn.html", survey, found=found)


def _document(template: str, survey: SurveyFacts, **values: object) -> bytes:
    """Rendered without the console's context, so that nothing asks who is signed in and no cookie is set."""
    css = _css()
    body = current_app.jinja_env.get_template(template).render(
        office=_office(survey),
        style_tag=Markup("<style>%s</style>") % Markup(css),
        city_line=Markup('<bdi dir="ltr">%s</bdi>') % to_persian_digits(CITY_LINE),
        **values,
    )
    return body.encode()


def _css() -> str:
    return style_for(("thanks",)).css + _CSS


def _tables(questions: list[PublicQuestion]) -> list[list[PublicQuestion]]:
    """Rows of one table together, everything else by itself."""
    found: list[list[PublicQuestion]] = []
    for each in questions:
        if found and each.row and found[-1][0].row and found[-1][0].label == each.label:
            found[-1].append(each)
        else:
            found.append([each])
    return found


def _bar(share: float | None) -> Markup:
    if share is None:
        return Markup("")
    width = f"{min(max(share, 0.0), 1.0) * 100:.1f}"
    start = f"{100 - float(width):.1f}"
    return Markup(
        '<svg class="b" aria-hidden="true"><rect class="g0" width="100%%" height="100%%"/><rect class="g1" x="%s%%" width="%s%%" height="100%%"/></svg>'
    ) % (start, width)


def _how(found: Publication) -> list[str]:
    """Whom was asked and when, how many answered, and what the figures stand for."""
    figures = found.figures
    assert figures is not None
    lines = []
    if figures.asked_how == "random_sample":
        lines.append(_("A random sample of the office's contact base was asked by text message."))
    elif figures.asked_how == "census":
        lines.append(_("Everybody in the office's contact base who could be written to was asked by text message."))
    elif figures.asked_how == "open":
        lines.append(_("Everybody who found the link could answer."))
    elif figures.asked_how == "mixed":
        lines.append(_("People were asked in more than one way."))
    if figures.first_on and figures.last_on:
        lines.append(_("Answers came in from %(first)s to %(last)s.", first=jalali(figures.first_on), last=jalali(figures.last_on)))
    if figures.invited:
        words = _(
            "%(invited)s people were invited and %(delivered)s texts arrived.",
            invited=number(figures.invited),
            delivered=number(figures.delivered),
        )
        lines.append(words)
    if figures.response_rate is not None:
        lines.append(_("Response rate: %(rate)s of those whom the text reached.", rate=percent(figures.response_rate)))
    if figures.margin is not None:
        margin = number(figures.margin * 100, 1)
        lines.append(_("Margin of error at 95 percent: ±%(margin)s percentage points, error by silence not included.", margin=margin))
    if figures.is_anonymous:
        lines.append(_("The survey was anonymous: nobody can tell who answered what."))
    if figures.version_count > 1:
        lines.append(_("The questionnaire was changed while answers came in; every question's base are those who saw it."))
    if figures.left_out:
        lines.append(_("%(count)s questions of the survey are not published here.", count=number(figures.left_out)))
    return lines


def _limits(found: Publication) -> list[str]:
    figures = found.figures
    assert figures is not None
    lines = []
    if figures.margin is None:
        lines.append(
            _("The respondents decided themselves to answer; they are no random sample. Don't attribute these figures to all citizens.")
        )
    else:
        lines.append(_("The margin of error is for those who were asked, and doesn't include the error by silence."))
    lines.append(_("This survey doesn't show why people answered as they did."))
    return lines


def _kept(key: str, mimetype: str, make: Callable[[], bytes]) -> _Kept:
    kept: dict[str, _Kept] = current_app.extensions[_NAME]
    found = kept.get(key)
    if found is None:
        body = make()
        found = _Kept(body, gzip.compress(body, 9, mtime=0), hashlib.sha256(body).hexdigest()[:20], mimetype)
        if len(kept) >= MOST_KEPT:
            kept.clear()
        kept[key] = found
    return found


def _answer(kept: _Kept, status: int = 200) -> Response:
    if status == 200 and kept.tag in request.if_none_match:
        response = Response(status=304)
    else:
        is_packed = request.accept_encodings["gzip"] > 0
        response = Response(kept.packed if is_packed else kept.body, status, content_type=kept.kind)
        if is_packed:
            response.headers["Content-Encoding"] = "gzip"
    response.set_etag(kept.tag)
    response.headers["Cache-Control"] = f"public, max-age={FRESH}"
    response.headers["Vary"] = "Accept-Encoding"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Content-Security-Policy"] = (
        f"default-src 'none'; style-src {_style_source()}; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return response


def _style_source() -> str:
    digest = base64.b64encode(hashlib.sha256(_css().encode()).digest()).decode()
    return f"'sha256-{digest}'"
