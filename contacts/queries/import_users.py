"""Who acts on what a list brought: rooms above say whether they did, and then the list can no longer be taken back."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask, current_app

from contacts.models import ContactImport
from contacts.rules.states import ImportState
from engage.db import db

ImportUser = Callable[[int], bool]
"""import id → whether this room acted on it since it was finished, read in the caller's transaction."""

IMPORT_PEOPLE = """
    SELECT brought.contact_id, list.finished_at
    FROM (SELECT id AS contact_id FROM contact WHERE import_id = :import_id
          UNION SELECT contact_id FROM contact_consent WHERE import_id = :import_id) brought
    JOIN contact_import list ON list.id = :import_id
"""
"""SQL for rooms above: the contacts whose record or whose present consent came with a list, and when it was finished; binds `import_id`."""


def install(app: Flask) -> None:
    app.extensions["engage_import_users"] = []


def register_import_user(app: Flask, user: ImportUser) -> None:
    """Have `user(import_id)` asked before a list is taken back."""
    app.extensions["engage_import_users"].append(user)


def is_import_used(import_id: int) -> bool:
    """Whether any room has acted on the list."""
    users: list[ImportUser] = current_app.extensions["engage_import_users"]
    return any(user(import_id) for user in users)


def undo_refusal(import_id: int) -> str | None:
    """None when this import can be taken back, else the code that says why not: import_missing, import_state, import_used."""
    row = db.session.get(ContactImport, import_id, populate_existing=True)
    if row is None:
        return "import_missing"
    if row.state != ImportState.FINISHED:
        return "import_state"
    return "import_used" if is_import_used(import_id) else None

