"""What a new survey can start from. Contents in Persian: they are an officer's first draft, not interface texts. Pure."""

from __future__ import annotations

from collections.abc import Callable

from surveys.definitions import Definition
from surveys.types import LongText, Multiple, Option, Rating, Single


def blank(title: str) -> Definition:
    return Definition(title=title)


def quick_poll(title: str) -> Definition:
    """«نظرسنجی سه‌پرسشی»"""
    return Definition(
        title=title,
        intro="با پاسخ شما، کار را همان‌جا که لازم‌تر است آغاز می‌کنیم.",
        questions=[
            Rating(
                id="satisfaction",
                label="از خدمات شهرداری در محلهٔ خود چقدر راضی هستید؟",
                required=True,
                low_label="خیلی ناراضی",
                high_label="خیلی راضی",
            ),
            Single(
                id="urgent",
                label="کدام کار در محلهٔ شما از همه واجب‌تر است؟",
                required=True,
                options=_options("روشنایی کوچه‌ها", "ترمیم پیاده‌روها", "فضای سبز و نیمکت", "نظافت و جمع‌آوری زباله", exclusive="نظری ندارم"),
            ),
            LongText(id="words", label="اگر حرف دیگری دارید، بنویسید.", hint="نام و شمارهٔ تلفن ننویسید."),
        ],
    )


def mayor(title: str) -> Definition:
    """«من شهردارم»: what the neighbourhood's money should be spent on first."""
    return Definition(
        title=title,
        intro="با پاسخ شما روشن می‌شود بودجهٔ سال آیندهٔ محله، نخست صرف چه کاری شود.",
        questions=[
            Multiple(
                id="projects",
                label="اگر شهردار محلهٔ خود بودید، کدام کارها را انجام می‌دادید؟",
                required=True,
                max_choices=3,
                options=_options(
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
                options=_options("کمتر از ۱ سال", "۱ تا ۵ سال", "بیش از ۵ سال", "این‌جا کار می‌کنم و ساکن نیستم"),
            ),
            LongText(id="idea", label="پیشنهاد خود را برای محله بنویسید.", hint="نام و شمارهٔ تلفن ننویسید."),
        ],
    )


PERMISSION_QUESTION, PERMISSION_YES = "permission", "yes"


def permission(title: str, words: str) -> Definition:
    """«اجازهٔ پیامک»: whether somebody agrees to the exact words of a consent. Not among what an office chooses to start from."""
    return Definition(
        title=title,
        intro="شمارهٔ شما از گذشته نزد شهرداری است، بی آن‌که سندی از رضایت شما داشته باشیم. پیش از هر پیامک دیگری می‌پرسیم:",
        questions=[
            Single(
                id=PERMISSION_QUESTION,
                label=words,
                hint="اگر نپذیرید یا پاسخ ندهید، رضایتی برای شما ثبت نمی‌شود.",
                required=True,
                options=[Option(id=PERMISSION_YES, label="بله، می‌پذیرم"), Option(id="no", label="خیر، پیامک نفرستید")],
            )
        ],
    )


STARTERS: dict[str, Callable[[str], Definition]] = {"quick_poll": quick_poll, "mayor": mayor, "blank": blank}


def _options(*labels: str, exclusive: str = "") -> list[Option]:
    options = [Option(id=f"a{number}", label=label) for number, label in enumerate(labels, 1)]
    if exclusive:
        options.append(Option(id="none", label=exclusive, exclusive=True))
    return options
