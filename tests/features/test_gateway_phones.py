"""The simulator's other half: phones, receipts, inbound messages, blocks, schedules, and the raw contract of its methods."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from engage.sms.kavenegar import KavenegarGateway
from engage.sms.port import OutcomeKind, Outgoing
from engage.sms.simulator.process import SimulatorProcess
from engage.sms.statuses import latest

FAST = {"operator_seconds": 0.0, "phone_seconds": 0.05, "late_seconds": 0.1}


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    with SimulatorProcess(tmp_path_factory.mktemp("gateway")) as running:
        yield running


@pytest.fixture
def simulator(process: SimulatorProcess) -> SimulatorProcess:
    process.reset()
    return process


@pytest.fixture
def gateway(simulator: SimulatorProcess) -> KavenegarGateway:
    return KavenegarGateway(simulator.api_key, simulator.base_url, read_timeout=5)


class Hook(ThreadingHTTPServer):
    """Takes webhook pushes and keeps them; says `status` to each."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _HookHandler)
        self.taken: list[tuple[str, str, dict[str, str]]] = []
        self.status = 200
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook/t0ken"

    def receipts(self) -> list[tuple[int, int]]:
        return [(int(form["messageid"]), int(form["status"])) for _, _, form in list(self.taken)]


class _HookHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Hook

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        parts = urlsplit(self.path)
        form = {name: values[0] for name, values in parse_qs(parts.query + "&" + body).items()}
        self.server.taken.append((self.command, parts.path, form))
        self.send_response(self.server.status)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    do_GET = do_POST

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def hook() -> Iterator[Hook]:
    server = Hook()
    yield server
    server.shutdown()
    server.server_close()


def until(condition: Callable[[], Any], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.01)


def some(count: int) -> list[Outgoing]:
    return [Outgoing(n, f"+98912{n:07d}", f"سلام {n} https://m12.ir/abc{n}\nلغو11") for n in range(1, count + 1)]


def raw(simulator: SimulatorProcess, method: str, **given: Any) -> requests.Response:
    return requests.post(f"{simulator.base_url}/v1/{simulator.api_key}/{method}.json", data=given, timeout=5)


# -- receipts -----------------------------------------------------------------------------------------------------------------------


def test_statuses_move_from_queued_over_the_operator_to_the_phone(gateway: KavenegarGateway, simulator: SimulatorProcess) -> None:
    simulator.admin("settings", operator_seconds=100, phone_seconds=200, late_seconds=300)
    simulator.admin("blocked", add=["09120000002"])
    simulator.admin("undeliverable", add=["09120000003"])
    sent = gateway.send(simulator.line, some(4))
    ids = [each.gateway_id for each in sent if each.gateway_id]
    seen = []
    for advance in (0, 101, 100):
        simulator.admin("clock", advance_seconds=advance)
        seen.append([each.status for each in gateway.poll(ids)])
    assert seen == [[1, 1, 1, 1], [5, 5, 5, 5], [10, 14, 11, 10]]
    assert [each["localid"] for each in simulator.ledger()] == [1, 4]
    assert simulator.stats()["unreached"] == 2


def test_a_message_to_a_blocked_number_costs_nothing(gateway: KavenegarGateway, simulator: SimulatorProcess) -> None:
    credit = gateway.account().credit
    simulator.admin("blocked", add=["09120000001"])
    gateway.send(simulator.line, some(2))
    assert gateway.account().credit == credit - 1_500


@pytest.mark.parametrize("verb", ["POST", "GET"])
def test_every_receipt_is_pushed_once(gateway: KavenegarGateway, simulator: SimulatorProcess, hook: Hook, verb: str) -> None:
    simulator.admin("settings", webhook_url=hook.url, webhook_verb=verb, **FAST)
    sent = gateway.send(simulator.line, some(50))
    until(lambda: len(hook.taken) >= 50)
    simulator.wait_for_receipts()
    assert sorted(hook.receipts()) == sorted((each.gateway_id or 0, 10) for each in sent)
    assert {(used, path) for used, path, _ in hook.taken} == {(verb, "/hook/t0ken")}


def test_a_receipt_nobody_confirmed_comes_again(gateway: KavenegarGateway, simulator: SimulatorProcess, hook: Hook) -> None:
    hook.status = 500
    simulator.admin("settings", webhook_url=hook.url, webhook_retry_seconds=120, **FAST)
    gateway.send(simulator.line, some(1))
    until(lambda: simulator.stats()["receipts_refused"] == 1)
    time.sleep(0.1)
    assert len(hook.taken) == 1
    simulator.admin("clock", advance_seconds=121)
    until(lambda: simulator.stats()["receipts_refused"] == 2)
    hook.status = 200
    simulator.admin("clock", advance_seconds=121)
    until(lambda: len(hook.taken) == 3)
    until(lambda: simulator.stats()["receipts_waiting"] == 0)
    assert len(set(hook.receipts())) == 1


def test_receipts_may_come_before_the_reply(gateway: KavenegarGateway, simulator: SimulatorProcess, hook: Hook) -> None:
    simulator.admin("settings", webhook_url=hook.url)
    simulator.admin("faults", queue=["receipts_first"])
    replies: list[Any] = []
    thread = threading.Thread(target=lambda: replies.append(gateway.send(simulator.line, some(1))))
    thread.start()
    until(lambda: hook.taken)
    assert not replies
    thread.join()
    assert hook.receipts() == [(replies[0][0].gateway_id, 10)]
    assert replies[0][0].kind is OutcomeKind.ACCEPTED


def test_doubled_shuffled_and_late_receipts_still_end_delivered(
    gateway: KavenegarGateway, simulator: SimulatorProcess, hook: Hook
) -> None:
    simulator.admin("settings", webhook_url=hook.url, push_intermediate=True, **FAST)
    simulator.admin("faults", rates={"receipt_duplicated": 0.5, "receipt_reordered": 0.5, "late": 0.5}, seed=3)
    sent = gateway.send(simulator.line, some(40))
    time.sleep(0.3)
    simulator.wait_for_receipts()
    until(lambda: {identity for identity, status in hook.receipts() if status == 10} == {each.gateway_id for each in sent})
    received = hook.receipts()
    assert len(received) > len(set(received)) and any(status == 11 for _, status in received)
    ends: dict[int, int | None] = {}
    for identity, status in received:
        ends[identity] = latest(ends.get(identity), status)
    assert set(ends.values()) == {10}
    fired = simulator.stats()["faults_fired"]
    assert min(fired["receipt_duplicated"], fired["receipt_reordered"], fired["late"]) > 0


# -- phones -------------------------------------------------------------------------------------------------------------------------


def test_a_phone_answers_and_the_message_arrives_by_push_and_by_poll(
    gateway: KavenegarGateway, simulator: SimulatorProcess, hook: Hook
) -> None:
    simulator.admin("settings", inbound_url=hook.url)
    simulator.answer("+989120000001", "گزینهٔ ۲ & بله")
    until(lambda: hook.taken)
    form = hook.taken[0][2]
    assert (form["from"], form["to"], form["message"]) == ("09120000001", simulator.line, "گزینهٔ ۲ & بله")
    (received,) = gateway.receive(simulator.line)
    assert (received.sender, received.line, received.text) == ("+989120000001", simulator.line, "گزینهٔ ۲ & بله")
    assert str(received.gateway_id) == form["messageid"]
    assert gateway.receive(simulator.line) == []
    assert gateway.receive(simulator.line, already_read=True) == [received]


def test_unread_messages_come_a_hundred_at_a_time(gateway: KavenegarGateway, simulator: SimulatorProcess) -> None:
    for number in range(130):
        simulator.answer("09120000001", f"پیام {number}")
    texts = [[each.text for each in gateway.receive(simulator.line)] for _ in range(3)]
    assert [len(each) for each in texts] == [100, 30, 0]
    assert texts[0] + texts[1] == [f"پیام {number}" for number in range(130)]


@pytest.mark.parametrize("word", ["11", "۱۱", "١١", " 11 ", "لغو11", "لغو ۱۱"])
def test_eleven_blocks_the_line_for_that_phone_and_twelve_unblocks(
    gateway: KavenegarGateway, simulator: SimulatorProcess, word: str
) -> None:
    simulator.answer("09120000001", word)
    (blocked,) = gateway.blocked(simulator.line)
    assert (blocked.number, blocked.reason) == ("+989120000001", 2)
    gateway.send(simulator.line, some(2))
    assert [each["localid"] for each in simulator.ledger()] == [2]
    simulator.answer("09120000001", "۱۲")
    assert gateway.blocked(simulator.line) == []


def test_the_blocked_list_is_read_to_its_last_page(gateway: KavenegarGateway, simulator: SimulatorProcess) -> None:
    simulator.admin("blocked", add=[f"0912{n:07d}" for n in range(450)])
    found = gateway.blocked(simulator.line)
    assert len({each.number for each in found}) == len(found) == 450


def test_the_phone_page_shows_messages_with_links_to_tap_and_takes_answers(
    gateway: KavenegarGateway, simulator: SimulatorProcess
) -> None:
    gateway.send(simulator.line, [Outgoing(1, "+989120000001", "<script>x</script> https://m12.ir/a?b=1&c=2\nلغو11")])
    page = requests.get(f"{simulator.base_url}/phone/09120000001", timeout=5)
    assert page.status_code == 200 and 'dir="rtl"' in page.text
    assert "<script" not in page.text and "&lt;script&gt;" in page.text
    assert 'href="https://m12.ir/a?b=1&amp;c=2"' in page.text
    answered = requests.post(
        f"{simulator.base_url}/phone/09120000001", data={"text": "۱۱ <b>", "line": simulator.line}, timeout=5, allow_redirects=False
    )
    assert (answered.status_code, answered.headers["Location"]) == (303, "/phone/09120000001#last")
    assert [each.text for each in gateway.receive(simulator.line)] == ["۱۱ <b>"]
    assert "۱۱ &lt;b&gt;" in requests.get(f"{simulator.base_url}/phone/09120000001", timeout=5).text


def test_the_list_of_phones_is_searched_by_number_and_text(gateway: KavenegarGateway, simulator: SimulatorProcess) -> None:
    gateway.send(simulator.line, [Outgoing(1, "+989120000001", "پارک لاله"), Outgoing(2, "+989350000002", "آسفالت")])

    def numbers(wanted: str) -> set[str]:
        text = requests.get(f"{simulator.base_url}/phone", params={"q": wanted}, timeout=5).text
        return {number for number in ("09120000001", "09350000002") if f"/phone/{number}" in text}

    assert numbers("") == {"09120000001", "09350000002"}
    assert numbers("آسفالت") == numbers("۰۹۳۵") == {"09350000002"}
    assert numbers("<i>") == set()
    assert "بازگشت" in requests.get(f"{simulator.base_url}/phone/12", timeout=5).text


@pytest.mark.parametrize("headers", [{"Host": "evil.example"}, {"Origin": "https://evil.example"}])
def test_other_sites_reach_neither_phones_nor_faults(simulator: SimulatorProcess, headers: dict[str, str]) -> None:
    for path in ("/phone", "/_admin/stats"):
        assert requests.get(simulator.base_url + path, headers=headers, timeout=5).status_code == 403


# -- the contract -------------------------------------------------------------------------------------------------------------------


def test_the_return_status_is_the_http_status_too(simulator: SimulatorProcess) -> None:
    response = raw(simulator, "sms/sendarray", receptor='["0912"]', sender=json.dumps([simulator.line]), message='["x"]')
    assert response.status_code == response.json()["return"]["status"] == 411
    assert response.json()["entries"] is None
    assert raw(simulator, "sms/nothing").status_code == 404
    wrong = requests.post(f"{simulator.base_url}/v1/other/account/info.json", timeout=5)
    assert wrong.status_code == wrong.json()["return"]["status"] == 403


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"message": '["a","b"]'}, 419),
        ({"localmessageids": "[1,2]"}, 419),
        ({"receptor": json.dumps(["09120000001"] * 201), "sender": "[]"}, 419),
        ({"receptor": "nonsense"}, 400),
        ({"receptor": ""}, 406),
        ({"message": '[""]'}, 413),
        ({"sender": '["1"]'}, 412),
    ],
)
def test_malformed_calls_are_refused_whole(simulator: SimulatorProcess, given: dict[str, str], code: int) -> None:
    call = {"receptor": '["09120000001"]', "sender": json.dumps([simulator.line]), "message": '["a"]', "localmessageids": "[1]"}
    assert raw(simulator, "sms/sendarray", **call).json()["return"]["status"] == 200
    assert raw(simulator, "sms/sendarray", **(call | {"localmessageids": "[2]"} | given)).json()["return"]["status"] == code
    assert len(simulator.ledger()) == 1


def test_two_hundred_and_five_hundred_are_the_caps(simulator: SimulatorProcess) -> None:
    def array(count: int) -> dict[str, str]:
        return {name: json.dumps([value] * count) for name, value in
                (("receptor", "09120000001"), ("sender", simulator.line), ("message", "x"))}  # fmt: skip

    assert raw(simulator, "sms/sendarray", **array(200)).status_code == 200
    assert raw(simulator, "sms/sendarray", **array(201)).status_code == 414
    for method, name in (("sms/status", "messageid"), ("sms/statuslocalmessageid", "localid")):
        assert len(raw(simulator, method, **{name: ",".join(map(str, range(500)))}).json()["entries"]) == 500
        assert raw(simulator, method, **{name: ",".join(map(str, range(501)))}).status_code == 414


def test_one_text_to_many_and_strings_for_local_ids(simulator: SimulatorProcess) -> None:
    sent = raw(simulator, "sms/send", receptor="09120000001,+989120000002", message="سلام", localid="7,8").json()["entries"]
    assert [each["receptor"] for each in sent] == ["09120000001", "09120000002"]
    found = raw(simulator, "sms/statuslocalmessageid", localid="7").json()["entries"]
    assert found[0]["localid"] == "7" and found[0]["messageid"] == sent[0]["messageid"]


def test_a_scheduled_message_waits_and_can_be_cancelled(simulator: SimulatorProcess, gateway: KavenegarGateway) -> None:
    credit = gateway.account().credit
    due = int(simulator.ask("clock")["now"]) + 3600
    first, second = (
        raw(simulator, "sms/send", receptor="09120000001", message="سلام", date=due, localid=n).json()["entries"][0] for n in (1, 2)
    )
    assert (first["status"], simulator.ledger()) == (2, [])
    assert raw(simulator, "sms/cancel", messageid=first["messageid"]).json()["entries"][0]["status"] == 13
    assert gateway.account().credit == credit - second["cost"]
    simulator.admin("clock", advance_seconds=3601)
    until(lambda: simulator.ledger())
    assert [each["localid"] for each in simulator.ledger()] == [2]


def test_asking_for_the_configuration_with_a_parameter_changes_it(simulator: SimulatorProcess, gateway: KavenegarGateway) -> None:
    raw(simulator, "account/config", debugmode="enabled")
    assert gateway.configuration()["debugmode"] == "enabled"
    assert simulator.stats()["config_changes"] == 1


def test_slow_form_encodings_mean_the_same(simulator: SimulatorProcess) -> None:
    text = "سلام +%&= دنیا"
    entry = raw(simulator, "sms/send", receptor="09120000001", message=text).json()["entries"][0]
    assert entry["message"] == simulator.inbox("09120000001")[0]["message"] == text
