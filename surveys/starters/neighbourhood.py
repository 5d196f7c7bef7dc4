"""«اولویت‌های محله»"""

from __future__ import annotations

from surveys.definitions import Definition
from surveys.starters.parts import last_words, options
from surveys.types import Multiple, Rating, Single


def neighbourhood(title: str) -> Definition:
    """What is missing, what comes first of what was chosen, and for whom."""
    return Definition(
        title=title,
        intro="اولویت‌های محله را شما تعیین می‌کنید. پاسخ‌ها در شورایاری و برنامهٔ سال آیندهٔ ناحیه بررسی می‌شود.",
        questions=[
            Single(
                id="relation",
                label="نسبت شما با این محله چیست؟",
                required=True,
                options=options("ساکن محله‌ام", "در محله کار می‌کنم", "هم ساکنم و هم این‌جا کار می‌کنم", "گاهی از محله می‌گذرم"),
            ),
            Multiple(
                id="missing",
                label="محلهٔ شما بیش از همه چه کم دارد؟",
                required=True,
                max_choices=3,
                options=options(
                    "بوستان و فضای سبز",
                    "زمین بازی و ورزش",
                    "پیاده‌روی هموار و بی‌مانع",
                    "روشنایی و امنیت در شب",
                    "پارکینگ",
                    "دسترسی به اتوبوس و مترو",
                    "کتابخانه و فرهنگ‌سرا",
                    "درمانگاه",
                    exclusive="چیزی کم ندارد",
                ),
            ),
            Single(
                id="whom",
                label="محله برای کدام گروه کمتر مناسب است؟",
                required=True,
                options=options("کودکان", "نوجوانان و جوانان", "زنان", "سالمندان", "افراد دارای معلولیت", exclusive="برای همه مناسب است"),
            ),
            Rating(
                id="safety",
                label="شب‌ها در کوچه‌های محله چقدر احساس امنیت می‌کنید؟",
                required=True,
                low_label="خیلی کم",
                high_label="خیلی زیاد",
            ),
            Single(
                id="join",
                label="حاضرید در جلسهٔ اولویت‌های محله شرکت کنید؟",
                options=options("بله، حضوری", "بله، اگر مجازی باشد", "نه، ولی نتیجه را دنبال می‌کنم", "نه"),
            ),
            last_words("اگر اولویت دیگری در نظر دارید، بنویسید."),
        ],
    )
