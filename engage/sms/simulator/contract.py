"""The gateway's methods, as a client sees them: parameters in, return status and entries out."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from engage.sms import statuses
from engage.sms.port import MAX_BATCH, MAX_CHARACTERS
from engage.sms.simulator.faults import Faults
from engage.sms.simulator.forms import Parameters, Refuse, read_array, read_ids, read_number, read_numbers, read_text, read_words
from engage.sms.simulator.records import LATE, Inbound, Message, cost_of
from engage.sms.simulator.store import Store

HOUR = 3600.0
LOCAL_WINDOW = 12 * HOUR
STATUS_WINDOW = 48 * HOUR
_RECEIVE_PAGE = 100
_BLOCKED_PAGE = 200
_MAX_LOCAL_ID = 2**63 - 1

MESSAGES = {
    200: "تایید شد",
    400: "پارامترها ناقص هستند",
    403: "کد شناسائی API-Key معتبر نمی‌باشد",
    404: "متد نامشخص است",
    405: "متد Get/Post اشتباه است",
    406: "پارامترهای اجباری خالی ارسال شده اند",
    409: "سرور قادر به پاسخگوئی نیست بعدا تلاش کنید",
    411: "دریافت کننده نامعتبر است",
    412: "ارسال کننده نامعتبر است",
    413: "پیام خالی است و یا طول پیام بیش از حد مجاز می‌باشد",
    414: "حجم درخواست بیشتر از حد مجاز است",
    417: "تاریخ معتبر نمی‌باشد",
    418: "اعتبار حساب کافی نیست",
    419: "طول آرایه متن و گیرنده و فرستنده هم اندازه نیست",
    420: "استفاده از لینک در متن پیام برای شما محدود شده است",
    422: "داده ها به دلیل وجود کاراکتر نامناسب قابل پردازش نیست",
    451: "فراخوانی بیش از حد در بازه زمانی مشخص",
}
STATUS_TEXTS = {
    statuses.QUEUED: "در صف ارسال",
    statuses.SCHEDULED: "زمان بندی شده",
    statuses.AT_OPERATOR: "ارسال شده به مخابرات",
    statuses.WITH_OPERATOR: "ارسال شده به مخابرات",
    statuses.FAILED: "خطا در ارسال پیام",
    statuses.DELIVERED: "رسیده به گیرنده",
    statuses.UNDELIVERED: "نرسیده به گیرنده",
    statuses.CANCELLED: "ارسال پیام لغو شده",
    statuses.BLOCKED: "بلاک شده است",
    statuses.UNKNOWN: "شناسه پیامک نامعتبر است",
}


class SentEntry(msgspec.Struct, gc=False):
    messageid: int
    message: str
    status: int
    statustext: str
    sender: str
    receptor: str
    date: int
    cost: int


class Contract:
    """The methods over one store. `accepted` is called with every batch of messages handed over, for their receipts."""

    def __init__(self, store: Store, faults: Faults, lines: Sequence[str], accepted: Callable[[list[Message]], None]) -> None:
        self.store = store
        self.faults = faults
        self.lines = frozenset(lines)
        self.accepted = accepted
        self.deduplicated = 0
        self.config_changes = 0
        self._methods: dict[str, Callable[[Parameters, float], Any]] = {
            "sms/sendarray": self._send_array,
            "sms/send": self._send,
            "sms/status": self._status,
            "sms/statuslocalmessageid": self._status_local,
            "sms/cancel": self._cancel,
            "sms/receive": self._receive,
            "line/blocked/list": self._blocked_list,
            "account/info": self._account_info,
            "account/config": self._account_config,
        }

    def call(self, method: str, parameters: Parameters, now: float) -> Any:
        """The entries. Refuse with the return status otherwise."""
        handler = self._methods.get(method)
        if handler is None:
            raise Refuse(404)
        return handler(parameters, now)

    def fate_of(self, line: str, receptor: str) -> int:
        """What will become of a message to this phone."""
        store = self.store
        if store.is_blocked(line, receptor):
            return statuses.BLOCKED
        if store.undeliverable and receptor in store.undeliverable:
            return statuses.UNDELIVERED
        if self.faults.rates:
            if self.faults.happens("undelivered"):
                return statuses.UNDELIVERED
            if self.faults.happens("late"):
                return LATE
        return statuses.DELIVERED

    # -- sending ------------------------------------------------------------------------------------------------------------------

    def _send_array(self, given: Parameters, now: float) -> list[SentEntry]:
        receptors = read_array(given, "receptor", list[str])
        senders = read_array(given, "sender", list[str])
        texts = read_array(given, "message", list[str])
        count = len(receptors)
        local_ids: Sequence[int | None]
        local_ids = read_array(given, "localmessageids", list[int]) if given.get("localmessageids") else [None] * count
        if not len(senders) == len(texts) == len(local_ids) == count:
            raise Refuse(419)
        return self._take(senders, receptors, texts, local_ids, _due(given, now), now)

    def _send(self, given: Parameters, now: float) -> list[SentEntry]:
        receptors = read_words(given, "receptor")
        text = read_text(given, "message")
        sender = given.get("sender", b"").decode() or min(self.lines)
        local = given.get("localid")
        local_ids: Sequence[int | None]
        local_ids = read_numbers(given, "localid") if local else [None] * len(receptors)
        if len(local_ids) != len(receptors):
            raise Refuse(419)
        return self._take([sender] * len(receptors), receptors, [text] * len(receptors), local_ids, _due(given, now), now)

    def _take(
        self,
        senders: Sequence[str],
        receptors: Sequence[str],
        texts: Sequence[str],
        local_ids: Sequence[int | None],
        due: float | None,
        now: float,
    ) -> list[SentEntry]:
        """All of the call or nothing of it; a local id already among the sends of the window answers with the stored record."""
        count = len(receptors)
        if not count:
            raise Refuse(406)
        if count > MAX_BATCH:
            raise Refuse(414)
        store = self.store
        if not self.lines.issuperset(senders):
            raise Refuse(412)
        links_allowed = store.state.links_allowed
        costs = []
        numbers = []
        for receptor, text in zip(receptors, texts, strict=True):
            match = _mobile(receptor)
            if match is None:
                raise Refuse(411)
            numbers.append("0" + match[1])
            if not text or len(text) > MAX_CHARACTERS:
                raise Refuse(413)
            if _control(text):
                raise Refuse(422)
            if not links_allowed and _link(text):
                raise Refuse(420)
            costs.append(cost_of(text))
        since = now - LOCAL_WINDOW
        known: dict[int, Message] = {}
        fresh: dict[int | None, int] = {}
        twins: dict[int, int] = {}
        for place, local_id in enumerate(local_ids):
            if local_id is None:
                continue
            if not 0 <= local_id <= _MAX_LOCAL_ID:
                raise Refuse(417)
            stored = store.find_local(local_id)
            if stored is not None and stored.at >= since:
                known[place] = stored
            elif local_id in fresh:
                twins[place] = fresh[local_id]
            else:
                fresh[local_id] = place
        skipped = known.keys() | twins.keys()
        if sum(cost for place, cost in enumerate(costs) if place not in skipped) > store.credit:
            raise Refuse(418)
        places = [place for place in range(count) if place not in skipped]
        if due is not None:
            made = [
                store.schedule(local_ids[p], senders[p], numbers[p], texts[p], costs[p], now, due)  # one file write each: rare
                for p in places
            ]
        else:
            fate_of = self.fate_of
            made = store.accept(
                [(local_ids[p], senders[p], numbers[p], texts[p], costs[p], fate_of(senders[p], numbers[p])) for p in places], now
            )
            self.accepted(made)
        status = statuses.SCHEDULED if due is not None else statuses.QUEUED
        status_text = STATUS_TEXTS[status]
        date = int(now if due is None else due)
        entries = [
            SentEntry(message.id, texts[place], status, status_text, message.line, message.receptor, date, message.cost)
            for place, message in zip(places, made, strict=True)
        ]
        if not skipped:
            return entries
        self.deduplicated += len(skipped)
        by_place = dict(zip(places, entries, strict=True))
        for place, stored in known.items():
            by_place[place] = self._record(stored, now)
        for place, first in twins.items():
            by_place[place] = by_place[first]
        return [by_place[place] for place in range(count)]

    def _record(self, message: Message, now: float) -> SentEntry:
        status = self.store.status_of(message, now)
        text = self.store.text_of(message)
        return SentEntry(
            message.id, text, status, STATUS_TEXTS[status], message.line, message.receptor, int(message.at), message.cost
        )

    def _cancel(self, given: Parameters, now: float) -> list[dict[str, Any]]:
        entries = []
        for identity in read_ids(given, "messageid"):
            message = self.store.find(identity)
            if message is not None and message.fate == statuses.SCHEDULED:
                self.store.cancel(message)
            status = statuses.UNKNOWN if message is None else self.store.status_of(message, now)
            entries.append({"messageid": identity, "status": status, "statustext": STATUS_TEXTS[status]})
        return entries

    # -- asking -------------------------------------------------------------------------------------------------------------------

    def _status(self, given: Parameters, now: float) -> list[dict[str, Any]]:
        entries = []
        for identity in read_ids(given, "messageid"):
            message = self.store.find(identity)
            is_known = message is not None and now - message.at <= STATUS_WINDOW
            status = self.store.status_of(message, now) if is_known and message is not None else statuses.UNKNOWN
            entries.append({"messageid": identity, "status": status, "statustext": STATUS_TEXTS[status]})
        return entries

    def _status_local(self, given: Parameters, now: float) -> list[dict[str, Any]]:
        entries = []
        for local_id in read_ids(given, "localid"):
            message = self.store.find_local(local_id)
            status, identity = statuses.UNKNOWN, 0
            if message is not None and now - message.at <= LOCAL_WINDOW:
                status, identity = self.store.status_of(message, now), message.id
            entries.append({"messageid": identity, "localid": str(local_id), "status": status, "statustext": STATUS_TEXTS[status]})
        return entries

    def _receive(self, given: Parameters, now: float) -> list[dict[str, Any]]:
        line = read_text(given, "linenumber")
        if line not in self.lines:
            raise Refuse(412)
        is_read = read_text(given, "isread")
        if is_read not in ("0", "1"):
            raise Refuse(400)
        store = self.store
        read_up_to = store.state.read_up_to.get(line, 0)
        numbered = [(place, each) for place, each in enumerate(store.inbound, 1) if each.line == line]
        if is_read == "1":
            chosen = [pair for pair in numbered if pair[0] <= read_up_to][-_RECEIVE_PAGE:]
        else:
            chosen = [pair for pair in numbered if pair[0] > read_up_to][:_RECEIVE_PAGE]
            if chosen:
                store.state.read_up_to[line] = chosen[-1][0]
                store.save()
        return [_inbound_entry(each) for _, each in chosen]

    def _blocked_list(self, given: Parameters, now: float) -> list[dict[str, Any]]:
        line = read_text(given, "linenumber")
        if line not in self.lines:
            raise Refuse(412)
        page = read_number(given, "pagenumber", 1)
        since = read_number(given, "startdate", 0)
        reason = read_number(given, "blockreason", 0)
        blocked = self.store.state.blocked
        rows = sorted((at, number, int(why)) for where in ("*", line) for number, (why, at) in blocked.get(where, {}).items())
        rows = [row for row in rows if row[0] >= since and (not reason or row[2] == reason)]
        rows = rows[(page - 1) * _BLOCKED_PAGE : page * _BLOCKED_PAGE]
        return [{"number": number, "blockreason": why, "date": int(at)} for at, number, why in rows]

    def _account_info(self, given: Parameters, now: float) -> dict[str, Any]:
        return {"remaincredit": self.store.credit, "expiredate": int(now + 365 * 24 * HOUR), "type": "master"}

    def _account_config(self, given: Parameters, now: float) -> dict[str, str]:
        if given:
            # As at the real one: asking with a parameter is changing it.
            self.config_changes += 1
            self.store.state.config.update({name: value.decode() for name, value in given.items()})
            self.store.save()
        return dict(self.store.state.config)


_mobile = re.compile(r"(?:\+98|0098|98|0)?(9[0-9]{9})").fullmatch
_control = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\ufffe\uffff]").search
_link = re.compile(r"https?://|www\.|\b[a-z0-9-]+\.(?:ir|com|org|net|io|me)\b", re.IGNORECASE).search


def to_phone(number: str) -> str | None:
    """Any form of an Iranian mobile number as the gateway writes it, `09…`; None for everything else."""
    match = _mobile(number)
    return "0" + match[1] if match else None


def _due(given: Parameters, now: float) -> float | None:
    date = read_number(given, "date", 0)
    if not date:
        return None
    if date > now + 366 * 24 * HOUR:
        raise Refuse(417)
    return float(date) if date > now else None


def _inbound_entry(message: Inbound) -> dict[str, Any]:
    return {
        "messageid": message.messageid,
        "message": message.message,
        "sender": message.sender,
        "receptor": message.line,
        "date": int(message.at),
    }
