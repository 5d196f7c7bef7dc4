"""Forms about a survey as a whole."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, RadioField, StringField, TextAreaField
from wtforms.validators import Length

from engage.web.forms import BaseForm, JalaliDateField, stripped
from surveys.definitions import MAX_INTRO, MAX_TITLE
from surveys.forms.question import needed


class NewSurveyForm(BaseForm):
    title = StringField(
        _l("Title"), [needed, Length(max=MAX_TITLE)], filters=[stripped], description=_l("Citizens read it first. A question works well.")
    )
    starter = RadioField(
        _l("Start from"),
        [needed],
        choices=[
            ("quick_poll", _l("Three-question survey: satisfaction, the most urgent work, an open answer")),
            ("mayor", _l("“I am the mayor”: projects of the neighbourhood to choose from")),
            ("blank", _l("An empty form")),
        ],
        default="quick_poll",
    )


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


class PublishForm(BaseForm):
    closes_on = JalaliDateField(_l("Last day to answer"), [needed], description=_l("Answers are accepted until the end of this day."))
    results_on = JalaliDateField(
        _l("Day of the result"),
        [needed],
        description=_l("It is promised to citizens on the first page; a campaign shouldn't be late with it."),
    )
