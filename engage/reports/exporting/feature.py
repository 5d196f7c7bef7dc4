"""Puts this part of reports into an application."""

from __future__ import annotations

from flask import Flask

from engage.identity.audit_labels import register_audit_labels
from engage.jobs import register_sweep
from engage.reports.exporting import codebook, figures, jobs, sav_file, views, xlsx_file
from engage.reports.exporting.labels import AUDIT_LABELS, AUDIT_NAMES, REFUSALS
from engage.reports.render import FORMATS, Format
from engage.web.refusals import register_refusals

_CSV = "text/csv; charset=utf-8"

# At import: the command line knows its suffixes before any application exists.
FORMATS |= {
    "xlsx": Format("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", xlsx_file.write, xlsx_file.write_whole),
    "sav": Format("application/x-spss-sav", sav_file.write, sav_file.write_whole, has_rows=True),
    "codebook.csv": Format(_CSV, codebook.write, codebook.write_whole),
    "figures.csv": Format(_CSV, figures.write),
}
register_refusals(REFUSALS)


def install(app: Flask) -> None:
    app.register_blueprint(views.blueprint)
    register_audit_labels(app, AUDIT_LABELS, AUDIT_NAMES)
    register_sweep(app, "report_files", lambda s: s.timings.sweep, jobs.tend_files)
