"""What a text becomes for the people it is for: how many pages for how many of them, and how it reads for one or the other."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

from flask_babel import gettext as _
from redis.exceptions import RedisError

from campaigns import texts
from contacts.queries import AudienceFilter, with_current_rule
from contacts.queries.lengths import LengthGroup, name_lengths
from engage.jobs import redis_connection
from engage.sms.segments import remaining_in_page
from engage.vault import vault

KEPT_SECONDS = 120
"""While somebody types, the same audience is asked for again and again."""
_CONTEXT = "campaigns.audience_lengths"


@dataclass(frozen=True)
class Spread:
    """Pages → people, over everybody the audience's rule finds; as a share of `people` it holds for the recipients."""

    pages: Mapping[int, int]
    people: int
    typical: LengthGroup | None
    longest: LengthGroup | None
    nameless: LengthGroup | None
    """Somebody for whom a fallback stands in the text; None where there is nobody"""
    left: int
    """Units free in the last page of the longest text"""

    @property
    def typical_pages(self) -> int:
        """What half of them get at most."""
        passed = 0
        for count in sorted(self.pages):
            passed += self.pages[count]
            if 2 * passed >= self.people:
                return count
        return 0

    @property
    def longest_pages(self) -> int:
        return max(self.pages, default=0)

    @property
    def longest_count(self) -> int:
        """People whose text has the most pages."""
        return self.pages.get(self.longest_pages, 0)

    @property
    def is_mixed(self) -> bool:
        return len(self.pages) > 1

    def of(self, recipients: int) -> list[tuple[int, int]]:
        """(pages, people) for so many recipients, about; together they are exactly that many."""
        shares = [(count, people * recipients // self.people) for count, people in sorted(self.pages.items())] if self.people else []
        if shares:
            rest = recipients - sum(people for _count, people in shares)
            typical = self.typical_pages
            shares = [(count, people + rest if count == typical else people) for count, people in shares]
        return shares

    def page_sum(self, recipients: int) -> int:
        """Pages of all texts together, about."""
        return sum(count * people for count, people in self.of(recipients))


def spread_of(template: str, shared: Mapping[str, str], link: str, audience: AudienceFilter) -> Spread | None:
    """How long the text becomes for the audience's people; None where it is the same for all of them. `template` must be valid."""
    if not texts.is_personal(template):
        return None
    asked = texts.placeholders_of(template)
    pages: Counter[int] = Counter()
    sizes: list[tuple[int, LengthGroup]] = []
    people = lengths_of(audience)
    longest_left = 0
    for group in people:
        text = render_for(template, shared, link, group)
        measured = texts.measure(text)
        pages[measured.pages] += group.count
        sizes.append((measured.units, group))
    sizes.sort(key=lambda each: (each[0], each[1].first_name, each[1].neighbourhood))
    total = sum(group.count for group in people)
    if sizes:
        longest_left = remaining_in_page(render_for(template, shared, link, sizes[-1][1]))
    missing = [
        group
        for group in people
        if ("first_name" in asked and not group.first_name) or ("neighbourhood" in asked and not group.neighbourhood)
    ]
    return Spread(
        dict(pages),
        total,
        _middle(sizes, total),
        sizes[-1][1] if sizes else None,
        max(missing, key=lambda each: each.count, default=None),
        longest_left,
    )


def render_for(template: str, shared: Mapping[str, str], link: str, who: LengthGroup) -> str:
    return texts.render(template, {**shared, "first_name": who.first_name, "neighbourhood": who.neighbourhood}, link)


def sample_words(spread: Spread) -> list[tuple[str, LengthGroup]]:
    """(what it is, somebody for whom the text is so): typical, longest, and one whose name isn't known."""
    found = [(_("Typical"), spread.typical), (_("Longest"), spread.longest), (_("Name or neighbourhood unknown"), spread.nameless)]
    return [(str(words), who) for words, who in found if who is not None]


def lengths_of(audience: AudienceFilter) -> list[LengthGroup]:
    """`name_lengths`, kept for two minutes: encrypted, as first names stand in it."""
    asked = with_current_rule(replace(audience, sample=None, answered_within=None))
    digest = hashlib.sha256(json.dumps(asked.to_json(), sort_keys=True).encode()).hexdigest()
    key = f"engage:audience_lengths:{digest}"
    with contextlib.suppress(RedisError):
        kept = redis_connection().get(key)
        if isinstance(kept, bytes):
            return [LengthGroup(**each) for each in json.loads(vault().decrypt(kept, _CONTEXT))]
    found = name_lengths(asked, longest_name=texts.MAX_NAME)
    with contextlib.suppress(RedisError):
        redis_connection().set(key, vault().encrypt(json.dumps([asdict(each) for each in found]), _CONTEXT), ex=KEPT_SECONDS)
    return found


def _middle(sizes: list[tuple[int, LengthGroup]], total: int) -> LengthGroup | None:
    passed = 0
    for _units, group in sizes:
        passed += group.count
        if 2 * passed >= total:
            return group
    return None
