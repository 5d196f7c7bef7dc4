"""Who a campaign may write to: counted for the composer, read in chunks for sending."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, text

from contacts.rules.consent import ELIGIBLE_BASES
from engage.db import db
from engage.identity.queries import subtree_unit_ids


@dataclass(frozen=True)
class AudienceFilter:
    """The people of a unit's subtree, narrowed. An empty tuple or None leaves a field open."""

    unit_id: int
    neighbourhoods: tuple[str, ...] = ()
    genders: tuple[str, ...] = ()
    birth_year_from: int | None = None
    """Jalali, included; whoever's year is unknown is left out as soon as one end is given"""
    birth_year_to: int | None = None
    import_id: int | None = None

    def to_json(self) -> dict[str, Any]:
        return {
            "unit_id": self.unit_id,
            "neighbourhoods": list(self.neighbourhoods),
            "genders": list(self.genders),
            "birth_year_from": self.birth_year_from,
            "birth_year_to": self.birth_year_to,
            "import_id": self.import_id,
        }

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> AudienceFilter:
        return cls(
            unit_id=int(stored["unit_id"]),
            neighbourhoods=tuple(stored.get("neighbourhoods") or ()),
            genders=tuple(stored.get("genders") or ()),
            birth_year_from=stored.get("birth_year_from"),
            birth_year_to=stored.get("birth_year_to"),
            import_id=stored.get("import_id"),
        )


@dataclass(frozen=True)
class AudienceCount:
    """Distinct numbers. `total` is the sum of the others: a number is counted under the first reason that holds, suppression first."""

    total: int
    eligible: int
    suppressed: int
    no_consent: int
    reassigned: int


@dataclass(frozen=True)
class Recipient:
    contact_id: int
    identity_id: int
    first_name: str
    last_name: str
    neighbourhood: str


_MATCHES = """
    person.unit_id IN :units
    AND (:any_neighbourhood OR person.neighbourhood IN :neighbourhoods)
    AND (:any_gender OR person.gender IN :genders)
    AND (CAST(:year_from AS integer) IS NULL OR person.birth_year >= :year_from)
    AND (CAST(:year_to AS integer) IS NULL OR person.birth_year <= :year_to)
    AND (CAST(:import AS bigint) IS NULL OR person.import_id = :import)
"""
_GIVEN = "consent.given AND consent.basis IN :bases AND person.reassigned_at IS NULL"

_COUNT = f"""
    SELECT count(*) AS total,
           count(*) FILTER (WHERE suppressed) AS suppressed,
           count(*) FILTER (WHERE NOT suppressed AND eligible) AS eligible,
           count(*) FILTER (WHERE NOT suppressed AND NOT eligible AND reassigned) AS reassigned,
           count(*) FILTER (WHERE NOT suppressed AND NOT eligible AND NOT reassigned) AS no_consent
    FROM (SELECT bool_or(number.suppressed_at IS NOT NULL) AS suppressed,
                 COALESCE(bool_or({_GIVEN}), false) AS eligible,
                 bool_and(person.reassigned_at IS NOT NULL) AS reassigned
          FROM contact person
          JOIN phone_identity number ON number.id = person.identity_id
          LEFT JOIN contact_consent consent ON consent.contact_id = person.id AND consent.purpose = :purpose
          WHERE {_MATCHES} GROUP BY person.identity_id) numbers
"""

# Of several contacts with one number (units of one subtree), the oldest that may be written to stands for it.
_CHUNK = f"""
    SELECT person.id, person.identity_id, person.first_name, person.last_name, person.neighbourhood
    FROM contact person
    JOIN phone_identity number ON number.id = person.identity_id
    JOIN contact_consent consent ON consent.contact_id = person.id AND consent.purpose = :purpose
    WHERE person.id > :after AND number.suppressed_at IS NULL AND {_GIVEN} AND {_MATCHES}
      AND (:one_unit OR NOT EXISTS (
          SELECT 1 FROM contact earlier
          JOIN contact_consent earlier_consent ON earlier_consent.contact_id = earlier.id AND earlier_consent.purpose = :purpose
          WHERE earlier.identity_id = person.identity_id AND earlier.id < person.id AND earlier_consent.given
            AND earlier_consent.basis IN :bases AND earlier.reassigned_at IS NULL
            AND {_MATCHES.replace("person.", "earlier.")}))
    ORDER BY person.id LIMIT :limit
"""


def count_audience(audience: AudienceFilter, purpose: str) -> AudienceCount:
    """How many distinct numbers the filter finds, and why some of them may not be written to."""
    row = _execute(_COUNT, audience, purpose).one()
    return AudienceCount(row.total, row.eligible, row.suppressed, row.no_consent, row.reassigned)


def audience_chunk(audience: AudienceFilter, purpose: str, after_contact_id: int = 0, limit: int = 5_000) -> list[Recipient]:
    """The next `limit` people who may be written to, by contact id; each number once. [] at the end."""
    rows = _execute(_CHUNK, audience, purpose, after=after_contact_id, limit=limit)
    return [Recipient(*row) for row in rows]


def _execute(statement: str, audience: AudienceFilter, purpose: str, **more: Any) -> Any:
    units = subtree_unit_ids(audience.unit_id)
    values: dict[str, Any] = {
        "units": list(units) or [0],
        "purpose": purpose,
        "bases": [str(basis) for basis in ELIGIBLE_BASES],
        "any_neighbourhood": not audience.neighbourhoods,
        "neighbourhoods": list(audience.neighbourhoods) or [""],
        "any_gender": not audience.genders,
        "genders": list(audience.genders) or [""],
        "year_from": audience.birth_year_from,
        "year_to": audience.birth_year_to,
        "import": audience.import_id,
        **more,
    }
    if "limit" in more:
        values["one_unit"] = len(units) == 1
    expanding = ("units", "bases", "neighbourhoods", "genders")
    prepared = text(statement).bindparams(*(bindparam(name, expanding=True) for name in expanding))
    return db.session.execute(prepared, values)
