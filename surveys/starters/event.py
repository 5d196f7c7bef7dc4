"""«بازخورد رویداد»"""

from __future__ import annotations

from surveys.definitions import Definition
from surveys.starters.parts import last_words, options
from surveys.types import Multiple, Rating, Single, YesNo


def event(title: str) -> Definition:
    """How it was, what to do better; and why, of those who didn't come."""
    return Definition(
        title=title,
        intro="بازخورد شما برنامه‌های بعدی را بهتر می‌کند. پاسخ دادن کمتر از دو دقیقه زمان می‌برد.",
        questions=[
            YesNo(id="came", label="در این برنامه شرکت کردید؟", required=True),
            Rating(
                id="overall",
                label="برنامه روی‌هم‌رفته چطور بود؟",
                required=True,
                show_if='came = "yes"',
                low_label="خیلی بد",
                high_label="خیلی خوب",
            ),
            Multiple(
                id="good",
                label="کدام بخش را پسندیدید؟",
                show_if='came = "yes"',
                options=options(
                    "محتوا و اجرا", "زمان برگزاری", "مکان و دسترسی", "برخورد برگزارکنندگان", "سرگرمی کودکان", exclusive="هیچ‌کدام"
                ),
            ),
            Single(
                id="reason",
                label="چرا نتوانستید بیایید؟",
                required=True,
                show_if='came = "no"',
                options=options("خبر نداشتم", "زمانش مناسب نبود", "راه دور بود", "موضوعش برایم جالب نبود", "دلیل دیگر"),
            ),
            Single(
                id="next_time",
                label="چه زمانی برای برنامهٔ بعدی مناسب‌تر است؟",
                options=options("صبح روزهای کاری", "عصر روزهای کاری", "پنجشنبه", "جمعه", exclusive="فرقی ندارد"),
            ),
            last_words("برای برنامهٔ بعدی چه پیشنهادی دارید؟"),
        ],
    )
