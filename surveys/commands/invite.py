"""Invitations: made by the ten thousand, revoked at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from psycopg.errors import UniqueViolation
from sqlalchemy import text, update

from engage.clock import now
from engage.db import copy_lines, driver_connection, transaction
from engage.refusal import Refused
from engage.vault import vault
from surveys.models import Invitation

_KNOWN = """
    SELECT identity_id, id, key_version, expires_at < %(expires_at)s AND revoked_at IS NULL
    FROM invitation WHERE survey_id = %(survey_id)s AND identity_id = ANY(%(identities)b)
"""

# Materialised, or the sequence would be looked up by its name once an id.
_NUMBERS = """
    WITH named AS MATERIALIZED (SELECT pg_get_serial_sequence('invitation', 'id')::regclass AS sequence)
    SELECT nextval(sequence) FROM named, generate_series(1, %s)
"""

_COLUMNS = ("id", "survey_id", "unit_id", "identity_id", "token_digest", "key_version", "expires_at", "created_at")

_INSERT = """
    INSERT INTO invitation (id, survey_id, unit_id, identity_id, token_digest, key_version, expires_at, created_at)
    SELECT new.id, %(survey_id)s, %(unit_id)s, new.identity_id, new.digest, %(key_version)s, %(expires_at)s, %(at)s
    FROM unnest(%(ids)b::bigint[], %(identities)b::bigint[], %(digests)b::bytea[]) AS new(id, identity_id, digest)
    ON CONFLICT (survey_id, identity_id) DO NOTHING
    RETURNING identity_id, id
"""


def invite_identities(survey_id: int, unit_id: int, identity_ids: Sequence[int], expires_at: datetime) -> dict[int, tuple[int, int]]:
    """Every one of these numbers has its one invitation; returns identity id → (invitation id, version of the link key).

    Runs in the caller's transaction, in a handful of statements for any number of people. An invitation that exists is kept, its life
    lengthened to `expires_at` if that is later. A revoked one («این پیامک برای من نیست») is returned, too, and stays dead: whoever
    sends must ask `queries.sendable` before it does. Refused("survey_not_found") for a survey that doesn't exist.
    """
    wanted = list(dict.fromkeys(identity_ids))
    if not wanted:
        return {}
    found: dict[int, tuple[int, int]] = {}
    keys = vault()
    version = keys.link_version
    at = now()
    with transaction() as session:
        if session.execute(text("SELECT 1 FROM survey WHERE id = :id"), {"id": survey_id}).first() is None:
            raise Refused("survey_not_found")
        connection = driver_connection(session)
        with connection.cursor() as cursor, connection.cursor(binary=True) as fast:

            def digest_of(id: int) -> bytes:
                return keys.token_digest(keys.link_token(id, version), version)

            params = {"survey_id": survey_id, "unit_id": unit_id, "expires_at": expires_at, "at": at, "key_version": version}

            def take_known(identities: list[int]) -> None:
                short_lived = []
                for identity_id, invitation_id, key_version, is_short_lived in fast.execute(_KNOWN, {**params, "identities": identities}):
                    found[identity_id] = (invitation_id, key_version)
                    if is_short_lived:
                        short_lived.append(invitation_id)
                if short_lived:
                    cursor.execute("UPDATE invitation SET expires_at = %s WHERE id = ANY(%s)", (expires_at, short_lived))

            take_known(wanted)
            missing = [each for each in wanted if each not in found] if found else wanted
            if missing:
                ids = [row[0] for row in fast.execute(_NUMBERS, (len(missing),))]
                middle, end = f"\t{survey_id}\t{unit_id}\t", f"\t{version}\t{expires_at.isoformat()}\t{at.isoformat()}\n"
                try:
                    with connection.transaction():
                        copy_lines(
                            session,
                            Invitation.__tablename__,
                            _COLUMNS,
                            (
                                f"{id}{middle}{identity_id}\t\\\\x{digest_of(id).hex()}{end}"
                                for id, identity_id in zip(ids, missing, strict=True)
                            ),
                        )
                    found.update(zip(missing, ((id, version) for id in ids), strict=True))
                except UniqueViolation:
                    # Somebody invited one of them this very moment.
                    cursor.execute(_INSERT, {**params, "ids": ids, "identities": missing, "digests": list(map(digest_of, ids))})
                    found.update((identity_id, (id, version)) for identity_id, id in cursor.fetchall())
                    if lost_race := [each for each in missing if each not in found]:
                        take_known(lost_race)
    return found


def revoke_invitations_of(identity_id: int) -> int:
    """Every link of this number is dead from now on, in every survey; answers given through them stay. Returns how many were alive."""
    with transaction() as session:
        result = session.execute(
            update(Invitation).where(Invitation.identity_id == identity_id, Invitation.revoked_at.is_(None)).values(revoked_at=now())
        )
        return int(result.rowcount)  # type: ignore[attr-defined]
