"""What publishing a survey means for what citizens were promised. It may run twice."""

from __future__ import annotations

from engage.reports.sharing.commands.promises import note_promise
from surveys.events import SurveyPublished


def note_promise_on_publication(event: SurveyPublished) -> None:
    note_promise(event.survey_id)
