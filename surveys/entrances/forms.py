"""Forms of entrances for staff."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, PasswordField, StringField, ValidationError
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from engage.web.forms import BaseForm, IntegerField, stripped
from surveys.entrances.queries import FoundEntrance
from surveys.entrances.rules import LABEL_LENGTH, LIMITS, MOST_RESPONSES, Kind, Plan, read_pin
from surveys.entrances.words import KINDS


def _limit(label: Any, description: Any) -> IntegerField:
    return IntegerField(label, description=description, validators=[Optional(), NumberRange(1, MOST_RESPONSES)])


class EntranceForm(BaseForm):
    """One kind's fields: `for_kind` takes out what means nothing for it."""

    label = StringField(_l("Name of this way in"), filters=[stripped], validators=[InputRequired(), Length(max=LABEL_LENGTH)])
    asks_phone = BooleanField(
        _l("One answer per confirmed phone"),
        description=_l(
            "Each citizen types a mobile number and a code that arrives by text. The number isn't kept. Every code costs a text."
        ),
    )
    device_limit = _limit(_l("Answers per device, at most"), _l("One is right where people use their own phones."))
    collector_limit = _limit(_l("Answers per colleague, at most"), _l("Empty: no ceiling."))
    response_limit = _limit(
        _l("Answers in all, at most"), _l("Empty: no ceiling. When it is reached, this way in closes with a clear page.")
    )

    @classmethod
    def for_kind(cls, kind: Kind, *, entrance: FoundEntrance | None = None) -> EntranceForm:
        form = cls(obj=entrance) if entrance is not None else cls(data={"device_limit": 1 if kind is Kind.OPEN else None})
        form.label.description = KINDS[kind].label_hint
        for name in ("device_limit", "collector_limit", "response_limit"):
            if name not in LIMITS[kind]:
                del form[name]
        if kind is not Kind.OPEN or entrance is not None:
            del form.asks_phone
        if kind is Kind.COLLECTOR:
            form.device_limit.description = _l("Empty: no ceiling.")
        return form

    def plan(self, kind: Kind) -> Plan:
        def given(name: str) -> Any:
            return self[name].data if name in self else None

        return Plan(
            kind,
            self.label.data or "",
            bool(given("asks_phone")),
            given("response_limit"),
            given("collector_limit"),
            given("device_limit"),
        )


class ArmForm(BaseForm):
    """What ends the kiosk again."""

    pin = PasswordField(
        _l("PIN for leaving the kiosk"),
        description=_l("Four to eight digits. Keep it in mind: the tablet asks for it."),
        validators=[InputRequired()],
        render_kw={"inputmode": "numeric", "autocomplete": "off", "dir": "ltr"},
    )

    def validate_pin(self, field: PasswordField) -> None:
        if read_pin(field.data or "") is None:
            raise ValidationError(str(_("Four to eight digits, please.")))
