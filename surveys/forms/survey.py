"""Forms about a survey as a whole."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, RadioField, StringField, TextAreaField
from wtforms.validators import Length, NumberRange, Optional

from engage.web.forms import BaseForm, IntegerField, JalaliDateField, MultiCheckboxField, UploadField, stripped
from surveys.definitions import MAX_INTRO, MAX_TITLE
from surveys.forms.question import ConditionForm, needed
from surveys.starters import STARTERS
from surveys.words import LANGUAGES

MOST_RESPONSES = 10_000_000


class NewSurveyForm(BaseForm):
    title = StringField(
        _l("Title"), [needed, Length(max=MAX_TITLE)], filters=[stripped], description=_l("Citizens read it first. A question works well.")
    )
    starter = RadioField(_l("Start from"), [needed], choices=[(name, name) for name in STARTERS], default="quick_poll")


class CopyForm(BaseForm):
    title = StringField(_l("Title of the copy"), [needed, Length(max=MAX_TITLE)], filters=[stripped])


class TextsForm(BaseForm):
    revision = HiddenField()
    title = StringField(_l("Title"), [needed, Length(max=MAX_TITLE)], filters=[stripped])
    intro = TextAreaField(
        _l("Why we ask"),
        [Length(max=MAX_INTRO)],
        filters=[stripped],
        description=_l("One or two sentences: what the answers will decide."),
        render_kw={"rows": 2},
    )


class SettingsForm(BaseForm):
    revision = HiddenField()
    privacy = RadioField(
        _l("What is promised to citizens"),
        choices=[
            ("confidential", _l("Your name is kept safe: answers are stored with the link they came by, and published without it.")),
            (
                "anonymous",
                _l(
                    "Anonymous: nobody can find out who answered what, not even with the whole database. Fewer than 20 answers are never shown."
                ),
            ),
        ],
    )
    data_use = TextAreaField(
        _l("What happens to the answers"),
        [Length(max=MAX_INTRO)],
        filters=[stripped],
        description=_l("It stands on the first page. Left empty, the usual sentence stands there."),
        render_kw={"rows": 2},
    )
    languages = MultiCheckboxField(_l("Languages besides Persian"), choices=[(code, words) for code, words in LANGUAGES.items()])


class QuotaForm(ConditionForm):
    """One more quota: for whom, and how many."""

    label = StringField(_l("Name of the quota"), [needed, Length(max=200)], filters=[stripped])
    limit = IntegerField(_l("Responses at most"), [needed, NumberRange(1, MOST_RESPONSES)])


class PublishForm(BaseForm):
    closes_on = JalaliDateField(_l("Last day to answer"), [needed], description=_l("Answers are accepted until the end of this day."))
    results_on = JalaliDateField(
        _l("Day of the result"),
        [needed],
        description=_l("It is promised to citizens on the first page; a campaign shouldn't be late with it."),
    )
    response_limit = IntegerField(
        _l("Close after so many responses"),
        [Optional(), NumberRange(1, MOST_RESPONSES)],
        description=_l("Left empty, only the last day counts."),
    )


class SurveyFileForm(BaseForm):
    """A questionnaire made elsewhere."""

    file = UploadField(
        _l("File"),
        suffixes=(".json", ".xlsx", ".xls", ".csv"),
        max_megabytes=5,
        description=_l("A survey of ours (JSON), or a form of Kobo or ODK (XLSForm)."),
    )

    def validate(self, extra_validators: Any = None) -> bool:
        fits = super().validate(extra_validators)
        if not self.file.errors and not (self.file.data and self.file.data.filename):
            self.file.errors = [_l("Please choose a file.")]
            fits = False
        return fits
