"""The audience part of the composer: simple fields or a saved segment, a sample, and the counts as this person may see them."""

from __future__ import annotations

import secrets
from dataclasses import replace

from flask_babel import gettext as _

from campaigns.commands import Draft, Estimate, draft_of
from campaigns.commands.draft import PURPOSE, purpose_of
from campaigns.forms import AudienceForm
from campaigns.kinds import CampaignKind
from campaigns.queries import CampaignView, get_campaign
from campaigns.queries.parents import count_of_parent
from contacts.queries import (
    AudienceCount,
    AudienceFilter,
    SegmentRecord,
    count_audience,
    list_imports,
    list_segments,
    neighbourhoods_of,
    say_rule,
    scope_of,
    with_current_rule,
)
from contacts.rules.sampling import Sample
from contacts.rules.segments import EVERYONE, as_simple, narrowed
from engage.identity.guard import acting
from engage.identity.queries import UnitNode, subtree_unit_ids
from engage.web.filters import digits, jalali, number


def seen_counts(audience: AudienceFilter, purpose: str = PURPOSE) -> AudienceCount:
    """Who the audience's rule finds now, in figures this person may see."""
    counts = count_audience(with_current_rule(audience), purpose)
    return counts if acting().is_central else counts.hiding_other_units()


def draft_counts(draft: Draft) -> AudienceCount:
    """`seen_counts` of a draft, also of one that follows another campaign."""
    if draft.parent_id is None:
        return seen_counts(draft.audience, purpose_of(draft))
    found = count_of_parent(draft.kind, draft.parent_id, with_legal_basis=bool(draft.legal_basis))
    counts = AudienceCount(found.total, found.sendable, suppressed=found.total - found.sendable, recipients=found.sendable)
    return counts if acting().is_central else counts.hiding_other_units()


def draft_words(draft: Draft) -> str:
    """Who a draft is for, as a sentence."""
    parent = None if draft.parent_id is None else get_campaign(draft.parent_id)
    if parent is None:
        return audience_words(draft.audience)
    if draft.kind == CampaignKind.RESULT:
        return _("those who took part through “%(title)s”", title=parent.title)
    if draft.kind in (CampaignKind.CORRECTION, CampaignKind.ALL_CLEAR):
        return _("those whom “%(title)s” reached or may have reached", title=parent.title)
    return _("those to whom “%(title)s” was never sent", title=parent.title)


def seen_estimate(estimate: Estimate) -> Estimate:
    """The estimate with recipients and cost that give no exact figure of other units away."""
    if acting().is_central or not estimate.recipients:
        return estimate
    counts = estimate.audience.hiding_other_units()
    cost = estimate.cost // estimate.recipients * counts.recipients
    return replace(estimate, audience=counts, recipients=counts.recipients, cost=cost)


def audience_words(audience: AudienceFilter) -> str:
    """Who it is for as a sentence, the sample with its seed included."""
    said = say_rule(audience.rule, scope_of(audience.unit_id))
    sample = audience.sample
    if sample is None:
        return said
    drawn = {"count": number(sample.size), "people": said, "seed": digits(sample.seed)}
    if sample.by_neighbourhood:
        return str(_("a sample of %(count)s in proportion to the neighbourhoods, from %(people)s (seed %(seed)s)", **drawn))
    return str(_("a random sample of %(count)s from %(people)s (seed %(seed)s)", **drawn))


def offer_audience(form: AudienceForm, campaign: CampaignView | None, unit: UnitNode) -> None:
    """Fill the choices of the form: neighbourhoods, lists and segments of the unit."""
    units = subtree_unit_ids(unit.id)
    form.neighbourhoods.choices = [(place.name, f"{place.name} ({number(place.count)})") for place in neighbourhoods_of(units)]
    imports = [each for each in list_imports(units) if each.state == "finished"]
    form.import_id.choices = [("", _("All lists")), *((each.id, f"{each.file_name} ({jalali(each.created_at)})") for each in imports)]
    segments = list_segments([unit.id], acting().id)
    form.segment.choices = [("", _("Choose a segment")), *((each.slug, each.title) for each in segments)]
    kinds = [("simple", _("By neighbourhood, gender, year of birth or list"))]
    if segments:
        kinds.append(("segment", _("A saved segment")))
    if campaign is not None and not _is_editable(_audience(campaign), segments):
        kinds.append(("kept", _("As it is: %(people)s", people=say_rule(_audience(campaign).rule, scope_of(unit.id)))))
    form.who.choices = kinds


def fill_audience(form: AudienceForm, campaign: CampaignView) -> None:
    """The form as the campaign stands; after `offer_audience`."""
    audience = _audience(campaign)
    simple = as_simple(audience.rule)
    if any(audience.segment == slug for slug, _title in form.segment.choices if slug):
        form.who.data, form.segment.data = "segment", audience.segment
    elif simple is None:
        form.who.data = "kept"
    else:
        form.neighbourhoods.data, form.gender.data = list(simple.neighbourhoods), simple.gender
        form.birth_year_from.data, form.birth_year_to.data = simple.birth_year_from, simple.birth_year_to
        form.import_id.data = simple.import_id
    form.answered_within.data = audience.answered_within
    sample = audience.sample
    if sample is not None:
        form.sample.data = "strata" if sample.by_neighbourhood else "random"
        form.sample_size.data, form.sample_seed.data = sample.size, sample.seed


def audience_of(form: AudienceForm, campaign: CampaignView | None, unit: UnitNode) -> AudienceFilter:
    """What the form asks for, always within the campaign's own unit."""
    sample = None
    if form.sample.data and form.sample_size.data:
        if form.sample_seed.data is None:
            form.sample_seed.data = new_seed()
        strata = form.sample.data == "strata"
        sample = Sample(form.sample_size.data, form.sample_seed.data, strata, strata)
    asks = campaign is not None and _audience(campaign).asks_permission
    if form.who.data == "segment":
        chosen = AudienceFilter(unit.id, EVERYONE, sample, form.segment.data, asks, answered_within=form.answered_within.data)
        return with_current_rule(chosen)
    if form.who.data == "kept" and campaign is not None:
        return replace(_audience(campaign), sample=sample, answered_within=form.answered_within.data)
    rule = narrowed(
        neighbourhoods=tuple(form.neighbourhoods.data or ()),
        gender=form.gender.data or "",
        birth_year_from=form.birth_year_from.data,
        birth_year_to=form.birth_year_to.data,
        import_id=form.import_id.data,
    )
    return AudienceFilter(unit.id, rule, sample, None, asks, answered_within=form.answered_within.data)


def new_seed() -> int:
    """A seed nobody chose, short enough to be read out."""
    return 100_000 + secrets.randbelow(900_000)


def _audience(campaign: CampaignView) -> AudienceFilter:
    return draft_of(campaign).audience


def _is_editable(audience: AudienceFilter, segments: list[SegmentRecord]) -> bool:
    if audience.segment is not None and any(each.slug == audience.segment for each in segments):
        return True
    return as_simple(audience.rule) is not None
