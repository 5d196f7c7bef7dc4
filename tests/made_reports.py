"""Reports made by the product's own calculations from invented counts: for files and sheets, where no response need be stored."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from engage.reports.analysis.claims import Inviting, asked_claim, city_claim
from engage.reports.analysis.equity import funnel_splits
from engage.reports.analysis.groups import break_down
from engage.reports.analysis.people import people_of
from engage.reports.analysis.quality import quality_of
from engage.reports.analysis.shapes import Analysis
from engage.reports.content import Content, DayCount, Funnel, Report
from engage.reports.grid import Dimension, Grid, Path, Profile, Steps, add_up
from engage.reports.tally import AskedQuestion, asked_questions, tally
from engage.statistics.weighting import Margin
from surveys.definitions import Definition
from surveys.queries.aggregates import AnswerCounts, Counted
from surveys.types import AnyQuestion, LongText, Matrix, Multiple, Nps, Number, Option, Ranking, Rating, Single, Tally, YesNo
from surveys.types.matrix import Row

PLACES = {"هرندی": "3", "سنگلج": "3", "پامنار": "4", "امامزاده یحیی": "4"}
UNITS = {"3": "ناحیهٔ ۱", "4": "ناحیهٔ ۲"}
AGES = ("18-29", "30-44", "45-59", "60+")
FIRST_DAY = date(2026, 11, 22)

WORKS = [
    Option(id="a1", label="روشنایی کوچه‌ها"),
    Option(id="a2", label="ترمیم پیاده‌روها"),
    Option(id="a3", label="جمع‌آوری شبانهٔ زباله"),
    Option(id="a4", label="نظری ندارم", exclusive=True),
]
QUESTIONS: list[AnyQuestion] = [
    Single(id="q1", label="کدام کار در محلهٔ شما از همه واجب‌تر است؟", options=WORKS),
    Rating(id="q2", label="از نظافت کوچه و خیابان محله چقدر راضی هستید؟", low_label="خیلی ناراضی", high_label="خیلی راضی"),
    Multiple(id="q3", label="چه چیزی بیشتر آزارتان می‌دهد؟", max_choices=2, options=WORKS[:3]),
    YesNo(id="q4", label="آیا سال گذشته با ۱۳۷ تماس گرفته‌اید؟"),
    Nps(id="q5", label="چقدر احتمال دارد زندگی در این محله را به دوستی پیشنهاد کنید؟"),
    Number(id="q6", label="چند سال است در این محله زندگی می‌کنید؟", min=0, max=100, unit="سال"),
    Ranking(id="q7", label="این کارها را به ترتیب اهمیت بچینید.", options=WORKS[:3]),
    Matrix(
        id="q8",
        label="از هر کدام چقدر راضی هستید؟",
        rows=[Row(id="r1", label="نظافت جوی‌ها"), Row(id="r2", label="فضای سبز"), Row(id="r3", label="آسفالت")],
        options=[Option(id="c1", label="کم"), Option(id="c2", label="متوسط"), Option(id="c3", label="زیاد")],
    ),
    LongText(id="q9", label="اگر حرف دیگری دارید، بنویسید."),
]


def made_report(
    questions: Sequence[AnyQuestion] | None = None,
    *,
    people: int = 1312,
    title: str = "کار بعدی محلهٔ شما چه باشد؟",
    seed: int = 12,
    **changes: Any,
) -> Report:
    """A closed survey of district 12 answered by so many, Herandi less content than the rest; `changes` are fields of `Report`."""
    dice = random.Random(seed)
    asked = asked_questions({1: Definition(title=title, questions=list(questions or QUESTIONS))})
    answers: dict[Profile, AnswerCounts] = {}
    steps: dict[Path, Steps] = {}
    left = people
    for place, unit in PLACES.items():
        for age in AGES:
            for gender in ("female", "male"):
                here = min(left, max(people // 32, 1))
                if (place, age, gender) == (list(PLACES)[-1], AGES[-1], "male"):
                    here = left
                left -= here
                invited = here * 6
                lost = 0.5 if age == "60+" else 0.0
                steps[Path(unit, place, age, gender, "3000", "10")] = Steps(
                    invited, invited, round(invited * 0.92), here * 2 + 1, here, round(here * (1 - lost) + here * lost)
                )
                if here:
                    drawn = [_drawn(each, here, dice, is_low=place == "هرندی") for each in asked]
                    answers[Profile(unit, place, age, gender, "link", "1")] = AnswerCounts({1: here}, {FIRST_DAY: here}, drawn)
    grid = Grid(answers, steps)
    whole = add_up(answers.values()) if answers else AnswerCounts({}, {}, [Counted(0, {}) for _ in asked])
    tallies = tally(asked, whole)
    breakdowns, differences = break_down(asked, tallies, grid, {Dimension.UNIT: UNITS})
    total = sum(steps.values(), Steps())
    margins = [Margin("age", dict.fromkeys(AGES, 50_000.0)), Margin("gender", {"female": 100_000.0, "male": 100_000.0})]
    analysis = Analysis(
        people_of({"link": people}),
        quality_of(
            {"answered": people, "silent": total.delivered - people, "not_delivered": total.invited - total.delivered},
            delivered=total.delivered,
            opened=total.opened,
            started=total.started,
            days=[FIRST_DAY, FIRST_DAY + timedelta(days=18)],
        )
        if people
        else None,
        asked_claim([Inviting(60_000, total.invited, True)], {"link": people}) if people else asked_claim([], {}),
        city_claim(grid, tallies, margins, dated="مرکز آمار، سرشماری ۱۳۹۵"),
        breakdowns,
        differences,
        funnel_splits(grid, {"unit": UNITS}),
        people,
    )
    funnel = Funnel(total.invited, total.accepted, total.delivered, total.opened, total.started, people)
    days = [DayCount(FIRST_DAY + timedelta(days=n), dice.randint(5, 150)) for n in range(19)] if people else []
    content = Content(people, 1, funnel, days, tallies, 4, 1, analysis)
    values: dict[str, Any] = {
        "survey_id": 1,
        "slug": "s12",
        "unit_id": 0,
        "title": title,
        "state": "closed",
        "closes_at": None,
        "results_on": date(2026, 12, 21),
        "computed_at": datetime(2026, 12, 12, 9, 30, tzinfo=UTC),
        "is_stale": False,
        "content": content,
    }
    return Report(**(values | changes))


def _drawn(asked: AskedQuestion, people: int, dice: random.Random, *, is_low: bool) -> Counted:
    part = asked.part
    answered = people - (1 if people > 8 and asked.newest.id != "q1" else 0)
    if part.tally == Tally.NUMBERS:
        values = [str(min(int(dice.expovariate(1 / 14)), 100)) for _ in range(answered)]
        return Counted(answered, {each: values.count(each) for each in values})
    ids = [option.id for option in part.options]
    if part.tally == Tally.RANKS:
        ranks: dict[str, int] = {}
        for _ in range(answered):
            for place, each in enumerate(dice.sample(ids, len(ids)), 1):
                ranks[f"{place}:{each}"] = ranks.get(f"{place}:{each}", 0) + 1
        return Counted(answered, ranks)
    if not ids:
        return Counted(answered, {})
    weights = [(len(ids) - n if is_low else n + 1) for n in range(len(ids))]
    chosen = dice.choices(ids, weights, k=answered)
    return Counted(answered, {each: chosen.count(each) for each in ids})
