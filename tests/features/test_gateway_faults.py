"""Whatever the gateway or the network does: one outcome per message, and none called accepted that the gateway doesn't have."""

from __future__ import annotations

import contextlib
import itertools
import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engage.sms.kavenegar import KavenegarGateway
from engage.sms.port import GatewayUnavailable, Outcome, OutcomeKind, Outgoing
from engage.sms.simulator.process import SimulatorProcess

ACCEPTED, RETRY, HALT, REJECTED, UNCERTAIN = OutcomeKind
_ids = itertools.count(1)


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    with SimulatorProcess(tmp_path_factory.mktemp("gateway"), operator_seconds=0, phone_seconds=0) as running:
        yield running


@pytest.fixture
def simulator(process: SimulatorProcess) -> SimulatorProcess:
    process.reset()
    return process


@pytest.fixture
def gateway(simulator: SimulatorProcess) -> KavenegarGateway:
    return make(simulator)


def make(process: SimulatorProcess) -> KavenegarGateway:
    return KavenegarGateway(process.api_key, process.base_url, connect_timeout=1, read_timeout=0.25, send_budget=5)


def some(count: int) -> list[Outgoing]:
    return [Outgoing(n := next(_ids), f"+98912{n:07d}", f"پیام {n} https://m12.ir/a\nلغو11") for _ in range(count)]


def check(process: SimulatorProcess, messages: list[Outgoing], outcomes: list[Outcome]) -> None:
    """The law: one outcome each, in order; accepted only what the gateway holds under that id; nothing twice."""
    assert [each.local_id for each in outcomes] == [each.local_id for each in messages]
    held = {each["localid"]: each for each in process.ledger()}
    assert max(Counter(each["localid"] for each in process.ledger()).values(), default=1) == 1
    for message, outcome in zip(messages, outcomes, strict=True):
        kept = held.get(message.local_id)
        if outcome.kind is ACCEPTED:
            assert kept is not None
            assert (kept["messageid"], kept["message"], kept["receptor"]) == (
                outcome.gateway_id,
                message.text,
                "0" + message.receptor[3:],
            )
        elif outcome.kind is not UNCERTAIN:
            assert kept is None, f"{outcome.kind} but the phone has it"


@pytest.mark.parametrize(
    ("fault", "kind", "is_sent"),
    [
        ("refuse", UNCERTAIN, False),
        ("hang_before", UNCERTAIN, False),
        ("error_before", UNCERTAIN, False),
        ("hang", UNCERTAIN, True),
        ("reset", UNCERTAIN, True),
        ("error", UNCERTAIN, True),
        ("garbled", UNCERTAIN, True),
        ("empty", UNCERTAIN, True),
        ("truncated", UNCERTAIN, True),
        ("lying_receptors", UNCERTAIN, True),
        ("lying_texts", UNCERTAIN, True),
        ("lying_ids", UNCERTAIN, True),
        ("same_ids", UNCERTAIN, True),
        ("reordered", UNCERTAIN, True),
        ("receipts_first", UNCERTAIN, True),  # its reply comes after the read timeout
        ("409", RETRY, False),
        ("451", RETRY, False),
        ("418", HALT, False),
        ("503", UNCERTAIN, False),
    ],
)
def test_every_fault_has_its_outcome(
    gateway: KavenegarGateway, simulator: SimulatorProcess, fault: str, kind: OutcomeKind, is_sent: bool
) -> None:
    simulator.admin("faults", queue=[fault])
    messages = some(4)
    outcomes = gateway.send(simulator.line, messages)
    assert [each.kind for each in outcomes] == [kind] * 4
    assert len(simulator.ledger()) == (4 if is_sent else 0)
    check(simulator, messages, outcomes)
    assert simulator.stats()["faults_fired"] == {fault: 1}
    # Looking up settles what was uncertain, and sending again under the same ids doubles nothing.
    found = gateway.look_up([each.local_id for each in messages])
    assert all((receipt is not None) == is_sent for receipt in found.values())
    assert {each.kind for each in gateway.send(simulator.line, messages)} == {ACCEPTED}
    assert len(simulator.ledger()) == 4


def test_a_slow_answer_inside_the_timeout_is_an_answer(gateway: KavenegarGateway, simulator: SimulatorProcess) -> None:
    simulator.admin("faults", queue=["slow"], slow_ms=100)
    assert {each.kind for each in gateway.send(simulator.line, some(2))} == {ACCEPTED}


def wait_for_port(port: int, *, listening: bool, seconds: float = 10.0) -> bool:
    """Whether the port came to accept, or to refuse, connections in time."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        with socket.socket() as probe:
            if (probe.connect_ex(("127.0.0.1", port)) == 0) == listening:
                return True
        time.sleep(0.02)
    return False


def test_a_gateway_that_is_down_has_sent_nothing(gateway: KavenegarGateway, simulator: SimulatorProcess) -> None:
    gateway.send(simulator.line, some(1))
    simulator.admin("down", seconds=3)
    assert wait_for_port(simulator.port, listening=False)
    messages = some(3)
    outcomes = gateway.send(simulator.line, messages)
    # The kept connection may break instead of the new one being refused: uncertain then, never accepted.
    assert {each.kind for each in outcomes} <= {RETRY, UNCERTAIN}
    assert {each.kind for each in gateway.send(simulator.line, messages)} == {RETRY}
    for _ in range(100):
        try:
            simulator.stats()
            break
        except OSError:
            threading.Event().wait(0.05)
    assert {each.kind for each in gateway.send(simulator.line, messages)} == {ACCEPTED}
    check(simulator, messages, gateway.send(simulator.line, messages))



faults = st.sampled_from(
    ["refuse", "error_before", "reset", "error", "garbled", "empty", "truncated", "lying_receptors", "lying_texts", "lying_ids",
     "reordered", "409", "451", "411", "413", "422", "418", "404", "500", "999"]
)  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(queue=st.lists(faults, max_size=6), count=st.integers(1, 12), bad=st.sets(st.integers(0, 11), max_size=3))
def test_any_row_of_faults_leaves_one_true_outcome_each(
    process: SimulatorProcess, queue: list[str], count: int, bad: set[int]
) -> None:
    process.admin("faults", clear=True, queue=queue)
    messages = [
        Outgoing(each.local_id, "+982112345678", each.text) if place in bad else each for place, each in enumerate(some(count))
    ]
    gateway = make(process)
    outcomes = gateway.send(process.line, messages)
    check(process, messages, outcomes)
    process.admin("faults", clear=True)
    # To the end of the story: look up what is uncertain, send again what is not there.
    found = gateway.look_up([each.local_id for each in messages])
    absent = [each for each in messages if found[each.local_id] is None]
    check(process, absent, gateway.send(process.line, absent))
    good = {each.local_id for place, each in enumerate(messages) if place not in bad}
    assert good <= {each["localid"] for each in process.ledger()}


def test_seeded_random_faults_lose_and_double_nothing(gateway: KavenegarGateway, simulator: SimulatorProcess) -> None:
    rates = {"refuse": 0.1, "reset": 0.1, "error": 0.1, "garbled": 0.1, "409": 0.1, "lying_receptors": 0.05}
    simulator.admin("faults", rates=rates, seed=11)
    messages = some(600)
    waiting = {each.local_id: each for each in messages}
    for _ in range(200):
        if not waiting:
            break
        batch = list(waiting.values())[:40]
        outcomes = gateway.send(simulator.line, batch)
        check(simulator, batch, outcomes)
        unsure = [each.local_id for each in outcomes if each.kind is UNCERTAIN]
        known = {each.local_id for each in outcomes if each.kind is ACCEPTED}
        known |= {local_id for local_id, receipt in gateway.look_up(unsure).items() if receipt}
        for local_id in known:
            del waiting[local_id]
    assert not waiting
    assert Counter(each["localid"] for each in simulator.ledger()) == Counter(each.local_id for each in messages)
    assert sum(simulator.stats()["faults_fired"].values()) > 0


class Liar:
    """A TCP server that answers every request with the bytes it was told, then closes."""

    def __init__(self) -> None:
        self.answer = b""
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                data = b""
                while b"\r\n\r\n" not in data:
                    data += connection.recv(65536)
                head, _, body = data.partition(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
                while len(body) < length:
                    body += connection.recv(65536)
                connection.sendall(self.answer)

    def close(self) -> None:
        self._socket.close()


@pytest.fixture(scope="module")
def liar() -> Iterator[Liar]:
    server = Liar()
    yield server
    server.close()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["messageid", "message", "status", "receptor", "cost", "localid", "x"]), inner, max_size=7
        )
    ),
    max_leaves=12,
)
near_entries = st.fixed_dictionaries(
    {},
    optional={
        "messageid": st.integers(-2, 3) | st.just(10**30) | st.none() | st.just("7"),
        "message": st.just("سلام") | st.just("نه") | st.none(),
        "status": st.sampled_from([1, 10, 100, "5", None, -1]),
        "receptor": st.sampled_from(["09120000001", "+989120000001", "09120000002", None, 5]),
        "cost": st.integers(-1, 1) | st.none(),
        "localid": st.sampled_from([1, "1", "2", None]),
    },
)
replies = st.builds(
    lambda status, entries: json.dumps({"return": {"status": status, "message": "m"}, "entries": entries}).encode(),
    st.just(200) | json_values | st.integers(190, 600),
    st.lists(near_entries, max_size=3) | near_entries | json_values,
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(status=st.sampled_from([200, 201, 204, 301, 400, 403, 418, 500, 502]), body=replies | st.binary(max_size=40))
def test_no_answer_of_any_shape_makes_send_raise_or_believe_a_lie(liar: Liar, status: int, body: bytes) -> None:
    liar.answer = b"HTTP/1.1 %d x\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%b" % (status, len(body), body)
    gateway = KavenegarGateway("k", f"http://127.0.0.1:{liar.port}", connect_timeout=1, read_timeout=1)
    messages = [Outgoing(1, "+989120000001", "سلام")]
    (outcome,) = gateway.send("1", messages)
    assert outcome.local_id == 1
    if outcome.kind is ACCEPTED:
        entries = json.loads(body)["entries"]
        entry = entries[0] if isinstance(entries, list) else entries
        assert entry["message"] == "سلام" and entry["receptor"] in ("09120000001", "+989120000001")
        assert int(entry["messageid"]) == outcome.gateway_id and outcome.gateway_id > 0
        assert str(entry.get("localid") or 1) == "1"
    with contextlib.suppress(GatewayUnavailable):
        assert set(gateway.look_up([1])) == {1}


@pytest.mark.parametrize(
    "answer",
    [b"", b"HTTP/1.1 200 OK\r\n", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{", b"\x00" * 9,
     b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
     b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
     b"HTTP/1.1 302 Found\r\nLocation: http://evil.example/\r\nContent-Length: 0\r\n\r\n"],
)  # fmt: skip
def test_broken_http_is_uncertain(liar: Liar, answer: bytes) -> None:
    liar.answer = answer
    gateway = KavenegarGateway("k", f"http://127.0.0.1:{liar.port}", connect_timeout=1, read_timeout=0.5)
    assert [each.kind for each in gateway.send("1", some(2))] == [UNCERTAIN] * 2
    with pytest.raises(GatewayUnavailable):
        gateway.account()
