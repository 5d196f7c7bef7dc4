"""Who walks, and the list they bring: everything an office's spreadsheet really holds, in sixty rows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from engage.persian import to_persian_digits

PASSWORD = "سپیدار کنار رود ۱۲"
GOOD_ROWS = 60
REJECTED_ROWS = 4
NEIGHBOURHOODS = ("هرندی", "ایران", "سنگلج")


@dataclass(frozen=True)
class Office:
    """A district with one person per role."""

    unit_id: int
    name: str
    width: int

    def email(self, role: str) -> str:
        return f"{role}-{self.width}@example.ir"

    def number(self, place: int) -> str:
        """The mobile number of the citizen in this row, as phones write it: 0912… in the one office, 0935… in the other."""
        return f"{'0912' if self.width == 1280 else '0935'}{4_210_000 + place * 37:07}"


def write_messy_list(path: Path, office: Office) -> None:
    """A list with a BOM and semicolons, Persian digits, Arabic letters, every spelling of a number, and rows that can't be taken."""
    first = ["نرگس", "علي", "مریم", "رضا", "فاطمه", "حسین", "زهرا", "محمد", "لیلا", "کاوه"]
    last = ["احمدی", "كريمي", "مرادی", "رضایی", "محمدی", "صادقی"]
    rows = ["نام;نام خانوادگی;شماره موبایل;محله;جنسیت;سال تولد;شغل"]
    for place in range(GOOD_ROWS):
        number = office.number(place)
        written = (number, to_persian_digits(number), f"+98{number[1:]}", f"{number[:4]} {number[4:7]} {number[7:]}", number[1:])[place % 5]
        gender = ("زن", "مرد")[place % 2]
        rows.append(
            f"{first[place % 10]};{last[place % 6]};{written};{NEIGHBOURHOODS[place % 3]};{gender};{to_persian_digits(str(1330 + place))};"
        )
    rows += [
        f"نرگس;احمدی;{office.number(0)};هرندی;زن;1330;",
        f"سهراب;احمدی;{office.number(0)};هرندی;مرد;1362;کاسب",
        "پروین;نوری;۰۲۱۵۵۶۰۱۲۳۴;ایران;زن;۱۳۴۰;",
        "جمشید;نوری;;ایران;مرد;۱۳۴۱;",
        "آرش;نوری;0912123;ایران;مرد;۱۳۷۰;",
        "دلارام;نوری;ندارد;ایران;زن;۱۳۷۵;",
    ]
    path.write_text("\n".join(rows) + "\n", encoding="utf-8-sig")
