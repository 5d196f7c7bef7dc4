"""Whether an invitation is still worth sending, as SQL for the sending engine's claim (row `m`, column invitation_id, parameter `now`)."""

SENDABLE_JOIN = """
    LEFT JOIN invitation ON invitation.id = m.invitation_id
    LEFT JOIN survey ON survey.id = invitation.survey_id
"""

NOT_SENDABLE = """
    CASE
        WHEN m.invitation_id IS NULL THEN NULL
        WHEN invitation.answered THEN 'answered'
        WHEN invitation.revoked_at IS NOT NULL THEN 'revoked'
        WHEN survey.state <> 'open' OR survey.closes_at <= %(now)s THEN 'survey_closed'
        WHEN invitation.expires_at <= %(now)s THEN 'link_expired'
    END
"""
"""A reason code, or null while the link can still be answered."""

LINK_COLUMNS = "m.invitation_id, invitation.key_version"
"""What `surveys.queries.link_of(invitation_id, key_version)` turns into the address."""

TOOK_PART = "COALESCE(invitation.answered, false)"
"""Whether the invitation was answered; needs the join."""
