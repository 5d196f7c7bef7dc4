"""Structured logs, one JSON object a line, from which phone numbers, tokens and keys are taken out before anything is written."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

_PHONE = re.compile(r"(?<![0-9۰-۹٠-٩])(?:\+|00)?(?:98|٩٨|۹۸)?[0۰٠]?[9۹٩][0-9۰-۹٠-٩]{9}(?![0-9۰-۹٠-٩])")
_TOKEN_URL = re.compile(r"(https?://[^/\s]+/)[2-9A-HJ-NP-Za-km-z]{11}\b")
_GATEWAY_KEY = re.compile(r"(/v1/)[^/\s]+(/)")
_PASSWORD_URL = re.compile(r"(://[^:/@\s]+:)[^@\s]+(@)")
_SECRET_NAMES = frozenset({"phone", "receptor", "sender", "token", "key", "api_key", "password", "answers", "message", "text", "answer"})


def redact(value: str) -> str:
    """`value` with everything that looks like a mobile number, a personal link, the gateway's key or a password masked."""
    value = _PHONE.sub("‹phone›", value)
    value = _TOKEN_URL.sub(r"\1‹token›", value)
    value = _GATEWAY_KEY.sub(r"\1‹key›\2", value)
    return _PASSWORD_URL.sub(r"\1‹password›\2", value)


def _redact_event(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for name, value in event.items():
        if name in _SECRET_NAMES:
            event[name] = "‹hidden›"
        elif isinstance(value, str):
            event[name] = redact(value)
    return event


class _Redacting(logging.Formatter):
    """Other libraries' records pass the same filter."""

    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))


def configure(level: str = "INFO") -> None:
    """Send everything to standard error; called once per process."""
    number = logging.getLevelNamesMapping().get(level.upper(), logging.INFO)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _redact_event,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Redacting("%(asctime)s %(levelname)s %(name)s %(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(number, logging.WARNING))
