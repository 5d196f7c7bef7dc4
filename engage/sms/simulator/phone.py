"""The phones: what any number received, with links to tap and a box to answer in. Plain HTML, nothing to run in the browser."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, quote

from engage.sms import statuses
from engage.sms.simulator.contract import to_phone
from engage.sms.simulator.http import Reply, Request
from engage.sms.simulator.records import LATE

if TYPE_CHECKING:
    from engage.sms.simulator.server import Server

_LIST = 60
_SCAN = 20_000
_MAX_ANSWER = 900
_TEHRAN = timezone(timedelta(hours=3, minutes=30))
_DIGITS = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")
_LATIN = str.maketrans("۰۱۲۳۴۵۶۷۸۹٠١٢٣٤٥٦٧٨٩", "01234567890123456789")
_HEADERS = (
    b"Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'\r\n"
    b"Referrer-Policy: same-origin\r\nX-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\n"
)

_STYLE = """
:root{--ink:#1B2430;--muted:#5B6675;--line:#E3E7EC;--paper:#F7F8F9;--card:#fff;--accent:#0E7C7B;--tint:#E6F4F3}
@media(prefers-color-scheme:dark){:root{--ink:#E8ECF1;--muted:#9AA6B5;--line:#2C3743;--paper:#131A22;--card:#1B2430;
  --accent:#4FB9B6;--tint:#16393A}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);
  font:17px/1.8 Vazirmatn,"Noto Sans Arabic","Noto Naskh Arabic",Tahoma,sans-serif}
main{max-width:34rem;margin:0 auto;padding:0 1rem 2rem;min-height:100vh}
header{position:sticky;top:0;background:var(--paper);padding:1rem 0 .6rem;border-bottom:1px solid var(--line);
  margin-bottom:1rem}
h1{font-size:1.2rem;margin:0}.note{color:var(--muted);font-size:.85rem;margin:.1rem 0 0}
form{display:flex;gap:.5rem;margin-top:.7rem}
input,textarea{flex:1;min-width:0;font:inherit;color:inherit;background:var(--card);border:1px solid var(--line);
  border-radius:.8rem;padding:.5rem .8rem}
textarea{resize:vertical}
button{font:inherit;font-weight:700;color:#fff;background:#0E7C7B;border:0;border-radius:.8rem;padding:.5rem 1.1rem;
  cursor:pointer}
:focus-visible{outline:3px solid #E08E0B;outline-offset:2px}
.item{display:block;background:var(--card);border:1px solid var(--line);border-radius:1rem;padding:.7rem 1rem;
  margin-bottom:.6rem;color:inherit;text-decoration:none}
.item:hover{border-color:var(--accent)}.row{display:flex;justify-content:space-between;gap:1rem}
.number{font-weight:700;direction:ltr;unicode-bidi:isolate}.time{color:var(--muted);font-size:.8rem;white-space:nowrap}
.last{margin:.1rem 0 0;color:var(--muted);white-space:nowrap;overflow:hidden;text-overflow:ellipsis}
.bubble{max-width:85%;width:fit-content;border-radius:1.1rem;padding:.6rem .9rem;margin-bottom:.7rem;white-space:pre-wrap;
  overflow-wrap:anywhere}
.in{background:var(--card);border:1px solid var(--line);border-start-start-radius:.3rem}
.out{background:var(--tint);margin-inline-start:auto;border-end-end-radius:.3rem}
.bubble a{color:var(--accent);font-weight:700}.bubble bdi{direction:ltr}
.bubble small{display:block;color:var(--muted);font-size:.75rem}
.empty{color:var(--muted);text-align:center;padding:3rem 1rem}.back{color:var(--accent);text-decoration:none}
footer{position:sticky;bottom:0;background:var(--paper);padding:.3rem 0 1rem;border-top:1px solid var(--line)}
"""


def respond(server: Server, request: Request) -> Reply:
    """The list of phones, one phone's messages, or its answer taken."""
    parts = [part for part in request.path.split("/") if part]
    if len(parts) <= 1:
        wanted = parse_qs(request.query).get("q", [""])[0]
        number = to_phone(_plain(wanted))
        return _see_other(f"/phone/{number}") if number else _page("گوشی‌های شبیه‌ساز", _list(server, wanted))
    number = to_phone(parts[1])
    if number is None:
        return _page(
            "شماره نادرست", '<p class="empty">این شمارهٔ تلفن همراه نیست. <a class="back" href="/phone">بازگشت</a></p>', 404
        )
    if request.verb == "POST":
        given = parse_qs(request.body.decode("utf-8", "replace"))
        text = given.get("text", [""])[0].strip()[:_MAX_ANSWER]
        line = given.get("line", [""])[0]
        if text and line in server.options.lines:
            server.take_inbound(number, line, text)
        return _see_other(f"/phone/{number}#last")
    return _page(f"گوشی {number.translate(_DIGITS)}", _thread(server, number))


def _list(server: Server, wanted: str) -> str:
    """The phones with the newest messages; a search looks in numbers, then in the text of recent messages."""
    search = (
        '<form method="get" action="/phone" role="search"><input name="q" inputmode="search" aria-label="جست‌وجوی شماره یا متن" '
        f'placeholder="شماره یا بخشی از پیام" value="{escape(wanted)}"><button>جست‌وجو</button></form>'
    )
    store = server.store
    total = f"{len(store.by_receptor):,}".replace(",", "٬").translate(_DIGITS)
    rows: list[str] = []
    seen: set[str] = set()
    plain = _plain(wanted)
    newest = [(each.at, each.sender, each.message) for each in store.inbound[-_LIST:]] if not wanted else []
    for message in reversed(store.messages[-_SCAN:]):
        if len(seen) >= _LIST:
            break
        if message is None or message.receptor in seen or message.offset < 0 or message.fate not in (statuses.DELIVERED, LATE):
            continue
        if wanted and not (plain.isdecimal() and plain in message.receptor) and wanted not in store.text_of(message):
            continue
        seen.add(message.receptor)
        newest.append((message.at, message.receptor, store.text_of(message)))
    shown: set[str] = set()
    for at, number, text in sorted(newest, reverse=True):
        if number in shown:
            continue
        shown.add(number)
        rows.append(
            f'<a class="item" href="/phone/{number}"><span class="row"><bdi class="number">{_grouped(number)}</bdi>'
            f'<span class="time">{_time(at)}</span></span><p class="last">{escape(text.partition(chr(10))[0])}</p></a>'
        )
    body = "".join(rows) or '<p class="empty">هنوز پیامکی به هیچ گوشی‌ای نرسیده است.</p>'
    if wanted and not rows:
        body = '<p class="empty">چیزی پیدا نشد.</p>'
    note = f'<p class="note">{total} شماره · این پیامک‌ها به هیچ‌کس فرستاده نشده‌اند</p>'
    note += '<p class="note"><a class="back" href="/phone">تازه‌سازی</a></p>'
    return f"<header><h1>گوشی‌های شبیه‌ساز</h1>{note}{search}</header>{body}"


def _thread(server: Server, number: str) -> str:
    store = server.store
    bubbles: list[tuple[float, int, str]] = []
    line = server.options.lines[0]
    received = store.thread(number)
    if received:
        line = received[0].line
    for message in received:
        bubbles.append((message.at, message.id, _bubble("in", store.text_of(message), message.at, message.line)))
    for place in store.inbound_of.get(number, ())[-200:]:
        sent = store.inbound[place]
        bubbles.append((sent.at, sent.messageid, _bubble("out", sent.message, sent.at, sent.line)))
    bubbles.sort()
    body = "".join(html for _, _, html in bubbles) or '<p class="empty">این گوشی هنوز پیامکی نگرفته است.</p>'
    return (
        f'<header><a class="back" href="/phone">→ همهٔ گوشی‌ها</a><h1><bdi class="number">{_grouped(number)}</bdi></h1>'
        f'<p class="note"><a class="back" href="/phone/{number}#last">تازه‌سازی</a></p></header>{body}<span id="last"></span>'
        f'<footer><form method="post" action="/phone/{number}"><input type="hidden" name="line" value="{escape(line)}">'
        f'<textarea name="text" rows="1" maxlength="{_MAX_ANSWER}" required aria-label="متن پاسخ" '
        f'placeholder="پاسخ به {escape(line).translate(_DIGITS)}"></textarea><button>فرستادن</button></form></footer>'
    )


def _bubble(side: str, text: str, at: float, line: str) -> str:
    where = "از" if side == "in" else "به"
    note = f"<small>{where} <bdi>{escape(line).translate(_DIGITS)}</bdi> · {_time(at)}</small>"
    return f'<div class="bubble {side}">{_linked(text)}{note}</div>'


_link = re.compile(r"https?://[^\s<>\"'«»]+", re.IGNORECASE)


def _linked(text: str) -> str:
    """The text with its addresses as links, everything escaped."""
    parts: list[str] = []
    end = 0
    for match in _link.finditer(text):
        address = match[0].rstrip(".,;:!?)،؛؟")
        parts.append(escape(text[end : match.start()]))
        parts.append(f'<a href="{escape(address)}" target="_blank" rel="noopener noreferrer"><bdi>{escape(address)}</bdi></a>')
        end = match.start() + len(address)
    parts.append(escape(text[end:]))
    return "".join(parts)


def _plain(text: str) -> str:
    return re.sub(r"[\s\-()\u200c]", "", text.translate(_LATIN))


def _grouped(number: str) -> str:
    return f"{number[:4]} {number[4:7]} {number[7:]}".translate(_DIGITS)


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).astimezone(_TEHRAN).strftime("%H:%M").translate(_DIGITS)


def _see_other(place: str) -> Reply:
    return Reply(b"", 303, b"text/html", headers=b"Location: " + quote(place, safe="/#").encode() + b"\r\n" + _HEADERS)


def _page(title: str, body: str, status: int = 200) -> Reply:
    html = (
        '<!doctype html><html lang="fa" dir="rtl"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="robots" content="noindex">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body><main>{body}</main></body></html>"
    )
    return Reply(html.encode(), status, b"text/html; charset=utf-8", headers=_HEADERS)
