"""The sentence for every refusal of this room: what is wrong, and what to do."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

from campaigns.views.labels import GATEWAY_REASONS

SENTENCES: dict[str, Any] = {
    "campaign_unknown": _l("There is no such campaign."),
    "campaign_changed": _l("Somebody saved this campaign in the meantime. Look at it as it is now before you go on."),
    "campaign_not_editable": _l("This campaign is no longer a draft, so it can't be changed. Have it sent back for changes first."),
    "state_forbids": _l("The campaign has moved on, so this can't be done any more. Look at where it stands now."),
    "audience_empty": _l("Nobody is left under these conditions. Take one of them away."),
    "title_empty": _l("Give the campaign a title."),
    "text_empty": _l("Write the text of the message."),
    "text_characters_invalid": GATEWAY_REASONS["text_characters_invalid"],
    "text_has_own_link": _l("Take the address out of the text: every citizen's own link is added by itself."),
    "text_too_long": _l("The text is too long: at most %(most)s characters."),
    "placeholder_unknown": _l("The text holds {%(name)s}, which nobody can fill in. These can be: %(known)s"),
    "window_invalid": _l("Sending hours lie between %(start)s and %(end)s and end after they begin."),
    "outside_window": _l(
        "Texts of this campaign go out between %(start)s and %(end)s alone. Choose a time within these hours, or wait for them."
    ),
    "survey_not_open": _l("The survey of this campaign isn't open for answers. Publish it, or choose another one."),
    "survey_without_deadline": _l("The survey has no last day for answers. Set one on the survey's page first."),
    "schedule_in_past": _l("The time chosen for sending has passed. Choose a later one, or start now."),
    "schedule_after_deadline": _l("The survey closes before the time chosen for sending. Choose an earlier one."),
    "approver_is_author": _l("You wrote this campaign, so somebody else has to approve it."),
    "credit_insufficient": _l(
        "The gateway's credit is %(credit)s rials and the campaign needs up to %(cost)s. Charge the account in the gateway's panel, then try again."
    ),
    "credit_missing": _l("The gateway's credit is used up. Charge the account in the gateway's panel, then try again."),
    "gateway_unavailable": _l("The SMS gateway doesn't answer. Nothing was sent; try again in a few minutes."),
    "gateway_debug": _l("The gateway account is in its trial mode and would deliver nothing. Switch “debugmode” off in its panel first."),
    "no_reminder_waiting": _l("No reminder is waiting: none was planned, or it has gone out already."),
    "actor_unknown": _l("There is no active user of the address %(email)s."),
    "actor_not_permitted": _l("%(email)s may not do this in the campaign's unit."),
    "time_unreadable": _l("The time can't be read. Write it like 1405/09/02 10:00"),
} | {f"gateway_{reason}": sentence for reason, sentence in GATEWAY_REASONS.items()}
