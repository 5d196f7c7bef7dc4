"""Citizens of a rehearsal: they look into their phone, tap the link, answer page by page and press «ثبت», like anybody, over HTTP.

They know nothing of the survey but what they read on the page before them, and their own answers (`sheets`).
"""

from __future__ import annotations

import http.client
import json
import re
import secrets
import struct
import threading
import zlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from http.cookies import CookieError, SimpleCookie
from urllib.parse import quote, urlencode, urljoin, urlsplit

from engage.operations.rehearse.reading import FormReader, filled, forgotten, not_offered, read_form
from engage.operations.rehearse.sheets import Sheet

MOST_PAGES = 400
"""More than a survey can have: a citizen who is led in circles gives up"""
MOST_LEADS = 5
_LINK = re.compile(r"https?://\S+")
_RECEIPT = "کد پیگیری"


class Phone:
    """One thread's connections to the gateway's phone inbox and to the web; kept open between citizens."""

    def __init__(self, gateway_url: str) -> None:
        self._gateway = urlsplit(gateway_url)
        self._connections: dict[str, http.client.HTTPConnection] = {}

    def links(self, number: str) -> list[str]:
        """The links in this phone's texts, oldest first."""
        status, body = self.get(f"http://{self._gateway.netloc}/_admin/inbox?number={quote(number)}")
        if status != 200:
            raise RuntimeError(f"the phone inbox answered {status}")
        return [link for message in json.loads(body) for link in _LINK.findall(message["message"])]

    def get(self, url: str) -> tuple[int, str]:
        status, _, body = self.call("GET", url)
        return status, body

    def post(self, url: str, fields: Sequence[tuple[str, str]]) -> tuple[int, str]:
        status, _, body = self.call("POST", url, urlencode(fields).encode(), {"Content-Type": "application/x-www-form-urlencoded"})
        return status, body

    def call(
        self, method: str, url: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, http.client.HTTPMessage, str]:
        parts = urlsplit(url)
        host, path = parts.netloc, (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        for attempt in range(6):
            connection = self._connections.get(host) or http.client.HTTPConnection(host, timeout=30)
            self._connections[host] = connection
            try:
                connection.request(method, path, body, dict(headers or {}))
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
            return answer.status, answer.headers, text
        raise RuntimeError("unreachable")


@dataclass(frozen=True)
class Shown:
    """A page in the browser."""

    status: int
    form: FormReader
    text: str

    @property
    def is_thanks(self) -> bool:
        return self.status == 200 and not self.form.is_there and _RECEIPT in self.text


class Browser:
    """One citizen's browser: follows where it is led and keeps cookies, without scripts."""

    def __init__(self, phone: Phone) -> None:
        self._phone = phone
        self.address = ""
        self.cookies: dict[str, str] = {}

    def open(self, address: str) -> Shown:
        return self._go("GET", address)

    def send(self, form: FormReader, fields: Sequence[tuple[str, str]], photos: frozenset[str]) -> Shown:
        """Presses the form's button on the page that is open."""
        if form.takes_files:
            kind, body = _multipart(fields, {name: PNG if name in photos else b"" for name in sorted(form.files)})
        else:
            kind, body = "application/x-www-form-urlencoded", urlencode(fields).encode()
        return self._go("POST", self.address, body, kind)

    def _go(self, method: str, address: str, body: bytes | None = None, kind: str = "") -> Shown:
        for _ in range(MOST_LEADS):
            headers = {"Content-Type": kind} if kind else {}
            if self.cookies:
                headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
            status, told, text = self._phone.call(method, address, body, headers)
            self.address = address
            self._keep(told.get_all("Set-Cookie") or [])
            if status not in (301, 302, 303):
                return Shown(status, read_form(text), text)
            method, address, body, kind = "GET", urljoin(address, told.get("Location") or ""), None, ""
        return Shown(status, read_form(""), "")

    def _keep(self, lines: Sequence[str]) -> None:
        for line in lines:
            try:
                morsels = SimpleCookie(line)
            except CookieError:
                continue
            for name, morsel in morsels.items():
                if morsel["max-age"] == "0" or not morsel.value:
                    self.cookies.pop(name, None)
                else:
                    self.cookies[name] = morsel.value


class End(StrEnum):
    """How a visit ended."""

    ANSWERED = "answered"
    SCREENED = "screened"
    """Enough of this kind have answered: a quota turned this citizen away"""
    FAILED = "failed"


@dataclass(frozen=True)
class Visit:
    end: End
    problem: str = ""


def answer_form(phone: Phone, number: str, sheet: Sheet) -> Visit:
    """One citizen's whole visit, from the last text to the page that thanks them."""
    links = phone.links(number)
    if not links:
        return _failed("no text arrived")
    link = links[-1] + (f"?lang={sheet.language}" if sheet.language != "fa" else "")
    browser = Browser(phone)
    page = browser.open(link)
    may_pause, is_corrected = sheet.pauses, False
    for _ in range(MOST_PAGES):
        if page.is_thanks:
            return Visit(End.ANSWERED)
        if page.status == 409:
            return Visit(End.SCREENED)
        wanted = dict(sheet.fields)
        if page.status == 422 and not is_corrected and sheet.picks.keys() & set(page.form.faults):
            # Several were found for the letters: the one that is meant is chosen.
            wanted |= {name: [value] for name, value in sheet.picks.items() if name in page.form.faults}
            is_corrected = True
        elif page.status != 200 or not page.form.is_there:
            about = f" about {', '.join(page.form.faults)}" if page.form.faults else ""
            return _failed(f"the page answered {page.status}{about}")
        else:
            is_corrected = False
        missing = not_offered(page.form, wanted)
        if missing:
            return _failed(f"the form doesn't offer {missing}")
        sent = filled(page.form, wanted)
        page = browser.send(page.form, sent, sheet.photos)
        if may_pause and page.status == 200 and page.form.is_there:
            may_pause = False
            page = browser.open(link)
            lost = forgotten(page.form, sent) if browser.cookies else ""
            if lost:
                return _failed(f"{lost} was forgotten after a pause")
    return _failed("the form never ended")


def _failed(problem: str) -> Visit:
    return Visit(End.FAILED, problem)


def send_citizens(gateway_url: str, visits: Sequence[tuple[str, Sheet]], *, threads: int, progress: Callable[[int], None]) -> list[Visit]:
    """How each visit ended, in their order."""
    local = threading.local()
    lock = threading.Lock()
    done = 0

    def visit(one: tuple[str, Sheet]) -> Visit:
        nonlocal done
        if not hasattr(local, "phone"):
            local.phone = Phone(gateway_url)
        ended = answer_form(local.phone, *one)
        with lock:
            done += 1
            if done % 500 == 0:
                progress(done)
        return ended

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(visit, visits))


# -- photos ----------------------------------------------------------------------------------------------------------------


def _png_chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


PNG = (
    b"\x89PNG\r\n\x1a\n"
    + _png_chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
    + _png_chunk(b"IDAT", zlib.compress(b"\0\x1f\x8a\x8a"))
    + _png_chunk(b"IEND", b"")
)
"""A photo of one turquoise point"""


def _multipart(fields: Sequence[tuple[str, str]], files: Mapping[str, bytes]) -> tuple[str, bytes]:
    """Content type and body; a file field left alone sends an empty file without a name, as browsers do."""
    mark = f"rehearsal{secrets.token_hex(16)}"
    pieces = [f'--{mark}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode() for name, value in fields]
    for name, content in files.items():
        kind, file_name = ("image/png", "photo.png") if content else ("application/octet-stream", "")
        head = f'--{mark}\r\nContent-Disposition: form-data; name="{name}"; filename="{file_name}"\r\nContent-Type: {kind}\r\n\r\n'
        pieces.append(head.encode() + content + b"\r\n")
    return f"multipart/form-data; boundary={mark}", b"".join([*pieces, f"--{mark}--\r\n".encode()])


__all__ = ["PNG", "Browser", "End", "FormReader", "Phone", "Visit", "answer_form", "send_citizens"]
