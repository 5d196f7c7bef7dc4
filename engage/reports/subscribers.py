"""What makes a report out of date. Each only asks for a new one, so it may run twice."""

from __future__ import annotations

from campaigns.events import CampaignFinished, ReceiptsRecorded
from engage.reports.commands import request_refresh, request_refresh_for_answers
from surveys.events import ResponsesArrived, SurveyClosed, SurveyPublished


def refresh_report_on_answers(event: ResponsesArrived) -> None:
    request_refresh_for_answers(event.survey_id)


def refresh_report_on_receipts(event: ReceiptsRecorded) -> None:
    if event.survey_id is not None:
        request_refresh(event.survey_id)


def refresh_report_on_finish(event: CampaignFinished) -> None:
    if event.survey_id is not None:
        request_refresh(event.survey_id)


def refresh_report_on_publication(event: SurveyPublished) -> None:
    request_refresh(event.survey_id)


def refresh_report_on_closing(event: SurveyClosed) -> None:
    request_refresh(event.survey_id)
