"""Made-up citizens of real neighbourhoods: the same ones for the same seed, on every machine.

Names, years and numbers are drawn at random; a number that exists belongs to somebody who has nothing to do with this. They are
for the gateway simulator alone.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from engage.persian import local_form, to_persian_digits

HEADERS = ("نام", "نام خانوادگی", "تلفن همراه", "محله", "جنسیت", "سال تولد", "تاریخ رضایت")

DISTRICT_12: Mapping[str, int] = {
    "آبشار": 9, "ارگ پامنار": 6, "امامزاده یحیی": 9, "ایران": 11, "بازار": 4, "بهارستان": 10, "تختی": 7, "دروازه شمیران": 11,
    "سنگلج": 6, "شهید هرندی": 12, "فردوسی": 6, "قیام": 9, "کوثر": 10,
}  # fmt: skip
"""The thirteen neighbourhoods of Tehran's district 12, as the municipality divides it; the shares are invented."""

DISTRICT_7: Mapping[str, int] = {
    "بهار": 5,
    "حشمتیه": 3,
    "سبلان": 5,
    "قصر": 4,
    "کاج": 3,
    "مطهری": 3,
    "نامجو": 4,
    "نظام آباد": 7,
    "هفت تیر": 3,
}
"""Nine neighbourhoods of its neighbour in the north, district 7."""

FEMALE, MALE = "زن", "مرد"

# Real first two digits after 09 of each range, with about the share people in Tehran have of them.
_PREFIXES = {
    "912": 24, "919": 8, "910": 6, "911": 2, "913": 1, "914": 2, "915": 1, "916": 1, "917": 1, "918": 2, "990": 4, "991": 3, "935": 7,
    "936": 7, "937": 6, "938": 5, "939": 5, "933": 3, "930": 3, "901": 2, "902": 3, "903": 2, "921": 3, "922": 2, "920": 1,
}  # fmt: skip

# By generation: born up to 1345, up to 1368, later.
_FIRST_NAMES: Mapping[str, tuple[str, str, str]] = {
    FEMALE: (
        "فاطمه زهرا معصومه صدیقه زهره اقدس پروین مهین اشرف طاهره بتول شهین ملیحه اکرم نسرین مریم",
        "فاطمه مریم زهرا لیلا معصومه اعظم سمیه مهناز فریبا نسرین شیرین ناهید مژگان الهام سهیلا رویا نرگس پریسا",
        "فاطمه زهرا سارا نرگس مریم نگار یلدا مهسا هستی کیمیا ریحانه نازنین پریا ژاله آیدا گلنار مبینا ستایش",
    ),
    MALE: (
        "محمد علی حسین حسن احمد محمود غلامرضا علی‌اکبر عباس اکبر اصغر ابراهیم رضا قاسم یدالله اسماعیل",
        "محمد علی رضا مهدی حسین حمید مجید سعید محسن مسعود جواد وحید امیر مرتضی کامران بهروز کاوه داوود",
        "محمد علی امیرحسین مهدی امیر محمدرضا علیرضا پویا آرش سینا پارسا احسان میلاد نیما آرین ابوالفضل عرفان دانیال",
    ),
}
_LAST_NAMES = (
    "محمدی", "حسینی", "احمدی", "رضایی", "موسوی", "کریمی", "جعفری", "مرادی", "رحیمی", "حیدری", "قاسمی", "صادقی", "ابراهیمی",
    "هاشمی", "رستمی", "اکبری", "نوروزی", "کاظمی", "اسدی", "یزدانی", "عباسی", "شریفی", "نجفی", "سلیمانی", "باقری", "تهرانی",
    "امینی", "فراهانی", "یوسفی", "طاهری", "زارعی", "ملکی", "غفاری", "توکلی", "ثابتی", "پورحسینی", "گل‌محمدی", "ژیان", "چمنی",
    "واعظی", "نظری", "میرزایی", "صفری", "خسروی", "بختیاری", "شیرازی", "تفرشی", "قمی", "کاشانی", "خوانساری", "طباطبایی", "معمار",
    "صراف", "بزاز", "عطار", "زرگر",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Citizen:
    """One row of a list. `number` is E.164, `birth_year` and `consented_on` (1403/05/12) are Jalali."""

    first_name: str
    last_name: str
    neighbourhood: str
    gender: str
    birth_year: int
    number: str
    consented_on: str


def made_up_numbers(n: int, seed: int) -> list[str]:
    """`n` distinct valid mobiles in E.164; a longer list of the same seed begins with the shorter one."""
    chance = random.Random(f"numbers {seed}")
    prefixes, shares = list(_PREFIXES), list(_PREFIXES.values())
    found: dict[str, None] = {}
    while len(found) < n:
        for prefix in chance.choices(prefixes, shares, k=1_000):
            found[f"+98{prefix}{chance.randrange(10**7):07d}"] = None
    return list(found)[:n]


def made_up_people(n: int, seed: int, *, neighbourhoods: Mapping[str, int] = DISTRICT_12) -> list[Citizen]:
    """`n` adults with distinct numbers, spread over the neighbourhoods by their shares; consents lie between 1402 and 1404/06."""
    return list(_people(n, seed, neighbourhoods))


def _people(n: int, seed: int, neighbourhoods: Mapping[str, int]) -> Iterator[Citizen]:
    chance = random.Random(f"people {seed}")
    places = chance.choices(list(neighbourhoods), list(neighbourhoods.values()), k=n)
    last_names = chance.choices(_LAST_NAMES, [1 / (rank + 6) for rank in range(len(_LAST_NAMES))], k=n)
    first_names = {
        gender: [(names.split(), [1 / (rank + 4) for rank in range(len(names.split()))]) for names in generations]
        for gender, generations in _FIRST_NAMES.items()
    }
    for number, place, last_name in zip(made_up_numbers(n, seed), places, last_names, strict=True):
        gender = chance.choice((FEMALE, MALE))
        # A city's adults: most between 25 and 60, few above 80.
        birth_year = min(1387, round(chance.triangular(1315, 1387, 1366)))
        names, weights = first_names[gender][(birth_year > 1345) + (birth_year > 1368)]
        month = chance.randrange(30)
        yield Citizen(
            first_name=chance.choices(names, weights)[0],
            last_name=last_name,
            neighbourhood=place,
            gender=gender,
            birth_year=birth_year,
            number=number,
            consented_on=f"{1402 + month // 12}/{month % 12 + 1:02d}/{chance.randint(1, 29):02d}",
        )


def write_csv(path: Path, n: int, seed: int, *, neighbourhoods: Mapping[str, int] = DISTRICT_12, share: float = 1.0) -> None:
    """A list as offices write them: semicolons, UTF-8 with a mark at its beginning, some digits Persian; every row can be imported.

    With a `share` below 1 about so many of the same people are on it, drawn by the seed.
    """
    drawn = random.Random(f"share {seed}")
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(HEADERS)
        for position, each in enumerate(_people(n, seed, neighbourhoods)):
            if share < 1 and drawn.random() >= share:
                continue
            year = str(each.birth_year)
            writer.writerow(
                (
                    each.first_name,
                    each.last_name,
                    local_form(each.number),
                    each.neighbourhood,
                    each.gender,
                    to_persian_digits(year) if position % 3 == 0 else year,
                    each.consented_on,
                )
            )
