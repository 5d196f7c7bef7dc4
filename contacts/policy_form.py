"""The form of a unit's rules for its contact base."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, RadioField
from wtforms.validators import InputRequired, NumberRange

from contacts.commands.policy import DISPUTES_MOST, UPLOAD_DAYS_MOST
from contacts.queries.policy import Policy
from contacts.rules.consent import PriorRelation
from engage.web.forms import BaseForm, IntegerField


class PolicyForm(BaseForm):
    imports_need_release = BooleanField(
        _l("An officer's list waits for an admin"),
        description=_l("Nothing of it is saved until an admin has seen the rows, the basis and the proof."),
    )
    prior_relation_receives = RadioField(
        _l("What do people without documented consent receive?"),
        choices=[
            (PriorRelation.EVERYTHING.value, _l("Everything, as before")),
            (PriorRelation.RE_PERMISSION.value, _l("Only the question for their consent")),
            (PriorRelation.NOTHING.value, _l("Nothing")),
        ],
        description=_l("These are contacts on the basis “prior relation, undocumented”."),
        validators=[InputRequired()],
    )
    is_double_opt_in = BooleanField(
        _l("Whoever is added by hand is asked by SMS first"),
        description=_l("The form then suggests it; the officer can still state a basis and its proof."),
    )
    dispute_hold_count = IntegerField(
        _l("So many objections hold a list"),
        description=_l("Nobody whose consent came with it is texted until an admin decides. 0 never holds a list."),
        validators=[InputRequired(), NumberRange(min=0, max=DISPUTES_MOST)],
    )
    upload_days = IntegerField(
        _l("So many days an uploaded file is kept"),
        description=_l("Then it is deleted, with its preview and its rejected rows; a list nobody decided about is given up."),
        validators=[InputRequired(), NumberRange(min=1, max=UPLOAD_DAYS_MOST)],
    )

    def policy(self) -> Policy:
        return Policy(
            imports_need_release=bool(self.imports_need_release.data),
            prior_relation_receives=PriorRelation(self.prior_relation_receives.data),
            dispute_hold_count=self.dispute_hold_count.data,
            upload_days=self.upload_days.data,
            is_double_opt_in=bool(self.is_double_opt_in.data),
        )
