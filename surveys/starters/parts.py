"""What ready-made forms share. Pure."""

from __future__ import annotations

from surveys.types import LongText, Option

NO_NAMES = "نام و شمارهٔ تلفن ننویسید."


def options(*labels: str, exclusive: str = "") -> list[Option]:
    """Options a1, a2 … in this order; the one that stands alone has the id none."""
    found = [Option(id=f"a{number}", label=label) for number, label in enumerate(labels, 1)]
    if exclusive:
        found.append(Option(id="none", label=exclusive, exclusive=True))
    return found


def last_words(label: str = "اگر حرف دیگری دارید، بنویسید.") -> LongText:
    return LongText(id="words", label=label, hint=NO_NAMES)
