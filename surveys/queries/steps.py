"""How far an invitation came, as SQL over a row `invitation` for reports."""

STEPS_JOIN = "JOIN invitation ON invitation.id = {invitation_id}"
OPENED = "invitation.opened_on IS NOT NULL"
"""First GET; robots that preview links are included"""
STARTED = "invitation.started_at IS NOT NULL"
ANSWERED = "invitation.answered"
"""For a survey that is not anonymous: what an anonymous one may tell is `invitation_funnel`'s matter"""
