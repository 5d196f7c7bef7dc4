"""Sending through the adapter to a real HTTP gateway: outcomes, splitting, look-ups, dedupe, and the key that never shows."""

from __future__ import annotations

import logging
import socket
import traceback
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engage.sms.codes import CodeClass, classify, reason_of
from engage.sms.kavenegar import KavenegarGateway, to_e164, to_local
from engage.sms.port import MAX_BATCH, MAX_LOOKUP, GatewayUnavailable, Outcome, OutcomeKind, Outgoing
from engage.sms.simulator.process import SimulatorProcess

KEY = "53cret/K3y+0123456789ABCDEF="
ACCEPTED, RETRY, HALT, REJECTED, UNCERTAIN = OutcomeKind


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    with SimulatorProcess(tmp_path_factory.mktemp("gateway"), api_key=KEY) as running:
        yield running


@pytest.fixture
def simulator(process: SimulatorProcess) -> SimulatorProcess:
    process.reset()
    return process


@pytest.fixture
def gateway(simulator: SimulatorProcess) -> KavenegarGateway:
    return KavenegarGateway(KEY, simulator.base_url, connect_timeout=1, read_timeout=0.5, pool_size=2)


def some(count: int, first: int = 1, text: str = "سلام {}\nلغو11") -> list[Outgoing]:
    return [Outgoing(n, f"+98912{n:07d}", text.format(n)) for n in range(first, first + count)]


def kinds(outcomes: Sequence[Outcome]) -> list[OutcomeKind]:
    return [each.kind for each in outcomes]


def test_a_full_batch_reaches_every_phone_once(gateway: KavenegarGateway, simulator: SimulatorProcess) -> None:
    messages = some(MAX_BATCH)
    outcomes = gateway.send(simulator.line, messages)
    assert [each.local_id for each in outcomes] == [each.local_id for each in messages]
    assert set(kinds(outcomes)) == {ACCEPTED}
    assert len({each.gateway_id for each in outcomes}) == MAX_BATCH
    assert all(each.cost == 1_500 and each.status == 1 for each in outcomes)
    ledger = simulator.ledger()
    assert [(each["localid"], each["receptor"], each["message"]) for each in ledger] == [
        (each.local_id, "0" + each.receptor[3:], each.text) for each in messages
    ]
    assert {each["sender"] for each in ledger} == {simulator.line}
    assert [each["messageid"] for each in ledger] == [each.gateway_id for each in outcomes]


def test_texts_arrive_exactly_as_written(gateway: KavenegarGateway, simulator: SimulatorProcess) -> None:
    texts = ["a&b=c+d%20?#", "می\u200cشود «نه» ؟", '😀 €[]{}\\ "q"', "خط ۱\nخط ۲", "x" * 900]
    messages = [Outgoing(n, "+989120000001", text) for n, text in enumerate(texts, 1)]
    assert set(kinds(gateway.send(simulator.line, messages))) == {ACCEPTED}
    assert [each["message"] for each in simulator.inbox("09120000001")] == texts


def test_nothing_to_send_calls_nobody(gateway: KavenegarGateway, simulator: SimulatorProcess) -> None:
    assert gateway.send(simulator.line, []) == []
    assert gateway.look_up([]) == {}
    assert gateway.poll([]) == []
    assert simulator.stats()["calls"] == 0


def test_too_much_at_once_and_repeated_ids_are_our_own_mistakes(gateway: KavenegarGateway, simulator: SimulatorProcess) -> None:
    with pytest.raises(ValueError):
        gateway.send(simulator.line, some(MAX_BATCH + 1))
    with pytest.raises(ValueError):
        gateway.send(simulator.line, some(1) + some(1))
    with pytest.raises(ValueError):
        gateway.look_up(range(MAX_LOOKUP + 1))
    with pytest.raises(ValueError):
        gateway.poll(range(MAX_LOOKUP + 1))


@pytest.mark.parametrize(
    "code",
    [400, 401, 402, 403, 404, 405, 406, 407, 409, 411, 412, 413, 414, 415, 416, 417, 418, 419, 420, 422, 424, 426, 427, 429, 430,
     431, 451, 499, 500, 501, 503, 607, 999],
)  # fmt: skip
def test_every_code_has_its_outcome(gateway: KavenegarGateway, simulator: SimulatorProcess, code: int) -> None:
    simulator.admin("faults", queue=[str(code)])
    (outcome,) = gateway.send(simulator.line, some(1))
    expected = {
        CodeClass.HALT: HALT,
        CodeClass.DEFECT: HALT,
        CodeClass.RETRY: RETRY,
        CodeClass.RECIPIENT: REJECTED,
        CodeClass.UNKNOWN: REJECTED,
        CodeClass.SERVER: UNCERTAIN,
    }
    assert (outcome.kind, outcome.code, outcome.reason) == (expected[classify(code)], code, reason_of(code))
    assert (outcome.gateway_id, outcome.status, outcome.cost) == (None, None, None)
    assert simulator.ledger() == []


@pytest.mark.parametrize("culprits", [{1}, {200}, {77}, {1, 2, 100, 199, 200}, set(range(50, 60))])
def test_culprits_of_a_refused_batch_are_found_and_the_others_sent(
    gateway: KavenegarGateway, simulator: SimulatorProcess, culprits: set[int]
) -> None:
    messages = [
        Outgoing(each.local_id, "+982188888888", each.text) if each.local_id in culprits else each for each in some(MAX_BATCH)
    ]
    outcomes = gateway.send(simulator.line, messages)
    assert [each.local_id for each in outcomes] == list(range(1, MAX_BATCH + 1))
    assert {each.local_id for each in outcomes if each.kind is REJECTED} == culprits
    assert {(each.code, each.reason) for each in outcomes if each.kind is REJECTED} == {(411, "receptor_invalid")}
    assert [each["localid"] for each in simulator.ledger()] == [n for n in range(1, MAX_BATCH + 1) if n not in culprits]


def test_each_culprit_gets_its_own_code(gateway: KavenegarGateway, simulator: SimulatorProcess) -> None:
    messages = some(8)
    messages[1] = Outgoing(2, "+9821", "سلام")
    messages[4] = Outgoing(5, "+989120000005", "x" * 901)
    messages[6] = Outgoing(7, "+989120000007", "x\x07y")
    codes = [each.code for each in gateway.send(simulator.line, messages)]
    assert codes == [None, 411, None, None, 413, None, 422, None]


def test_a_halt_while_splitting_leaves_the_rest_alone(gateway: KavenegarGateway, simulator: SimulatorProcess) -> None:
    simulator.admin("faults", queue=["411", "418"])
    outcomes = gateway.send(simulator.line, some(8))
    assert set(kinds(outcomes)) == {HALT}
    assert {each.code for each in outcomes} == {418}
    assert len(outcomes) == 8 and simulator.stats()["calls"] == 2


def test_a_timeout_while_splitting_says_the_rest_was_not_sent(gateway: KavenegarGateway, simulator: SimulatorProcess) -> None:
    simulator.admin("faults", queue=["411", "hang"])
    outcomes = gateway.send(simulator.line, some(8))
    assert kinds(outcomes) == [UNCERTAIN] * 4 + [RETRY] * 4
    assert [each["localid"] for each in simulator.ledger()] == [1, 2, 3, 4]


def test_splitting_ends_when_its_time_is_spent(simulator: SimulatorProcess) -> None:
    gateway = KavenegarGateway(KEY, simulator.base_url, read_timeout=1, send_budget=0.15)
    simulator.admin("faults", latency_ms=60)
    messages = [Outgoing(n, "+982188888888", "سلام") for n in range(1, 101)]
    outcomes = gateway.send(simulator.line, messages)
    assert [each.local_id for each in outcomes] == list(range(1, 101))
    assert {each.kind for each in outcomes} <= {REJECTED, RETRY}
    assert outcomes[-1].reason == "time_spent"


def test_credit_links_and_lines_halt(gateway: KavenegarGateway, simulator: SimulatorProcess) -> None:
    simulator.admin("credit", rials=1_500 * 3 - 1)
    assert {(each.kind, each.code) for each in gateway.send(simulator.line, some(3))} == {(HALT, 418)}
    assert gateway.account().credit == 1_500 * 3 - 1
    assert set(kinds(gateway.send(simulator.line, some(2)))) == {ACCEPTED}
    assert gateway.account().credit == 1_500 - 1
    simulator.admin("credit", rials=10**6)
    simulator.admin("settings", links_allowed=False)
    linked = some(1, 50, "https://m12.ir/abc {}")
    assert [(each.kind, each.code) for each in gateway.send(simulator.line, linked)] == [(HALT, 420)]
    assert [(each.kind, each.code) for each in gateway.send("3000999", some(1, 60))] == [(HALT, 412)]
    assert len(simulator.ledger()) == 2


def test_a_wrong_key_halts(simulator: SimulatorProcess) -> None:
    stranger = KavenegarGateway("wrong", simulator.base_url)
    assert [(each.kind, each.code) for each in stranger.send(simulator.line, some(1))] == [(HALT, 403)]


def test_no_listener_and_no_such_host_are_certainly_not_sent(gateway: KavenegarGateway) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        refused = KavenegarGateway(KEY, f"http://127.0.0.1:{port}", connect_timeout=1)
        assert kinds(refused.send("1", some(2))) == [RETRY, RETRY]
        with pytest.raises(GatewayUnavailable) as caught:
            refused.look_up([1])
        assert caught.value.certain
    nowhere = KavenegarGateway(KEY, "https://gateway.invalid", connect_timeout=1)
    assert kinds(nowhere.send("1", some(1))) == [RETRY]


def test_a_message_sent_twice_under_one_id_is_one_message(gateway: KavenegarGateway, simulator: SimulatorProcess) -> None:
    first = gateway.send(simulator.line, some(3))
    again = gateway.send(simulator.line, some(4))
    assert [each.gateway_id for each in again[:3]] == [each.gateway_id for each in first]
    assert set(kinds(again)) == {ACCEPTED}
    assert [each["localid"] for each in simulator.ledger()] == [1, 2, 3, 4]
    assert simulator.stats()["deduplicated"] == 3


def test_an_id_reused_for_someone_else_is_not_taken_for_sent(gateway: KavenegarGateway, simulator: SimulatorProcess) -> None:
    gateway.send(simulator.line, some(1))
    other = gateway.send(simulator.line, [Outgoing(1, "+989350000000", "سلام 1\nلغو11")])
    changed = gateway.send(simulator.line, [Outgoing(1, "+989120000001", "متن دیگر")])
    assert kinds(other) == kinds(changed) == [UNCERTAIN]
    assert len(simulator.ledger()) == 1


def test_look_ups_tell_known_from_unknown(gateway: KavenegarGateway, simulator: SimulatorProcess) -> None:
    sent = gateway.send(simulator.line, some(2))
    found = gateway.look_up([1, 2, 3])
    assert found[3] is None
    assert [(found[n].gateway_id, found[n].local_id) for n in (1, 2)] == [(sent[0].gateway_id, 1), (sent[1].gateway_id, 2)]  # type: ignore[union-attr]


@pytest.mark.parametrize("fault", ["hang", "reset", "error", "garbled", "empty", "truncated", "refuse", "500", "403", "409", "404"])
def test_a_look_up_without_an_answer_never_says_unknown(gateway: KavenegarGateway, simulator: SimulatorProcess, fault: str) -> None:
    gateway.send(simulator.line, some(2))
    simulator.admin("faults", queue=[{"fault": fault, "methods": "all"}])
    with pytest.raises(GatewayUnavailable):
        gateway.look_up([1, 2])


def test_local_ids_are_forgotten_after_12_hours_and_messages_after_48(
    gateway: KavenegarGateway, simulator: SimulatorProcess
) -> None:
    (sent,) = gateway.send(simulator.line, some(1))
    assert sent.gateway_id
    simulator.admin("clock", advance_seconds=12 * 3600 - 60)
    assert gateway.look_up([1])[1] is not None
    simulator.admin("clock", advance_seconds=120)
    assert gateway.look_up([1]) == {1: None}
    assert [each.status for each in gateway.poll([sent.gateway_id])] == [10]
    simulator.admin("clock", advance_seconds=36 * 3600)
    assert [each.status for each in gateway.poll([sent.gateway_id, 5])] == [100, 100]


def test_the_account_is_read_and_never_changed(gateway: KavenegarGateway, simulator: SimulatorProcess) -> None:
    account = gateway.account()
    assert account.kind == "master" and account.credit > 0
    assert account.expires_at and account.expires_at > datetime.now(UTC)
    assert gateway.configuration()["debugmode"] == "disabled"
    assert simulator.stats()["config_changes"] == 0


def test_the_key_shows_nowhere(gateway: KavenegarGateway, simulator: SimulatorProcess, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    written = [repr(gateway), str(gateway), f"{gateway}"]
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        refused = KavenegarGateway(KEY, f"http://127.0.0.1:{closed.getsockname()[1]}")
        faults = ["hang", "reset", "garbled", "403", "999", "error"]
        simulator.admin("faults", queue=[{"fault": fault, "methods": "all"} for fault in faults])
        for each in [refused, *[gateway] * len(faults)]:
            try:
                each.account()
            except GatewayUnavailable as error:
                written += [repr(error), *traceback.format_exception(error)]
            else:
                pytest.fail("a broken call must raise")
        written += map(repr, refused.send(simulator.line, some(1)))
    gateway.send(simulator.line, some(1))
    written += [record.getMessage() for record in caplog.records] + [caplog.text]
    assert any("/v1/***/sms/sendarray.json" in each for each in written)
    for form in (KEY, "53cret", "K3y%2B0123456789ABCDEF"):
        assert not any(form in each for each in written)


@pytest.mark.parametrize(
    "address",
    [
        "http://api.kavenegar.com",
        "http://10.0.0.1",
        "http://localhost.evil.ir",
        "ftp://127.0.0.1",
        "https://",
        "//x",
        "https://u:p@h",
    ],
)
def test_an_address_that_would_show_the_key_on_the_wire_is_refused(address: str) -> None:
    with pytest.raises(ValueError):
        KavenegarGateway(KEY, address)


@pytest.mark.parametrize("address", ["https://api.kavenegar.com", "http://127.0.0.1:1", "http://[::1]:1", "http://localhost:1"])
def test_https_and_loopback_are_fine(address: str) -> None:
    assert KEY not in repr(KavenegarGateway(KEY, address))


def test_numbers_are_written_the_gateways_way_and_read_in_any() -> None:
    assert to_local("+989121234567") == "09121234567"
    for form in ("09121234567", "+989121234567", "00989121234567", "989121234567", "9121234567"):
        assert to_e164(form) == "+989121234567"
    assert to_e164("10004346") == "10004346"


def test_a_restart_remembers_what_was_sent(tmp_path: Path) -> None:
    process = SimulatorProcess(tmp_path, api_key=KEY, credit=1_000_000)
    try:
        gateway = KavenegarGateway(KEY, process.start().base_url, read_timeout=2)
        process.admin("blocked", add=["09120000002"])
        sent = gateway.send(process.line, some(3))
        credit = process.stats()["credit"]
        process.kill()
        assert [each["localid"] for each in process.ledger()] == [1, 3]
        assert kinds(gateway.send(process.line, some(3))) == [RETRY] * 3
        process.start()
        assert process.stats()["credit"] == credit == 1_000_000 - 2 * 1_500
        again = gateway.send(process.line, some(4))
        assert [each.gateway_id for each in again[:3]] == [each.gateway_id for each in sent]
        assert again[3].gateway_id not in {each.gateway_id for each in sent}
        assert [each["localid"] for each in process.ledger()] == [1, 3, 4]
    finally:
        process.stop()
