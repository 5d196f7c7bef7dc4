"""«من شهردارم»"""

from __future__ import annotations

from surveys.definitions import Definition
from surveys.starters.parts import NO_NAMES, options
from surveys.types import LongText, Multiple, Rating, Single


def mayor(title: str) -> Definition:
    """What the neighbourhood's money should be spent on first."""
    return Definition(
        title=title,
        intro="با پاسخ شما روشن می‌شود بودجهٔ سال آیندهٔ محله، نخست صرف چه کاری شود.",
        questions=[
            Multiple(
                id="projects",
                label="اگر شهردار محلهٔ خود بودید، کدام کارها را انجام می‌دادید؟",
                required=True,
                max_choices=3,
                options=options(
                    "روشنایی کوچه‌ها و پیاده‌روها",
                    "ترمیم پیاده‌روی اصلی محله",
                    "نیمکت و سایبان در بوستان محله",
                    "زمین بازی ایمن برای کودکان",
                    "سرعت‌گیر و خط‌کشی جلوی مدرسه",
                    "ساماندهی جوی آب و کانال‌ها",
                    exclusive="نظری ندارم",
                ),
            ),
            Rating(
                id="cleanliness",
                label="از نظافت کوچه و خیابان محله چقدر راضی هستید؟",
                required=True,
                low_label="خیلی ناراضی",
                high_label="خیلی راضی",
            ),
            Single(
                id="years",
                label="چند سال است در این محله زندگی می‌کنید؟",
                options=options("کمتر از ۱ سال", "۱ تا ۵ سال", "بیش از ۵ سال", "این‌جا کار می‌کنم و ساکن نیستم"),
            ),
            LongText(id="idea", label="پیشنهاد خود را برای محله بنویسید.", hint=NO_NAMES),
        ],
    )
