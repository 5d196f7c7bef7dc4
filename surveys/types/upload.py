"""A photo or a file. The answer is the name it is kept under; the file itself lies elsewhere (`surveys.uploads`)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

from markupsafe import Markup

from surveys.logic.kinds import Kind, Name
from surveys.types.base import AnswerProblem, DefinitionProblem, Drawn, Entries, Given, Question, Tally, Translate, only_value, spoken

SLUG = re.compile(r"[A-Za-z0-9_-]{22}")
MOST_MEGABYTES = 20
PHOTOS = ("image/jpeg", "image/png", "image/webp", "image/heic")
PDF = "application/pdf"
DROP = "drop"
"""The part of the form that takes the file away again."""


class Upload(Question, frozen=True, kw_only=True, tag="upload"):
    tally = Tally.TEXTS
    reveals = True
    takes_files = True
    parts = ("typed",)

    accepts_kinds: Literal["photo", "photo_or_pdf"] = "photo"
    max_megabytes: int = 10

    def check(self) -> None:
        super().check()
        if not 1 <= self.max_megabytes <= MOST_MEGABYTES:
            raise DefinitionProblem("upload_limit_out_of_range", self.id)

    @property
    def media_types(self) -> tuple[str, ...]:
        return PHOTOS if self.accepts_kinds == "photo" else (*PHOTOS, PDF)

    @property
    def max_bytes(self) -> int:
        return self.max_megabytes * 1024 * 1024

    def read(self, given: Given) -> Entries:
        slug = only_value(given)
        if only_value(given, DROP) or not slug:
            return {}
        if not SLUG.fullmatch(slug):
            raise AnswerProblem("file_unknown")
        return {"": slug}

    def accepts(self, entries: Mapping[str, Any]) -> bool:
        answer = entries.get("")
        return set(entries) == {""} and isinstance(answer, str) and SLUG.fullmatch(answer) is not None

    def typed(self, entries: Entries) -> dict[str, list[str]]:
        return {"": [str(entries[""])]}

    def names(self) -> dict[str, Name]:
        # A choice of nothing: it can only be asked whether there is a file.
        return {"": Name(Kind.CHOICE)}

    def in_words(self, entries: Mapping[str, Any], _: Translate) -> str:
        return _("a file") if entries.get("") else ""

    def instruction(self, _: Translate) -> str:
        limit = spoken(self.max_megabytes)
        if self.accepts_kinds == "photo":
            return _("One photo, up to %(limit)s megabytes.", limit=limit)
        return _("One photo or PDF file, up to %(limit)s megabytes.", limit=limit)

    def draw(self, drawn: Drawn) -> Markup:
        _, kept = drawn.translate, drawn.only()
        pieces = []
        if SLUG.fullmatch(kept):
            pieces.append(
                Markup(
                    '<p class="n">%s</p>\n<input type="hidden" name="%s" value="%s">\n'
                    '<div class="o"><input type="checkbox" id="%s.drop" name="%s.drop" value="1"%s><label for="%s.drop">%s</label></div>'
                )
                % (
                    _("Your file is here. Choose another one to replace it."),
                    self.id,
                    kept,
                    self.id,
                    self.id,
                    Markup(" checked") if drawn.only(DROP) else "",
                    self.id,
                    _("Take the file away"),
                )
            )
        pieces.append(
            Markup('<label class="v" for="%s">%s</label><input type="file" class="t sp fi" id="%s" name="%s" accept="%s"%s>')
            % (self.id, self.label, self.id, self.id, ",".join(self.media_types), drawn.attributes())
        )
        return Markup("\n").join(pieces)

    def explain(self, problem: AnswerProblem, _: Translate) -> tuple[str, str]:
        if problem.code == "file_too_large":
            return _("the file is too large"), _("The file is larger than %(limit)s megabytes. Please choose a smaller one.", limit=spoken(self.max_megabytes))
        if problem.code == "file_kind":
            if self.accepts_kinds == "photo":
                return _("this isn't a photo"), _("This file isn't a photo (JPEG, PNG, WebP or HEIC). Please choose another one.")
            return _("this file can't be taken"), _("This file is neither a photo (JPEG, PNG, WebP or HEIC) nor a PDF. Please choose another one.")
        if problem.code == "file_empty":
            return _("the file is empty"), _("The file arrived empty. Please choose it again.")
        if problem.code == "files_many":
            return _("too many files"), _("Too many files of yours lie here unsent. Send your answers without this one.")
        if problem.code == "files_full":
            return _("no more files just now"), _("No more files can be taken just now. Send your answers without the file, or try again in an hour.")
        if problem.code == "file_unknown":
            return _("choose the file again"), _("The file didn't arrive or was kept too long. Please choose it again.")
        return super().explain(problem, _)

    def explain_missing(self, _: Translate) -> tuple[str, str]:
        return _("choose a file"), _("Please choose a file.")

    def cells(self, entries: Mapping[str, Any]) -> list[str | int | float | None]:
        answer = entries.get("")
        return [answer if isinstance(answer, str) else None]
