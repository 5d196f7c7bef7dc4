"""What makes two questions the same one: words, options and scale, not the ids every form begins with."""

from __future__ import annotations

from dataclasses import replace

from engage.reports.tally import OptionTally
from engage.reports.trends.comparing import compare, is_same
from tests.rules.test_reports_trends_rules import asked, sides


def test_options_with_other_words_are_not_joined_by_their_ids() -> None:
    first = asked(50, 50)
    renamed = replace(first, options=[OptionTally("a", "a", 50), OptionTally("b", "کتابخانه", 50)])
    (found,) = compare(sides(first, renamed), "before")
    assert [option for option, _label in found.options] == ["a"] and found.left_out == 2
    strange = replace(first, options=[OptionTally("a", "کتابخانه", 50), OptionTally("b", "پارک", 50)])
    (other,) = compare(sides(first, strange), "before")
    assert other.lines == [] and other.reworded == ["دور 1"]


def test_another_scale_or_another_label_is_another_question() -> None:
    first = asked(50, 50)
    assert is_same(first, replace(first, options=list(reversed(first.options or []))))
    assert not is_same(first, replace(first, scale=10))
    assert not is_same(first, replace(first, label="چه؟"))
