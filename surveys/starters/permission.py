"""«اجازهٔ پیامک»"""

from __future__ import annotations

from surveys.definitions import Definition
from surveys.types import Option, Single

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
