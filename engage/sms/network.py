"""The network under the adapter: which addresses are allowed, what an error proves, and how the API key stays out of logs."""

from __future__ import annotations

import ipaddress
import logging
import os
import re
import ssl
from urllib.parse import urlsplit

import requests
import urllib3.exceptions
from requests.adapters import HTTPAdapter

from engage.sms.port import GatewayUnavailable


def failure_of(error: BaseException) -> GatewayUnavailable:
    """What a network error proves: that nothing was sent (no connection was made), or nothing."""
    reasons = _chain(error)
    if any(isinstance(each, ssl.SSLCertVerificationError) for each in reasons):
        return GatewayUnavailable("certificate_invalid", certain=True)
    # ConnectTimeout is both a timeout and a failure to connect: the connection was never there.
    if any(isinstance(each, requests.ConnectTimeout | urllib3.exceptions.ConnectTimeoutError) for each in reasons):
        return GatewayUnavailable("connect_timeout", certain=True)
    if any(isinstance(each, urllib3.exceptions.NewConnectionError) for each in reasons):
        return GatewayUnavailable("connection_refused", certain=True)
    if any(isinstance(each, requests.Timeout | urllib3.exceptions.TimeoutError | TimeoutError) for each in reasons):
        return GatewayUnavailable("timeout")
    return GatewayUnavailable("connection_lost")


def _chain(error: BaseException) -> list[BaseException]:
    """The error with every error it wraps, however requests and urllib3 nested them."""
    found: list[BaseException] = []
    waiting: list[BaseException] = [error]
    while waiting and len(found) < 20:
        each = waiting.pop()
        if each in found:
            continue
        found.append(each)
        inner = [each.__cause__, each.__context__, getattr(each, "reason", None), *each.args]
        waiting += [one for one in inner if isinstance(one, BaseException)]
    return found


def require_safe_address(base_url: str) -> None:
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("the gateway's address must be scheme, host and path alone")
    if parts.scheme == "https" and host:
        return
    try:
        is_loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_loopback = False
    if parts.scheme != "http" or not is_loopback:
        raise ValueError("the gateway's address must be https, or http on a loopback host")


def make_session(base: str, pool_size: int) -> requests.Session:
    """A session that never retries on its own and reads the environment (proxies, certificates) once, not on each call."""
    session = requests.Session()
    session.proxies = dict(requests.utils.get_environ_proxies(base))
    session.verify = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True
    session.trust_env = False
    adapter = HTTPAdapter(pool_connections=2, pool_maxsize=pool_size, max_retries=0, pool_block=False)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


class _KeyMask(logging.Filter):
    """urllib3 logs request lines, and the key is part of the path: masked before any handler sees the record."""

    _key = re.compile(r"(/v1/)[^/\s'\"]+")

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg = self._key.sub(r"\1***", record.getMessage())
        record.args = ()
        return True


_key_mask = _KeyMask()


def mask_key_in_logs() -> None:
    for name in ("urllib3.connectionpool", "urllib3.util.retry"):
        logging.getLogger(name).addFilter(_key_mask)
