"""What surveys tell the rooms above."""

from __future__ import annotations

from dataclasses import dataclass

from engage.events import Event


@dataclass(frozen=True)
class SurveyPublished(Event):
    """A version can be answered from now on."""

    survey_id: int
    version_id: int


@dataclass(frozen=True)
class SurveyClosed(Event):
    """No further answer is accepted: by an officer or by the deadline."""

    survey_id: int


@dataclass(frozen=True)
class ResponsesArrived(Event):
    """Answers have arrived since the mark was last taken (`commands.take_answers_mark`): one event for a burst of thousands."""

    survey_id: int


@dataclass(frozen=True)
class OptOutRequested(Event):
    """The holder of this link wants no more texts at all."""

    identity_id: int
    invitation_id: int


@dataclass(frozen=True)
class NumberDisowned(Event):
    """The holder of this link says that the text isn't meant for them: the number has changed hands. Its links are dead already."""

    identity_id: int
    invitation_id: int


@dataclass(frozen=True)
class NeighbourhoodDisputed(Event):
    """The holder of this link says that they don't live where the office thinks. Where they do live is not said here."""

    identity_id: int
    invitation_id: int
    unit_id: int
    """Which office asked"""
