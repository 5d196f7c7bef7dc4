"""Whether a number may be texted at this very moment, as SQL for the sending engine's claim.

The check has to stand in the statement that claims a message, or a withdrawal between check and claim would be overlooked. The
engine joins these fragments to its row `m` (columns identity_id, contact_id) and passes `purpose`, `asks_permission` (whether the
text is the question for consent itself) and `with_legal_basis` (whether a law lets a safety alert go to numbers that opted out).
"""

SENDABLE_JOIN = """
    LEFT JOIN phone_identity number ON number.id = m.identity_id
    LEFT JOIN contact person ON person.id = m.contact_id
    LEFT JOIN contact_consent consent ON consent.contact_id = m.contact_id AND consent.purpose = %(purpose)s
"""

HELD = "consent.import_id IS NOT NULL AND consent.import_id IN (SELECT id FROM contact_import WHERE held_at IS NOT NULL)"
"""The list that brought this consent is held back after disputes. Needs `consent`."""


def prior_relation_closed(asks_permission: str) -> str:
    """SQL: this person has no documented consent, and their unit's policy doesn't let such people have this text.

    Needs `consent` and `person`; `asks_permission` is a boolean expression of the caller. The units are found once a statement, and
    only when it meets such a person.
    """
    return f"""consent.basis = 'prior_relation' AND person.unit_id IN (
        SELECT below.id FROM unit below CROSS JOIN LATERAL (
            SELECT policy.prior_relation_receives AS receives
            FROM contact_policy policy JOIN unit above ON above.id = policy.unit_id
            WHERE starts_with(below.path, above.path) ORDER BY length(above.path) DESC LIMIT 1) nearest
        WHERE nearest.receives = 'nothing' OR (nearest.receives = 're_permission' AND NOT {asks_permission}))"""


NOT_SENDABLE = f"""
    CASE
        WHEN number.suppressed_at IS NOT NULL AND NOT CAST(%(with_legal_basis)s AS boolean) THEN 'suppressed'
        WHEN person.id IS NULL THEN 'erased'
        WHEN person.reassigned_at IS NOT NULL THEN 'reassigned'
        WHEN consent.given IS NOT TRUE AND NOT (number.suppressed_at IS NOT NULL AND consent.given IS NOT NULL) THEN 'no_consent'
        WHEN {HELD} THEN 'list_held'
        WHEN {prior_relation_closed("CAST(%(asks_permission)s AS boolean)")} THEN 'prior_relation'
    END
"""
"""A reason code, or null when the number may be texted. A number that opted out lost its consents by that, so a legal basis covers both,
though never somebody who didn't stand for the purpose at all."""

PHONE_COLUMNS = "number.phone_cipher"
"""What `contacts.queries.open_phone(identity_id, phone_cipher)` turns into the number."""
