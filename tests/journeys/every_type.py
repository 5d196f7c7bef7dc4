"""One question of every type, and for each what a citizen does wrong with it at first, then right, and what must be stored."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Locator, Page

from surveys.definitions import Definition
from surveys.types import (
    AnyQuestion,
    Approval,
    BallotRanking,
    Calculation,
    Consent,
    Date,
    Hidden,
    Information,
    Knapsack,
    LongList,
    LongText,
    Matrix,
    Multiple,
    NationalId,
    Neighbourhood,
    Nps,
    Number,
    Option,
    Phone,
    Points,
    Ranking,
    Rating,
    ShortText,
    Single,
    Time,
    Upload,
    YesNo,
)
from surveys.types.ballots import Project
from surveys.types.matrix import Row

Act = Callable[[Page], None]


def nothing(page: Page) -> None:
    """The question is passed over."""


@dataclass(frozen=True)
class Case:
    """`mistake` leaves the question so that it is asked again, `answer` mends that; `stored` is what it then adds to the document."""

    question: AnyQuestion
    answer: Act = nothing
    stored: Mapping[str, Any] | None = None
    mistake: Act = nothing


# -- what hands do ---------------------------------------------------------------------------------------------------------


def tap(box: Locator) -> None:
    """The box by its words: nobody aims at the little circle. Where the box itself covers its whole tile, that is what a finger hits."""
    covers = box.evaluate("it => getComputedStyle(it).opacity === '0'")
    (box if covers else box.locator("xpath=(ancestor::label | following-sibling::label)[1]")).click(timeout=3000)


def choose(question_id: str, *words: str) -> Act:
    """Exactly these of the question's options, one tap each; where several may be ticked, the others are taken away."""

    def act(page: Page) -> None:
        group = page.locator(".s", has=page.locator(f"[name='{question_id}']"))
        ticked = group.locator("[type=checkbox]:checked").evaluate_all("them => them.map(it => [it.value, it.labels[0].innerText.trim()])")
        for value, label in ticked:
            if label.split("\n")[0] not in words:
                tap(group.locator(f"[value='{value}']"))
        for each in words:
            box = group.locator(".o", has=page.get_by_text(each, exact=True)).locator("> input")
            if not box.is_checked():
                tap(box)

    return act


def place(question_id: str, **chosen: str) -> Act:
    """In each named row of tiles, the cell with this value."""

    def act(page: Page) -> None:
        for part, value in chosen.items():
            tap(page.locator(f"[name='{question_id}.{part}'][value='{value}']"))

    return act


def pick(**chosen: str) -> Act:
    """From lists of the phone's own, by their words; a list is named `question` or `question__part`."""

    def act(page: Page) -> None:
        for name, words in chosen.items():
            page.locator(f"select[name='{name.replace('__', '.')}']").select_option(label=words)

    return act


def write(name: str, text: str) -> Act:
    return lambda page: page.locator(f"[name='{name}']:not([type=hidden])").fill(text)


def share(question_id: str, **points: str) -> Act:
    return together(*(write(f"{question_id}.{part}", typed) for part, typed in points.items()))


def attach(question_id: str, name: str, kind: str, content: bytes) -> Act:
    return lambda page: page.locator(f"input[type=file][name='{question_id}']").set_input_files(
        {"name": name, "mimeType": kind, "buffer": content}
    )


def together(*acts: Act) -> Act:
    def act(page: Page) -> None:
        for each in acts:
            each(page)

    return act


def picture() -> bytes:
    """The smallest photo there is: one turquoise pixel, PNG."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0\x0e\x7c\x7b")) + chunk(b"IEND", b"")


# -- what is asked ---------------------------------------------------------------------------------------------------------


def options(*labels: str, alone: str = "", other: str = "") -> list[Option]:
    found = [Option(id=f"o{place}", label=label) for place, label in enumerate(labels, 1)]
    found += [Option(id="other", label=other, other=True)] if other else []
    return [*found, Option(id="none", label=alone, exclusive=True)] if alone else found


def projects(count: int) -> list[Project]:
    named = (
        ("روشنایی کوچه‌های شوش", "سی چراغ تازه در کوچه‌هایی که شب‌ها تاریک‌اند", 6_400_000_000, "محلهٔ شوش"),
        ("زمین بازی کودکان", "تاب، سرسره و کف‌پوش نرم در بوستان لاله", 9_500_000_000, "بوستان لاله"),
        ("پیاده‌رو بی‌مانع خیابان مولوی", "همسطح‌سازی برای صندلی چرخ‌دار و کالسکه", 12_250_000_000, "خیابان مولوی"),
        ("کتابخانهٔ کوچک محله", "", 4_000_000_000, "سرای محلهٔ هرندی"),
        ("نیمکت و آب‌سردکن", "بیست نیمکت و چهار آب‌سردکن", 1_800_000_000, ""),
        ("ایستگاه دوچرخه", "", 2_750_000_000, "میدان قیام"),
        ("کلاس کامپیوتر سالمندان", "دو روز در هفته، رایگان", 900_000_000, "سرای محلهٔ ایران"),
        ("درخت‌کاری خیابان ری", "دویست چنار و توت", 3_100_000_000, "خیابان ری"),
        ("سرویس بهداشتی همگانی", "", 5_600_000_000, "بازارچهٔ شاپور"),
        ("تعمیر زمین والیبال", "", 2_200_000_000, "بوستان هرندی"),
        ("نقاشی دیواری", "با هنرمندان محله", 600_000_000, ""),
        ("سایه‌بان ایستگاه اتوبوس", "هشت ایستگاه", 4_900_000_000, "خیابان شوش"),
    )
    return [
        Project(id=f"p{number}", label=label, description=told, cost=cost, place=where)
        for number, (label, told, cost, where) in enumerate(named[:count], 1)
    ]


STREETS = ["خیابان شوش", "خیابان مولوی", "خیابان ری", "خیابان وحدت اسلامی", "کوچهٔ شهید رضایی", "کوچهٔ شهید مرادی", "کوچهٔ مسجد", "میدان قیام"]
QUARTERS = ["هرندی", "ایران", "سنگلج", "بازار", "پامنار", "امامزاده یحیی", "دروازه شمیران", "فردوسی", "بهارستان"]
SATISFIED = ("خیلی ناراضی", "خیلی راضی")

CASES: Sequence[Case] = [
    Case(
        Single(id="first", label="کدام کار در محلهٔ شما واجب‌تر است؟", required=True, options=options("روشنایی کوچه‌ها", "نظافت خیابان", "فضای سبز", other="کار دیگری", alone="نظری ندارم")),
        together(choose("first", "کار دیگری"), write("first.other", "تعمیر پل عابر")),
        {"first": "other", "first.other": "تعمیر پل عابر"},
        choose("first", "کار دیگری"),
    ),
    Case(
        Multiple(id="trouble", label="چه چیزهایی آزارتان می‌دهد؟", required=True, max_choices=2, options=options("تاریکی", "سروصدا", "زباله", "ترافیک", alone="هیچ‌کدام")),
        choose("trouble", "تاریکی", "زباله"),
        {"trouble": ["o1", "o3"]},
        choose("trouble", "تاریکی", "سروصدا", "زباله"),
    ),
    Case(YesNo(id="been", label="در یک ماه گذشته به بوستان محله رفته‌اید؟", required=True, unknown_label="یادم نیست"), choose("been", "خیر"), {"been": "no"}),
    Case(
        Rating(id="clean", label="از نظافت محله چقدر راضی هستید؟", required=True, low_label=SATISFIED[0], high_label=SATISFIED[1]),
        choose("clean", "راضی"),
        {"clean": 4},
    ),
    Case(
        Rating(id="staff", label="به برخورد کارکنان چند ستاره می‌دهید؟", required=True, style="stars", low_label="خیلی بد", high_label="خیلی خوب"),
        choose("staff", "خوب"),
        {"staff": 4},
    ),
    Case(
        Rating(id="bus", label="به اتوبوس‌ها از ۱ تا ۱۰ چه نمره‌ای می‌دهید؟", required=True, style="numbers", scale=10, low_label="ضعیف", high_label="عالی"),
        choose("bus", "۷ از ۱۰"),
        {"bus": 7},
    ),
    Case(Nps(id="tell", label="چقدر ممکن است این محله را به دوستان خود پیشنهاد کنید؟", required=True), choose("tell", "۹ از ۱۰"), {"tell": 9}),
    Case(
        Ranking(id="order", label="این سه کار را به ترتیب اهمیت بچینید.", required=True, options=options("آسفالت", "روشنایی", "فضای سبز")),
        place("order", o1="2", o2="1", o3="3"),
        {"order": ["o2", "o1", "o3"]},
        place("order", o1="1", o2="1", o3="3"),
    ),
    Case(
        Ranking(id="rows", label="این شش خدمت را به ترتیب اهمیت بچینید.", required=True, options=options("نظافت", "اتوبوس", "بوستان", "کتابخانه", "ورزشگاه", "سرای محله")),
        pick(rows__o1="۳", rows__o2="۱", rows__o3="۲", rows__o4="۴", rows__o5="۶", rows__o6="۵"),
        {"rows": ["o2", "o3", "o1", "o4", "o6", "o5"]},
        pick(rows__o1="۳", rows__o2="۱"),
    ),
    Case(Information(id="note", label="دربارهٔ بودجهٔ محله", text="بودجهٔ سال ۱۴۰۶ را مردم همین محله تقسیم می‌کنند.\nپنج درصد بودجهٔ عمرانی منطقه کنار گذاشته شده است.")),
    Case(
        Matrix(
            id="short",
            label="هر کدام از این‌ها در محلهٔ شما چطور است؟",
            required=True,
            options=options("بد", "متوسط", "خوب", alone="نمی‌دانم"),
            rows=[Row(id="r1", label="جمع‌آوری زباله"), Row(id="r2", label="روشنایی کوچه‌ها در شب"), Row(id="r3", label="بوستان‌ها")],
        ),
        place("short", r1="o3", r2="o1", r3="none"),
        {"short.r1": "o3", "short.r2": "o1", "short.r3": "none"},
        place("short", r1="o3"),
    ),
    Case(
        Matrix(
            id="long",
            label="چقدر با این گفته‌ها موافق هستید؟",
            required=True,
            options=options("کاملاً مخالفم", "مخالفم", "نه موافق، نه مخالف", "موافقم", "کاملاً موافقم"),
            rows=[Row(id="r1", label="شهرداری به حرف مردم گوش می‌دهد."), Row(id="r2", label="شب‌ها در محله احساس امنیت می‌کنم.")],
        ),
        place("long", r1="o4", r2="o2"),
        {"long.r1": "o4", "long.r2": "o2"},
        place("long", r2="o2"),
    ),
    Case(Neighbourhood(id="near", label="در کدام محله زندگی می‌کنید؟", required=True, options=options(*QUARTERS[:3], alone="محلهٔ من این نیست")), choose("near", "سنگلج"), {"near": "o3"}),
    Case(Neighbourhood(id="work", label="محل کار شما در کدام محله است؟", required=True, options=options(*QUARTERS, alone="جای دیگری")), pick(work="پامنار"), {"work": "o5"}),
    Case(
        LongList(id="street", label="نام خیابان یا کوچهٔ شما چیست؟", required=True, options=options(*STREETS, alone="خیابانم در فهرست نیست")),
        choose("street", "کوچهٔ شهید مرادی"),
        {"street": "o6"},
        write("street.text", "شهید"),
    ),
    Case(
        Number(id="years", label="چند سال است این‌جا زندگی می‌کنید؟", required=True, min=0, max=100, unit="سال"),
        write("years", "۱۲"),
        {"years": 12},
        write("years", "هفت‌صد"),
    ),
    Case(ShortText(id="park", label="نام بوستان نزدیک شما چیست؟", required=True, max_length=20), write("park", "بوستان لاله"), {"park": "بوستان لاله"}, write("park", "بوستانی که پشت مدرسه است")),
    Case(
        LongText(id="more", label="چه حرف دیگری دارید؟", required=True, max_length=60),
        write("more", "چراغ کوچه خاموش است.\nکسی هم نمی‌آید."),
        {"more": "چراغ کوچه خاموش است.\nکسی هم نمی‌آید."},
        write("more", "چراغ کوچه خاموش است و کسی نمی‌آید. " * 2),
    ),
    Case(Calculation(id="months", label="ماه‌های سکونت", formula="years * 12"), stored={"months": 144}),
    Case(Date(id="moved", label="چه روزی به این محله آمدید؟", required=True), write("moved", "۲ آذر ۱۴۰۰"), {"moved": "2021-11-23"}, write("moved", "پارسال")),
    Case(Time(id="noise", label="سروصدا معمولاً از چه ساعتی آغاز می‌شود؟", required=True), write("noise", "۲۱:۳۰"), {"noise": "21:30"}, write("noise", "۲۵:۷۰")),
    Case(Phone(id="ring", label="با چه شماره‌ای با شما تماس بگیریم؟", required=True), write("ring", "۰۹۱۲ ۳۴۵ ۶۷۸۹"), {"ring": "+989123456789"}, write("ring", "۰۲۱ ۵۵۶۰ ۱۲۳۴")),
    Case(NationalId(id="card", label="کد ملی شما چیست؟", required=True), write("card", "۰۰۱۲۳۴۵۶۷۹"), {"card": "0012345679"}, write("card", "۰۰۱۲۳۴۵۶۷۰")),
    Case(
        Consent(id="agree", label="رضایت", required=True, statement="می‌پذیرم که شهرداری برای پیگیری همین پاسخ با من تماس بگیرد."),
        choose("agree", "می‌پذیرم که شهرداری برای پیگیری همین پاسخ با من تماس بگیرد."),
        {"agree": "yes"},
    ),
    Case(
        Upload(id="photo", label="عکسی از مشکل بفرستید.", required=True, max_megabytes=2),
        attach("photo", "عکس.png", "image/png", picture()),
        None,
        attach("photo", "یادداشت.jpg", "image/jpeg", "این عکس نیست".encode()),
    ),
    Case(
        Approval(id="like", label="کدام پروژه‌ها را می‌پسندید؟", required=True, max_choices=2, projects=projects(4), none_label="هیچ‌کدام"),
        choose("like", "زمین بازی کودکان", "کتابخانهٔ کوچک محله"),
        {"like": ["p2", "p4"]},
        choose("like", "روشنایی کوچه‌های شوش", "زمین بازی کودکان", "کتابخانهٔ کوچک محله"),
    ),
    Case(
        BallotRanking(id="best", label="سه پروژهٔ مهم‌تر را به ترتیب رتبه بدهید.", required=True, projects=projects(4), none_label="هیچ‌کدام"),
        place("best", p1="2", p2="0", p3="1", p4="3"),
        {"best": ["p3", "p1", "p4"]},
        place("best", p1="1", p3="1"),
    ),
    Case(
        Points(id="share", label="ده امتیاز را میان این پروژه‌ها بخش کنید.", required=True, points=10, spend_all=True, projects=projects(3)),
        share("share", p1="۵", p2="۳", p3="۲"),
        {"share.p1": 5, "share.p2": 3, "share.p3": 2},
        share("share", p1="۷", p2="۵"),
    ),
    Case(
        Knapsack(id="buy", label="با بیست میلیارد ریال برای محله چه کنیم؟", required=True, budget=20_000_000_000, projects=projects(12), none_label="هیچ‌کدام"),
        choose("buy", "روشنایی کوچه‌های شوش", "زمین بازی کودکان", "درخت‌کاری خیابان ری"),
        {"buy": ["p1", "p2", "p8"]},
        choose("buy", "روشنایی کوچه‌های شوش", "زمین بازی کودکان", "پیاده‌رو بی‌مانع خیابان مولوی"),
    ),
    Case(Hidden(id="poster", label="از کدام پوستر", parameter="poster", allowed=["bazaar", "park"]), stored={"poster": "bazaar"}),
]  # fmt: skip
BY_ID = {case.question.id: case for case in CASES}
SURVEY = Definition(
    title="هر پرسشی که می‌توان پرسید",
    intro="با پاسخ شما روشن می‌شود بودجهٔ سال ۱۴۰۶ صرف چه کاری شود.",
    questions=[case.question for case in CASES],
)
LINK_SAYS = "?poster=bazaar"
STORED: dict[str, Any] = {name: value for case in CASES for name, value in (case.stored or {}).items()}
"""The whole document, but for the file's name; the national id as it was typed."""
