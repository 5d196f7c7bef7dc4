"""Counting a survey's texts by theme: all of them, streamed, as one result."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import closing
from typing import Any

import structlog
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from engage.clock import now
from engage.db import transaction
from engage.reports.models import SurveyReport
from engage.reports.queries import report_of
from engage.reports.suppression import STEP
from engage.reports.tally import QuestionTally
from engage.reports.themes.models import ReportThemeCount
from engage.reports.themes.queries import active_lexemes, written_questions
from engage.reports.themes.rules import Counter, Lexeme
from surveys.queries import get_survey_facts
from surveys.queries.texts import stream_texts

log = structlog.get_logger(__name__)

LONGEST = 1800.0
"""Seconds one count may take; what was read by then is what its figures are of"""
_LOOK_EVERY = 1000


def count_themes(survey_id: int) -> bool:
    """The stored count is of the texts and the lexicon as they stand; False for a survey without a report.

    A question whose texts have grown by fewer than `STEP` under the same lexicon keeps its figures: two publications never differ by
    fewer people. Memory doesn't grow with the number of answers.
    """
    with transaction() as session:
        if get_survey_facts(survey_id) is None:
            return False
        report = report_of(survey_id)
        counted_at = now()
        lexicon = active_lexemes(report.unit_id)
        before = session.execute(
            select(ReportThemeCount.content, ReportThemeCount.is_stale).where(ReportThemeCount.survey_id == survey_id)
        ).first()
        known: Mapping[str, Any] = {} if before is None or before.is_stale else before.content
        until = time.monotonic() + LONGEST
        content = {each.key: _count(survey_id, each, lexicon, known.get(each.key), until) for each in written_questions(report)}
        # Held until the end, so that the row the count hangs on can't go meanwhile; deleting the survey waits for nothing longer.
        held = select(SurveyReport.survey_id).where(SurveyReport.survey_id == survey_id).with_for_update(read=True, key_share=True)
        if session.execute(held).first() is None:
            return False
        values = {"content": content, "counted_at": counted_at, "is_stale": False}
        session.execute(
            insert(ReportThemeCount)
            .values(survey_id=survey_id, **values)
            .on_conflict_do_update(index_elements=[ReportThemeCount.survey_id], set_=values)
        )
        if active_lexemes(report.unit_id) != lexicon:
            session.get_one(ReportThemeCount, survey_id, populate_existing=True).is_stale = True
    return True


def _count(
    survey_id: int, question: QuestionTally, lexicon: list[Lexeme], before: Mapping[str, Any] | None, until: float
) -> Mapping[str, Any]:
    is_same = before is not None and set(before["counts"]) == {str(each.id) for each in lexicon}
    if before is not None and is_same and abs(question.answered - before["read"]) < STEP:
        return before
    counter, is_whole = Counter(lexicon), True
    with closing(stream_texts(survey_id, question.id, question.version_ids)) as texts:
        for text in texts:
            counter.take(text)
            if counter.read % _LOOK_EVERY == 0 and time.monotonic() > until:
                is_whole = False
                log.warning("themes_cut_short", survey_id=survey_id, read=counter.read)
                break
    return {
        "read": counter.read,
        "counts": {str(theme): n for theme, n in counter.counts.items()},
        "untouched": counter.untouched,
        "suggestions": counter.suggestions(),
        "is_whole": is_whole,
    }
