"""«رضایت از خدمات»"""

from __future__ import annotations

from surveys.definitions import Definition
from surveys.starters.parts import last_words, options
from surveys.types import Rating, Single, YesNo


def services(title: str) -> Definition:
    """Each service by points; whoever turned to the office tells how it went; what to mend first."""
    return Definition(
        title=title,
        intro="می‌خواهیم بدانیم کدام خدمت شهرداری در محلهٔ شما خوب است و کدام باید بهتر شود. نتیجه را در برنامهٔ سه‌ماههٔ آینده به کار می‌گیریم.",
        questions=[
            _satisfaction("cleaning", "از نظافت کوچه و جمع‌آوری زباله چقدر راضی هستید؟"),
            _satisfaction("green", "از فضای سبز و بوستان‌های محله چقدر راضی هستید؟"),
            _satisfaction("streets", "از آسفالت و پیاده‌روهای محله چقدر راضی هستید؟"),
            _satisfaction("lighting", "از روشنایی کوچه و خیابان در شب چقدر راضی هستید؟"),
            YesNo(id="visited", label="در شش ماه گذشته برای کاری به شهرداری مراجعه کرده یا با ۱۳۷ تماس گرفته‌اید؟", required=True),
            _satisfaction(
                "handling",
                "از رسیدگی به کارتان چقدر راضی بودید؟",
                hint="اگر چند بار مراجعه کرده‌اید، آخرین بار را در نظر بگیرید.",
                show_if='visited = "yes"',
            ),
            Single(
                id="first",
                label="اگر فقط یکی را بهتر کنیم، کدام باشد؟",
                required=True,
                options=options(
                    "نظافت و جمع‌آوری زباله",
                    "فضای سبز و بوستان‌ها",
                    "آسفالت و پیاده‌رو",
                    "روشنایی معابر",
                    "رسیدگی به درخواست‌ها",
                    exclusive="نظری ندارم",
                ),
            ),
            last_words(),
        ],
    )


def _satisfaction(question_id: str, label: str, *, hint: str = "", show_if: str = "") -> Rating:
    return Rating(
        id=question_id, label=label, hint=hint, show_if=show_if, required=True, low_label="خیلی ناراضی", high_label="خیلی راضی"
    )
