"""«نظرسنجی سه‌پرسشی»"""

from __future__ import annotations

from surveys.definitions import Definition
from surveys.starters.parts import last_words, options
from surveys.types import Rating, Single


def quick_poll(title: str) -> Definition:
    """Satisfaction, the most urgent work, an open answer."""
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
                options=options("روشنایی کوچه‌ها", "ترمیم پیاده‌روها", "فضای سبز و نیمکت", "نظافت و جمع‌آوری زباله", exclusive="نظری ندارم"),
            ),
            last_words(),
        ],
    )
