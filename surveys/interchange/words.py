"""What is told about forms that come in and go out: refusals, and why something wasn't carried over."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

from surveys.interchange.findings import Skipped

REFUSALS: dict[str, Any] = {
    "form_file_missing": _l("There is no such file, or it can't be opened."),
    "form_file_empty": _l("The file is empty."),
    "form_file_too_large": _l("The file is larger than %(limit)s megabytes."),
    "form_file_unreadable": _l("The file is damaged or isn't an XLSForm. Open it in Excel or LibreOffice, save it again as xlsx and try that."),
    "form_file_cut": _l("The file isn't whole: its end is missing. Get it again."),
    "form_file_binary": _l("This isn't an XLSForm. Accepted: xlsx, xls and csv."),
    "form_file_locked": _l("The file is locked by a password. Save it without the password and try again."),
    "form_file_binary_excel": _l("This is a binary Excel workbook (xlsb). Save it as xlsx and try again."),
    "form_file_cells": _l("A sheet of the file has more than %(limit)s cells, blank ones included. A form isn't that large."),
    "form_file_macros": _l("The file contains macros and isn't accepted. Save it as xlsx without macros and try again."),
    "form_file_bomb": _l("The file unpacks to far more than a form holds, so it wasn't read."),
    "form_sheet_missing": _l("The form has no sheet “%(sheet)s”."),
    "form_sheet_repeated": _l("The form has two sheets called “%(sheet)s”."),
    "form_sheet_large": _l("The sheet “%(sheet)s” has more than %(limit)s rows or columns."),
    "form_column_missing": _l("The sheet “%(sheet)s” has no column “%(column)s”."),
    "form_column_repeated": _l("The column “%(column)s” stands twice in the sheet “%(sheet)s”. Rename or remove one of them."),
    "form_list_unknown": _l("Row %(row)s of the sheet survey uses the list “%(list)s”, which isn't in the sheet choices."),
    "form_type_missing": _l("Row %(row)s of the sheet survey has no type."),
    "form_name_missing": _l("Row %(row)s of the sheet survey has no name."),
    "form_name_malformed": _l(
        "The name in row %(row)s of the form isn't allowed: it begins with a letter or _ and goes on with letters, digits, _, - and points."
    ),
    "form_name_repeated": _l("The name “%(name)s” in row %(row)s of the sheet survey is already taken."),
    "form_group_unpaired": _l("The group or repeat in row %(row)s of the sheet survey has no beginning or no end."),
    "form_reference_unknown": _l("Row %(row)s of the sheet “%(sheet)s”, column “%(column)s”, speaks of “%(name)s”, which isn't in the form."),
    "form_choice_repeated": _l("Row %(row)s of the sheet choices repeats a name within its list."),
    "form_choice_nameless": _l("Row %(row)s of the sheet choices has no name."),
    "form_row_refused": _l("Row %(row)s isn't valid in an XLSForm: %(detail)s"),
    "form_refused": _l("This isn't a valid XLSForm: %(detail)s"),
}

WHY: dict[str, Any] = {
    "type_media": _l("There is no question of this type here: sound, video and barcodes aren't asked for."),
    "type_place": _l("There is no question of this type here: places on a map aren't asked for."),
    "type_metadata": _l("What a device knows about its owner isn't collected here."),
    "type_file_choices": _l("Choices from another file aren't read."),
    "type_unknown": _l("This type isn't known."),
    "question_refused": _l("No question could be made of it."),
    "note_empty": _l("A note without a text isn't shown."),
    "repeat": _l("Nothing is asked repeatedly here; its questions are asked once."),
    "loop": _l("Loops aren't carried over."),
    "in_loop": _l("It stands in a loop, which isn't carried over."),
    "setting": _l("This setting has no counterpart here."),
    "sheet": _l("This sheet isn't read."),
    "language": _l("It isn't clear which language this is: write its code in brackets, such as English (en)."),
    "appearance": _l("This appearance has no counterpart here."),
    "default": _l("Answers aren't filled in beforehand here."),
    "media": _l("Pictures and sounds of a form aren't carried over."),
    "guidance_hint": _l("Hints for interviewers aren't carried over."),
    "trigger": _l("Calculations here follow their answers by themselves, without a trigger."),
    "readonly": _l("Here every question can be answered."),
    "column": _l("This column has no counterpart here."),
    "column_unknown": _l("This column isn't one of an XLSForm that is read here."),
    "choice_column": _l("This column of choices has no counterpart here."),
    "choice_filter": _l("Choices can't depend on other answers here; all of them are offered."),
    "choice_twice": _l("The choice stands twice in its list; the first one is kept."),
    "choices_elsewhere": _l("Choices that come from another file or from other answers aren't carried over."),
    "calculation": _l("Only a calculation is calculated; this question is asked."),
    "parameter": _l("This parameter has no counterpart here."),
    "range_step": _l("Numbers aren't held to steps here."),
    "row_condition": _l("Rows of a table are shown together, without conditions of their own."),
    "table_head": _l("The head of a table isn't asked; its rows are."),
    "row_hint": _l("Rows of a table have no hints."),
    "piped_name": _l("There is no answer here to repeat in a text; “…” stands in its place."),
    "xpath_long": _l("The expression is too long or too deeply nested."),
    "expression_long": _l("The expression is too long or too deeply nested."),
    "xpath_path": _l("Expressions here name questions, not paths."),
    "xpath_unreadable": _l("The expression can't be read."),
    "xpath_function": _l("The expression uses a function that isn't there."),
    "xpath_regex": _l("Patterns (regex) aren't used here."),
    "xpath_number": _l("A number in the expression has too many digits."),
    "xpath_mod": _l("Remainders (mod) aren't calculated here."),
    "xpath_name": _l("The expression names something that wasn't carried over."),
    "xpath_option": _l("The expression names a choice that isn't on the list."),
    "xpath_self": _l("A point stands for the question's own answer only in a constraint."),
    "xpath_kind": _l("The kinds of values in the expression don't fit together here."),
    "form_setting": _l("An XLSForm has no such setting."),
    "form_type": _l("An XLSForm has no question of this type; it is left out."),
    "form_plain_text": _l("An XLSForm has no question of this type; it becomes a plain text."),
    "form_plain_choice": _l("An XLSForm has no question of this type; it becomes a plain choice."),
    "form_field": _l("An XLSForm can't say this."),
    "form_skips": _l("An XLSForm doesn't skip; give the questions between conditions instead."),
    "form_not_read": _l("The form couldn't be read in again for comparison; what only we can say isn't in it."),
    "form_title_translation": _l("An XLSForm has one title, without translations."),
    "form_row_constraint": _l("An XLSForm has no condition over a whole table."),
    "expression_unreadable": _l("The expression can't be read."),
    "expression_name": _l("The expression names something the form doesn't have."),
    "expression_function": _l("XLSForm has no such function."),
}

CHANGED: dict[str, Any] = {
    "renamed": _l("The name became another id."),
    "main_language": _l("The form's main language isn't Persian. Its texts stand where Persian ones belong."),
    "pyxform": _l("A note of the program that checks XLSForms."),
    "text_cut": _l("The text was too long and was cut."),
    "time_lost": _l("Only the day is asked for, without the time."),
    "range_turned": _l("The scale runs upwards here."),
    "row_required": _l("Either all rows of a table are required or none; here all."),
    "kept_unreadable": _l("What our own form had written beside it can't be read; what the form itself says counts."),
    "kept_stale": _l("It was changed in the form, so what an XLSForm can't say of it was left behind. Look at it again."),
    "hidden_by_link": _l("Its value comes with the link."),
    "file_kinds": _l("Photos and PDF files are taken, no others."),
}


def explain(skipped: Skipped) -> str:
    """Why, in the reader's language."""
    return str((WHY | CHANGED)[skipped.code])


def explain_in_terminal(skipped: Skipped) -> str:
    """Why, in English, for a terminal that may not shape Persian."""
    sentence = (WHY | CHANGED)[skipped.code]
    source = getattr(sentence, "_args", None)
    return str(source[0]) if source else str(sentence)
