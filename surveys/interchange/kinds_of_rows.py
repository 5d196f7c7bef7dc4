"""What the types of an XLSForm are here. Pure."""

from __future__ import annotations

_ALIASES = {
    "text": ("string", "q string", "add text prompt"),
    "integer": ("int", "q int", "add integer prompt"),
    "decimal": ("q decimal", "add decimal prompt"),
    "date": ("q date", "add date prompt"),
    "time": (),
    "datetime": ("dateTime", "q date time", "q dateTime", "date time", "add date time prompt", "add dateTime prompt"),
    "note": ("q note", "add note prompt"),
    "calculate": ("q calculate", "add calculate prompt"),
    "hidden": (),
    "acknowledge": ("trigger", "q acknowledge", "add acknowledge prompt"),
    "photo": ("image", "q picture", "q image", "add image prompt", "add photo prompt"),
    "file": ("add file prompt",),
    "percentage": (),
    "range": (),
    "select one": ("select_one", "select1"),
    "select all that apply": ("select_multiple",),
    "rank": ("odk:rank",),
}
MEANT = {alias: name for name, aliases in _ALIASES.items() for alias in (name, *aliases)}
"""A type as pyxform tells it → the one we speak of"""

MEDIA = frozenset({
    "audio", "q audio", "add audio prompt", "video", "q video", "add video prompt", "background-audio", "barcode", "q barcode", "add barcode prompt",
})  # fmt: skip
PLACES = frozenset({
    "geopoint", "geotrace", "geoshape", "q geopoint", "q geoshape", "q geotrace", "gps", "location", "q location", "add location prompt", "osm",
    "start-geopoint", "background-geopoint",
})  # fmt: skip
METADATA = frozenset({
    "start", "end", "today", "deviceid", "imei", "simserial", "subscriberid", "phonenumber", "username", "email", "audit", "get start time",
    "get end time", "get today", "get sim id", "get subscriber id", "get device id", "get phone number", "start time", "end time", "device id",
    "sim id", "subscriber id", "phone number",
})  # fmt: skip
FILES = frozenset({"xml-external", "csv-external"})


def reason_against(kind: str) -> str:
    """Why a question of this type can't be carried over; "" where nothing is known against it."""
    if kind in MEDIA:
        return "type_media"
    if kind in PLACES:
        return "type_place"
    if kind in METADATA or kind.startswith("uri:"):
        return "type_metadata"
    if kind in FILES or "external" in kind:
        return "type_file_choices"
    return "" if kind in MEANT else "type_unknown"


# What each type keeps of these two; everything else in them is told as not carried over.
APPEARANCES = {
    "text": {"multiline"},
    "select one": {"autocomplete", "minimal", "search", "list-nolabel", "label"},
    "select all that apply": {"list-nolabel", "label"},
    "range": {"rating"},
    "group": {"field-list", "table-list"},
    "photo": {"new", "new-front"},
}
PLAIN_COLUMNS = frozenset({
    "type", "name", "label", "hint", "bind", "control", "default", "media", "children", "choices", "itemset", "list_name", "parameters", "actions",
    "_dynamic_default", "__row", "query", "choice_filter", "guidance_hint", "trigger", "repeat_count", "instance", "flat", "intent", "columns",
    "buttonText", "autoplay", "rows", "tags", "odk:tick-interval",
})  # fmt: skip
"""Columns that are looked at one by one; any other is told once, as a column nobody here knows."""
