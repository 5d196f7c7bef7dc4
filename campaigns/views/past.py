"""The office's texts as a part of a contact's past, and what became of the personal links in them."""

from __future__ import annotations

from datetime import UTC, datetime, time

from flask import current_app
from flask_babel import gettext as _

from campaigns.queries.past import texts_to
from campaigns.views.labels import MESSAGE_LOOKS
from contacts.queries import TimelineItem
from engage.clock import TEHRAN
from engage.config import Settings
from surveys.queries.past import InvitationPast, past_of_invitations


def message_timeline(contact_id: int, identity_id: int) -> list[TimelineItem]:
    """Texts to this contact with the openings and answers that followed; those of other units to the same number belong to those units."""
    settings: Settings = current_app.extensions["engage_settings"]
    items = []
    invitations = set()
    for sent in texts_to(contact_id, identity_id, f"{settings.base_url}/…"):
        look = MESSAGE_LOOKS[sent.state]
        title = _("Reminder of “%(title)s”", title=sent.campaign) if sent.is_reminder else _("Text of “%(title)s”", title=sent.campaign)
        items.append(
            TimelineItem(
                at=sent.at,
                kind="message",
                icon="send",
                title=title,
                meta=look.label,
                quote=sent.text,
                tone="" if look.kind == "grey" else look.kind,
            )
        )
        if sent.invitation_id is not None:
            invitations.add(sent.invitation_id)
    # Only links this very contact was sent: whoever else has the number in another unit was sent another.
    for past in past_of_invitations(invitations):
        items.extend(_followed(past))
    return items


def _followed(past: InvitationPast) -> list[TimelineItem]:
    found = []
    if past.opened_on is not None:
        # The day is all that is known; the end of it keeps it above the text that was opened.
        at = datetime.combine(past.opened_on, time(23, 59), TEHRAN).astimezone(UTC)
        found.append(
            TimelineItem(
                at=min(at, past.answered_at) if past.answered_at else at,
                kind="opening",
                icon="eye",
                title=_("The link of “%(title)s” was opened", title=past.survey),
                meta=_("Only the day is known; a robot that looks at links counts, too."),
                is_day=True,
            )
        )
    if past.answered_at is not None:
        found.append(
            TimelineItem(
                at=past.answered_at, kind="answer", icon="clipboard-list", title=_("Answered “%(title)s”", title=past.survey), tone="ok"
            )
        )
    return found
