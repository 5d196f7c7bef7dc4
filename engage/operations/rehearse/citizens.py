"""Citizens of a rehearsal: they look into their phone, tap the link, fill the form and press «ثبت», like anybody, over HTTP."""

from __future__ import annotations

import http.client
import json
import re
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from urllib.parse import quote, urlencode, urlsplit

from engage.operations.rehearse.plan import Fields

_LINK = re.compile(r"https?://\S+")


class FormReader(HTMLParser):
    """The controls of a page's main form: hidden fields, and every name and value a person could choose."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden: Fields = []
        self.choices: set[tuple[str, str]] = set()
        self.free: set[str] = set()
        self._depth = 0
        self._seen = False

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        values = dict(attributes)
        if tag == "form" and (values.get("method") or "").lower() == "post" and not self._seen:
            self._depth = 1
            self._seen = True
        if not self._depth:
            return
        name = values.get("name")
        if not name:
            return
        if tag == "textarea":
            self.free.add(name)
        elif tag == "input":
            kind = (values.get("type") or "text").lower()
            if kind == "hidden":
                self.hidden.append((name, values.get("value") or ""))
            elif kind in ("radio", "checkbox"):
                self.choices.add((name, values.get("value") or ""))
            elif kind not in ("submit", "button"):
                self.free.add(name)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._depth = 0

    def offers(self, name: str, value: str) -> bool:
        return name in self.free or (name, value) in self.choices


class Phone:
    """One thread's connections to the gateway's phone inbox and to the web; kept open between citizens."""

    def __init__(self, gateway_url: str) -> None:
        self._gateway = urlsplit(gateway_url)
        self._connections: dict[str, http.client.HTTPConnection] = {}

    def links(self, number: str) -> list[str]:
        """The links in this phone's texts, oldest first."""
        status, body = self._call(self._gateway.netloc, "GET", f"/_admin/inbox?number={quote(number)}")
        if status != 200:
            raise RuntimeError(f"the phone inbox answered {status}")
        return [link for message in json.loads(body) for link in _LINK.findall(message["message"])]

    def get(self, url: str) -> tuple[int, str]:
        parts = urlsplit(url)
        return self._call(parts.netloc, "GET", parts.path)

    def post(self, url: str, fields: Fields) -> tuple[int, str]:
        parts = urlsplit(url)
        body = urlencode(fields)
        return self._call(parts.netloc, "POST", parts.path, body, {"Content-Type": "application/x-www-form-urlencoded"})

    def _call(self, host: str, method: str, path: str, body: str | None = None, headers: dict[str, str] | None = None) -> tuple[int, str]:
        for attempt in range(6):
            connection = self._connections.get(host) or http.client.HTTPConnection(host, timeout=30)
            self._connections[host] = connection
            try:
                connection.request(method, path, body, headers or {})
                answer = connection.getresponse()
                text = answer.read().decode()
            except (OSError, http.client.HTTPException):
                # A person taps again; the server makes one answer of it.
                connection.close()
                self._connections.pop(host, None)
                if attempt == 5:
                    raise
                threading.Event().wait(0.1 * 2**attempt)
                continue
            if answer.status == 503 and attempt < 5:
                threading.Event().wait(0.2 * 2**attempt)
                continue
            return answer.status, text
        raise RuntimeError("unreachable")


def answer_form(phone: Phone, number: str, fields: Fields) -> str | None:
    """One citizen's whole visit. None when the answer was acknowledged, else what went wrong."""
    links = phone.links(number)
    if not links:
        return "no text arrived"
    status, page = phone.get(links[-1])
    if status != 200:
        return f"the page answered {status}"
    form = FormReader()
    form.feed(page)
    missing = [name for name, value in fields if not form.offers(name, value)]
    if missing:
        return f"the form doesn't offer {missing[0]}"
    status, page = phone.post(links[-1], form.hidden + fields)
    if status != 200 or "کد پیگیری" not in page:
        return f"the answer was met with {status}"
    return None


def send_citizens(gateway_url: str, visits: Iterable[tuple[str, Fields]], *, threads: int, progress: Callable[[int], None]) -> list[str]:
    """Every visit is made. Returns the problems met, one per citizen who couldn't answer."""
    local = threading.local()
    lock = threading.Lock()
    done = 0
    problems: list[str] = []

    def visit(one: tuple[str, Fields]) -> None:
        nonlocal done
        if not hasattr(local, "phone"):
            local.phone = Phone(gateway_url)
        problem = answer_form(local.phone, *one)
        with lock:
            done += 1
            if problem is not None:
                problems.append(problem)
            if done % 500 == 0:
                progress(done)

    with ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(visit, visits):
            pass
    return problems
