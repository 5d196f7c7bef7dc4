"""Invitations: made by the ten thousand, revoked at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text, update

from engage.clock import now
from engage.db import driver_connection, transaction
from engage.refusal import Refused
from engage.vault import vault
from surveys.models import Invitation

_KNOWN = """
    SELECT identity_id, id, key_version, expires_at < %(expires_at)s AND revoked_at IS NULL
    FROM invitation WHERE survey_id = %(survey_id)s AND identity_id = ANY(%(identities)s)
"""

_NUMBERS = "SELECT nextval(pg_get_serial_sequence('invitation', 'id')) FROM generate_series(1, %s)"

_INSERT = """
    INSERT INTO invitation (id, survey_id, unit_id, identity_id, token_digest, key_version, expires_at, created_at)
    SELECT new.id, %(survey_id)s, %(unit_id)s, new.identity_id, new.digest, %(key_version)s, %(expires_at)s, %(at)s
    FROM unnest(%(ids)b::bigint[], %(identities)b::bigint[], %(digests)b::bytea[]) AS new(id, identity_id, digest)
    ON CONFLICT (survey_id, identity_id) DO NOTHING
    RETURNING identity_id, id
"""


def invite_identities(survey_id: int, unit_id: int, identity_ids: Sequence[int], expires_at: datetime) -> dict[int, tuple[int, int]]:
    """Every one of these numbers has its one invitation; returns identity id → (invitation id, version of the link key).

    Runs in the caller's transaction, in five statements for any number of people. An invitation that exists is kept, its life
    lengthened to `expires_at` if that is later. A revoked one («این پیامک برای من نیست») is returned, too, and stays dead: whoever
    sends must ask `queries.sendable` before it does. Refused("survey_not_found") for a survey that doesn't exist.
    """
    wanted = list(dict.fromkeys(identity_ids))
    if not wanted:
        return {}
    found: dict[int, tuple[int, int]] = {}
    keys = vault()
    version = keys.link_version
    with transaction() as session:
        if session.execute(text("SELECT 1 FROM survey WHERE id = :id"), {"id": survey_id}).first() is None:
            raise Refused("survey_not_found")
        with driver_connection(session).cursor() as cursor:
            params = {"survey_id": survey_id, "unit_id": unit_id, "expires_at": expires_at, "at": now(), "key_version": version}

            def take_known(identities: list[int]) -> set[int]:
                cursor.execute(_KNOWN, {**params, "identities": identities})
                seen, short_lived = set(), []
                for identity_id, invitation_id, key_version, is_short_lived in cursor.fetchall():
                    seen.add(identity_id)
                    found[identity_id] = (invitation_id, key_version)
                    if is_short_lived:
                        short_lived.append(invitation_id)
                if short_lived:
                    cursor.execute("UPDATE invitation SET expires_at = %s WHERE id = ANY(%s)", (expires_at, short_lived))
                return seen

            known = take_known(wanted)
            missing = [each for each in wanted if each not in known]
            if missing:
                cursor.execute(_NUMBERS, (len(missing),))
                ids = [row[0] for row in cursor.fetchall()]
                digests = [keys.token_digest(keys.link_token(each, version), version) for each in ids]
                cursor.execute(_INSERT, {**params, "ids": ids, "identities": missing, "digests": digests})
                for identity_id, invitation_id in cursor.fetchall():
                    found[identity_id] = (invitation_id, version)
                lost_race = [each for each in missing if each not in found]
                if lost_race:
                    take_known(lost_race)
    return found


def revoke_invitations_of(identity_id: int) -> int:
    """Every link of this number is dead from now on, in every survey; answers given through them stay. Returns how many were alive."""
    with transaction() as session:
        result = session.execute(
            update(Invitation).where(Invitation.identity_id == identity_id, Invitation.revoked_at.is_(None)).values(revoked_at=now())
        )
        return int(result.rowcount)  # type: ignore[attr-defined]
