"""Whoever is left out of an audience is counted under one reason, and the parts make the whole; alerts and corrections fill nobody's cap."""

from __future__ import annotations

from dataclasses import asdict, fields, replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

import campaigns.commands as commands
from campaigns.commands.claim import claim_batch
from campaigns.queries import get_campaign
from campaigns.queries.health import links_refused_at
from contacts.commands import suppress_identity
from contacts.queries import AudienceCount, AudienceFilter, audience_chunk, count_audience
from engage.clock import now
from engage.db import db
from tests import make, sending

REASONS = [each.name for each in fields(AudienceCount) if each.name not in ("total", "eligible", "recipients", "unsendable")]


def parts(counts: AudienceCount) -> int:
    return sum(value for name, value in asdict(counts).items() if name in REASONS)


@given(st.fixed_dictionaries({name: st.integers(0, 2_000) for name in REASONS}), st.integers(0, 5_000), st.integers(0, 5_000))
def test_parts_make_the_whole_also_where_some_are_hidden(reasons, eligible, size):
    whole = AudienceCount(sum(reasons.values()) + eligible, eligible, **reasons, recipients=min(size, eligible))
    assert whole.total == whole.eligible + parts(whole)
    seen = whole.hiding_other_units()
    assert seen.total == seen.eligible + parts(seen) + seen.unsendable
    assert seen.eligible >= 0 and seen.unsendable % 10 == 0 and seen.recipients <= seen.eligible
    assert (seen.suppressed, seen.unreachable, seen.frequency_cap, seen.answered_lately, seen.invalid_number) == (0, 0, 0, 0, 0)


@pytest.fixture
def office(app):
    unit_id = make.make_unit()
    return unit_id, make.make_survey(unit_id)


def texted(app, unit_id: int, survey_id: int, **changes: object) -> int:
    """A campaign whose texts all were taken."""
    campaign_id = sending.begin(app, make.make_campaign(unit_id, survey_id, **changes))
    sending.execute(
        "UPDATE message SET state = 'delivered', claimed_at = :t, accepted_at = :t, settled_at = :t WHERE campaign_id = :c",
        t=now(),
        c=campaign_id,
    )
    return campaign_id


def test_every_reason_is_counted_once(app, office):
    unit_id, survey_id = office
    identities = make.make_contacts(unit_id, 20)
    make.make_contacts(unit_id, 4, consent=False)
    campaign_id = texted(app, unit_id, survey_id)
    suppress_identity(identities[0], "officer")
    sending.execute("UPDATE phone_identity SET reach = 'unreachable' WHERE id = ANY(:ids)", ids=identities[1:3])
    sending.execute(
        "UPDATE message SET state = 'failed', reason = 'receptor_invalid', settled_at = :t WHERE campaign_id = :c AND identity_id = ANY(:ids)",
        t=now(),
        c=campaign_id,
        ids=identities[2:6],
    )
    counts = count_audience(AudienceFilter(unit_id), "survey_invitation")
    assert (counts.total, counts.suppressed, counts.no_consent, counts.unreachable, counts.invalid_number) == (24, 1, 4, 2, 3)
    assert counts.total == counts.eligible + parts(counts) and counts.recipients == 14
    chunk = audience_chunk(AudienceFilter(unit_id), "survey_invitation")
    assert not {each.identity_id for each in chunk} & set(identities[:6]) and len(chunk) == counts.recipients
    db.session.rollback()


def test_a_number_that_was_invalid_is_tried_again_after_half_a_year(app, office, clock):
    unit_id, survey_id = office
    make.make_contacts(unit_id, 2)
    campaign_id = texted(app, unit_id, survey_id)
    sending.execute("UPDATE message SET state = 'failed', reason = 'receptor_invalid' WHERE campaign_id = :c", c=campaign_id)
    assert count_audience(AudienceFilter(unit_id), "survey_invitation").invalid_number == 2
    db.session.rollback()
    clock.advance(timedelta(days=181))
    assert count_audience(AudienceFilter(unit_id), "survey_invitation").invalid_number == 0
    db.session.rollback()


def test_alerts_and_corrections_fill_nobodys_cap(app, office, clock):
    unit_id, survey_id = office
    make.make_contacts(unit_id, 2)
    done = [texted(app, unit_id, survey_id) for _ in range(4)]
    audience = AudienceFilter(unit_id)
    assert count_audience(audience, "survey_invitation").frequency_cap == 2
    sending.execute("UPDATE campaign SET ignores_cap = true WHERE id = :c", c=done[0])
    assert count_audience(audience, "survey_invitation").frequency_cap == 0
    db.session.rollback()
    settings = app.extensions["engage_settings"]
    last = sending.begin(app, make.make_campaign(unit_id, survey_id))
    sending.execute("UPDATE send_batch SET is_open = false WHERE campaign_id <> :c", c=last)
    assert len(claim_batch(settings).messages) == 2
    sending.execute("UPDATE message SET state = 'pending', claimed_at = NULL, claim_token = NULL, attempts = 0 WHERE campaign_id = :c", c=last)
    sending.execute("UPDATE send_batch SET lease_until = NULL, claim_token = NULL WHERE campaign_id = :c", c=last)
    sending.execute("UPDATE campaign SET ignores_cap = false WHERE id = :c", c=done[0])
    assert claim_batch(settings).messages == []
    assert sending.states(last) == {"suppressed": 2}


def test_the_frozen_counts_are_kept_with_the_approval(app, office):
    unit_id, survey_id = office
    make.make_contacts(unit_id, 3)
    campaign_id = make.make_campaign(unit_id, survey_id)
    commands.submit_campaign(campaign_id, actor_id=None)
    kept = AudienceCount(**get_campaign(campaign_id).exclusions)
    assert kept.total == kept.eligible + parts(kept) == 3
    # Those frozen by an earlier release know nothing of newer reasons.
    assert replace(kept, invalid_number=0) == AudienceCount(**{k: v for k, v in asdict(kept).items() if k != "invalid_number"})
    db.session.rollback()


def test_links_that_were_refused_on_the_line_are_remembered(app, office, clock):
    unit_id, survey_id = office
    make.make_contacts(unit_id, 2)
    from campaigns.commands.control import pause_within
    from engage.db import transaction

    campaign_id = sending.begin(app, make.make_campaign(unit_id, survey_id))
    line = get_campaign(campaign_id).line
    assert links_refused_at(line) is None
    db.session.rollback()
    with transaction():
        pause_within(campaign_id, "gateway_420")
    assert links_refused_at(line) == now()
    db.session.rollback()
    commands.resume_campaign(campaign_id, actor_id=None)
    assert links_refused_at(line) == now()  # going on proves nothing yet
    clock.advance(timedelta(minutes=1))
    sending.execute("UPDATE message SET state = 'accepted', accepted_at = :t WHERE campaign_id = :c", t=now(), c=campaign_id)
    assert links_refused_at(line) is None
    db.session.rollback()
