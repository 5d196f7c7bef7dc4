"""Sentences of refusals and audit entries about people."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

REFUSALS: dict[str, Any] = {
    "contact_missing": _l("There is no such contact."),
    "contact_exists": _l("This number is already a contact of the unit."),
    "number_reassigned": _l("This number has changed hands; what was known of its former holder is closed."),
    "language_unknown": _l("There is no such language."),
    "field_missing": _l("There is no such field."),
    "field_title_missing": _l("Give the field a name."),
    "field_title_long": _l("The name has more than %(limit)s characters. Shorten it."),
    "field_key_wrong": _l("A key is made of small Latin letters, digits and underscores, and begins with a letter."),
    "field_key_taken": _l("The key “%(key)s” is used by another field of this unit, one above it or one below it."),
    "field_options_missing": _l("A choice needs at least two different options, one a line."),
    "field_options_many": _l("A choice has at most %(limit)s options."),
    "field_option_long": _l("The option “%(option)s…” has more than %(limit)s characters. Shorten it."),
    "fields_many": _l("A contact has at most %(limit)s own fields. Archive one that isn't used."),
    "value_wrong": _l("This value doesn't fit the field “%(field)s”."),
    "tag_missing": _l("There is no such tag."),
    "tag_name_missing": _l("Give the tag a name."),
    "tag_name_long": _l("The name of a tag has at most %(limit)s characters."),
    "tag_exists": _l("There is a tag “%(tag)s” already. Merge the two instead."),
    "tag_merge_self": _l("A tag can't be merged into itself."),
    "tag_merge_elsewhere": _l("The other tag doesn't hold in every unit in which this one is used."),
    "note_missing": _l("Write something into the note."),
    "note_long": _l("A note has at most %(limit)s characters. Split it."),
    "bulk_empty": _l("Nobody is selected, so nothing was changed."),
    "bulk_missing": _l("There is no such change."),
    "bulk_state": _l("This change has moved on meanwhile. Reload the page."),
    "bulk_not_undoable": _l("This change can't be taken back."),
    "export_empty": _l("Nobody fits, so there is nothing to export."),
    "export_too_long": _l("An Excel file takes at most %(limit)s contacts here. Choose CSV, or narrow the selection."),
}

AUDIT_LABELS: dict[str, Any] = {
    "contact_added": _l("A contact was added"),
    "contact_changed": _l("A contact was changed"),
    "contact_tagged": _l("A contact was tagged “%(tag)s”"),
    "contact_untagged": _l("The tag “%(tag)s” was taken from a contact"),
    "note_added": _l("A note was written about a contact"),
    "note_deleted": _l("A note about a contact was deleted"),
    "number_checked": _l("A number was checked; texts go to it again"),
    "field_added": _l("The field “%(field)s” was added"),
    "field_changed": _l("The field “%(field)s” was changed"),
    "field_archived": _l("The field “%(field)s” was archived"),
    "field_restored": _l("The field “%(field)s” is offered again"),
    "tag_made": _l("The tag “%(tag)s” was made"),
    "tag_renamed": _l("The tag “%(before)s” was renamed to “%(tag)s”"),
    "tag_merged": _l("The tag “%(tag)s” was merged into “%(into)s”; %(count)s contacts carried it"),
    "tag_deleted": _l("The tag “%(tag)s” was deleted; %(count)s contacts carried it"),
    "bulk_done": _l("A change to many contacts: %(count)s of %(selected)s selected contacts changed"),
    "bulk_undone": _l("A change to many contacts was taken back for %(count)s contacts"),
    "contacts_moved_out": _l("%(count)s contacts moved from “%(from)s” to “%(to)s”"),
    "contacts_moved_in": _l("%(count)s contacts of “%(from)s” moved to “%(to)s”"),
    "contacts_exported": _l("%(count)s contacts were exported as %(format)s"),
}
