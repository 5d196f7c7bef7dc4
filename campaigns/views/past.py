"""The office's texts as a part of a contact's past."""

from __future__ import annotations

from flask import current_app
from flask_babel import gettext as _

from campaigns.queries.past import texts_to
from campaigns.views.labels import MESSAGE_LOOKS
from contacts.queries import TimelineItem
from engage.config import Settings


def message_timeline(contact_id: int, identity_id: int) -> list[TimelineItem]:
    """Texts to this contact; those of other units to the same number belong to those units."""
    settings: Settings = current_app.extensions["engage_settings"]
    items = []
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
    return items
