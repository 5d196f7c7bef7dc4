"""Contacts as rows of a file, harmless for spreadsheets and streamed: memory doesn't grow with their number."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from contacts.models import Contact, ContactConsent, ContactTag, CustomField, PhoneIdentity
from contacts.queries.fields import units_above
from contacts.queries.finding import SearchFilter, conditions_of
from contacts.queries.people import list_purposes
from contacts.rules.columns import CUSTOM
from contacts.rules.custom_values import show_value
from contacts.rules.showing import neutralise
from engage import persian
from engage.db import db
from engage.vault import vault

EXPORT_COLUMNS = ("phone", "first_name", "last_name", "neighbourhood", "gender", "birth_year")
"""Every export begins with these; they are what an import calls them."""
BEHIND = ("language", "reach", "tags")


@dataclass(frozen=True)
class ExportPlan:
    """What a file will hold: its columns by key (`custom:KEY` for a unit's own fields, `consent:PURPOSE`), and what they are called."""

    columns: tuple[str, ...]
    titles: dict[str, str]
    """Of columns that an office named itself: own fields and purposes"""
    kinds: dict[str, str]
    count: int
    unit_ids: tuple[int, ...]
    wanted: SearchFilter
    contact_ids: tuple[int, ...] | None


def plan_export(
    unit_ids: Collection[int], wanted: SearchFilter | None = None, *, contact_ids: Collection[int] | None = None
) -> ExportPlan:
    """Count who will be exported and find the columns their units know. `contact_ids` narrow to checked rows."""
    units = tuple(sorted(unit_ids))
    above = {each for unit_id in units for each in units_above(unit_id)}
    fields = db.session.scalars(select(CustomField).where(CustomField.unit_id.in_(above)).order_by(CustomField.position, CustomField.id)).all()
    shown = {f"{CUSTOM}{field.key}": field for field in fields if field.archived_at is None}
    purposes = {f"consent:{key}": title for key, title in list_purposes().items()}
    plan = ExportPlan(
        columns=(*EXPORT_COLUMNS, *BEHIND, *shown, *purposes),
        titles={**{key: field.title for key, field in shown.items()}, **purposes},
        kinds={key: field.kind for key, field in shown.items()},
        count=0,
        unit_ids=units,
        wanted=wanted or SearchFilter(),
        contact_ids=None if contact_ids is None else tuple(contact_ids),
    )
    count = db.session.scalar(select(func.count()).select_from(Contact).where(*_where(plan))) or 0
    return ExportPlan(**{**plan.__dict__, "count": count})


def export_rows(plan: ExportPlan, words: dict[str, dict[str, str]] | None = None) -> Iterator[tuple[str, ...]]:
    """One row a contact in the order of the plan's columns, family names in Persian order.

    `words` are what codes are shown as, by column ("gender", "language", "reach", "consent"); without them the codes stand, dates are
    ISO and numbers plain, as an import reads them. Reads through a connection of its own, so it may outlive the request.
    """
    decrypt = vault().decrypt
    told = words or {}
    tags = {row.id: row.name for row in db.session.execute(select(ContactTag.id, ContactTag.name))}
    consents = (
        select(func.jsonb_object_agg(ContactConsent.purpose, ContactConsent.given))
        .where(ContactConsent.contact_id == Contact.id)
        .scalar_subquery()
    )
    statement = (
        select(
            PhoneIdentity.id, PhoneIdentity.phone_cipher, PhoneIdentity.reach, PhoneIdentity.suppressed_at,
            Contact.first_name, Contact.last_name, Contact.neighbourhood, Contact.gender, Contact.birth_year, Contact.language,
            Contact.tag_ids, Contact.custom, consents.label("consents"),
        )  # fmt: skip
        .join(PhoneIdentity, PhoneIdentity.id == Contact.identity_id)
        .where(*_where(plan))
        .order_by(Contact.sort_key, Contact.id)
    )
    custom_columns = [column for column in plan.columns if column.startswith(CUSTOM)]
    purposes = [column.removeprefix("consent:") for column in plan.columns if column.startswith("consent:")]
    engine = db.engine

    def rows() -> Iterator[tuple[str, ...]]:
        with engine.connect() as connection:
            for row in connection.execution_options(stream_results=True, yield_per=2_000).execute(statement):
                yield (
                    persian.local_form(decrypt(row.phone_cipher, f"phone_identity:{row.id}")),
                    neutralise(row.first_name),
                    neutralise(row.last_name),
                    neutralise(row.neighbourhood),
                    _told(told, "gender", row.gender),
                    "" if row.birth_year is None else str(row.birth_year),
                    _told(told, "language", row.language),
                    _told(told, "reach", row.reach),
                    neutralise("، ".join(tags[tag] for tag in row.tag_ids if tag in tags)),
                    *(_value(plan.kinds[column], row.custom.get(column.removeprefix(CUSTOM)), shown=bool(words)) for column in custom_columns),
                    *(_told(told, "consent", _standing(row, purpose)) for purpose in purposes),
                )

    return rows()


def _where(plan: ExportPlan) -> list[Any]:
    found: list[Any] = [Contact.unit_id.in_(plan.unit_ids), *conditions_of(plan.wanted), Contact.identity_id.is_not(None)]
    if plan.contact_ids is not None:
        found.append(Contact.id.in_(plan.contact_ids))
    return found


def _told(words: dict[str, dict[str, str]], column: str, code: str) -> str:
    return words.get(column, {}).get(code, code)


def _standing(row: Any, purpose: str) -> str:
    if row.suppressed_at is not None:
        return "suppressed"
    given = (row.consents or {}).get(purpose)
    return "" if given is None else "given" if given else "withdrawn"


def _value(kind: str, value: Any, *, shown: bool) -> str:
    if value is None:
        return ""
    if shown:
        return neutralise(show_value(kind, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return neutralise(str(value))
