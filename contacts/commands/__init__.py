"""Use cases of the contact base, one function and one transaction each."""

from contacts.commands.checking import check_import
from contacts.commands.consent import end_consent_of_reassigned, give_consent, withdraw_consent
from contacts.commands.lists import discard_import, map_columns, start_import, upload_list
from contacts.commands.people import add_contact, update_contact
from contacts.commands.running import delete_old_files, import_file, ring_waiting_imports, run_import
from contacts.commands.suppression import suppress_identity, suppress_number
from contacts.commands.texts import current_text, ensure_purposes

__all__ = [
    "add_contact",
    "check_import",
    "current_text",
    "delete_old_files",
    "discard_import",
    "end_consent_of_reassigned",
    "ensure_purposes",
    "give_consent",
    "import_file",
    "map_columns",
    "ring_waiting_imports",
    "run_import",
    "start_import",
    "suppress_identity",
    "suppress_number",
    "update_contact",
    "upload_list",
    "withdraw_consent",
]
