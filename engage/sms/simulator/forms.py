"""A call's parameters: the urlencoded form taken apart, each value read or the call refused with its code."""

from __future__ import annotations

from binascii import Error as HexError
from binascii import unhexlify
from typing import Any
from urllib.parse import unquote_to_bytes

import msgspec

from engage.sms.port import MAX_LOOKUP

Parameters = dict[str, bytes]
"""Raw values by name."""


class Refuse(Exception):
    """The call's return status is `code`, and nothing was done."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def parse_form(body: bytes) -> Parameters:
    """A urlencoded form as raw values; bodies whose every byte is percent-encoded take a fast path."""
    given: Parameters = {}
    for pair in body.split(b"&"):
        name, _, value = pair.partition(b"=")
        if name:
            given[unquote_to_bytes(name.replace(b"+", b" ")).decode("utf-8", "replace")] = _unquote(value)
    return given


def _unquote(value: bytes) -> bytes:
    if value[:1] == b"%":
        bare = value.translate(None, b"%")
        if len(value) == 3 * (len(bare) // 2) and value[::3] == b"%" * (len(value) // 3):
            try:
                return unhexlify(bare)
            except HexError:
                pass
    elif b"%" not in value and b"+" not in value:
        return value
    return unquote_to_bytes(value.replace(b"+", b" "))


def read_array(given: Parameters, name: str, kind: Any) -> Any:
    raw = given.get(name)
    if not raw:
        raise Refuse(400 if raw is None else 406)
    try:
        return msgspec.json.decode(raw, type=kind, strict=False)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise Refuse(400) from None


def read_text(given: Parameters, name: str) -> str:
    raw = given.get(name)
    if not raw:
        raise Refuse(400 if raw is None else 406)
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise Refuse(422) from None


def read_words(given: Parameters, name: str) -> list[str]:
    return [word.strip() for word in read_text(given, name).split(",") if word.strip()]


def read_numbers(given: Parameters, name: str) -> list[int]:
    words = read_words(given, name)
    if not all(word.isdecimal() for word in words):
        raise Refuse(400)
    return [int(word) for word in words]


def read_ids(given: Parameters, name: str) -> list[int]:
    ids = read_numbers(given, name)
    if len(ids) > MAX_LOOKUP:
        raise Refuse(414)
    return ids


def read_number(given: Parameters, name: str, default: int) -> int:
    raw = given.get(name, b"").decode("utf-8", "replace")
    if not raw:
        return default
    if not raw.isdecimal():
        raise Refuse(400)
    return int(raw)
