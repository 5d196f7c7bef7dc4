"""Who was invited to a survey and how far the texts came, a row an invitation, as SQL for reports."""

from __future__ import annotations

from campaigns.kinds import kinds_where
from campaigns.states import MAY_HAVE_BEEN_SENT, REACHED_GATEWAY

INVITED = """
    SELECT m.invitation_id,
        min(m.contact_id) AS contact_id,
        bool_or(m.state = ANY(%(reached)s)) AS is_accepted,
        bool_or(m.state = 'delivered') AS is_delivered,
        min(m.accepted_at) AS first_at,
        max(coalesce(c.line, '')) AS line,
        max(w.number) AS wave
    FROM message m JOIN campaign c ON c.id = m.campaign_id JOIN wave w ON w.id = m.wave_id
    WHERE c.survey_id = %(survey_id)s AND c.kind = ANY(%(inviting)s) AND m.state = ANY(%(tried)s) AND m.invitation_id IS NOT NULL
    GROUP BY m.invitation_id
"""
"""Invitations whose text was handed over for sending at least once, reminders together. Reminders
go to the silent alone, so the last wave is the one an answer followed. Needs `survey_id` and `invited_params()`."""


def invited_params() -> dict[str, object]:
    return {
        "reached": [str(state) for state in REACHED_GATEWAY],
        "tried": [str(state) for state in MAY_HAVE_BEEN_SENT],
        "inviting": list(kinds_where(invites=True)),
    }
