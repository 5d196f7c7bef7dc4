"""Sentences of refusals and audit entries of imported lists."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

REFUSALS: dict[str, Any] = {
    "file_missing": _l("There is no such file, or it can't be opened."),
    "file_empty": _l("The file is empty."),
    "file_too_large": _l("The file is larger than %(limit)s megabytes. Split it and send the parts."),
    "file_unreadable": _l("The file is damaged or isn't a CSV or XLSX list. Open it in Excel, save it again and send that."),
    "file_binary": _l("This is neither a CSV nor an XLSX file."),
    "file_locked": _l("The file is locked by a password. Save it without the password and send it again."),
    "file_old_excel": _l("This is the format of old Excel (xls). Save it as xlsx or CSV and send it again."),
    "file_macros": _l("The file contains macros and isn't accepted. Save it as xlsx without macros and send it again."),
    "file_bomb": _l("The file unpacks to far more than a list of people holds, so it wasn't opened."),
    "file_wide": _l("The file has more than %(limit)s columns. Remove those that aren't needed."),
    "file_field_long": _l("A cell near line %(row)s is too long to be read; a quotation mark may be missing."),
    "file_rows_missing": _l("The file has a header but no rows below it."),
    "phone_column_missing": _l("No column holds mobile numbers. Choose the column of the mobile number."),
    "column_unknown": _l("The file has no column “%(column)s”."),
    "field_unknown": _l("There is no field “%(field)s”."),
    "field_twice": _l("The field “%(field)s” was chosen for two columns. Choose it for one of them."),
    "basis_missing": _l("State the basis on which the office may write to these people."),
    "import_missing": _l("There is no such import."),
    "import_state": _l("This import has moved on meanwhile. Reload the page."),
    "import_empty": _l("No row of this list can be accepted, so there is nothing to import."),
}

AUDIT_LABELS: dict[str, Any] = {
    "list_uploaded": _l("The list “%(file)s” with %(rows)s rows was uploaded"),
    "import_started": _l("The import of “%(file)s” with %(rows)s rows was started"),
    "import_discarded": _l("The list “%(file)s” was given up"),
    "list_imported": _l("The list “%(file)s” was imported: %(created)s new, %(updated)s changed, %(rejected)s rejected"),
}
