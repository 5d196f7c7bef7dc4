"""Telling the contact base at which numbers texts arrive."""

from __future__ import annotations

from campaigns.queries.outcomes import latest_outcomes, reached_among, undelivered_numbers
from contacts.commands import record_outcomes
from contacts.queries.reach import failing_identities
from engage.db import transaction


def judge_reach(campaign_id: int) -> int:
    """Every number the campaign failed at, and every failing one it reached, is judged anew by all its latest texts; how many changed.

    Counted from the messages each time, never added up: told twice, or late, it comes to the same.
    """
    changed = 0
    with transaction():
        for numbers in undelivered_numbers(campaign_id):
            changed += record_outcomes(latest_outcomes(numbers))
        for failing in failing_identities():
            reached = reached_among(campaign_id, failing)
            changed += record_outcomes(latest_outcomes(reached)) if reached else 0
    return changed
