"""The composer's forms, one per step, and the small ones around approval and launch."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, Field, HiddenField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from campaigns.rules import LATEST_WINDOW, MAX_REMINDERS, Reminder
from engage.clock import TEHRAN, now
from engage.persian import to_latin_digits, to_persian_digits
from engage.web.forms import BaseForm, IntegerField, JalaliDateField, JalaliDateTimeField, MultiCheckboxField, stripped
from surveys.commands import MAX_NOTICE

_needed: Any = InputRequired(_l("Please fill this in."))

_TIME = re.compile(r"([0-9]{1,2})(?::([0-9]{2}))?")
MAX_TEXT = 900
MAX_NOTE = 500


def optional_int(value: Any) -> int | None:
    """Coerces a select's value: "" is None."""
    return int(value) if value not in (None, "", "None") else None


class ClockField(StringField):
    """A time of day as text, any digits: «۱۰:۰۰», «10»; `data` is minutes since midnight or None."""

    data: int | None  # type: ignore[assignment]

    def process_formdata(self, valuelist: list[Any]) -> None:
        typed = to_latin_digits(str(valuelist[0])).strip() if valuelist else ""
        found = _TIME.fullmatch(typed)
        hour, minute = (int(found[1]), int(found[2] or 0)) if found else (99, 0)
        self.data = hour * 60 + minute if hour < 24 and minute < 60 else None
        if typed and self.data is None:
            raise ValueError(str(_("There is no such time. Write it like %(example)s", example="۱۰:۰۰")))

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return "" if self.data is None else clock_words(self.data)


def clock_words(minutes: int) -> str:
    """«۹:۰۰»"""
    return to_persian_digits(f"{minutes // 60}:{minutes % 60:02}")


class _StepForm(BaseForm):
    """A form whose fields are also looked at together, whatever each of them says alone."""

    def check_together(self) -> None:
        """Blames fields that don't fit one another."""

    def validate(self, extra_validators: Any = None) -> bool:
        super().validate(extra_validators)
        self.check_together()
        return not self.errors


def _blame(field: Field, message: str) -> None:
    if not field.errors:
        field.errors = [message]


class AudienceForm(_StepForm):
    """Step 1: about which survey, to whom."""

    revision = HiddenField()
    title = StringField(
        _l("Title of the campaign"),
        [_needed, Length(max=120)],
        filters=[stripped],
        description=_l("Only colleagues see it; citizens don't."),
    )
    survey_id = SelectField(_l("Survey"), [_needed], coerce=int)
    purpose = SelectField(_l("Topic"), description=_l("Only people who agreed to texts about it get this one."))
    who = RadioField(_l("How they are chosen"), choices=[("simple", "")], default="simple")
    segment = SelectField(_l("Segment"), default="", choices=[("", "")])
    neighbourhoods = MultiCheckboxField(_l("Neighbourhoods"), description=_l("None ticked means all of them."))
    gender = RadioField(_l("Gender"), choices=[("", _l("Everyone")), ("female", _l("Women")), ("male", _l("Men"))], default="")
    birth_year_from = IntegerField(_l("Born from the year"), [Optional(), NumberRange(1250, 1500)])
    birth_year_to = IntegerField(_l("to the year"), [Optional(), NumberRange(1250, 1500)])
    import_id = SelectField(_l("Only the people of one imported list"), coerce=optional_int)

    answered_within = IntegerField(
        _l("Leave out who answered a survey in the last days"),
        [Optional(), NumberRange(1, 365)],
        description=_l("How many days. Left empty, nobody is left out for that. Answers to anonymous surveys aren't known."),
    )
    sample = RadioField(
        _l("How many of them"),
        choices=[
            ("", _l("Everybody")),
            ("random", _l("A random sample")),
            ("strata", _l("A sample in proportion to the neighbourhoods, at least one of each")),
        ],
        default="",
    )
    sample_size = IntegerField(_l("Size of the sample"), [Optional(), NumberRange(1, 10_000_000)])
    sample_seed = IntegerField(
        _l("Seed"), [Optional(), NumberRange(0, 10**9)], description=_l("The same seed draws the same people again.")
    )

    def check_together(self) -> None:
        if self.who.data == "segment" and not self.segment.data:
            _blame(self.segment, _("Choose a segment."))
        if self.sample.data and self.sample_size.data is None:
            _blame(self.sample_size, _("Say how many people the sample has."))
        first, last = self.birth_year_from.data, self.birth_year_to.data
        if first is not None and last is not None and last < first:
            _blame(self.birth_year_to, _("This year lies before the first one."))


_SPANS = [("days", _l("days")), ("hours", _l("hours"))]
_AGAIN = _l("Left empty, the first text is sent again.")
_STOP = _l("Per cent of answers above which nobody has to be reminded. Left empty, it always goes out.")


class TextForm(_StepForm):
    """Step 2: what citizens read, and how often they are reminded."""

    revision = HiddenField()
    text = TextAreaField(_l("Text of the message"), [Length(max=MAX_TEXT)])
    reminder = RadioField(
        _l("Reminder"),
        choices=[("no", _l("No reminder")), ("yes", _l("A reminder to those who haven't answered"))],
        default="no",
    )
    reminder_amount = IntegerField(_l("After"), [Optional(), NumberRange(1, 720)], default=3)
    reminder_unit = SelectField(_l("Unit of time"), choices=_SPANS, default="days")
    reminder_text = TextAreaField(_l("Text of the reminder"), [Length(max=MAX_TEXT)], description=_AGAIN)
    reminder_stop = IntegerField(_l("Leave it out above"), [Optional(), NumberRange(1, 100)], description=_STOP)
    reminder2_amount = IntegerField(_l("After"), [Optional(), NumberRange(1, 720)])
    reminder2_unit = SelectField(_l("Unit of time"), choices=_SPANS, default="days")
    reminder2_text = TextAreaField(_l("Text of the reminder"), [Length(max=MAX_TEXT)], description=_AGAIN)
    reminder2_stop = IntegerField(_l("Leave it out above"), [Optional(), NumberRange(1, 100)], description=_STOP)
    reminder3_amount = IntegerField(_l("After"), [Optional(), NumberRange(1, 720)])
    reminder3_unit = SelectField(_l("Unit of time"), choices=_SPANS, default="days")
    reminder3_text = TextAreaField(_l("Text of the reminder"), [Length(max=MAX_TEXT)], description=_AGAIN)
    reminder3_stop = IntegerField(_l("Leave it out above"), [Optional(), NumberRange(1, 100)], description=_STOP)

    def reminder_fields(self, number: int) -> dict[str, Field]:
        """The fields of the first, second or third reminder by what they say: amount, unit, text, stop."""
        name = "reminder" if number == 1 else f"reminder{number}"
        return {each: self[f"{name}_{each}"] for each in ("amount", "unit", "text", "stop")}

    def fill_reminders(self, reminders: Sequence[Reminder]) -> None:
        self.reminder.data = "yes" if reminders else "no"
        for number, each in enumerate(reminders, 1):
            fields = self.reminder_fields(number)
            hours = int(each.after.total_seconds()) // 3600
            in_days = hours % 24 == 0
            fields["amount"].data, fields["unit"].data = (hours // 24 if in_days else hours), ("days" if in_days else "hours")
            fields["text"].data, fields["stop"].data = each.text or "", each.stop_above

    def check_together(self) -> None:
        if self.reminder.data != "yes":
            return
        if self.reminder_amount.data is None:
            _blame(self.reminder_amount, _("Say after how many days or hours the reminder goes out."))
        before: timedelta | None = None
        for number in range(1, MAX_REMINDERS + 1):
            after = self._after(number)
            if after is not None and before is not None and after <= before:
                _blame(self.reminder_fields(number)["amount"], _("This reminder has to be later than the one before it."))
            before = after or before

    @property
    def reminders(self) -> tuple[Reminder, ...]:
        """What was chosen, in order; nothing without a reminder."""
        if self.reminder.data != "yes":
            return ()
        found = []
        for number in range(1, MAX_REMINDERS + 1):
            after, fields = self._after(number), self.reminder_fields(number)
            if after is not None:
                found.append(Reminder(after, (fields["text"].data or "").strip() or None, fields["stop"].data))
        return tuple(found)

    def _after(self, number: int) -> timedelta | None:
        """Time between the start of sending and this reminder; None without it."""
        fields = self.reminder_fields(number)
        if fields["amount"].data is None:
            return None
        return timedelta(**{"hours" if fields["unit"].data == "hours" else "days": fields["amount"].data})


def _window_choices(first: int, last: int) -> list[tuple[int, str]]:
    return [(minutes, clock_words(minutes)) for minutes in range(first, last + 1, 30)]


class TimeForm(_StepForm):
    """Step 3: when it starts, and within which hours it may go out."""

    revision = HiddenField()
    when = RadioField(
        _l("Start"),
        choices=[("approval", _l("As soon as it is approved and launched")), ("later", _l("At a certain day and hour"))],
        default="approval",
    )
    day = JalaliDateField(_l("Day"))
    hour = ClockField(_l("Hour"))
    window_start = SelectField(_l("Not before"), coerce=int, choices=_window_choices(LATEST_WINDOW[0], LATEST_WINDOW[1] - 30))
    window_end = SelectField(_l("Not after"), coerce=int, choices=_window_choices(LATEST_WINDOW[0] + 30, LATEST_WINDOW[1]))

    rests_on_fridays = BooleanField(_l("Don't send on Fridays"))
    rests_on_holidays = BooleanField(_l("Don't send on holidays"))
    not_after = JalaliDateTimeField(
        _l("Last moment for sending"), description=_l("What hasn't left by then expires. Left empty, the survey's last day decides.")
    )
    spread_hours = IntegerField(
        _l("Spread over hours"),
        [Optional(), NumberRange(1, 168)],
        description=_l("Evenly over so many sending hours, so that answers and calls don't come all at once."),
    )
    pilot_count = IntegerField(
        _l("First only so many"),
        [Optional(), NumberRange(1, 1_000_000)],
        description=_l("For example %(count)s; then sending waits.", count="۲۰۰"),
    )
    pilot_minutes = IntegerField(
        _l("and wait so many minutes"),
        [Optional(), NumberRange(1, 7 * 24 * 60)],
        description=_l("Left empty, it waits until somebody says go on."),
    )

    def fill_pace(self, draft: Any) -> None:
        """The fields of pace as a `campaigns.commands.Draft` has them."""
        self.rests_on_fridays.data, self.rests_on_holidays.data = not draft.sends_on_fridays, not draft.sends_on_holidays
        self.not_after.data = draft.not_after
        self.spread_hours.data = None if draft.spread is None else round(draft.spread.total_seconds() / 3600)
        self.pilot_count.data = draft.pilot_count
        self.pilot_minutes.data = None if draft.pilot_wait is None else round(draft.pilot_wait.total_seconds() / 60)

    @property
    def pace(self) -> dict[str, Any]:
        """The same as fields of a `campaigns.commands.Draft`."""
        hours, minutes = self.spread_hours.data, self.pilot_minutes.data
        return {
            "sends_on_fridays": not self.rests_on_fridays.data,
            "sends_on_holidays": not self.rests_on_holidays.data,
            "not_after": self.not_after.data,
            "spread": timedelta(hours=hours) if hours else None,
            "pilot_count": self.pilot_count.data,
            "pilot_wait": timedelta(minutes=minutes) if minutes and self.pilot_count.data else None,
        }

    @property
    def has_pace(self) -> bool:
        return any(
            (self.not_after.data, self.spread_hours.data, self.pilot_count.data, self.rests_on_fridays.data, self.rests_on_holidays.data)
        )

    def check_together(self) -> None:
        if self.pilot_minutes.data and not self.pilot_count.data:
            _blame(self.pilot_count, _("Say how many go out first."))
        if self.not_after.data is not None and self.not_after.data <= now():
            _blame(self.not_after, _("This moment has passed already."))
        if self.when.data == "later":
            if self.day.data is None:
                _blame(self.day, _("Choose the day."))
            if self.hour.data is None:
                _blame(self.hour, _("Choose the hour."))
        if self.window_start.data is not None and self.window_end.data is not None and self.window_end.data <= self.window_start.data:
            _blame(self.window_end, _("The sending hours must end after they begin."))

    @property
    def planned_at(self) -> datetime | None:
        """The moment chosen, in UTC; None for as soon as possible."""
        if self.when.data != "later" or self.day.data is None or self.hour.data is None:
            return None
        day = self.day.data
        return datetime(day.year, day.month, day.day, self.hour.data // 60, self.hour.data % 60, tzinfo=TEHRAN).astimezone(UTC)


class ReturnForm(BaseForm):
    note = TextAreaField(
        _l("What should be changed?"),
        [_needed, Length(max=MAX_NOTE)],
        filters=[stripped],
        description=_l("The author reads this sentence."),
    )


class LaunchForm(BaseForm):
    """Empty `at`: now."""

    at = JalaliDateTimeField(_l("Another day and hour"), description=_l("For example %(example)s", example="۱۴۰۵/۰۹/۰۲ ۱۰:۰۰"))


class AlertForm(BaseForm):
    """A safety alert, on one page."""

    key = HiddenField()
    ready = HiddenField()
    text = TextAreaField(_l("Text of the alert"), [Length(max=MAX_TEXT)], filters=[stripped])
    neighbourhoods = MultiCheckboxField(_l("Neighbourhoods"), description=_l("None ticked means all of them."))
    with_legal_basis = BooleanField(_l("Also to numbers that opted out"))
    typed = IntegerField(
        _l("Number of people"),
        [Optional(), NumberRange(0, 100_000_000)],
        description=_l("Type the number shown above. It confirms the sending."),
    )


class FollowForm(BaseForm):
    """What follows a campaign: an all-clear, a correction, a word of thanks."""

    key = HiddenField()
    ready = HiddenField()
    text = TextAreaField(_l("Text of the message"), [Length(max=MAX_TEXT)], filters=[stripped])
    notice = TextAreaField(
        _l("Correction on the survey's page"),
        [Length(max=MAX_NOTICE)],
        filters=[stripped],
        description=_l("It stands above the form at once, for everybody who opens it. Left empty, the page stays as it is."),
    )
    typed = IntegerField(
        _l("Number of people"),
        [Optional(), NumberRange(0, 100_000_000)],
        description=_l("Type the number shown above. It confirms the sending."),
    )


class BasisForm(BaseForm):
    basis = TextAreaField(
        _l("Law and article"), [Length(max=200)], filters=[stripped], description=_l("Left empty, no alert goes to numbers that opted out.")
    )


class ReadyTextForm(BaseForm):
    title = StringField(_l("Title"), [_needed, Length(max=80)], filters=[stripped])
    kind = SelectField(_l("For"))
    text = TextAreaField(_l("Text of the message"), [_needed, Length(max=MAX_TEXT)], filters=[stripped])


class FilteredWordForm(BaseForm):
    word = StringField(_l("Word or phrase"), [_needed, Length(max=40)], filters=[stripped])
