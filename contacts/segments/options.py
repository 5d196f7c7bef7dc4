"""What can be chosen in the contact base's own criteria."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from contacts.looks import LANGUAGES, REACH_LOOKS
from contacts.models import ContactImport, ContactTag
from contacts.queries.fields import units_above
from contacts.queries.people import list_purposes, neighbourhood_names
from contacts.rules.segments import Options
from contacts.segments.criteria import Scope
from engage import persian
from engage.clock import TEHRAN
from engage.db import db
from engage.identity.queries import units_tree

NOT_KNOWN = ("", _l("not known"))
GENDER_OPTIONS: Options = (("female", _l("Women")), ("male", _l("Men")), NOT_KNOWN)
LANGUAGE_OPTIONS: Options = (("", _l("the office's own")), *LANGUAGES.items())
REACH_OPTIONS: Options = tuple((key, look.label) for key, look in REACH_LOOKS.items())
STANDING_OPTIONS: Options = (("given", _l("given")), ("withdrawn", _l("withdrawn")), ("never", _l("never asked")))
TAG_OPTIONS: Options = (("any", _l("any of these")), ("all", _l("all of these")))

def unit_options(scope: Scope) -> Options:
    return tuple((str(node.id), "— " * node.depth + node.name) for node in units_tree() if node.id in scope.unit_ids)


def neighbourhood_options(scope: Scope) -> Options:
    return (*((name, name) for name in neighbourhood_names(scope.unit_ids)), NOT_KNOWN)


def tag_options(scope: Scope) -> Options:
    rows = db.session.execute(
        select(ContactTag.id, ContactTag.name).where(ContactTag.unit_id.in_({*scope.unit_ids, *units_above(scope.unit_id)}))
    )
    return tuple((str(id), name) for id, name in sorted(rows, key=lambda row: persian.sort_key(row.name)))


def import_options(scope: Scope) -> Options:
    rows = db.session.execute(
        select(ContactImport.id, ContactImport.file_name, ContactImport.created_at)
        .where(ContactImport.unit_id.in_(scope.unit_ids), ContactImport.state == "finished")
        .order_by(ContactImport.id.desc())
        .limit(300)
    )
    return tuple((str(row.id), f"{row.file_name} ({persian.format_jalali(row.created_at.astimezone(TEHRAN).date())})") for row in rows)


def purpose_options() -> Options:
    """Key and title of every purpose, in the order they are offered."""
    return tuple(list_purposes().items())
