"""What the choosing types share: options, their checks and their cards."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from markupsafe import Markup

from surveys.types.base import ID_PATTERN, MAX_OPTION, MAX_OPTIONS, AnswerProblem, DefinitionProblem, Drawn, Option, Question, check_text


class Choosing(Question, frozen=True, kw_only=True):
    """A question with options."""

    options: list[Option] = []

    def check(self) -> None:
        super().check()
        if len(self.options) > MAX_OPTIONS:
            raise DefinitionProblem("too_many_options", self.id)
        seen: set[str] = set()
        for option in self.options:
            if not ID_PATTERN.fullmatch(option.id):
                raise DefinitionProblem("option_id_malformed", self.id)
            if option.id in seen:
                raise DefinitionProblem("option_id_repeated", self.id)
            seen.add(option.id)
            check_text(option.label, MAX_OPTION, self.id)

    def gaps(self) -> list[str]:
        found = super().gaps()
        labels = [option.label.strip() for option in self.options]
        if sum(not option.exclusive for option in self.options) < 2:
            found.append("too_few_options")
        if not all(labels):
            found.append("option_without_label")
        if len(set(labels)) < len(labels):
            found.append("option_label_repeated")
        return found

    @property
    def option_ids(self) -> list[str]:
        return [option.id for option in self.options]

    @property
    def drawn_options(self) -> list[Option]:
        """Exclusive options stand at the end, after «یا»."""
        return sorted(self.options, key=lambda option: option.exclusive)

    @property
    def first_control(self) -> str:
        first = self.drawn_options[:1]
        return f"{self.id}.{first[0].id}" if first else self.id

    def known(self, values: Sequence[str]) -> list[str]:
        """The chosen ids in the order of the definition; AnswerProblem for one that isn't on offer."""
        chosen = {value for value in values if value}
        if not chosen <= set(self.option_ids):
            raise AnswerProblem("option_unknown")
        return [each for each in self.option_ids if each in chosen]


def draw_cards(question: Choosing, kind: str, drawn: Drawn) -> Markup:
    chosen: Collection[str] = set(drawn.given.get("", ()))
    pieces = []
    for index, option in enumerate(question.drawn_options):
        if option.exclusive and index and not question.drawn_options[index - 1].exclusive:
            pieces.append(Markup('<p class="or">%s</p>') % drawn.translate("or"))
        pieces.append(
            Markup('<div class="o"><input type="%s" id="%s.%s" name="%s" value="%s"%s%s><label for="%s.%s">%s</label></div>')
            % (
                Markup(kind),
                question.id,
                option.id,
                question.id,
                option.id,
                Markup(" checked") if option.id in chosen else "",
                drawn.attributes(first=index == 0),
                question.id,
                option.id,
                option.label,
            )
        )
    return Markup("\n").join(pieces)
