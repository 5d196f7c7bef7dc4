"""The last computed report of every survey, and the mark that asks for a new one."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, ForeignKey, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

import engage.reports.census.models
import engage.reports.exporting.models
import engage.reports.onepage.models
import engage.reports.results.models
import engage.reports.sharing.models
import engage.reports.themes.models
import engage.reports.trends.models  # noqa: F401 - all tables of reports
from engage.db import Model, UTCDateTime


class SurveyReport(Model):
    """A report is computed anew from the truth each time, never incremented; this row is only the last result."""

    __tablename__ = "survey_report"

    survey_id: Mapped[int] = mapped_column(ForeignKey("survey.id", ondelete="CASCADE"), primary_key=True)
    is_stale: Mapped[bool] = mapped_column(Boolean, default=True, server_default="true")
    """Set by whoever changes the truth; cleared before recomputing, so that what arrives meanwhile asks again."""
    computed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    content: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default="{}")
    shape: Mapped[str] = mapped_column(Text, default="", server_default="")
    """Version of the layout of `content`; another one is recomputed before it is shown."""
