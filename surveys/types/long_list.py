"""One of a list too long for a page: the citizen writes a few letters, the server finds what is meant.

Nothing of the list is on the page, so it stays small and needs no script. Stored: the option's id.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from markupsafe import Markup

from engage.persian import search_key
from surveys.types.base import AnswerProblem, Drawn, Entries, Given, Option, Translate, only_value, spoken
from surveys.types.choices import OneOf, draw_cards

MOST = 2000
SHOWN = 25
"""So many of those found are shown."""
LONGEST = 200
TEXT = "text"
"""The part of the form that holds what was written; it isn't stored."""


class LongList(OneOf, frozen=True, kw_only=True, tag="long_list"):
    is_group = False
    parts = ("many", "list")
    most_options = MOST
    may_have_other = False

    @property
    def first_control(self) -> str:
        return self.id

    def matches(self, text: str) -> list[Option]:
        """The options these letters may mean, in the order of the definition; the only one, if they are just its name."""
        query = _key(text)
        if not query.strip():
            return []
        exact = [option for option in self._listed if _key(option.label) == query]
        return exact if len(exact) == 1 else [option for option in self._listed if _is_in(query, option)]

    @property
    def _listed(self) -> list[Option]:
        return [option for option in self.options if not option.exclusive]

    def read(self, given: Given) -> Entries:
        """What was chosen among those found, as long as it is what is written; else the one option the letters can only mean."""
        chosen = self.known(given.get("", ()))
        if len(chosen) > 1:
            raise AnswerProblem("several_answers")
        text = only_value(given, TEXT)[:LONGEST]
        query = _key(text)
        if chosen:
            option = next(each for each in self.options if each.id == chosen[0])
            if option.exclusive or not query or _is_in(query, option):
                return {"": option.id}
        if not query:
            return {}
        found = self.matches(text)
        if not found:
            raise AnswerProblem("no_match")
        # Letters from the middle of a word are too little to decide by.
        if len(found) == 1 and _begins(query, found[0]):
            return {"": found[0].id}
        raise AnswerProblem("several_matches", count=len(found))

    def typed(self, entries: Entries) -> dict[str, list[str]]:
        option = next((each for each in self.options if each.id == entries[""]), None)
        return {"": [str(entries[""])]} | ({TEXT: [option.label]} if option and not option.exclusive else {})

    def instruction(self, _: Translate) -> str:
        return _("Write the name or its first letters.")

    def draw(self, drawn: Drawn) -> Markup:
        chosen = set(drawn.given.get("", ()))
        text = drawn.only(TEXT)
        offered = [option for option in self._listed if option.id in chosen]
        if drawn.is_bad and text:
            offered = (offered + [option for option in self.matches(text[:LONGEST]) if option.id not in chosen])[:SHOWN]
        box = Markup('<input class="t sp" id="%s" name="%s.%s" maxlength="%s" autocomplete="off" value="%s"%s>') % (
            self.id,
            self.id,
            TEXT,
            LONGEST,
            text,
            drawn.attributes(),
        )
        shown = offered + [option for option in self.options if option.exclusive]
        if not shown:
            return box
        heading = drawn.translate("Choose one of those found:") if offered else drawn.translate("or")
        begin = Markup('<p class="lf">%s</p>') if offered else Markup('<p class="or">%s</p>')
        cards = draw_cards(self, "radio", replace(drawn, is_bad=False, described_by=""), shown)
        return Markup('%s\n<div role="radiogroup" aria-label="%s">\n%s\n%s\n</div>') % (box, self.label, begin % heading, cards)

    def explain(self, problem: AnswerProblem, _: Translate) -> tuple[str, str]:
        if problem.code == "no_match":
            return _("not found in the list"), _("Nothing in the list is called that. Write it differently, or only its first letters.")
        if problem.code == "several_matches":
            count = problem.params["count"]
            if count > SHOWN:
                return (
                    _("choose one of those found"),
                    _(
                        "%(count)s in the list fit what you wrote; the first %(shown)s are shown. Choose one, or write more letters.",
                        count=spoken(count),
                        shown=spoken(SHOWN),
                    ),
                )
            return _("choose one of those found"), _("%(count)s in the list fit what you wrote. Choose one below.", count=spoken(count))
        return super().explain(problem, _)

    def explain_missing(self, _: Translate) -> tuple[str, str]:
        return _("write what you are looking for"), _("Please write the name or its first letters.")


@lru_cache(maxsize=20_000)
def _key(text: str) -> str:
    """Equal for what a searcher takes for the same; also «آ» and «ا»."""
    return search_key(text).replace("آ", "ا")


def _is_in(query: str, option: Option) -> bool:
    """Whether all words written are somewhere in the name, or the letters without their spaces («نازی‌آباد», «نازیاباد»)."""
    name = _key(option.label)
    return all(word in name for word in query.split()) or query.replace(" ", "") in name.replace(" ", "")


def _begins(query: str, option: Option) -> bool:
    words = _key(option.label).split()
    return "".join(words).startswith(query.replace(" ", "")) or all(any(word.startswith(each) for word in words) for each in query.split())
