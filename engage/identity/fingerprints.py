"""The keys this database was written with: a swapped or lost key file is found before anything is written with the wrong one."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from engage.clock import now
from engage.db import transaction
from engage.identity.models import KeyFingerprint
from engage.refusal import Refused
from engage.vault import vault


def check_fingerprints() -> None:
    """The vault holds every key this database knows; new keys are remembered.

    Refused("keys_do_not_match", names=…) when a key the database knows is missing or another one: opening personal data would fail
    and searching would find nothing.
    """
    held = vault().fingerprints()
    with transaction() as session:
        known = {row.name: row.fingerprint for row in session.scalars(select(KeyFingerprint))}
        wrong = sorted(name for name, fingerprint in known.items() if held.get(name) != fingerprint)
        if wrong:
            raise Refused("keys_do_not_match", names="، ".join(wrong))
        fresh = [{"name": name, "fingerprint": value, "first_seen_at": now()} for name, value in held.items() if name not in known]
        if fresh:
            # Two processes may start at once: the second finds what the first has written and compares at its own next start.
            session.execute(insert(KeyFingerprint).values(fresh).on_conflict_do_nothing())
