"""The keys under which numbers are found, held still while somebody writes numbers.

An index key is rotated beside running imports and opt-outs. Whoever writes an identity or a suppression holds both keys for the length
of the transaction; the switch to the next key, and the removal of an erased number's row, wait until nobody does.
"""

from __future__ import annotations

from typing import Any

import psycopg
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from engage.db import driver_connection
from engage.vault import Vault, vault

LOCK = 0x454E4702

_SHARE = "SELECT pg_advisory_xact_lock_shared(%s)"
# Shared locks never wait for one another, only for the switch, which takes milliseconds.
_IN_FORCE = """
    SELECT purpose, COALESCE(max(to_version) FILTER (WHERE phase IN ('clearing', 'retiring', 'finished')), min(from_version))
    FROM key_rotation WHERE purpose IN ('index', 'suppression') GROUP BY purpose
"""


def hold_index_key(connection: psycopg.Connection[Any] | Connection | Session) -> Vault:
    """The vault whose `blind_index` and `suppression_hash` are what the tables are keyed by, until this transaction ends.

    Call it first in every transaction that writes identities or suppressions, before anything of them is read, and use what it
    returns for them. Refused("keys_old") when this process's key file lacks the key in force.
    """
    raw = connection if isinstance(connection, psycopg.Connection) else driver_connection(connection)
    raw.execute(_SHARE, (LOCK,), prepare=True)
    return _in_force(raw)


def hold_numbers(connection: psycopg.Connection[Any] | Connection | Session) -> None:
    """No number's row is removed until this transaction ends: for writers of rows that name numbers without a foreign key.

    Call it before the numbers are read. Whoever is erased meanwhile is found by the erasure, or was gone before the reading.
    """
    raw = connection if isinstance(connection, psycopg.Connection) else driver_connection(connection)
    raw.execute(_SHARE, (LOCK,), prepare=True)


def seize_index_key(connection: psycopg.Connection[Any] | Connection | Session) -> Vault | None:
    """As `hold_index_key`, but alone: nobody writes numbers until this transaction ends. None, at once, while somebody does."""
    raw = connection if isinstance(connection, psycopg.Connection) else driver_connection(connection)
    row = raw.execute("SELECT pg_try_advisory_xact_lock(%s)", (LOCK,), prepare=True).fetchone()
    return _in_force(raw) if row and row[0] else None


def _in_force(raw: psycopg.Connection[Any]) -> Vault:
    versions: dict[str, int] = dict(raw.execute(_IN_FORCE, prepare=True).fetchall())
    keys = vault()
    if any(version not in keys.versions(purpose) for purpose, version in versions.items()):
        keys = vault(fresh=True)
    return keys.writing_with(**versions)
