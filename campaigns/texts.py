"""A campaign's text: placeholders, the fixed lines, and what is checked before anyone may send it. Pure.

A text is what the officer wrote, then the citizen's own link on a line of its own (where the kind has one), then the opt-out line:

    منطقه ۱۲: کار بعدی محلهٔ شما چه باشد؟
    https://HOST/TOKEN
    لغو11
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from engage.refusal import Refused
from engage.sms.port import MAX_CHARACTERS
from engage.sms.segments import Script, compose_text, count_units, page_sizes, pages, remaining_in_page, script_of
from engage.vault import TOKEN_LENGTH

PLACEHOLDERS: dict[str, str] = {"نام": "first_name", "محله": "neighbourhood", "واحد": "unit", "مهلت": "deadline", "آغاز": "begin"}
"""What an officer writes in braces, and the parameter behind it. `{نام|همشهری}` names a fallback."""

FALLBACKS: dict[str, str] = {
    "first_name": "همشهری",
    "neighbourhood": "محله",
    "unit": "شهرداری",
    "deadline": "",
    "begin": "چندین پرسش کوتاه. برای آغاز عدد ۱ را بفرستید.",
}
BEGIN = "{آغاز}"
"""How many questions a conversation has, and how it begins (`campaigns.conversation.asking.begin_words`)"""
SAMPLE_TOKEN = "x" * TOKEN_LENGTH
MAX_NAME = 20
"""A name longer than this is replaced by the fallback: it would push the text onto another page, whose price nobody approved."""

_PLACEHOLDER = re.compile(r"\{([^{}|]*)(?:\|([^{}]*))?\}")
_LINK = re.compile(r"(?:https?://|www\.)\S+|\b[\w-]+\.(?:ir|com|org|net|info)\b\S*", re.IGNORECASE)


@dataclass(frozen=True)
class TextMeasure:
    """How long a text is as an SMS: units, pages, what is left in the last page, and whether it is billed as Latin."""

    units: int
    pages: int
    left: int
    page_size: int
    script: Script


def placeholders_of(template: str) -> frozenset[str]:
    """The parameters `template` asks for. Refused("placeholder_unknown") names the first one nobody knows."""
    found = set()
    for match in _PLACEHOLDER.finditer(template):
        name = match[1].strip()
        if name not in PLACEHOLDERS:
            raise Refused("placeholder_unknown", name=name, known="، ".join(PLACEHOLDERS))
        found.add(PLACEHOLDERS[name])
    return frozenset(found)


def with_begin(template: str) -> str:
    """The text of a conversation, whose last line says how it begins."""
    return template if "begin" in placeholders_of(template) else f"{template.rstrip()}\n{BEGIN}"


def is_personal(template: str) -> bool:
    """Whether the text differs from recipient to recipient by more than the link."""
    return not placeholders_of(template).isdisjoint({"first_name", "neighbourhood"})


def check_template(template: str, *, has_link: bool = True, own_address: str = "") -> None:
    """Refused when the text can't be sent as it is: empty, an unknown placeholder, an address, a stray brace, or too long.

    A text without a personal link may name an address of the office's own (`own_address`), and no other.
    """
    if not template.strip():
        raise Refused("text_empty")
    if "\x00" in template:
        raise Refused("text_characters_invalid")
    placeholders_of(template)
    rest = _PLACEHOLDER.sub("", template)
    if "{" in rest or "}" in rest:
        raise Refused("placeholder_unknown", name="{", known="، ".join(PLACEHOLDERS))
    foreign = [each[0] for each in _LINK.finditer(rest) if not (own_address and _is_at(each[0], own_address))]
    if has_link and _LINK.search(rest):
        raise Refused("text_has_own_link")
    if foreign:
        raise Refused("text_has_foreign_link", address=foreign[0])
    if len(template) > MAX_CHARACTERS - 60:
        raise Refused("text_too_long", most=MAX_CHARACTERS - 60)


def _is_at(link: str, address: str) -> bool:
    return link == address or link.startswith(f"{address}/")


def names_address(template: str) -> bool:
    """Whether the text, as it was written, leads anywhere."""
    return _LINK.search(_PLACEHOLDER.sub("", template)) is not None


def render(template: str, parameters: Mapping[str, str], link: str, *, opt_out: bool = True) -> str:
    """The exact text one citizen receives; the same arguments always give the same text. An empty `link` leaves its line out."""

    def value_of(match: re.Match[str]) -> str:
        name = PLACEHOLDERS[match[1].strip()]
        value = " ".join(str(parameters.get(name) or "").split())
        if not value or (name == "first_name" and len(value) > MAX_NAME):
            value = match[2] if match[2] is not None else FALLBACKS[name]
        return value

    body = _PLACEHOLDER.sub(value_of, template).rstrip()
    return compose_text(f"{body}\n{link}" if link else body, opt_out=opt_out)


def renderer(
    template: str, shared: Mapping[str, str], *, has_link: bool = True, opt_out: bool = True
) -> Callable[[Mapping[str, str], str], str]:
    """`render` for many recipients of one text: what is the same for all of them is worked out once.

    The function takes a recipient's own parameters and link ("" for texts without one), and gives exactly what `render` gives with
    both joined.
    """
    if is_personal(template):
        return lambda own, link: render(template, {**shared, **own}, link, opt_out=opt_out)
    if not has_link:
        same = render(template, shared, "", opt_out=opt_out)
        return lambda own, link: same
    before, _, after = render(template, shared, SAMPLE_TOKEN, opt_out=opt_out).rpartition(SAMPLE_TOKEN)
    return lambda own, link: f"{before}{link}{after}"


def measure(text: str) -> TextMeasure:
    return TextMeasure(count_units(text), pages(text), remaining_in_page(text), page_sizes(text)[0], script_of(text))


def largest(template: str, base_url: str, unit: str, deadline: str, *, has_link: bool = True, opt_out: bool = True) -> str:
    """The longest text this template can become, which is what is approved and reserved for."""
    longest = {"first_name": "ـ" * MAX_NAME, "neighbourhood": "ـ" * 24, "unit": unit, "deadline": deadline}
    return render(template, longest, f"{base_url}/{SAMPLE_TOKEN}" if has_link else "", opt_out=opt_out)
