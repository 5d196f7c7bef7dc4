"""Whether a number may be texted at this very moment, as SQL for the sending engine's claim.

The check has to stand in the statement that claims a message, or a withdrawal between check and claim would be overlooked. The
engine joins these fragments to its row `m` (columns identity_id, contact_id) and passes `purpose`.
"""

SENDABLE_JOIN = """
    JOIN phone_identity number ON number.id = m.identity_id
    LEFT JOIN contact person ON person.id = m.contact_id
    LEFT JOIN contact_consent consent ON consent.contact_id = m.contact_id AND consent.purpose = %(purpose)s
"""

NOT_SENDABLE = """
    CASE
        WHEN number.suppressed_at IS NOT NULL THEN 'suppressed'
        WHEN person.id IS NULL THEN 'erased'
        WHEN person.reassigned_at IS NOT NULL THEN 'reassigned'
        WHEN consent.given IS NOT TRUE THEN 'no_consent'
    END
"""
"""A reason code, or null when the number may be texted."""

PHONE_COLUMNS = "number.phone_cipher"
"""What `contacts.queries.open_phone(identity_id, phone_cipher)` turns into the number."""
