"""What workers and the sweeper call."""

from __future__ import annotations

from contacts.commands import checking, running


def run_import(import_id: int) -> None:
    running.run_import(import_id)


def check_import(import_id: int) -> None:
    checking.check_import(import_id)


def ring_waiting_imports() -> None:
    running.ring_waiting_imports()


def delete_old_files() -> None:
    running.delete_old_files()
