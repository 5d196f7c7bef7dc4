"""Digits, numbers, percentages and money as a Persian reader expects them."""

from decimal import ROUND_HALF_UP, Context, Decimal

from engage.persian.speaking import spoken_language

PERSIAN_DIGITS = "۰۱۲۳۴۵۶۷۸۹"
ARABIC_DIGITS = "٠١٢٣٤٥٦٧٨٩"
LATIN_DIGITS = "0123456789"

THOUSANDS = "٬"
DECIMAL_POINT = "٫"
# CLDR's Persian minus: the left-to-right mark holds the sign at the left of its number in any context.
MINUS = "\u200e\u2212"
# The right-to-left mark holds the sign at the left of its digits wherever the text is placed.
PERCENT = "\u200f٪"
NO_VALUE = "—"

_TO_LATIN = str.maketrans(PERSIAN_DIGITS + ARABIC_DIGITS, LATIN_DIGITS * 2)
_TO_PERSIAN = str.maketrans(LATIN_DIGITS + ARABIC_DIGITS, PERSIAN_DIGITS * 2)
_TO_PERSIAN_NUMBER = str.maketrans(LATIN_DIGITS + ",.", PERSIAN_DIGITS + THOUSANDS + DECIMAL_POINT)
_DIGITS_OF = {"fa": _TO_PERSIAN, "ar": str.maketrans(LATIN_DIGITS + PERSIAN_DIGITS, ARABIC_DIGITS * 2), "en": _TO_LATIN}
_NUMBER_OF = {"fa": _TO_PERSIAN_NUMBER, "ar": str.maketrans(LATIN_DIGITS + ",.", ARABIC_DIGITS + THOUSANDS + DECIMAL_POINT), "en": {}}

_TOMAN_UNITS = (
    (Decimal(10) ** 12, "هزار میلیارد تومان"),
    (Decimal(10) ** 9, "میلیارد تومان"),
    (Decimal(10) ** 6, "میلیون تومان"),
    (Decimal(10) ** 3, "هزار تومان"),
    (Decimal(1), "تومان"),
)

Number = int | float | Decimal


def to_latin_digits(s: str) -> str:
    """The same text with every Persian and Arabic digit written 0-9."""
    return s.translate(_TO_LATIN)


def to_persian_digits(s: str) -> str:
    """The same text with every Latin and Arabic digit written ۰-۹; separators stay as they are.

    On a page of another language (`speaking`) the digits are that language's.
    """
    return s.translate(_DIGITS_OF[spoken_language()])


def _round(n: Number, decimals: int) -> Decimal:
    # str() first: the half that a reader sees (0.125) is the half that is rounded, upwards and never to even.
    exact = n if isinstance(n, Decimal) else Decimal(str(n))
    if not exact.is_finite():
        raise ValueError(f"not a finite number: {n!r}")
    # Room for every digit of a huge number: the usual 28 are refused.
    room = Context(prec=max(28, exact.adjusted() + decimals + 2))
    return exact.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP, context=room)


def _write(n: int | Decimal) -> str:
    # An integer goes by itself: Decimal arithmetic keeps 28 digits only, and "f" would make it a float.
    plain = f"{abs(n):,}" if isinstance(n, int) else f"{abs(n):,f}"
    digits = plain.translate(_NUMBER_OF[spoken_language()])
    return MINUS + digits if n < 0 else digits


def _without_trailing_zeros(n: Decimal) -> Decimal:
    return n.to_integral_value() if n == n.to_integral_value() else n.normalize()


def format_number(n: Number, decimals: int | None = None) -> str:
    """Persian digits, «٬» between thousands, «٫» before decimals, halves rounded away from zero: 8839 → «۸٬۸۳۹».

    `decimals` fixes the number of decimals; without it whole numbers have none and others at most two (2.70 → «۲٫۷»).
    A negative number starts with U+200E U+2212, so its sign stands left. Infinity and NaN: ValueError. On a page of another language
    (`speaking`) digits and separators are that language's.
    """
    if isinstance(n, int) and not decimals:
        return _write(n)
    if decimals is None:
        return _write(_without_trailing_zeros(_round(n, 2)))
    return _write(_round(n, decimals))


def format_percent(ratio: Number | None, decimals: int = 0) -> str:
    """A ratio (0.16) as digits, U+200F, «٪»; «—» when there is no ratio (nothing to divide by)."""
    if ratio is None:
        return NO_VALUE
    exact = ratio if isinstance(ratio, Decimal) else Decimal(str(ratio))
    return _write(_round(exact * 100, decimals)) + PERCENT


def format_rial(n: Number) -> str:
    """An amount of rials in full: «۱۴٬۷۷۸٬۰۰۰ ریال»."""
    return f"{format_number(n, 0)} ریال"


def format_toman_approx(rials: Number) -> str:
    """An amount of **rials** in toman with three significant digits and the unit people say: «۱٫۴۸ میلیون تومان»."""
    toman = (rials if isinstance(rials, Decimal) else Decimal(str(rials))) / 10
    for size, unit in _TOMAN_UNITS:
        scaled = toman / size
        whole_digits = max(len(str(int(abs(scaled)))), 1)
        decimals = 0 if size == 1 else max(3 - whole_digits, 0)
        rounded = _round(scaled, decimals)
        # 999,900 reads as «۱ میلیون», not as a thousand thousands: three digits would round it up.
        if abs(scaled) >= Decimal("0.9995") or size == 1:
            return f"{_write(_without_trailing_zeros(rounded))} {unit}"
    raise AssertionError("the last unit takes every amount")
