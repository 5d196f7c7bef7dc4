"""The keys this database was written with: a swapped, lost or outdated key file is found before anything is written with it."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from engage.clock import now
from engage.db import transaction
from engage.identity.models import KeyFingerprint
from engage.refusal import Refused
from engage.vault import vault

ANNOUNCED = ""
"""Stands for the fingerprint of a key that a rotation is about to make."""


def check_fingerprints() -> None:
    """The vault fits this database: it holds every key the database needs, and none that it has never heard of.

    The first start remembers all keys; later ones come only by rotation, which announces them. Refused, each with `names`:
    "keys_foreign" when no key is the database's own, "keys_mixed" when some are others, "keys_old" when some are missing,
    "keys_newer" when the file has keys the database doesn't know.
    """
    held = vault(fresh=True).fingerprints()
    with transaction() as session:
        rows = {row.name: row for row in session.scalars(select(KeyFingerprint))}
        known = {name: row.fingerprint for name, row in rows.items()}
        retired = {name for name, row in rows.items() if row.retired_at is not None}
        try:
            complain(held, known, retired)
        except Refused:
            # Between our two looks a rotation may have made its key: what the database knows, the file holds by now.
            held = vault(fresh=True).fingerprints()
            complain(held, known, retired)
        purposes = {name.partition("/")[0] for name in known}
        fresh = [
            {"name": name, "fingerprint": value, "first_seen_at": now()}
            for name, value in held.items()
            if name not in known and name.partition("/")[0] not in purposes
        ]
        if fresh:
            # Two processes may start at once: the second finds what the first has written and compares at its own next start.
            session.execute(insert(KeyFingerprint).values(fresh).on_conflict_do_nothing())


def complain(held: dict[str, str], known: dict[str, str], retired: Iterable[str] = ()) -> None:
    """Refused as `check_fingerprints` says, or nothing. Both are `purpose/version` → fingerprint. Pure."""
    settled = {name: mark for name, mark in known.items() if mark != ANNOUNCED}
    gone = set(retired)
    other = sorted(name for name, mark in settled.items() if name in held and held[name] != mark)
    missing = sorted(name for name in settled if name not in held and name not in gone)
    purposes = {name.partition("/")[0] for name in known}
    unheard = sorted(name for name in held if name not in known and name.partition("/")[0] in purposes)
    if other:
        own = any(held.get(name) == mark for name, mark in settled.items())
        raise Refused("keys_mixed" if own else "keys_foreign", names=_listed(other))
    if missing:
        raise Refused("keys_old", names=_listed(missing))
    if unheard:
        raise Refused("keys_newer", names=_listed(unheard))


def announce_key(name: str) -> None:
    """A key called `purpose/version` is about to be made; part of the caller's transaction."""
    with transaction() as session:
        values = {"name": name, "fingerprint": ANNOUNCED, "first_seen_at": now()}
        session.execute(insert(KeyFingerprint).values(**values).on_conflict_do_nothing())


def remember_keys() -> None:
    """The announced keys that the vault holds by now are known by their fingerprints."""
    held = vault().fingerprints()
    with transaction() as session:
        for name in session.scalars(select(KeyFingerprint.name).where(KeyFingerprint.fingerprint == ANNOUNCED)).all():
            if name in held:
                session.execute(update(KeyFingerprint).where(KeyFingerprint.name == name).values(fingerprint=held[name]))


def retire_keys(names: Iterable[str]) -> None:
    """Nothing needs these keys any more: from now on the key file may lack them."""
    with transaction() as session:
        session.execute(
            update(KeyFingerprint).where(KeyFingerprint.name.in_(list(names)), KeyFingerprint.retired_at.is_(None)).values(retired_at=now())
        )


def known_versions(purpose: str) -> list[int]:
    """Every version of a key this database has ever heard of, oldest first."""
    with transaction() as session:
        names = session.scalars(select(KeyFingerprint.name).where(KeyFingerprint.name.startswith(f"{purpose}/"))).all()
    return sorted(int(name.partition("/")[2]) for name in names)


def _listed(names: list[str]) -> str:
    return "، ".join(names)
