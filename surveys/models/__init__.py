"""The tables of surveys, one file for each subject."""

from surveys.models.entrances import Entrance, EntranceCount, EntrancePhone, EntranceTurn
from surveys.models.responses import AnswersMark, Channel, QuotaCount, Response, ResponseDraft, ResponseUpload, TestResponse
from surveys.models.sealing import SealedAnswer, SealedOnce, SurveySeal
from surveys.models.surveys import DraftSave, Invitation, Survey, SurveyState, SurveyVersion

__all__ = [
    "AnswersMark",
    "Channel",
    "DraftSave",
    "Entrance",
    "EntranceCount",
    "EntrancePhone",
    "EntranceTurn",
    "Invitation",
    "QuotaCount",
    "Response",
    "ResponseDraft",
    "ResponseUpload",
    "SealedAnswer",
    "SealedOnce",
    "Survey",
    "SurveySeal",
    "SurveyState",
    "SurveyVersion",
    "TestResponse",
]
