"""Puts reports into an application."""

from __future__ import annotations

from flask import Flask
from flask_babel import lazy_gettext as _l

from campaigns.events import CampaignFinished, ReceiptsRecorded
from engage.events import subscribe
from engage.identity.audit_labels import register_audit_labels
from engage.identity.rules import Permission
from engage.jobs import register_sweep
from engage.reports import jobs, subscribers, views
from engage.reports.census import feature as census
from engage.reports.exporting import feature as exporting
from engage.reports.filtering import feature as filtering
from engage.reports.labels import AUDIT_LABELS, AUDIT_NAMES, REFUSALS
from engage.reports.onepage import feature as onepage
from engage.reports.print import feature as printing
from engage.reports.results import feature as results
from engage.reports.sharing import feature as sharing
from engage.reports.themes import feature as themes
from engage.reports.topup import feature as topup
from engage.reports.trends import feature as trends
from engage.web.nav import NavItem, register_nav
from engage.web.refusals import register_refusals
from surveys.events import ResponsesArrived, SurveyClosed, SurveyPublished

# At import: a command may refuse before any application exists.
register_refusals(REFUSALS)


def install(app: Flask) -> None:
    app.register_blueprint(views.blueprint)
    register_nav(app, NavItem("reports", _l("Reports"), "chart", "reports.index", Permission.REPORTS_VIEW, order=50))
    register_audit_labels(app, AUDIT_LABELS, AUDIT_NAMES)
    subscribe(app, ResponsesArrived, subscribers.refresh_report_on_answers)
    subscribe(app, ReceiptsRecorded, subscribers.refresh_report_on_receipts)
    subscribe(app, CampaignFinished, subscribers.refresh_report_on_finish)
    subscribe(app, SurveyPublished, subscribers.refresh_report_on_publication)
    subscribe(app, SurveyClosed, subscribers.refresh_report_on_closing)
    register_sweep(app, "reports", lambda s: s.timings.sweep, jobs.ring_for_stale_reports)
    for part in (census, exporting, filtering, onepage, printing, results, sharing, themes, topup, trends):
        part.install(app)
