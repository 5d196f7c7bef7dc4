"""An office with its people and campaigns, and its console read as plain pages."""

from __future__ import annotations

import campaigns.commands as commands
from campaigns.queries import get_campaign, get_campaign_by_slug
from campaigns.states import CampaignState
from engage.db import db, transaction
from engage.identity.rules import Role
from tests import make, people

S = CampaignState


def open_office():
    """Units, an officer, a manager, a survey and 30 people of district 12 in two neighbourhoods."""
    city, d12, d6, herandi = people.make_units()
    with transaction():
        db.session.execute(db.text("UPDATE unit SET approval_recipients = 10, approval_cost = 10000000"))
    identities = make.make_contacts(d12, 20, neighbourhood="هرندی", gender="female", birth_year=1370)
    make.make_contacts(d12, 10, neighbourhood="سنگلج", gender="male", birth_year=1350)

    class Office:
        unit_id = d12
        other_unit_id = d6
        city_id = city
        officer = people.make_person(d12, Role.OFFICER, email="officer@example.ir")
        manager = people.make_person(d12, Role.MANAGER, email="manager@example.ir", name="رضا مرادی")
        stranger = people.make_person(d6, Role.OFFICER, email="stranger@example.ir")
        survey_id = make.make_survey(d12)
        first_identities = identities

        def campaign(self, state=S.DRAFT, **changes):
            """A campaign of the officer's in this state; its slug."""
            campaign_id = make.make_campaign(self.unit_id, self.survey_id, actor_id=self.officer, **changes)
            if state in (S.IN_REVIEW, S.APPROVED, S.SCHEDULED):
                commands.submit_campaign(campaign_id, actor_id=self.officer)
            if state in (S.APPROVED, S.SCHEDULED):
                commands.approve_campaign(campaign_id, actor_id=self.manager)
            if state == S.SCHEDULED:
                commands.launch_campaign(campaign_id, actor_id=self.officer)
            slug = get_campaign(campaign_id).slug
            db.session.rollback()
            return slug

    return Office()


def state_of(slug):
    db.session.rollback()
    found = get_campaign_by_slug(slug)
    db.session.rollback()
    return found.state


def page_of(client, path, status=200):
    answer = client.get(path)
    assert answer.status_code == status, answer.text[:3000]
    return answer.text
