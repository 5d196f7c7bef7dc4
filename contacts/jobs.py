"""What workers and the sweeper call."""

from __future__ import annotations

from flask import current_app
from rq import get_current_job

from contacts.commands import bulk, checking, codes, disputes, lists, pending, retention, running, sealing, single_texts, undoing
from engage.jobs import ring


def run_import(import_id: int) -> None:
    running.run_import(import_id, has_own_process=get_current_job() is not None)


def undo_import(import_id: int) -> None:
    undoing.run_undo(import_id)


def check_import(import_id: int) -> None:
    checking.check_import(import_id)


def ring_waiting_imports() -> None:
    running.ring_waiting_imports()


def delete_old_files() -> None:
    lists.delete_old_files()


def send_single_texts() -> None:
    single_texts.send_single_texts(current_app.extensions["engage_settings"], current_app.extensions["engage_gateway"])


def send_single_texts_between_shifts() -> None:
    """The same on the queue of campaigns: under a name of its own, because one bell rings on one queue only."""
    send_single_texts()


def ring_single_texts() -> None:
    single_texts.ring_single_texts()


def tidy_at_the_door() -> None:
    """Unanswered sign-ups, old codes and old settled texts are gone."""
    pending.delete_unanswered()
    codes.delete_old_codes()
    single_texts.delete_settled_texts()


def seal_ledger() -> None:
    sealing.seal_ledger()


def ring_for_sealing() -> None:
    ring("default", seal_ledger)


def end_disputed_lists() -> None:
    disputes.end_disputed_lists()


def ring_for_disputed_lists() -> None:
    disputes.ring_for_disputed_lists()


def run_bulk(action_id: int) -> None:
    bulk.run_bulk(action_id)


def ring_waiting_bulk() -> None:
    bulk.ring_waiting_bulk()


def apply_limits() -> None:
    retention.apply_limits()


def ring_for_limits() -> None:
    ring("bulk", apply_limits)
