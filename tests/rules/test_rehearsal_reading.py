"""A citizen's page as a rehearsal's phone reads it, and the form as a browser sends it."""

from __future__ import annotations

from collections import Counter

from engage.operations.rehearse.citizens import PNG
from engage.operations.rehearse.reading import filled, forgotten, not_offered, read_form
from surveys.uploads.kinds import media_type_of

PAGE = """<form action="/x"><input name="other"></form>
<form method="post" novalidate enctype="multipart/form-data"><input type="hidden" name="version" value="7">
<div class="s bad"><p class="er" id="a:e">خطا</p><input type="radio" name="a" value="1" checked><input type="radio" name="a" value="2"></div>
<select name="m"><option value="">انتخاب کنید<option value="x" selected>ایکس<option value="y">ایگرگ</select>
<select name="k.p"><option value="0">–<option value="1">۱</select>
<textarea name="t">سلام &amp; درود</textarea><input name="q.other" value=""><input type="file" name="f">
<button name="_back" value="1">بازگشت</button></form><form method="post"><input name="stranger"></form>"""


def test_a_form_is_read_and_filled_as_a_browser_does() -> None:
    form = read_form(PAGE)
    assert form.takes_files
    assert (form.files, form.faults, form.written["t"]) == ({"f"}, ["a"], "سلام & درود")
    assert form.questions == {"a", "m", "k", "t", "q", "f"}
    assert Counter(filled(form, {"a": ["2"], "q.other": ["برق"], "elsewhere": ["1"]})) == Counter(
        [("version", "7"), ("t", ""), ("q.other", "برق"), ("a", "2"), ("m", "x"), ("k.p", "0")]
    )
    assert not_offered(form, {"a": ["2"], "m": ["y"], "elsewhere": ["1"]}) == ""
    assert not_offered(form, {"a": ["3"]}) == "a"
    assert not_offered(form, {"q": ["1"]}) == "q"


def test_what_a_page_has_forgotten_is_noticed() -> None:
    form = read_form(PAGE)
    assert forgotten(form, [("a", "1"), ("m", "x"), ("t", "سلام"), ("q.other", "")]) == ""
    assert forgotten(form, [("a", "2")]) == "a"
    assert forgotten(form, [("q.other", "برق")]) == "q.other"


def test_the_photo_is_one() -> None:
    assert media_type_of(PNG[:64]) == "image/png"
    assert len(PNG) < 100
