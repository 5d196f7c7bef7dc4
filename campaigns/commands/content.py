"""Ready texts, and words no text may hold."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import update

from campaigns import texts
from campaigns.content import filtered_in
from campaigns.kinds import CampaignKind, traits_of
from campaigns.models import FilteredWord, ReadyText
from campaigns.queries.content import filtered_words
from engage.clock import now
from engage.db import db, transaction
from engage.identity.commands import record_audit
from engage.persian import search_key
from engage.refusal import Refused

MAX_WORD = 40
MAX_READY_TITLE = 80
READY_KINDS = (CampaignKind.SURVEY, CampaignKind.ANNOUNCEMENT, CampaignKind.SAFETY_ALERT, CampaignKind.ALL_CLEAR, CampaignKind.CORRECTION, CampaignKind.RESULT)  # fmt: skip


@dataclass(frozen=True)
class ReadyDraft:
    """See `campaigns.models.ReadyText`."""

    title: str
    kind: CampaignKind
    text: str


def save_ready_text(unit_id: int, draft: ReadyDraft, *, text_id: int | None = None, actor_id: int) -> int:
    """The text stands ready for the unit and those below; its id. Refused: "ready_title_empty", "ready_text_missing", "text_filtered", and
    what `texts.check_template` refuses."""
    title = " ".join(draft.title.split())[:MAX_READY_TITLE]
    if not title:
        raise Refused("ready_title_empty")
    # An address of the office's own is checked where the text is used.
    texts.check_template(draft.text, has_link=traits_of(draft.kind).has_link)
    with transaction() as session:
        require_clean(draft.text)
        found = ReadyText(unit_id=unit_id, created_at=now()) if text_id is None else session.get(ReadyText, text_id, with_for_update=True)
        if found is None:
            raise Refused("ready_text_missing")
        found.title, found.kind, found.text = title, draft.kind, draft.text.strip()
        session.add(found)
        session.flush()
        _audit("campaign.ready_saved", found, actor_id)
        return found.id


def delete_ready_text(text_id: int, *, actor_id: int) -> None:
    """Refused("ready_text_missing")."""
    with transaction() as session:
        found = session.get(ReadyText, text_id, with_for_update=True)
        if found is None:
            raise Refused("ready_text_missing")
        _audit("campaign.ready_deleted", found, actor_id)
        session.delete(found)


def note_used(text_id: int) -> None:
    """One more use of a ready text; one that is gone meanwhile counts nothing."""
    with transaction() as session:
        session.execute(update(ReadyText).where(ReadyText.id == text_id).values(use_count=ReadyText.use_count + 1))


def require_clean(text: str) -> None:
    """Refused("text_filtered") with the words for which operators would hold the text back."""
    found = filtered_in(text, filtered_words())
    if found:
        raise Refused("text_filtered", words="، ".join(found))


def add_filtered_word(label: str, *, unit_id: int, actor_id: int) -> None:
    """No text with this word goes out any more. Refused("filtered_word_invalid")."""
    words = " ".join(label.split())
    key = search_key(words)
    if not key or len(words) > MAX_WORD:
        raise Refused("filtered_word_invalid", most=MAX_WORD)
    with transaction() as session:
        if session.get(FilteredWord, key) is None:
            session.add(FilteredWord(word=key, label=words, created_at=now()))
            record_audit(
                "campaign.word_added",
                unit_id=unit_id,
                object_type="filtered_word",
                object_id=key,
                actor_id=actor_id,
                detail={"word": words},
            )


def delete_filtered_word(word: str, *, unit_id: int, actor_id: int) -> None:
    """The word may be sent again; one that isn't there changes nothing."""
    with transaction() as session:
        found = session.get(FilteredWord, word, with_for_update=True)
        if found is not None:
            record_audit(
                "campaign.word_deleted",
                unit_id=unit_id,
                object_type="filtered_word",
                object_id=word,
                actor_id=actor_id,
                detail={"word": found.label},
            )
            db.session.delete(found)


def _audit(action: str, found: ReadyText, actor_id: int) -> None:
    record_audit(
        action, unit_id=found.unit_id, object_type="ready_text", object_id=found.id, actor_id=actor_id, detail={"title": found.title}
    )
