"""Numbers, dates and phones as a Persian reader expects them; every filter shows «—» for nothing.

Digits are Persian on screen and Latin in links, codes, values and attributes that programs read.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

from flask import Flask
from flask_babel import gettext as _
from markupsafe import Markup

from engage import clock, persian
from engage.clock import TEHRAN

NOTHING = "—"

Number = int | float | Decimal


def digits(value: object) -> str:
    """The text with Persian digits, nothing else changed: codes of places, hours, counts without separators."""
    return NOTHING if value is None else persian.to_persian_digits(str(value))


def number(value: Number | None, decimals: int | None = None) -> str:
    """«۸٬۸۳۹», «۲٫۷»."""
    return NOTHING if value is None else persian.format_number(value, decimals)


def percent(ratio: Number | None, decimals: int = 0) -> str:
    """A ratio between 0 and 1 as «۱۶٪»; the sign stands left of the digits everywhere."""
    return persian.format_percent(ratio, decimals)


def share(part: Number | None, whole: Number | None, decimals: int = 0) -> str:
    """part/whole as a percentage; «—» of nothing."""
    return percent(part / whole if part is not None and whole else None, decimals)  # type: ignore[operator]


def jalali(value: date | datetime | None, with_weekday: bool = False, with_year: bool = True) -> str:
    """«۱ آذر ۱۴۰۵»; an aware datetime counts as its day in Tehran."""
    return NOTHING if value is None else persian.format_jalali(value, with_weekday, with_year)


def jalali_datetime(value: datetime | None) -> str:
    """«۱ آذر ۱۴۰۵، ۱۳:۳۰» on Tehran's clock."""
    return NOTHING if value is None else persian.format_jalali_datetime(value)


def clock_time(value: datetime | None) -> str:
    """«۱۳:۳۰» on Tehran's clock."""
    return NOTHING if value is None else persian.to_persian_digits(f"{value.astimezone(TEHRAN):%H:%M}")


def ago(value: datetime | None) -> str:
    """How long ago in the words of an office: minutes within the hour, today or yesterday with the hour, then the date."""
    if value is None:
        return NOTHING
    now = clock.now()
    passed = now - value
    if timedelta(0) <= passed < timedelta(minutes=1):
        return str(_("just now"))
    if timedelta(0) <= passed < timedelta(hours=1):
        return str(_("%(minutes)s minutes ago", minutes=number(int(passed.total_seconds() // 60))))
    days = (now.astimezone(TEHRAN).date() - value.astimezone(TEHRAN).date()).days
    words = {0: _("today, %(time)s"), 1: _("yesterday, %(time)s"), -1: _("tomorrow, %(time)s")}.get(days)
    return str(words) % {"time": clock_time(value)} if words else jalali_datetime(value)


def rial(value: Number | None) -> str:
    """«۱۴٬۷۷۸٬۰۰۰ ریال»."""
    return NOTHING if value is None else persian.format_rial(value)


def toman(rials: Number | None) -> str:
    """An amount of rials as people say it: «۱٫۴۸ میلیون تومان»."""
    return NOTHING if rials is None else persian.format_toman_approx(rials)


def bdi(value: object) -> Markup:
    """Latin or mixed text (a link, a code, a file name) that keeps its own direction within a Persian line."""
    return Markup('<bdi dir="ltr">%s</bdi>') % ("" if value is None else str(value))


def mask_phone(e164: str | None) -> Markup:
    """«۰۹۱۲***۴۵۶۷» in its own direction. Give it E.164; anything else shows as «***»."""
    return Markup('<bdi dir="ltr" class="tel">%s</bdi>') % (
        NOTHING if e164 is None else persian.to_persian_digits(persian.mask_phone(e164))
    )


def today_words() -> str:
    """Today in Tehran: «یکشنبه ۱ آذر ۱۴۰۵»."""
    return persian.format_jalali(clock.now(), with_weekday=True)


def install(app: Flask) -> None:
    app.jinja_env.filters.update(
        digits=digits,
        number=number,
        percent=percent,
        jalali=jalali,
        jalali_datetime=jalali_datetime,
        clock_time=clock_time,
        ago=ago,
        rial=rial,
        toman=toman,
        bdi=bdi,
        mask_phone=mask_phone,
    )
    app.jinja_env.globals.update(share=share, today_words=today_words)
