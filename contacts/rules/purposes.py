"""The purposes every installation starts with, and the exact words per basis. Data in Persian: it is what citizens agreed to."""

from __future__ import annotations

from contacts.rules.consent import Basis

PURPOSES: tuple[tuple[str, str], ...] = (
    ("survey_invitation", "دعوت به نظرسنجی"),
    ("service_notice", "اطلاع‌رسانی خدمات"),
    ("weather_safety", "هوا و ایمنی"),
    ("neighbourhood_news", "خبر محله"),
)
"""Key and title, in the order they are offered."""

_ASKED = {
    "survey_invitation": "مرا با پیامک به نظرسنجی‌های خود دعوت کند",
    "service_notice": "خبرهای خدمات شهری را برایم پیامک کند",
    "weather_safety": "هشدارهای هوا و ایمنی را برایم پیامک کند",
    "neighbourhood_news": "خبرهای محله را برایم پیامک کند",
}
_STATED = {
    "survey_invitation": "دعوت به نظرسنجی با پیامک",
    "service_notice": "پیامک خدمات شهری",
    "weather_safety": "پیامک هشدار هوا و ایمنی",
    "neighbourhood_news": "پیامک خبر محله",
}
_STATEMENTS = {
    Basis.PRIOR_RELATION: "ارتباط پیشین با شهرداری، بدون سند رضایت، برای {what}. با فرستادن ۱۱ لغو می‌شود.",
    Basis.LEGAL_DUTY: "وظیفهٔ قانونی شهرداری در آگاه کردن شهروندان، برای {what}. با فرستادن ۱۱ لغو می‌شود.",
    Basis.CONTRACT: "قرارداد یا درخواست خود شهروند، برای {what}. با فرستادن ۱۱ لغو می‌شود.",
}


def first_text(purpose: str, basis: Basis) -> str:
    """Version 1 of the words behind a consent of this purpose and basis."""
    if basis is Basis.CONSENT:
        return f"می‌پذیرم شهرداری {_ASKED[purpose]}. هر زمان با فرستادن ۱۱ لغو می‌کنم."
    return _STATEMENTS[basis].format(what=_STATED[purpose])
