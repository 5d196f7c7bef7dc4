"""Words of themes that other rooms show."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

REFUSALS: dict[str, Any] = {
    "theme_no_label": _l("A theme needs a name."),
    "theme_label_long": _l("The name of a theme has at most %(most)s characters. Please shorten it."),
    "theme_no_words": _l("A theme needs at least one word to be found by."),
    "theme_words_many": _l("A theme has at most %(most)s words. Please take some away."),
    "theme_word_bad": _l("“%(word)s” is too short or too long to be looked for. Please write two to sixty letters."),
    "theme_exists": _l("There is a theme “%(label)s” already. Add the words to that one, or choose another name."),
    "themes_many": _l("A unit has at most %(most)s themes. Merge or delete some first."),
    "theme_gone": _l("This theme is no longer there. Please look at the list anew."),
    "theme_changed": _l("A colleague changed this theme meanwhile. Please look at it anew, then change it."),
    "theme_merge_self": _l("A theme can't be merged with itself. Choose another one."),
    "quote_unknown": _l("This quote is no longer among what was written."),
}

AUDIT_LABELS: dict[str, Any] = {
    "report_theme_added": _l("The theme “%(title)s” was added"),
    "report_theme_changed": _l("The theme “%(title)s” was changed"),
    "report_theme_deleted": _l("The theme “%(title)s” was deleted"),
    "report_theme_merged": _l("The theme “%(title)s” was merged into “%(into)s”"),
    "report_quote_hidden": _l("A quote of “%(title)s” was hidden"),
}
AUDIT_NAMES: dict[str, Any] = {
    "report_theme_added": _l("Themes added"),
    "report_theme_changed": _l("Themes changed"),
    "report_theme_deleted": _l("Themes deleted"),
    "report_theme_merged": _l("Themes merged"),
    "report_quote_hidden": _l("Quotes hidden"),
}
