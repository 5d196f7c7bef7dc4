"""Quotes that were taken out of sight."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select

from engage.db import db
from engage.reports.themes.models import ReportHiddenQuote
from engage.reports.themes.rules import digest_of


def without_hidden(survey_id: int, question_key: str, texts: Iterable[str]) -> list[str]:
    """These texts without those an officer hid."""
    wanted = select(ReportHiddenQuote.digest).where(ReportHiddenQuote.survey_id == survey_id)
    hidden = {bytes(each) for each in db.session.scalars(wanted)}
    return [each for each in texts if digest_of(question_key, each) not in hidden] if hidden else list(texts)
