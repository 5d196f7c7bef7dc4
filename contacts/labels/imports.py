"""Sentences of refusals and audit entries of imported lists."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

REFUSALS: dict[str, Any] = {
    "file_missing": _l("There is no such file, or it can't be opened."),
    "file_empty": _l("The file is empty."),
    "file_too_large": _l("The file is larger than %(limit)s megabytes. Split it and send the parts."),
    "file_unreadable": _l("The file is damaged or isn't a list. Open it in Excel or LibreOffice, save it again as xlsx and send that."),
    "file_cut": _l("The file isn't whole: its end is missing. Send it again."),
    "file_binary": _l("This isn't a list. CSV, XLSX, XLS and ODS files are read."),
    "file_locked": _l("The file is locked by a password. Save it without the password and send it again."),
    "file_binary_excel": _l("This is a binary Excel workbook (xlsb). Save it as xlsx and send it again."),
    "file_cells": _l("A sheet of the file has more than %(limit)s cells, blank ones included. Save the sheet with the people as CSV and send that."),
    "file_macros": _l("The file contains macros and isn't accepted. Save it as xlsx without macros and send it again."),
    "file_bomb": _l("The file unpacks to far more than a list of people holds, so it wasn't opened."),
    "file_wide": _l("The file has more than %(limit)s columns. Remove those that aren't needed."),
    "file_line_long": _l("Line %(row)s of the file is too long to be a row of a list."),
    "file_quote_open": _l(
        "In row %(row)s of the file a quotation mark is opened and never closed. Either the mark is too much, or the end of the file is missing."
    ),
    "sheet_unknown": _l("The file has no sheet “%(sheet)s”."),
    "header_row_unknown": _l("Row %(row)s of the file is blank or isn't there, so it can't name the columns."),
    "file_changed": _l("The file was changed while it was being read. Nothing was imported; start again."),
    "tags_too_many": _l("The column of tags holds more than %(limit)s new ones. Choose another field for it."),
    "file_rows_missing": _l("The file has a header but no rows below it."),
    "phone_column_missing": _l("No column holds mobile numbers. Choose the column of the mobile number."),
    "column_unknown": _l("The file has no column “%(column)s”."),
    "field_unknown": _l("There is no field “%(field)s”."),
    "field_twice": _l("The field “%(field)s” was chosen for two columns. Choose it for one of them."),
    "basis_missing": _l("State the basis on which the office may write to these people."),
    "import_missing": _l("There is no such import."),
    "import_state": _l("This import has moved on meanwhile. Reload the page."),
    "import_used": _l("A campaign has texted people of this list since, so the list can't be taken back any more."),
    "release_not_allowed": _l("Only an admin of the unit can let this list in."),
    "value_unknown": _l("“%(value)s” isn't among the values of this field. Choose another one."),
    "policy_days_wrong": _l("A file can be kept for 1 to %(limit)s days."),
    "policy_disputes_wrong": _l("The number of objections must lie between 0 and %(limit)s."),
    "number_not_sendable": _l("This number can't be texted, so it doesn't become a contact. Its holder can change that by sending 12 to our number."),
    "import_empty": _l("No row of this list can be accepted, so there is nothing to import."),
}

AUDIT_LABELS: dict[str, Any] = {
    "list_uploaded": _l("The list “%(file)s” with %(rows)s rows was uploaded"),
    "import_started": _l("The import of “%(file)s” with %(rows)s rows was started"),
    "import_quarantined": _l("The list “%(file)s” with %(rows)s rows was handed to an admin"),
    "import_released": _l("The list “%(file)s” with %(rows)s rows was let in"),
    "import_not_released": _l("The list “%(file)s” with %(rows)s rows was not let in and was deleted"),
    "contact_policy_set": _l("The rules of the contact base were changed: files are kept %(upload_days)s days, %(dispute_hold_count)s objections hold a list"),
    "contact_policy_dropped": _l("The unit follows the rules of the contact base of the units above it"),
    "import_discarded": _l("The list “%(file)s” was given up"),
    "import_undo_started": _l("It was decided to take back the list “%(file)s” with %(rows)s rows"),
    "import_undone": _l("The list “%(file)s” was taken back: %(deleted)s contacts deleted, %(restored)s as before, %(kept)s kept because of later changes"),
    "list_imported": _l("The list “%(file)s” was imported: %(created)s new, %(updated)s changed, %(rejected)s rejected"),
}
