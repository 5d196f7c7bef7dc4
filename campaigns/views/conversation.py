"""A conversation as a citizen will read it: every question as a text, its pages and its price."""

from __future__ import annotations

from flask import abort, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from campaigns.conversation.asking import unaskable
from campaigns.conversation.commands.checking import refusal_of
from campaigns.conversation.rules import preview_texts, talk_cost
from campaigns.conversation.words import SAMPLE_CODE, THANKS
from campaigns.kinds import CampaignKind
from campaigns.queries.lines import prices_of
from campaigns.views import blueprint
from campaigns.views.addressing import campaign_or_404
from campaigns.views.audience import seen_counts
from campaigns.views.labels import CAMPAIGN_LOOKS
from campaigns.views.measuring import measure
from contacts.queries import AudienceFilter
from engage.identity.guard import guarded
from engage.identity.queries import get_unit
from engage.identity.rules import Permission
from engage.refusal import Refused
from engage.web.refusals import explain
from surveys.queries import definition_of, get_survey_facts


@blueprint.get("/<slug>/conversation")
@guarded(Permission.CAMPAIGNS_VIEW)
def conversation_preview(slug: str) -> ResponseReturnValue:
    campaign = campaign_or_404(slug, Permission.CAMPAIGNS_VIEW)
    unit = get_unit(campaign.unit_id)
    facts = None if campaign.survey_id is None else get_survey_facts(campaign.survey_id)
    if campaign.kind != CampaignKind.CONVERSATION or unit is None or facts is None:
        abort(404)
    problems, texts, cost = [], [], None
    recipients = campaign.recipient_count
    if recipients is None:
        recipients = seen_counts(AudienceFilter.from_json(campaign.audience), campaign.purpose).recipients
    if facts.published_version_id is None:
        problems = [explain(Refused("survey_not_open"))]
    else:
        definition = definition_of(facts.published_version_id)
        problems = [explain(refusal_of(each)) for each in unaskable(definition)]
        texts = preview_texts(definition, prices_of(campaign.line), thanks=THANKS.format(code=SAMPLE_CODE), translate=_)
        cost = talk_cost(texts, recipients)
    return render_template(
        "campaigns/conversation.html",
        campaign=campaign,
        looks=CAMPAIGN_LOOKS,
        survey_title=facts.title,
        problems=problems,
        first=measure(campaign.text, unit, campaign.survey_id, campaign.line, kind=campaign.kind),
        texts=texts,
        cost=cost,
        recipients=recipients,
    )
