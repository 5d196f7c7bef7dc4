"""RQ entry points of files."""

from __future__ import annotations

from flask import current_app

from engage.config import Settings
from engage.jobs import ring
from engage.reports.exporting import commands, queries


def write_file(file_id: int) -> None:
    commands.write_report_file(file_id)


def tend_files() -> int:
    """Delete what was kept long enough, and ring again for files whose bell was lost. Returns how many."""
    settings: Settings = current_app.extensions["engage_settings"]
    deleted = commands.delete_old_files()
    return deleted + sum(ring("bulk", write_file, file_id) for file_id in queries.due_file_ids(settings))
