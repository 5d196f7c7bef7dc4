"""RQ entry points of the seal."""

from __future__ import annotations

import contextlib

from engage.refusal import Refused
from surveys import commands
from surveys.sealing import breaking, moving, state


def move_sealed_answers(survey_id: int) -> None:
    moving.move_sealed_answers(survey_id)


def break_seal(survey_id: int) -> None:
    breaking.break_seal(survey_id)


def close_full_survey(survey_id: int) -> None:
    """Close it if as many answers as were wanted have come; an officer may have been first, or have raised the limit."""
    if state.is_full(survey_id):
        with contextlib.suppress(Refused):
            commands.close_survey(survey_id, actor_id=None)
