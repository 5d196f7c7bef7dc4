"""Use cases of the contact base, one function and one transaction each."""

from contacts.commands.audiences import drop_audience, forget_members, freeze_audience
from contacts.commands.bulk import begin_bulk, ring_waiting_bulk, run_bulk, undo_bulk
from contacts.commands.checking import check_import
from contacts.commands.consent import end_consent_of_reassigned, give_consent, withdraw_all, withdraw_consent
from contacts.commands.disputes import dispute_consent, end_held_list, lift_hold
from contacts.commands.doubting import doubt_neighbourhood
from contacts.commands.fields import add_field, archive_field, change_field, move_field
from contacts.commands.lists import delete_old_files, discard_import, release_import, start_import, upload_list
from contacts.commands.mapping import NewField, choose_sheet, decide_values, map_columns
from contacts.commands.notes import add_note, delete_note
from contacts.commands.people import add_contact, update_contact
from contacts.commands.policy import follow_policy_above, set_policy
from contacts.commands.purposes import PurposeDraft, add_purpose, change_purpose
from contacts.commands.reach import record_outcomes, trust_number
from contacts.commands.renewal import Renewal, answer_permission, is_number_stopped, renew_number
from contacts.commands.running import import_file, ring_waiting_imports, run_import
from contacts.commands.sealing import accept_restored_ledger, seal_ledger
from contacts.commands.segments import archive_segment, create_segment, duplicate_segment, restore_segment, update_segment
from contacts.commands.suppression import suppress_identity, suppress_number
from contacts.commands.tags import delete_tag, make_tag, merge_tag, rename_tag, tag_contact, untag_contact
from contacts.commands.texts import current_text, ensure_purposes
from contacts.commands.undoing import run_undo, undo_import
from contacts.index_keys import hold_numbers

__all__ = [
    "PurposeDraft",
    "Renewal",
    "accept_restored_ledger",
    "NewField",
    "add_contact",
    "add_field",
    "add_note",
    "add_purpose",
    "archive_field",
    "archive_segment",
    "begin_bulk",
    "change_field",
    "answer_permission",
    "change_purpose",
    "check_import",
    "create_segment",
    "choose_sheet",
    "current_text",
    "delete_note",
    "decide_values",
    "delete_old_files",
    "delete_tag",
    "discard_import",
    "doubt_neighbourhood",
    "dispute_consent",
    "drop_audience",
    "duplicate_segment",
    "end_consent_of_reassigned",
    "end_held_list",
    "ensure_purposes",
    "forget_members",
    "follow_policy_above",
    "freeze_audience",
    "give_consent",
    "hold_numbers",
    "import_file",
    "is_number_stopped",
    "lift_hold",
    "make_tag",
    "map_columns",
    "merge_tag",
    "move_field",
    "record_outcomes",
    "rename_tag",
    "renew_number",
    "restore_segment",
    "ring_waiting_bulk",
    "release_import",
    "ring_waiting_imports",
    "run_bulk",
    "run_import",
    "seal_ledger",
    "set_policy",
    "run_undo",
    "start_import",
    "suppress_identity",
    "suppress_number",
    "tag_contact",
    "trust_number",
    "undo_bulk",
    "untag_contact",
    "undo_import",
    "update_contact",
    "update_segment",
    "upload_list",
    "withdraw_all",
    "withdraw_consent",
]
