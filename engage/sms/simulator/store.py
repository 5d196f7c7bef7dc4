"""What the gateway remembers, and the ledger of what every phone really received.

Files under `<data>/gateway`: `ledger.jsonl`, append-only, one line per SMS handed to a phone, written to the operating system
before the gateway answers, so that killing this process loses none; `unreached.jsonl`, the same for what was accepted and reached
nobody; `inbound.jsonl`; `state.json`, everything else. Texts stay in the files: memory holds about 500 bytes a message.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from engage.sms import statuses
from engage.sms.simulator.records import LATE, UNREACHED, Inbound, LedgerLine, Message, State, UnreachedLine, cost_of


class Store:
    """Messages, credit and settings of one account; every write is on its way to the disk when a method returns."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.ledger_path = folder / "ledger.jsonl"
        self.unreached_path = folder / "unreached.jsonl"
        self.inbound_path = folder / "inbound.jsonl"
        self.state_path = folder / "state.json"
        self.state = self._load_state()
        self.undeliverable = set(self.state.undeliverable)
        self._ledger_size = self._unreached_size = 0
        self._forget()
        self._open_files()
        self._load_messages()
        self._load_inbound()

    # -- reading ------------------------------------------------------------------------------------------------------------------

    @property
    def credit(self) -> int:
        return self.state.granted - self.spent

    @property
    def next_id(self) -> int:
        return self.state.base + len(self.messages)

    def find(self, message_id: int) -> Message | None:
        place = message_id - self.state.base
        return self.messages[place] if 0 <= place < len(self.messages) else None

    def find_local(self, local_id: int) -> Message | None:
        place = self.by_local.get(local_id)
        return None if place is None else self.messages[place]

    def status_of(self, message: Message, now: float) -> int:
        """Where the message is at `now`: computed, never stored."""
        fate = message.fate
        if fate in (statuses.SCHEDULED, statuses.CANCELLED):
            return fate
        age = now - message.at
        if age < 0:
            return statuses.DELIVERED if fate == LATE else fate  # taken while this clock ran ahead, and long with its phone
        if age < self.state.operator_seconds:
            return statuses.QUEUED
        if age < self.state.phone_seconds:
            return statuses.WITH_OPERATOR
        if fate == LATE:
            return statuses.UNDELIVERED if age < self.state.phone_seconds + self.state.late_seconds else statuses.DELIVERED
        return fate

    def text_of(self, message: Message) -> str:
        """The text, from the file that holds it."""
        kept = self.state.scheduled.get(str(message.id)) or self.state.cancelled.get(str(message.id))
        if kept:
            return str(kept[3])
        file = self._unreached if message.fate in UNREACHED else self._ledger
        chunk = os.pread(file, 16384, message.offset)
        return str(msgspec.json.decode(chunk[: chunk.index(b"\n")])["message"])

    def thread(self, number: str, limit: int = 200) -> list[Message]:
        """What the phone received, newest first."""
        found: list[Message] = []
        place = self.by_receptor.get(number, -1)
        while place >= 0 and len(found) < limit:
            message = self.messages[place]
            if message is None:
                break
            if message.fate in (statuses.DELIVERED, LATE):
                found.append(message)
            place = message.previous
        return found

    def is_blocked(self, line: str, number: str) -> bool:
        blocked = self.state.blocked
        return bool(blocked) and (number in blocked.get(line, ()) or number in blocked.get("*", ()))

    # -- writing ------------------------------------------------------------------------------------------------------------------

    def accept(self, rows: Iterable[tuple[int | None, str, str, str, int, int]], now: float) -> list[Message]:
        """Takes (localid, line, receptor, text, cost, fate) rows and writes their lines; new messages in order."""
        stamp = _stamp(now)
        first = place = len(self.messages)
        ledger: list[bytes] = []
        unreached: list[bytes] = []
        ledger_size, unreached_size = self._ledger_size, self._unreached_size
        spent = 0
        made: list[Message] = []
        base, by_receptor = self.state.base, self.by_receptor
        for localid, line, receptor, text, cost, fate in rows:
            identity = base + place
            if fate in UNREACHED:
                data = _encode(UnreachedLine(stamp, identity, localid, line, receptor, text, fate)) + b"\n"
                unreached.append(data)
                offset = unreached_size
                unreached_size += len(data)
            else:
                data = _encode(LedgerLine(stamp, identity, localid, line, receptor, text)) + b"\n"
                ledger.append(data)
                offset = ledger_size
                ledger_size += len(data)
            if fate != statuses.BLOCKED:
                spent += cost
            made.append(Message(identity, localid, receptor, line, now, fate, cost, offset, by_receptor.get(receptor, -1)))
            by_receptor[receptor] = place
            place += 1
        if ledger:
            _write(self._ledger, b"".join(ledger))
            self._ledger_size = ledger_size
        if unreached:
            _write(self._unreached, b"".join(unreached))
            self._unreached_size = unreached_size
        self.messages += made
        by_local = self.by_local
        for index, message in enumerate(made, first):
            if message.localid is not None:
                by_local[message.localid] = index
        self.received += len(ledger)
        self.unreached += len(unreached)
        self.spent += spent
        return made

    def schedule(self, localid: int | None, line: str, receptor: str, text: str, cost: int, now: float, due: float) -> Message:
        """Takes a message for later."""
        message = Message(
            self.next_id, localid, receptor, line, now, statuses.SCHEDULED, cost, -1, self.by_receptor.get(receptor, -1)
        )
        self.state.scheduled[str(message.id)] = [localid, line, receptor, text, now, due, cost]
        self._add(message)
        self.spent += cost
        self.save()
        return message

    def cancel(self, message: Message) -> None:
        """Takes a scheduled message back and gives its cost back."""
        self.state.cancelled[str(message.id)] = self.state.scheduled.pop(str(message.id))
        message.fate = statuses.CANCELLED
        self.spent -= message.cost
        self.save()

    def release_due(self, now: float, fate_of: Any) -> list[Message]:
        """Hands scheduled messages whose time has come to their phones."""
        released = []
        for identity, row in list(self.state.scheduled.items()):
            localid, line, receptor, text, _, due, cost = row
            message = self.find(int(identity))
            if due > now or message is None:
                continue
            message.fate, message.at = fate_of(line, receptor), now
            stamp = _stamp(now)
            if message.fate in UNREACHED:
                data = _encode(UnreachedLine(stamp, message.id, localid, line, receptor, text, message.fate)) + b"\n"
                message.offset = self._unreached_size
                _write(self._unreached, data)
                self._unreached_size += len(data)
                self.unreached += 1
                if message.fate == statuses.BLOCKED:
                    self.spent -= cost
            else:
                data = _encode(LedgerLine(stamp, message.id, localid, line, receptor, text)) + b"\n"
                message.offset = self._ledger_size
                _write(self._ledger, data)
                self._ledger_size += len(data)
                self.received += 1
            del self.state.scheduled[identity]
            released.append(message)
        if released:
            self.save()
        return released

    def take_inbound(self, sender: str, line: str, text: str, now: float) -> Inbound:
        """Records an SMS a phone sent."""
        message = Inbound(9_000_000_000 + len(self.inbound) + 1, sender, line, text, now)
        _write(self._inbound, _encode(message) + b"\n")
        self._keep_inbound(message)
        return message

    def set_credit(self, rials: int) -> None:
        self.state.granted = self.spent + rials
        self.save()

    def save(self) -> None:
        """Writes `state.json`, whole or not at all."""
        self.state.undeliverable = sorted(self.undeliverable)
        partial = self.state_path.with_suffix(".part")
        partial.write_text(json.dumps(self.state.__dict__, ensure_ascii=False), encoding="utf-8")
        partial.replace(self.state_path)

    def start_over(self) -> None:
        """Forgets every message; the files are kept under a dated name, ids go on."""
        base = self.next_id
        self.close()
        mark = time.time_ns()
        for path in (self.ledger_path, self.unreached_path, self.inbound_path):
            if path.exists() and path.stat().st_size:
                path.rename(path.with_name(f"{path.stem}.{mark}.jsonl"))
        self.state.granted -= self.spent
        self.state.base = base
        self.state.scheduled.clear()
        self.state.cancelled.clear()
        self.state.read_up_to.clear()
        self._forget()
        self._open_files()
        self.save()

    def close(self) -> None:
        for file in (self._ledger, self._unreached, self._inbound):
            os.close(file)

    # -- starting -----------------------------------------------------------------------------------------------------------------

    def _forget(self) -> None:
        self.messages: list[Message | None] = []
        self.by_local: dict[int, int] = {}
        self.by_receptor: dict[str, int] = {}
        self.inbound: list[Inbound] = []
        self.inbound_of: dict[str, list[int]] = {}
        self.spent = 0
        self.received = 0
        self.unreached = 0

    def _load_state(self) -> State:
        if not self.state_path.exists():
            # Ids of one installation never repeat those of an earlier one that was deleted.
            return State(base=time.time_ns() // 1_000_000_000 * 1000)
        kept = json.loads(self.state_path.read_text(encoding="utf-8"))
        return State(**{name: value for name, value in kept.items() if name in State.__dataclass_fields__})

    def _open_files(self) -> None:
        for path in (self.ledger_path, self.unreached_path, self.inbound_path):
            _cut_torn_line(path)
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        self._ledger, self._unreached, self._inbound = (
            os.open(path, flags, 0o600) for path in (self.ledger_path, self.unreached_path, self.inbound_path)
        )
        self._ledger_size = os.fstat(self._ledger).st_size
        self._unreached_size = os.fstat(self._unreached).st_size

    def _load_messages(self) -> None:
        rows: list[Message] = []
        for offset, line in _lines(self.ledger_path, LedgerLine):
            cost = cost_of(line.message)
            rows.append(_message(line, statuses.DELIVERED, cost, offset))
            self.spent += cost
            self.received += 1
        for offset, line in _lines(self.unreached_path, UnreachedLine):
            cost = cost_of(line.message)
            rows.append(_message(line, line.fate, cost, offset))
            self.spent += 0 if line.fate == statuses.BLOCKED else cost
            self.unreached += 1
        written = {row.id for row in rows}
        for identity, kept in list(self.state.scheduled.items()):
            if int(identity) in written:
                # Killed between handing it over and forgetting that it waits.
                del self.state.scheduled[identity]
                continue
            localid, line, receptor, _, at, _, cost = kept
            rows.append(Message(int(identity), localid, receptor, line, at, statuses.SCHEDULED, cost, -1, -1))
            self.spent += cost
        for identity, kept in self.state.cancelled.items():
            localid, line, receptor, _, at, _, cost = kept
            rows.append(Message(int(identity), localid, receptor, line, at, statuses.CANCELLED, cost, -1, -1))
        rows.sort(key=lambda row: row.id)
        for row in rows:
            while self.next_id < row.id:
                self.messages.append(None)
            row.previous = self.by_receptor.get(row.receptor, -1)
            self._add(row)

    def _add(self, message: Message) -> None:
        place = len(self.messages)
        self.messages.append(message)
        self.by_receptor[message.receptor] = place
        if message.localid is not None:
            self.by_local[message.localid] = place

    def _load_inbound(self) -> None:
        for _, message in _lines(self.inbound_path, Inbound):
            self._keep_inbound(message)

    def _keep_inbound(self, message: Inbound) -> None:
        self.inbound_of.setdefault(message.sender, []).append(len(self.inbound))
        self.inbound.append(message)


_encode = msgspec.json.Encoder().encode


def _message(line: LedgerLine, fate: int, cost: int, offset: int) -> Message:
    at = datetime.fromisoformat(line.at).timestamp()
    return Message(line.messageid, line.localid, line.receptor, line.sender, at, fate, cost, offset, -1)


def _lines(path: Path, kind: Any) -> Iterator[tuple[int, Any]]:
    decoder = msgspec.json.Decoder(kind)
    offset = 0
    with path.open("rb") as file:
        for line in file:
            yield offset, decoder.decode(line)
            offset += len(line)


def _cut_torn_line(path: Path) -> None:
    """Drops a last line without its end: the machine stopped while writing it, and nobody was told it was accepted."""
    if not path.exists():
        return
    size = path.stat().st_size
    with path.open("rb+") as file:
        at = max(0, size - 65536)
        file.seek(at)
        tail = file.read()
        whole = tail.rfind(b"\n") + 1
        if whole != len(tail):
            file.truncate(at + whole)


def _write(file: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]


def _stamp(now: float) -> str:
    return datetime.fromtimestamp(now, UTC).isoformat(timespec="microseconds")
