"""«پس از بارش و توفان»"""

from __future__ import annotations

from surveys.definitions import Definition
from surveys.starters.parts import last_words, options
from surveys.types import Multiple, Rating, ShortText, Single, YesNo


def weather(title: str) -> Definition:
    """What happened at the citizen's place, where, and how fast help came."""
    return Definition(
        title=title,
        intro="پس از بارش و باد اخیر، می‌خواهیم بدانیم کجا آب جمع شد یا راه بند آمد تا پیش از بارش بعدی آماده باشیم. برای کمک فوری با ۱۳۷ تماس بگیرید.",
        questions=[
            YesNo(id="harmed", label="آیا در محل زندگی یا کار شما مشکلی پیش آمد؟", required=True),
            Multiple(
                id="problems",
                label="چه مشکلی پیش آمد؟",
                required=True,
                show_if='harmed = "yes"',
                options=options(
                    "آب‌گرفتگی کوچه یا خیابان",
                    "ورود آب به خانه یا مغازه",
                    "گرفتگی جوی یا کانال",
                    "افتادن درخت یا شاخه",
                    "یخ‌زدگی یا برف روی معبر",
                    "قطع روشنایی معابر",
                    "مشکل دیگر",
                ),
            ),
            ShortText(
                id="place",
                label="این مشکل کجا پیش آمد؟",
                hint="نام کوچه یا نشانه‌ای نزدیک آن؛ پلاک و نام ننویسید.",
                show_if='harmed = "yes"',
                max_length=120,
            ),
            Single(
                id="help",
                label="نیروهای شهرداری چه زمانی رسیدند؟",
                required=True,
                show_if='harmed = "yes"',
                options=options(
                    "کمتر از ۲ ساعت",
                    "۲ تا ۶ ساعت",
                    "همان روز، بعد از ۶ ساعت",
                    "روز بعد یا دیرتر",
                    "هنوز نیامده‌اند",
                    exclusive="خبر نداده بودم",
                ),
            ),
            Rating(
                id="warning",
                label="هشدارها و خبررسانی شهرداری پیش از بارش چطور بود؟",
                required=True,
                low_label="خیلی بد",
                high_label="خیلی خوب",
            ),
            last_words("برای بارش بعدی چه پیشنهادی دارید؟"),
        ],
    )
