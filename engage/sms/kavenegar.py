"""The one adapter that speaks Kavenegar; the only module importing its package.

The package (1.1.2) has no timeout, opens a connection each call, hides codes in byte reprs and shows the API key in `repr` and in
errors. Only its method table is used; `_request` is ours.
"""

from __future__ import annotations

import re
import time
from binascii import hexlify
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote_plus

import kavenegar
import msgspec
import requests
import urllib3.exceptions

from engage.sms.codes import CodeClass, classify, reason_of
from engage.sms.network import failure_of, make_session, mask_key_in_logs, require_safe_address
from engage.sms.port import (
    MAX_BATCH,
    MAX_LOOKUP,
    Account,
    Blocked,
    GatewayUnavailable,
    Inbound,
    Outcome,
    OutcomeKind,
    Outgoing,
    Receipt,
)
from engage.sms.statuses import UNKNOWN

_BLOCKED_PAGE = 200
_MAX_PAGES = 5000
_MAX_ID = 2**63 - 1


class _Return(msgspec.Struct, gc=False):
    status: int
    message: str | None = None


class _Envelope(msgspec.Struct, rename={"outcome": "return"}, gc=False):
    outcome: _Return
    entries: msgspec.Raw = msgspec.Raw(b"null")


class _Sent(msgspec.Struct, gc=False):
    messageid: int
    status: int
    message: str
    receptor: str
    cost: int | None = None
    localid: int | None = None


class _Status(msgspec.Struct, gc=False):
    messageid: int
    status: int
    localid: int | None = None


class _Received(msgspec.Struct, gc=False):
    messageid: int
    message: str
    sender: str
    receptor: str
    date: int


class _BlockedNumber(msgspec.Struct, gc=False):
    number: str
    blockreason: int
    date: int


class _AccountInfo(msgspec.Struct, gc=False):
    remaincredit: int
    expiredate: int | None = None
    type: str = ""


# Not strict: the gateway writes some numbers as strings (`localid`), others not.
_envelope = msgspec.json.Decoder(_Envelope, strict=False)
_sent_entries = msgspec.json.Decoder(list[_Sent], strict=False)
# Worked out while one thread imports: two threads at a struct's first use would take the process down (msgspec 0.22.0).
for _entry in (_Status, _Received, _BlockedNumber, _AccountInfo):
    msgspec.json.Decoder(_entry)
_encode = msgspec.json.Encoder().encode


class KavenegarGateway(kavenegar.KavenegarAPI):  # type: ignore[misc]
    """`engage.sms.port.Gateway` over Kavenegar's REST interface; safe to share between threads.

    `base_url` must be https unless its host is loopback (ValueError). Timeouts are seconds; `send_budget` bounds the time one
    `send` keeps starting further calls while it hunts for the culprits of a refused batch.
    """

    def __init__(
        self,
        api_key: str,
        base_url: str = "https://api.kavenegar.com",
        *,
        connect_timeout: float = 5.0,
        read_timeout: float = 20.0,
        pool_size: int = 8,
        send_budget: float = 30.0,
    ) -> None:
        super().__init__(api_key)
        require_safe_address(base_url)
        self._base = f"{base_url.rstrip('/')}/{self.version}/"
        self._key_path = quote_plus(api_key)
        self._timeout = (connect_timeout, read_timeout)
        self._send_budget = send_budget
        self._session = make_session(self._base, pool_size)
        mask_key_in_logs()

    def __repr__(self) -> str:
        return f"KavenegarGateway({self._base!r})"

    __str__ = __repr__

    # -- the port -----------------------------------------------------------------------------------------------------------------

    def send(self, line: str, messages: Sequence[Outgoing]) -> list[Outcome]:
        """See `Gateway.send`. A batch refused for one recipient's fault is halved until the culprits stand alone."""
        if len(messages) > MAX_BATCH:
            raise ValueError(f"at most {MAX_BATCH} messages a call")
        if len({each.local_id for each in messages}) != len(messages):
            raise ValueError("local ids of a batch must differ")
        deadline = time.monotonic() + self._send_budget
        outcomes: list[Outcome] = []
        waiting: list[Sequence[Outgoing]] = [messages] if messages else []
        while waiting:
            batch = waiting.pop()
            answer = self._send_once(line, batch)
            if answer is None:
                middle = len(batch) // 2
                waiting += [batch[middle:], batch[:middle]]
            else:
                outcomes.extend(answer)
            if waiting and (stop := self._why_stop(answer, deadline)):
                kind, code, reason = stop
                for rest in reversed(waiting):
                    outcomes += [Outcome(each.local_id, kind, code=code, reason=reason) for each in rest]
                break
        return outcomes

    def look_up(self, local_ids: Sequence[int]) -> dict[int, Receipt | None]:
        """See `Gateway.look_up`."""
        if len(local_ids) > MAX_LOOKUP:
            raise ValueError(f"at most {MAX_LOOKUP} ids a call")
        if not local_ids:
            return {}
        raw = self.sms_statuslocalmessageid({"localid": ",".join(map(str, local_ids))})
        found: dict[int, Receipt | None] = {}
        asked = set(local_ids)
        for entry in _decode(raw, _Status):
            local_id = entry.localid
            if local_id not in asked:
                continue
            if entry.status == UNKNOWN:
                found.setdefault(local_id, None)
            elif 0 < entry.messageid <= _MAX_ID:
                found[local_id] = Receipt(entry.messageid, local_id, entry.status)
        if len(found) != len(asked):
            # An id without an answer is not an unknown id: taking it for one would send it twice.
            raise GatewayUnavailable("answer_incomplete")
        return found

    def poll(self, gateway_ids: Sequence[int]) -> list[Receipt]:
        """See `Gateway.poll`."""
        if len(gateway_ids) > MAX_LOOKUP:
            raise ValueError(f"at most {MAX_LOOKUP} ids a call")
        if not gateway_ids:
            return []
        asked = set(gateway_ids)
        entries = _decode(self.sms_status({"messageid": ",".join(map(str, gateway_ids))}), _Status)
        return [Receipt(each.messageid, None, each.status) for each in entries if each.messageid in asked]

    def receive(self, line: str, *, already_read: bool = False) -> list[Inbound]:
        """See `Gateway.receive`. `already_read` asks for the read ones instead, to recover what a failed call marked as read."""
        raw = self.sms_receive({"linenumber": line, "isread": 1 if already_read else 0})
        return [
            Inbound(each.messageid, each.receptor, to_e164(each.sender), each.message, _moment(each.date))
            for each in _decode(raw, _Received)
        ]

    def blocked(self, line: str, since: datetime | None = None) -> list[Blocked]:
        """See `Gateway.blocked`."""
        found: list[Blocked] = []
        parameters: dict[str, Any] = {"linenumber": line}
        if since is not None:
            parameters["startdate"] = int(since.timestamp())
        previous = None
        for page in range(1, _MAX_PAGES + 1):
            entries = _decode(self._request("line", "blocked/list", parameters | {"pagenumber": page}), _BlockedNumber)
            if not entries or entries == previous:
                break
            found += [Blocked(to_e164(each.number), each.blockreason, _moment(each.date)) for each in entries]
            if len(entries) < _BLOCKED_PAGE:
                break
            previous = entries
        return found

    def account(self) -> Account:
        """See `Gateway.account`."""
        entries = _decode(self.account_info(), _AccountInfo)
        if not entries:
            raise GatewayUnavailable("answer_incomplete")
        info = entries[0]
        return Account(info.remaincredit, _moment(info.expiredate) if info.expiredate else None, info.type)

    def configuration(self) -> dict[str, str]:
        """See `Gateway.configuration`. Sends no parameter: any parameter would change the account."""
        try:
            settings = msgspec.json.decode(self.account_config())
        except msgspec.DecodeError:
            settings = None
        if isinstance(settings, list) and len(settings) == 1:
            settings = settings[0]
        if not isinstance(settings, dict):
            raise GatewayUnavailable("answer_unreadable")
        return {str(name): "" if value is None else str(value) for name, value in settings.items()}

    # -- one call -----------------------------------------------------------------------------------------------------------------

    def _request(self, action: str, method: str, params: Mapping[str, Any] | bytes | None = None) -> msgspec.Raw:
        """The entries of a successful reply, undecoded. GatewayUnavailable for everything else; its text is free of the key."""
        body = params if isinstance(params, bytes) else _encode_form(params or {})
        url = f"{self._base}{self._key_path}/{action}/{method}.json"
        failure: GatewayUnavailable | None = None
        try:
            response = self._session.post(url, data=body, headers=_HEADERS, timeout=self._timeout, allow_redirects=False, stream=True)
            # In one piece: `content` reads 10 KB at a time, and between two pieces each of eight threads may wait for the others.
            content = response.raw.read(decode_content=True)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            failure = failure_of(error)
        if failure is not None:
            # Outside the handler, so that no traceback chains to an error text with the address, and so the key, in it.
            raise failure
        try:
            envelope = _envelope.decode(content)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            reason = "gateway_error" if response.status_code >= 500 else "answer_unreadable"
            raise GatewayUnavailable(reason) from None
        code = envelope.outcome.status
        if code != 200:
            certain = classify(code) is not CodeClass.SERVER
            raise GatewayUnavailable(reason_of(code), code=code, certain=certain)
        return envelope.entries

    def _send_once(self, line: str, batch: Sequence[Outgoing]) -> list[Outcome] | None:
        """One `sendarray`: an outcome per message; None when one of several recipients is at fault."""
        receptors = [to_local(each.receptor) for each in batch]
        body = b"receptor=%b&sender=%b&message=%b&localmessageids=%b" % (
            _percent(_encode(receptors)),
            _percent(_encode([line] * len(batch))),
            _percent(_encode([each.text for each in batch])),
            _percent(_encode([each.local_id for each in batch])),
        )
        try:
            raw = self.sms_sendarray(body)
        except GatewayUnavailable as error:
            if error.code is not None and classify(error.code) is CodeClass.RECIPIENT and len(batch) > 1:
                return None
            kind = _KINDS[classify(error.code)] if error.code is not None else _kind_of_failure(error)
            return [Outcome(each.local_id, kind, code=error.code, reason=error.reason) for each in batch]
        return _match(batch, receptors, raw)

    def _why_stop(self, answer: list[Outcome] | None, deadline: float) -> tuple[OutcomeKind, int | None, str] | None:
        """Why the halves not sent yet are left alone: the last call already showed they would fare no better, or time is up."""
        if answer and (last := answer[-1]).kind in (OutcomeKind.HALT, OutcomeKind.RETRY):
            return last.kind, last.code, last.reason or "stopped"
        if answer and last.kind is OutcomeKind.UNCERTAIN and last.reason in _SICK:
            return OutcomeKind.RETRY, None, "stopped"
        if time.monotonic() >= deadline:
            return OutcomeKind.RETRY, None, "time_spent"
        return None


_HEADERS = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
_SICK = frozenset({"timeout", "connection_lost", "gateway_error", "answer_unreadable"})
_KINDS = {
    CodeClass.HALT: OutcomeKind.HALT,
    # Our own mistake would fail every further batch, too: people must not be written off for it.
    CodeClass.DEFECT: OutcomeKind.HALT,
    CodeClass.RETRY: OutcomeKind.RETRY,
    CodeClass.RECIPIENT: OutcomeKind.REJECTED,
    CodeClass.UNKNOWN: OutcomeKind.REJECTED,
    CodeClass.SERVER: OutcomeKind.UNCERTAIN,
}


def _kind_of_failure(error: GatewayUnavailable) -> OutcomeKind:
    return OutcomeKind.RETRY if error.certain else OutcomeKind.UNCERTAIN


def _match(batch: Sequence[Outgoing], receptors: Sequence[str], raw: msgspec.Raw) -> list[Outcome]:
    """An outcome per message: ACCEPTED where the entry at its place carries our receptor, text and id, else UNCERTAIN."""
    try:
        entries: Sequence[_Sent | None] = _sent_entries.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        entries = _decode_each(raw)
    if len(entries) != len(batch):
        reason = "answer_incomplete" if entries else "answer_empty"
        return [Outcome(each.local_id, OutcomeKind.UNCERTAIN, reason=reason) for each in batch]
    repeated = _repeated_ids(entries)
    outcomes = []
    for message, receptor, entry in zip(batch, receptors, entries, strict=True):
        local_id = message.local_id
        if (
            entry is not None
            and (entry.message == message.text or entry.message.split() == message.text.split())
            and (entry.receptor == receptor or to_e164(entry.receptor) == message.receptor)
            and (entry.localid is None or entry.localid == local_id)
            and 0 < entry.messageid <= _MAX_ID
            and entry.status != UNKNOWN
            and entry.messageid not in repeated
        ):
            outcomes.append(Outcome(local_id, OutcomeKind.ACCEPTED, entry.messageid, entry.status, entry.cost))
        else:
            outcomes.append(Outcome(local_id, OutcomeKind.UNCERTAIN, reason="answer_mismatched"))
    return outcomes


def _repeated_ids(entries: Sequence[_Sent | None]) -> frozenset[int]:
    ids = [each.messageid for each in entries if each is not None]
    if len(set(ids)) == len(ids):
        return frozenset()
    return frozenset(each for each in ids if ids.count(each) > 1)


def _decode_each(raw: msgspec.Raw) -> list[_Sent | None]:
    """The entries one by one, None for each that can't be read; nothing for a reply that isn't a list."""
    try:
        parts = msgspec.json.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return []
    if isinstance(parts, dict):
        parts = [parts]
    if not isinstance(parts, list):
        return []
    entries: list[_Sent | None] = []
    for part in parts:
        try:
            entries.append(msgspec.convert(part, _Sent, strict=False))
        except msgspec.ValidationError:
            entries.append(None)
    return entries


def _decode(raw: msgspec.Raw, entry: type[Any]) -> list[Any]:
    """Entries as structs, whether the gateway wrote a list, one object or null. GatewayUnavailable when it wrote neither."""
    try:
        found = msgspec.json.decode(raw, type=list[entry] | entry | None, strict=False)  # type: ignore[valid-type]
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise GatewayUnavailable("answer_unreadable") from None
    if found is None:
        return []
    return found if isinstance(found, list) else [found]


def _percent(data: bytes) -> bytes:
    """Every byte percent-encoded: valid form encoding at the speed of C, where `quote_plus` takes 13 times as long."""
    return b"%" + hexlify(data, "%")


def _encode_form(params: Mapping[str, Any]) -> bytes:
    return "&".join(f"{quote_plus(name)}={quote_plus(str(value))}" for name, value in params.items()).encode("ascii")


def to_local(number: str) -> str:
    """`+98912…` as the gateway writes it, `0912…`; other countries with 00."""
    if number.startswith("+98"):
        return "0" + number[3:]
    return "00" + number[1:] if number.startswith("+") else number


def to_e164(number: str) -> str:
    """Any form the gateway writes an Iranian mobile number in as `+98…`; everything else as it came."""
    match = _IRANIAN.fullmatch(number)
    return "+98" + match[1] if match else number


_IRANIAN = re.compile(r"(?:\+98|0098|98|0)?(9[0-9]{9})")


def _moment(unix: int) -> datetime:
    """Unix seconds as UTC. GatewayUnavailable for numbers that are no time."""
    try:
        return datetime.fromtimestamp(unix, UTC)
    except (ValueError, OverflowError, OSError):
        raise GatewayUnavailable("answer_unreadable") from None
