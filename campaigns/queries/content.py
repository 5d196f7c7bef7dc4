"""Ready texts and filtered words, as pages show them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select

from campaigns.kinds import CampaignKind
from campaigns.models import FilteredWord, ReadyText
from engage.db import db


@dataclass(frozen=True)
class ReadyTextView:
    id: int
    unit_id: int
    title: str
    kind: CampaignKind
    text: str
    use_count: int


_FIELDS = tuple(ReadyTextView.__dataclass_fields__)


def list_ready_texts(unit_ids: Collection[int], kind: CampaignKind | None = None) -> list[ReadyTextView]:
    """Those of these units, the most used ones first."""
    rows = select(*[getattr(ReadyText, name) for name in _FIELDS]).where(ReadyText.unit_id.in_(unit_ids))
    if kind is not None:
        rows = rows.where(ReadyText.kind == kind)
    return [_view(row) for row in db.session.execute(rows.order_by(ReadyText.use_count.desc(), ReadyText.id)).mappings()]


def get_ready_text(text_id: int) -> ReadyTextView | None:
    row = db.session.execute(select(*[getattr(ReadyText, name) for name in _FIELDS]).where(ReadyText.id == text_id)).mappings().first()
    return None if row is None else _view(row)


def filtered_words() -> list[tuple[str, str]]:
    """(key, label) of every word no text may hold."""
    return [(row[0], row[1]) for row in db.session.execute(select(FilteredWord.word, FilteredWord.label).order_by(FilteredWord.word))]


def _view(row: object) -> ReadyTextView:
    values = dict(row)  # type: ignore[call-overload]
    return ReadyTextView(**values | {"kind": CampaignKind(values["kind"])})
