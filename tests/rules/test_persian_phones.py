"""Every writing of a mobile number in municipal lists, and every reason to refuse one."""

import re

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engage.persian import (
    PHONE_PROBLEMS,
    PhoneCell,
    local_form,
    mask_phone,
    parse_phone,
    parse_phones,
    to_persian_digits,
)

NUMBER = "+989121234567"
OTHER = "+989351234567"
ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
PERSIAN = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")
# Prefixes that count as a whole although the numbering data names only blocks of them.
WIDER_THAN_LIBRARY = {"998", "999"}

mobiles = st.from_regex(r"\A9(?:0[0-5]|1[0-9]|2[0-3]|3[0-9]|9[0-4689])[0-9]{7}\Z", fullmatch=True).map(
    lambda s: re.sub(r"[^0-9]", "", s)
)


@pytest.mark.parametrize(
    "cell",
    [
        "09121234567",
        "+989121234567",
        "00989121234567",
        "989121234567",
        "9121234567",
        "۰۹۱۲۱۲۳۴۵۶۷",
        "٠٩١٢١٢٣٤٥٦٧",
        "+۹۸۹۱۲۱۲۳۴۵۶۷",
        "۰۹۱۲1234567",
        " 09121234567 ",
        "0912 123 4567",
        "+98 912 123 4567",
        "0912\u00a0123\u202f4567",
        "\t09121234567",
        "0912-123-4567",
        "0912–123–4567",
        "0912_123_4567",
        "0912.123.4567",
        "912.123.4567",
        "+98.912.123.4567",
        "(0912) 1234567",
        "[0912]1234567",
        "+98 (912) 123-4567",
        "+98 (0) 912 123 4567",
        "\u200e09121234567\u200e",
        "\u200f09121234567",
        "\u202a+989121234567\u202c",
        "\u206609121234567\u2069",
        "\ufeff09121234567",
        "'09121234567",
        "’09121234567",
        '"09121234567"',
        "9121234567.0",
        "9121234567.00",
        "989121234567.0",
        "۹۱۲۱۲۳۴۵۶۷٫۰",
        "9,121,234,567",
        "989121234567+",
        "۹٬۱۲۱٬۲۳۴٬۵۶۷",
        "0912/1234567",
        "۰۹۱۲/۱۲۳۴۵۶۷",
        9121234567.0,
        989121234567.0,
        9121234567,
        989121234567,
    ],
)
def test_one_number_in_any_writing_is_one_person(cell):
    assert parse_phones(cell) == PhoneCell(NUMBER, (), None)


@pytest.mark.parametrize(
    "between",
    [
        "/",
        " / ",
        "،",
        "، ",
        ",",
        " , ",
        ";",
        " ; ",
        "؛",
        "\n",
        "\r\n",
        " و ",
        "و",
        "\nو ",
        " | ",
        " - ",
        "   ",
        " – ",
        " // ",
    ],
)
@pytest.mark.parametrize("first", ["09121234567", "+98 912 123 4567", "۰۹۱۲-۱۲۳-۴۵۶۷"])
def test_two_numbers_in_a_cell_are_the_persons_and_a_further_one(first, between):
    assert parse_phones(f"{first}{between}09351234567") == PhoneCell(NUMBER, (OTHER,), None)


@pytest.mark.parametrize(
    "cell", ["021-55667788 / 09121234567", "ندارد، ۰۹۱۲۱۲۳۴۵۶۷", "0912 / 09121234567", "9.12E+09;9121234567"]
)
def test_the_first_valid_mobile_is_the_persons_whatever_stands_before_it(cell):
    assert parse_phones(cell) == PhoneCell(NUMBER, (), None)


def test_a_number_written_twice_is_no_further_number():
    assert parse_phones("09121234567 / +98 912 123 4567 / 09351234567 / 9351234567") == PhoneCell(NUMBER, (OTHER,))


@pytest.mark.parametrize(
    ("cell", "problem"),
    [
        (None, "blank"),
        ("", "blank"),
        ("  ", "blank"),
        ("-", "blank"),
        ("—", "blank"),
        ("\u200f", "blank"),
        (float("nan"), "blank"),
        (" / ", "blank"),
        ("ندارد", "not_a_number"),
        ("#####", "not_a_number"),
        ("09121234567a", "not_a_number"),
        (True, "not_a_number"),
        (float("inf"), "not_a_number"),
        ("9.12123E+09", "digits_lost"),
        ("9.12123e+9", "digits_lost"),
        ("۹٫۱۲۱۲۳E+۰۹", "digits_lost"),
        ("9,12123E+09", "digits_lost"),
        ("9.121234567E+09", "digits_lost"),
        (912123456.7, "digits_lost"),
        ("021-5566-7788", "landline"),
        ("02155667788", "landline"),
        ("+982155667788", "landline"),
        ("2155667788", "landline"),
        ("55667788", "landline"),
        ("۰۲۱۵۵۶۶۷۷۸۸", "landline"),
        (2155667788.0, "landline"),
        ("08121234567", "landline"),
        ("09400012345", "landline"),
        ("0912", "too_short"),
        ("09121234", "too_short"),
        ("912123456", "too_short"),
        ("912123456.0", "too_short"),
        (912123456, "too_short"),
        ("0", "too_short"),
        ("+98912", "too_short"),
        ("0912123456789", "too_long"),
        ("091212345678", "too_long"),
        ("91212345678", "too_long"),
        ("9121234567.000", "too_long"),
        ("09061234567", "unassigned_prefix"),
        ("09241234567", "unassigned_prefix"),
        ("09951234567", "unassigned_prefix"),
        ("09971234567", "unassigned_prefix"),
        ("09601234567", "unassigned_prefix"),
        ("+971501234567", "foreign"),
        ("00971501234567", "foreign"),
        ("+9121234567", "foreign"),
        ("00000000000", "not_a_mobile"),
        (-9121234567, "not_a_mobile"),
        ("021-55667788 / 0912", "landline"),
    ],
)
def test_a_cell_without_a_mobile_says_why(cell, problem):
    assert parse_phones(cell) == PhoneCell(None, (), problem)
    assert problem in PHONE_PROBLEMS


@given(
    mobiles,
    st.sampled_from(["0", "", "98", "+98", "0098"]),
    st.sampled_from(["", " ", "-", ".", "\u200e", "\u00a0"]),
    st.sampled_from([(3, 6), (3,), (3, 5, 7), (4, 7), ()]),
    st.sampled_from([{}, PERSIAN, ARABIC]),
    st.sampled_from(["{}", " {} ", "'{}", "\u200e{}\u200e", "({})"]),
)
def test_every_writing_of_a_number_is_the_same_number(national, prefix, mark, cuts, digits, frame):
    bounds = (0, *cuts, 10)
    groups = mark.join(national[a:b] for a, b in zip(bounds, bounds[1:], strict=False))
    written = frame.format((prefix + groups).translate(digits))
    assert parse_phones(written) == PhoneCell("+98" + national)
    assert parse_phones(float(national)) == parse_phones(f"{national}.0") == PhoneCell("+98" + national)


@given(mobiles, mobiles)
def test_what_is_parsed_is_a_fixed_point(one, other):
    cell = parse_phones(f"0{one} / 0{other}")
    assert cell.first == "+98" + one
    assert [parse_phone(n) for n in (cell.first, *cell.further)] == [cell.first, *cell.further]
    assert parse_phone(to_persian_digits(local_form(cell.first))) == cell.first


@given(st.one_of(st.text(), st.text("09۱٢8.+-/,،و \n()E'"), st.floats(), st.integers()))
def test_any_cell_is_either_a_person_or_a_problem(value):
    cell = parse_phones(value)
    assert (cell.first is None) == (cell.problem in PHONE_PROBLEMS)
    assert all(re.fullmatch(r"\+989[0-9]{9}", n) for n in (cell.first, *cell.further) if n)


def test_the_prefix_table_agrees_with_the_numbering_data_of_phonenumbers():
    """Every block of 100,000 numbers under 9: the library's mobiles are ours; ours go further only where we say."""
    for block in range(90000, 100000):
        national = f"{block}12345"
        known = phonenumbers.number_type(phonenumbers.parse("+98" + national)) == phonenumbers.PhoneNumberType.MOBILE
        ours = parse_phone(national) is not None
        assert ours == (known or national[:3] in WIDER_THAN_LIBRARY), national


def test_a_field_for_one_number_takes_exactly_one():
    assert parse_phone("۰۹۱۲ ۱۲۳ ۴۵۶۷") == NUMBER
    assert parse_phone("09121234567 / 09351234567") is None
    assert parse_phone("02155667788") is None
    assert parse_phone(None) is None


def test_local_form_and_mask():
    assert local_form(NUMBER) == "09121234567"
    assert mask_phone(NUMBER) == "0912***4567"
    assert mask_phone("09121234567") == mask_phone("") == "***"
    with pytest.raises(ValueError, match=r"E\.164"):
        local_form("02155667788")
