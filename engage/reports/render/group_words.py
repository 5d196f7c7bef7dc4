"""What groups and dimensions are called. Needs the words of a language."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from flask_babel import gettext as _

from engage.web.filters import digits, number

_DIMENSIONS: dict[str, Callable[[], str]] = {
    "unit": lambda: _("Unit"),
    "neighbourhood": lambda: _("Neighbourhood"),
    "age": lambda: _("Age"),
    "gender": lambda: _("Gender"),
    "channel": lambda: _("Way of answering"),
    "wave": lambda: _("Last text sent to them"),
    "line": lambda: _("Line"),
    "hour": lambda: _("Hour of sending"),
}
_GROUPS: dict[str, dict[str, Callable[[], str]]] = {
    "gender": {"female": lambda: _("Women"), "male": lambda: _("Men")},
    "channel": {
        "link": lambda: _("Personal link"),
        "sms": lambda: _("By text message"),
        "open": lambda: _("Open link and poster"),
        "kiosk": lambda: _("Kiosk"),
        "collector": lambda: _("Collector"),
        "paper": lambda: _("Paper forms"),
    },
}


def dimension_words(dimension: str) -> str:
    words = _DIMENSIONS.get(dimension)
    return words() if words else dimension


def group_words(dimension: str, group: str, labels: Mapping[str, str]) -> str:
    """Of a group's key within its dimension; "" are those of whom it isn't known."""
    if not group:
        return _("Not known")
    known = _GROUPS.get(dimension, {}).get(group)
    if known is not None:
        return known()
    if dimension == "age":
        return _age(group)
    if dimension == "wave" and group.isdecimal():
        return _("First invitation") if group == "1" else _("Reminder %(number)s", number=number(int(group) - 1))
    if dimension == "hour" and group.isdecimal():
        return _("%(hour)s o'clock", hour=number(int(group)))
    return digits(labels.get(group, group)) if dimension == "line" else labels.get(group, group)


def _age(band: str) -> str:
    low, _dash, high = band.partition("-")
    if low == "0" and high.isdecimal():
        return _("Under %(age)s", age=number(int(high) + 1))
    if high.isdecimal() and low.isdecimal():
        return _("%(low)s to %(high)s years", low=number(int(low)), high=number(int(high)))
    if band.endswith("+") and band[:-1].isdecimal():
        return _("%(age)s and older", age=number(int(band[:-1])))
    return digits(band)
