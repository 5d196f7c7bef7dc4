"""What is looked at in a text beyond its form, and the texts that stand ready in every office. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from campaigns.kinds import CampaignKind
from engage.persian import search_key

_WORD = re.compile(r"\w+")


def filtered_in(text: str, words: Iterable[tuple[str, str]]) -> list[str]:
    """Which of these (key, label) words or phrases stand in the text, whole, however they are spelt; as labels, in the given order."""
    spoken = f" {' '.join(_WORD.findall(search_key(text)))} "
    return [label for key, label in words if (sought := " ".join(_WORD.findall(key))) and f" {sought} " in spoken]


@dataclass(frozen=True)
class BuiltIn:
    title: str
    kind: CampaignKind
    text: str


BUILT_IN = (
    BuiltIn(
        "توفان و باد شدید", CampaignKind.SAFETY_ALERT, "{واحد}: هشدار توفان. از زیر درخت و دیوار سست دور شوید و در خانه بمانید. امداد ۱۲۵"
    ),
    BuiltIn("سیل و آب‌گرفتگی", CampaignKind.SAFETY_ALERT, "{واحد}: هشدار سیل. از رودخانه و زیرگذرها دور شوید. امداد ۱۲۵"),
    BuiltIn("نشت گاز", CampaignKind.SAFETY_ALERT, "{واحد}: نشت گاز در محدودهٔ شما. کبریت و برق نزنید و از خانه بیرون بروید. ۱۹۴"),
    BuiltIn("رفع خطر", CampaignKind.ALL_CLEAR, "{واحد}: خطر برطرف شد. از همراهی شما سپاسگزاریم."),
    BuiltIn("قطع آب", CampaignKind.ANNOUNCEMENT, "{واحد}: آب محدودهٔ شما فردا ساعت ۹ تا ۱۳ برای تعمیر قطع است."),
    BuiltIn("تاریخ نادرست", CampaignKind.CORRECTION, "{واحد}: اصلاح پیامک پیشین: مهلت پاسخ {مهلت} است. پوزش می‌خواهیم."),
    BuiltIn("سپاس و نتیجه", CampaignKind.RESULT, "{واحد}: از پاسخ شما سپاسگزاریم. نتیجه را به کار بستیم:"),
)
"""Ready in every office; what it writes itself stands beside them."""


def built_in(kind: CampaignKind | str) -> list[BuiltIn]:
    return [each for each in BUILT_IN if each.kind == kind]
