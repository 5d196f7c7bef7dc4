"""New people go straight into the tables: sealed here, copied there, both at the same time.

One thread of this process encrypts numbers, seals ledger lines and puts rows together while another hands the batch before to
PostgreSQL. Ids and pseudonyms grow with time, so that the indexes on them are only ever appended to.
"""

from __future__ import annotations

import hashlib
import os
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, date, datetime
from struct import Struct
from types import TracebackType
from typing import Any
from zoneinfo import ZoneInfo

import psycopg

from contacts.importing.copying import (
    copy_rows,
    flag,
    int4,
    int4s,
    int8,
    jsonb,
    known_int2,
    known_words,
    length,
    moment,
    raw,
    row_of,
    words,
)
from contacts.importing.staging import ImportOrder, evidence_of_row, identity_context, reserve_ids
from contacts.ledger import GENESIS, Line, canonical
from contacts.rules.columns import CUSTOM, Field
from contacts.rules.consent import Channel
from engage.vault import Vault

BATCH = 10_000
_INTERVAL = 0.0002
"""Seconds one of the two threads waits for the other to let go"""
_TEHRAN = ZoneInfo("Asia/Tehran")

_IDENTITY = "phone_identity (id, blind_index, phone_cipher, created_at)"
_CONTACT = (
    "contact (id, unit_id, identity_id, pseudonym, first_name, last_name, neighbourhood, gender, birth_year, search_key, sort_key, is_shared,"
    " import_id, created_at, updated_at{more})"
)
_MORE = ", language, tag_ids, custom"
"""Columns that few lists have something for"""
_ENTRY = (
    "consent_entry (id, pseudonym, sequence, purpose, given, basis, text_sha256, channel, evidence_digest, actor_id, at, written_in,"
    " previous, mac)"
)
_EVIDENCE = "consent_evidence (entry_id, contact_id, salt, evidence)"
_STANDING = "contact_consent (contact_id, purpose, given, basis, since, import_id)"


class NewPeople:
    """Writes people whom the unit doesn't know. Used in a `with` block: at its end everything is in the tables.

    The connection belongs to the writing thread from `__enter__` on; in between nobody else may use it, except while `waiting()`.
    """

    def __init__(self, connection: psycopg.Connection[Any], order: ImportOrder, vault: Vault) -> None:
        assert order.basis is not None
        self._connection = connection
        self._order = order
        self._vault = vault
        self._blind_of, self._encrypt, self._mac = vault.blind_index, vault.encrypts(), vault.ledger_mac
        self._thread = ThreadPoolExecutor(1, "import-writer")
        self._pending: deque[Future[list[list[int]] | None]] = deque()
        self._ids: deque[list[list[int]]] = deque()
        self._fresh: list[list[int]] = [[], [], []]
        self._draws: Iterator[tuple[bytes, bytes]] = iter(())
        self._time = b""
        self._has_more = any(name in (Field.LANGUAGE, Field.TAGS) or name.startswith(CUSTOM) for name in order.mapping.fields.values())
        self._targets = (_IDENTITY, _CONTACT.format(more=_MORE if self._has_more else ""), _ENTRY, _EVIDENCE, _STANDING)
        self._buffers: list[list[bytes]] = [[] for _ in self._targets]
        self._buffered = 0
        self._prepare_pieces()

    def _prepare_pieces(self) -> None:
        """Everything that is the same for all people of one import, in the form of the COPY."""
        order = self._order
        at = moment(order.now)
        purpose, basis = words(order.purpose), words(str(order.basis))
        self._created = at
        self._unit = int4(order.unit_id)
        self._contact_head = row_of(18 if self._has_more else 15)
        self._contact_tail = int8(order.import_id) + at + at
        self._entry_middle = int4(1) + purpose + flag(True) + basis + raw(order.text_sha256) + words(str(Channel.IMPORT)) + length(32)
        # PostgreSQL would find the transaction's number anew for each line.
        written_in = self._connection.execute("SELECT pg_current_xact_id()::text::bigint").fetchone()
        assert written_in is not None
        self._entry_tail = int4(order.actor_id) + at + int8(written_in[0]) + raw(GENESIS) + length(32)
        self._standing_middle = purpose + flag(True) + basis
        self._import = int8(order.import_id)
        # The sealed bytes differ from person to person in two places only.
        pseudonym, digest = b"\xfe" * 16, b"\xfd" * 32
        assert order.basis is not None
        line = Line(pseudonym, 1, order.purpose, True, order.basis, order.text_sha256, Channel.IMPORT, digest, order.actor_id, order.now)
        before, rest = canonical(line).split(pseudonym)
        between, after = rest.split(digest)
        self._line = before, between, after
        # `evidence_of_row` in pieces: the row's number and the date written there.
        self._evidence_start = evidence_of_row(order, -7, None).split("-7")[0].encode()
        self._dated: dict[date | None, tuple[bytes, bytes]] = {}

    # -- the block -----------------------------------------------------------------------------------------------------------

    def __enter__(self) -> NewPeople:
        self._ids.append(self._reserve())
        self._ids.append(self._reserve())
        self._next_block()
        # The writing thread needs this process for moments only, and PostgreSQL stands still until it gets them.
        self._interval = sys.getswitchinterval()
        sys.setswitchinterval(_INTERVAL)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            if kind is None:
                self.settle()
        finally:
            # A COPY under way has to end before anybody else uses the connection.
            self._thread.shutdown(wait=True)
            sys.setswitchinterval(self._interval)
        for batch in self._pending:
            # What went wrong first is what counts: everything after it only says that the transaction is broken.
            if isinstance(first := batch.exception(), psycopg.errors.UniqueViolation):
                raise first from error

    def settle_full(self) -> None:
        """A full batch that was handed over is in the tables, so that the connection is free again."""
        while self._pending:
            self._collect()

    def settle(self) -> None:
        """Everything added so far is in the tables, and the connection is free until more is added."""
        self._hand_over()
        while self._pending:
            self._collect()

    def ask(self, work: Callable[[psycopg.Connection[Any]], Any]) -> Any:
        """`work(connection)` in its turn between two batches."""
        return self._thread.submit(work, self._connection).result()

    # -- one person ----------------------------------------------------------------------------------------------------------

    def seal_number(self, phone: str) -> tuple[int, bytes]:
        """(fresh identity id, the number encrypted for it)."""
        while not self._fresh[0]:
            self._next_block()
        identity_id = self._fresh[0].pop()
        return identity_id, self._encrypt(phone, identity_context(identity_id))

    def add_identity(self, identity_id: int, blind: bytes, cipher: bytes) -> None:
        self._buffers[0] += (_IDENTITY_HEAD, int8(identity_id), _32, blind, length(len(cipher)), cipher, self._created)

    def add_phone(self, phone: str) -> int:
        """A number nobody knows; returns the id of its identity."""
        identity_id, cipher = self.seal_number(phone)
        self.add_identity(identity_id, self._blind_of(phone), cipher)
        return identity_id

    def add(
        self,
        identity_id: int,
        row_number: int,
        first_name: str,
        last_name: str,
        search_key: str,
        sort_key: str,
        neighbourhood: str,
        gender: str,
        birth_year: int | None,
        language: str,
        tag_ids: tuple[int, ...] | list[int],
        custom: str,
        consented_on: date | None,
        is_shared: bool = False,
    ) -> int:
        """A person with the first line of their ledger, its evidence and where they stand now; returns the contact's id."""
        while not self._fresh[1] or not self._fresh[2]:
            self._next_block()
        contact_id, entry_id = self._fresh[1].pop(), self._fresh[2].pop()
        draw = next(self._draws, None) or self._draw()
        pseudonym, salt = self._time + draw[0], draw[1]
        said_at, since = self._dated.get(consented_on) or self._date(consented_on)
        proof = b"%b%d%b" % (self._evidence_start, row_number, said_at)
        digest = hashlib.sha256(salt + proof).digest()
        before, between, after = self._line
        mac = self._mac(GENESIS, b"".join((before, pseudonym, between, digest, after)))
        contact, entry = int8(contact_id), int8(entry_id)
        _identities, contacts, entries, evidences, standings = self._buffers
        contacts += (
            self._contact_head, contact, self._unit, int8(identity_id), _16, pseudonym, known_words(first_name), known_words(last_name),
            known_words(neighbourhood), known_words(gender), known_int2(birth_year), words(search_key), words(sort_key),
            _SHARED if is_shared else _UNSHARED, self._contact_tail,
        )  # fmt: skip
        if self._has_more:
            contacts += (words(language), int4s(tag_ids) if tag_ids else _NO_TAGS, _NO_CUSTOM if custom == "{}" else jsonb(custom))
        entries += (_ENTRY_HEAD, entry, _16, pseudonym, self._entry_middle, digest, self._entry_tail, mac)
        evidences += (_EVIDENCE_HEAD, entry, contact, _16, salt, length(len(proof)), proof)
        standings += (_STANDING_HEAD, contact, self._standing_middle, since, self._import)
        self._buffered += 1
        if self._buffered >= BATCH:
            self._hand_over()
        return contact_id

    def _date(self, consented_on: date | None) -> tuple[bytes, bytes]:
        """(how the evidence of a row with that date ends, since when its consent stands)."""
        since = self._created
        if consented_on is not None:
            since = moment(datetime(consented_on.year, consented_on.month, consented_on.day, tzinfo=_TEHRAN).astimezone(UTC))
        found = self._dated[consented_on] = evidence_of_row(self._order, -7, consented_on).split("-7", 1)[1].encode(), since
        return found

    def _draw(self) -> tuple[bytes, bytes]:
        """(end of a pseudonym, salt). The pseudonym begins with the time, which its ledger line tells anyway, and goes on with 80 random
        bits."""
        self._time = int(time.time() * 1000).to_bytes(6, "big")
        self._draws = _DRAW.iter_unpack(os.urandom(_DRAW.size * 1024))
        return next(self._draws)

    # -- the two threads -----------------------------------------------------------------------------------------------------

    def _reserve(self) -> list[list[int]]:
        """Ids for one batch, the smallest last."""
        found = [reserve_ids(self._connection, table, BATCH) for table in ("phone_identity", "contact", "consent_entry")]
        return [ids[::-1] for ids in found]

    def _next_block(self) -> None:
        while not self._ids:
            if self._pending:
                self._collect()
            else:
                self._ids.append(self._thread.submit(self._reserve).result())
        for mine, more in zip(self._fresh, self._ids.popleft(), strict=True):
            # A list of numbers that are known elsewhere needs no identities: what isn't used isn't kept.
            if len(mine) < BATCH:
                mine[:0] = more

    def _hand_over(self) -> None:
        batch = [b"".join(rows) for rows in self._buffers]
        if not any(batch):
            return
        for rows in self._buffers:
            rows.clear()
        self._buffered = 0
        while len(self._pending) > 1:
            self._collect()
        self._pending.append(self._thread.submit(self._write, batch))

    def _collect(self) -> None:
        block = self._pending.popleft().result()
        if block is not None:
            self._ids.append(block)

    def _write(self, batch: list[bytes]) -> list[list[int]] | None:
        for target, rows in zip(self._targets, batch, strict=True):
            if rows:
                copy_rows(self._connection, target, rows)
        return self._reserve() if len(self._ids) < 2 else None


_IDENTITY_HEAD, _ENTRY_HEAD, _EVIDENCE_HEAD, _STANDING_HEAD = row_of(4), row_of(14), row_of(4), row_of(6)
_NO_TAGS, _NO_CUSTOM = int4s(()), jsonb("{}")
_SHARED, _UNSHARED = flag(True), flag(False)
_16, _32 = length(16), length(32)
_DRAW = Struct("10s16s")
