"""Text files as they come out of old programs, mail gateways and broken uploads: nothing of them is lost without a word."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contacts.reading import open_table
from contacts.reading.delimited import detect_encoding
from contacts.rules.showing import disarm, neutralise, unwrap_formula
from engage import persian
from engage.refusal import Refused

HEADER = "نام,موبایل,محله\n"


def rows_of(folder: Path, content: bytes | str) -> list[list[str]]:
    path = folder / "list.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return [list(cells) for _, cells in open_table(path).rows()]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1256"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_encoding_with_every_end_of_line(tmp_path, encoding, end):
    text = HEADER.replace("ی", "ي") + "".join(f"شهروند{n},0912{n:07},هرندي\n" for n in range(40))
    found = rows_of(tmp_path, text.replace("\n", end).encode(encoding))
    assert found == [[f"شهروند{n}", f"0912{n:07}", "هرندي"] for n in range(40)]


def test_utf16_with_the_mark_of_the_other_end(tmp_path):
    path = tmp_path / "list.csv"
    path.write_bytes(b"\xfe\xff" + (HEADER + "علی,09121234567,\n").encode("utf-16-be"))
    assert open_table(path).headers == ("نام", "موبایل", "محله")


def test_two_encodings_in_one_file_are_both_read(tmp_path):
    old = b"".join(f"كاظمي{n},0935{n:07},هرندي\n".encode("cp1256") for n in range(5))
    new = "".join(f"کاظمی{n},0912{n:07},سنگلج\n" for n in range(400)).encode()
    found = rows_of(tmp_path, HEADER.encode() + new + old)
    assert found[0][0] == "کاظمی0" and found[-1] == ["كاظمي4", "09350000004", "هرندي"]
    found = rows_of(tmp_path, HEADER.replace("ی", "ي").encode("cp1256") + old * 300 + "رضاییان‌فر,09121234567,سنگلج\n".encode())
    assert found[0][0] == "كاظمي0" and found[-1] == ["رضاییان‌فر", "09121234567", "سنگلج"]


def test_long_lines_and_nuls_are_rows_like_others(tmp_path):
    found = rows_of(tmp_path, HEADER + "ع\0لی,09121234567," + "م" * 70_000 + "\n" + "رضا,09351234567,\n")
    assert [len(row[2]) for row in found] == [70_000, 0] and found[1][1] == "09351234567"


def test_a_quotation_mark_that_was_never_meant_swallows_nobody(tmp_path):
    rows = [f"شهروند{n},0912{n:07},هرندی" for n in range(30)]
    rows[7] = '"شهروند7,09120000007,هرندی'
    rows[19] = '"میدان" شوش,09120000019,هرندی'
    found = rows_of(tmp_path, HEADER + "\n".join(rows) + "\n")
    assert [row[1] for row in found] == [f"0912{n:07}" for n in range(30)]
    found = rows_of(tmp_path, HEADER + "\n".join(rows[:19]) + "\n")
    assert [row[1] for row in found] == [f"0912{n:07}" for n in range(19)]


def test_quoted_line_ends_and_marks_within_are_kept(tmp_path):
    rows = 'علی,09121234567,"کوچهٔ ""شهید""\nپلاک ۲, واحد ۳"\nرضا,09351234567,\n'
    assert rows_of(tmp_path, HEADER + rows) == [["علی", "09121234567", 'کوچهٔ "شهید"\nپلاک ۲, واحد ۳'], ["رضا", "09351234567", ""]]


def test_an_upload_that_was_cut_within_a_cell_is_said_with_its_row(tmp_path):
    path = tmp_path / "list.csv"
    path.write_bytes((HEADER + 'علی,09121234567,هرندی\nرضا,09351234567,"کوچهٔ شه').encode())
    with pytest.raises(Refused, match=r"file_quote_open \(row=3\)"):
        open_table(path)


def test_rows_may_be_shorter_or_longer_than_the_header(tmp_path):
    assert rows_of(tmp_path, HEADER + "علی,09121234567\nرضا,09351234567,هرندی,الف,ب\n") == [
        ["علی", "09121234567"],
        ["رضا", "09351234567", "هرندی", "الف", "ب"],
    ]


def test_the_writing_that_keeps_a_zero_means_its_text(tmp_path):
    assert rows_of(tmp_path, HEADER + 'علی,"=""09121234567""",\nرضا,="09351234567",\n') == [["علی", "09121234567", ""], ["رضا", "09351234567", ""]]


@given(st.text(alphabet="=+-@\t '\"ا0۱ ,A(", max_size=12))
def test_what_is_stored_is_no_formula_and_nothing_else_is_touched(text):
    stored, changed = disarm(text)
    assert neutralise(stored) == stored
    assert disarm(stored) == (stored, False)
    if changed:
        assert "".join(c for c in text if c.isalnum()) == "".join(c for c in stored if c.isalnum())
    assert disarm(neutralise(stored))[0] == stored


def test_formulas_lose_their_mark_and_numbers_keep_theirs():
    assert disarm('=HYPERLINK("http://x";"y")') == ('HYPERLINK("http://x";"y")', True)
    assert disarm("@SUM(A1)") == ("SUM(A1)", True)
    assert disarm("+989121234567") == ("+989121234567", False)
    assert disarm("-۱۲٫۵") == ("-۱۲٫۵", False)
    assert disarm("'=1+1") == ("1+1", True)
    assert disarm("علی-رضا") == ("علی-رضا", False)
    assert unwrap_formula('="0912"') == "0912" and unwrap_formula('=A1&"x"') == '=A1&"x"'


@given(
    st.from_regex(r"9(?:0[0-5]|1[0-9]|2[0-3]|3[0-9]|9[0-46])[0-9]{7}", fullmatch=True, alphabet=st.characters(codec="ascii")),
    st.sampled_from(["0", "", "98", "+98", "0098", "+98 0", "(+98) "]),
    st.lists(st.sampled_from(["", "", " ", "-", "\u200c", "\u200f", "\u200e", "\u00a0", "ـ", "–", "\u202b"]), min_size=10, max_size=10),
    st.lists(st.sampled_from([0x30, 0x6F0, 0x660]), min_size=15, max_size=15),
    st.sampled_from(["{}", "'{}", "\u202b{}\u202c", "«{}»", "{}.0", " {}\t"]),
)
def test_marks_and_scripts_mixed_within_a_number_change_nothing(national, prefix, marks, scripts, frame):
    if frame == "{}.0":
        marks = [""] * 10
    body = prefix + "".join(digit + mark for digit, mark in zip(national, marks, strict=True)).rstrip()
    written = "".join(chr(script + int(c)) if c.isascii() and c.isdigit() else c for c, script in zip(body, scripts * 3, strict=False))
    assert persian.parse_phones(frame.format(written)) == persian.PhoneCell("+98" + national)


def test_utf16_without_a_mark_is_told_from_binary(tmp_path):
    path = tmp_path / "x"
    path.write_bytes("نام,09121234567\r\n".encode("utf-16-be") * 5)
    assert detect_encoding(path) == "utf-16-be"
    path.write_bytes(b"\x00\x01\x02\x00" * 100)
    with pytest.raises(Refused, match="file_binary"):
        detect_encoding(path)


def test_a_quotation_mark_far_down_changes_nothing_above_it(tmp_path):
    """Rows before the first quotation mark are read in another way; numbers and cells are those of one file."""
    above = "".join(f"شهروند{n},0912{n % 10_000_000:07},هرندی\n" for n in range(40_000))
    text = HEADER + above + '\n"گل\nمحمدی",09121234567,سنگلج\n="زهرا",="09127654321",\n' + above
    path = tmp_path / "list.csv"
    path.write_text(text, encoding="utf-8")
    found = [(number, list(cells)) for number, cells in open_table(path).rows()]
    assert found[0] == (2, ["شهروند0", "09120000000", "هرندی"])
    assert found[40_000:40_003] == [
        (40_003, ["گل\nمحمدی", "09121234567", "سنگلج"]),
        (40_004, ["زهرا", "09127654321", ""]),
        (40_005, ["شهروند0", "09120000000", "هرندی"]),
    ]
    assert len(found) == 80_002
    path.write_text(HEADER + above + 'زهرا,"09121234567,هرندی\n', encoding="utf-8")
    with pytest.raises(Refused) as refused:
        list(open_table(path).rows())
    assert refused.value.code == "file_quote_open" and refused.value.params["row"] == 40_002
