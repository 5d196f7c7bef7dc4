"""Puts this part of reports into an application."""

from __future__ import annotations

from flask import Flask
from flask_babel import lazy_gettext as _l

from engage.reports.print import pdf_file, views
from engage.reports.render import FORMATS, Format
from engage.web.refusals import register_refusals

# At import: the command line knows its suffixes before any application exists.
FORMATS["pdf"] = Format("application/pdf", pdf_file.write)
register_refusals({"report_chart_empty": _l("Of this question there is nothing to draw yet: too few answers, or words alone.")})


def install(app: Flask) -> None:
    app.register_blueprint(views.blueprint)
