"""The room's forms."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import EmailField, PasswordField, RadioField, SelectField, StringField
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from engage.identity.labels import NOTICE_GROUP_LABELS
from engage.identity.rules import PASSWORD_MINIMUM, SMS_NAME_MAXIMUM
from engage.identity.viewer import ROLE_LABELS
from engage.web.filters import number
from engage.web.forms import BaseForm, CodeField, IntegerField, JalaliDateField, MultiCheckboxField, PhoneField, stripped

_needed: Any = InputRequired(_l("Please fill this in."))


def _password_hint() -> Any:
    return _l("At least %(minimum)s characters. A few words in a row are easier to remember.", minimum=number(PASSWORD_MINIMUM))


class SignInForm(BaseForm):
    email = EmailField(_l("Email"), [_needed], filters=[stripped], render_kw={"autocomplete": "username"})
    password = PasswordField(_l("Password"), [_needed], render_kw={"autocomplete": "current-password"})


class CodeForm(BaseForm):
    code = CodeField(_l("Code"), [_needed], render_kw={"autocomplete": "one-time-code", "inputmode": "text", "maxlength": "20"})


class PasswordForm(BaseForm):
    current = PasswordField(_l("Current password"), [_needed], render_kw={"autocomplete": "current-password"})
    new = PasswordField(_l("New password"), [_needed], description=_password_hint(), render_kw={"autocomplete": "new-password"})


class EnrolForm(BaseForm):
    code = CodeField(
        _l("Six-digit code"), [_needed], render_kw={"autocomplete": "one-time-code", "inputmode": "numeric", "maxlength": "10"}
    )


class EnrolAgainForm(EnrolForm):
    password = PasswordField(_l("Current password"), [_needed], render_kw={"autocomplete": "current-password"})


class ProofForm(BaseForm):
    password = PasswordField(_l("Current password"), [_needed], render_kw={"autocomplete": "current-password"})


_one_time = {"autocomplete": "one-time-code", "inputmode": "numeric", "maxlength": "10"}


class PhoneForm(BaseForm):
    phone = PhoneField(
        _l("Your mobile number"),
        [_needed],
        description=_l("A number only you can read texts at. Citizens never see it."),
        render_kw={"autocomplete": "tel", "maxlength": "30"},
    )


class ProofByPasswordForm(BaseForm):
    proof = PasswordField(_l("Your password"), [_needed], render_kw={"autocomplete": "current-password"})


class ProofByCodeForm(BaseForm):
    proof = CodeField(_l("Code of your authenticator app"), [_needed], render_kw=_one_time)


class PhoneByPasswordForm(PhoneForm, ProofByPasswordForm):
    """A number, and the password of whom it belongs to."""


class PhoneByCodeForm(PhoneForm, ProofByCodeForm):
    """A number, and a code of the app of whom it belongs to."""


class TextedCodeForm(BaseForm):
    code = CodeField(_l("Six-digit code from the text message"), [_needed], render_kw=_one_time)


class NoticeTextsForm(BaseForm):
    groups = MultiCheckboxField(_l("Also by SMS"), choices=list(NOTICE_GROUP_LABELS.items()))


class RightForm(BaseForm):
    role = RadioField(_l("Role"), [_needed], choices=list(ROLE_LABELS.items()))
    unit_id = SelectField(_l("Unit"), [_needed], coerce=int)


class UserForm(RightForm):
    name = StringField(_l("First and last name"), [_needed, Length(max=120)], filters=[stripped], render_kw={"autocomplete": "off"})
    email = EmailField(_l("Email"), [_needed, Length(max=200)], filters=[stripped], render_kw={"autocomplete": "off"})
    password = PasswordField(
        _l("First password"),
        [_needed],
        description=_l("Hand it over yourself. At the first sign-in a password of one's own is asked for."),
        render_kw={"autocomplete": "new-password"},
    )


class NameForm(BaseForm):
    name = StringField(_l("First and last name"), [_needed, Length(max=120)], filters=[stripped], render_kw={"autocomplete": "off"})


class NewPasswordForm(BaseForm):
    password = PasswordField(_l("New password"), [_needed], description=_password_hint(), render_kw={"autocomplete": "new-password"})


class UnitForm(BaseForm):
    name = StringField(_l("Name"), [_needed, Length(max=120)], filters=[stripped])
    sms_name = StringField(
        _l("Name in text messages"),
        [_needed, Length(max=SMS_NAME_MAXIMUM)],
        filters=[stripped],
        description=_l(
            "At most %(maximum)s characters. It counts in every message, whose first page holds 70.", maximum=number(SMS_NAME_MAXIMUM)
        ),
        render_kw={"maxlength": str(SMS_NAME_MAXIMUM)},
    )
    approval_recipients = IntegerField(_l("Up to how many recipients"), [_needed, NumberRange(0, 10_000_000)])
    approval_cost = IntegerField(_l("Up to what cost (rials)"), [_needed, NumberRange(0, 10**12)])


class NewUnitForm(UnitForm):
    kind = SelectField(_l("Kind"), [_needed])
    slug = CodeField(
        _l("Public id"),
        [_needed, Length(max=40)],
        description=_l("Small Latin letters, digits and hyphens; it can't be changed later. Example: district-12"),
        render_kw={"maxlength": "40", "autocomplete": "off"},
    )


class DelegationForm(BaseForm):
    delegate_id = SelectField(_l("Delegate"), [_needed], coerce=int)
    first_day = JalaliDateField(_l("From day"), [_needed])
    last_day = JalaliDateField(_l("To day"), [_needed], description=_l("Both days are included."))


class AuditFilterForm(BaseForm):
    class Meta(BaseForm.Meta):
        csrf = False

    actor_id = SelectField(_l("Person"), [Optional()], coerce=lambda value: int(value) if value else None)
    action = SelectField(_l("Action"), [Optional()])
    first_day = JalaliDateField(_l("From day"), [Optional()])
    last_day = JalaliDateField(_l("To day"), [Optional()])
