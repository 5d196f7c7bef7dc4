"""How many people the answers are from. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from engage.reports.analysis.shapes import People

BY_NUMBER = frozenset({"link", "sms"})
"""Channels in which one number has one answer"""


def people_of(by_channel: Mapping[str, int]) -> People:
    """Answers by invitation are from as many numbers. Of any other channel it isn't known whether somebody answered there twice, or by
    invitation as well: at least those by invitation (one, where there are none), at most one for every answer."""
    ballots = sum(by_channel.values())
    by_number = sum(count for channel, count in by_channel.items() if channel in BY_NUMBER)
    return People(ballots, max(by_number, min(1, ballots)), ballots, dict(sorted(by_channel.items())))
