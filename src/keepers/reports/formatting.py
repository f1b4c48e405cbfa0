"""Numbers, money, shares, days and spans of time as a person reads them; a missing value is a dash, never NaN."""

from __future__ import annotations

import contextlib
import datetime as dt
import math
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass

from keepers.domain.money import UNSPECIFIED_CURRENCY
from keepers.domain.time import Horizon, TimeUnit

MISSING = "–"
MINUS = "\N{MINUS SIGN}"
NARROW_SPACE = "\N{NARROW NO-BREAK SPACE}"
HARD_SPACE = "\N{NO-BREAK SPACE}"

_SYMBOLS = {
    "AUD": "A$", "BRL": "R$", "CAD": "C$", "CNY": "CN¥", "EUR": "€", "GBP": "£", "HKD": "HK$", "ILS": "₪", "INR": "₹",
    "JPY": "¥", "KRW": "₩", "MXN": "MX$", "NZD": "NZ$", "PHP": "₱", "SGD": "S$", "THB": "฿", "TRY": "₺", "TWD": "NT$",
    "UAH": "₴", "USD": "$", "VND": "₫", "ZAR": "R",
}  # fmt: skip
_NO_DECIMALS = frozenset({"CLP", "HUF", "IDR", "ISK", "JPY", "KRW", "PYG", "VND"})
_SCALES = ((1e12, "trillion", "T"), (1e9, "billion", "B"), (1e6, "million", "M"), (1e3, "thousand", "k"))
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


@dataclass(frozen=True, slots=True)
class Conversion:
    """Amounts of one currency shown in another: of which, in which, and how many units of that one is worth."""

    of: str
    into: str
    rate: float


_CONVERSION: ContextVar[Conversion | None] = ContextVar("conversion", default=None)


@contextlib.contextmanager
def shown_in(conversion: Conversion | None) -> Iterator[None]:
    """Write amounts of a currency in another one, as long as the block lasts; None leaves them as they are.

    >>> with shown_in(Conversion("EUR", "USD", 1.1)):
    ...     money(1000, "EUR"), short_money(2, "EUR"), prefix_of("EUR"), money(5, "GBP")
    ('$1,100', '$2.20', '$', '£5.00')
    """
    token = _CONVERSION.set(conversion)
    try:
        yield
    finally:
        _CONVERSION.reset(token)


def rate_of(currency: str | None) -> float:
    """What amounts of a currency are multiplied with where another one is shown; 1 otherwise."""
    shown = _CONVERSION.get()
    return shown.rate if shown is not None and currency == shown.of else 1.0


def _code_of(currency: str | None) -> str | None:
    shown = _CONVERSION.get()
    return shown.into if shown is not None and currency == shown.of else currency


def finite(value: float | None) -> float | None:
    """The value, or None where it is missing, NaN or infinite."""
    return None if value is None or not math.isfinite(value) else float(value)


def prefix_of(currency: str | None) -> str:
    """What stands before an amount: a sign, an ISO code and a space, or nothing where the currency is unknown."""
    currency = _code_of(currency)
    if currency is None or currency == UNSPECIFIED_CURRENCY:
        return ""
    code = currency.strip().upper()
    return _SYMBOLS.get(code, f"{code}{HARD_SPACE}")


def money(value: float | None, currency: str | None, *, exact: bool = False, signed: bool = False) -> str:
    """An amount: cents below 100 only, whole units above, "12.4 million" from ten million on.

    Parameters
    ----------
    value : float or None
        The amount in units of the currency.
    currency : str or None
        ISO code, "unspecified" or None.
    exact : bool
        Write cents at any size and never shorten; for reconciliations.
    signed : bool
        Write a plus before positive amounts.

    >>> money(1234.6, "EUR"), money(-3.2, "USD"), money(float("nan"), "EUR")
    ('€1,235', '−$3.20', '–')
    """
    amount = finite(value)
    if amount is None:
        return MISSING
    amount, prefix, currency = amount * rate_of(currency), prefix_of(currency), _code_of(currency)
    size = abs(amount)
    cents = 0 if currency is not None and currency.upper() in _NO_DECIMALS else 2
    digits = cents if exact or size < 99.995 else 0
    text = f"{size:,.{digits}f}" if exact or size < 9_999_500 else _scaled(size)
    zero = not any(digit in text for digit in "123456789")
    sign = "" if zero else MINUS if amount < 0 else "+" if signed else ""
    return f"{sign}{prefix}{text}"


def short_money(value: float | None, currency: str | None) -> str:
    """An amount in at most four digits, for axes and narrow cells.

    >>> short_money(12_345, "EUR"), short_money(0.5, None)
    ('€12.3k', '0.50')
    """
    amount = finite(value)
    if amount is None:
        return MISSING
    amount *= rate_of(currency)
    size = abs(amount)
    text = f"{size:,.2f}" if 0 < size < 10 else f"{size:.0f}" if size < 999.5 else _short(size)
    return f"{MINUS if amount < 0 and size >= 0.005 else ''}{prefix_of(currency)}{text}"


def count(value: float | None) -> str:
    """A number of things, with separators of thousands.

    >>> count(1234567), count(None)
    ('1,234,567', '–')
    """
    number = finite(value)
    if number is None:
        return MISSING
    text = f"{abs(number):,.0f}" if abs(number) < 1e12 else _scaled(abs(number))
    return f"{MINUS}{text}" if number < 0 and text != "0" else text


def number(value: float | None, digits: int = 2) -> str:
    """A plain number with so many decimals, more where it would otherwise vanish.

    >>> number(0.4567), number(0.00012), number(1234.5)
    ('0.46', '0.00012', '1,234.50')
    """
    amount = finite(value)
    if amount is None:
        return MISSING
    size = abs(amount)
    if size >= 1e12:
        text = _scaled(size)
    elif size == 0 or size >= 0.5 * 10**-digits:
        text = f"{size:,.{digits}f}"
    else:
        text = f"{size:.2g}"
    return f"{MINUS}{text}" if amount < 0 else text


def percent(share: float | None, digits: int | None = None, *, signed: bool = False) -> str:
    """A share as a percentage; one decimal below 10% unless told, and "<0.1%" rather than a false zero.

    >>> percent(0.4567), percent(0.0312), percent(0.0002), percent(-0.12, signed=True)
    ('46%', '3.1%', '<0.1%', '−12%')
    """
    value = finite(share)
    size = finite(None if value is None else abs(value) * 100)
    if value is None or size is None:
        return MISSING
    if digits is None:
        if 0 < size < 0.05:
            return "<0.1%"
        if 99.5 <= size < 100:
            return f"{math.floor(size * 10) / 10:.1f}%"
        digits = 1 if 0 < size < 9.95 and f"{size:.1f}"[-1] != "0" else 0
    text = f"{size:,.{digits}f}"
    zero = not any(digit in text for digit in "123456789")
    sign = "" if zero else MINUS if value < 0 else "+" if signed else ""
    return f"{sign}{text}%"


def day(value: dt.date | None) -> str:
    """A calendar day without the doubt of numbers: 30 Sep 1997."""
    return MISSING if value is None else f"{value.day}{HARD_SPACE}{_MONTHS[value.month - 1]}{HARD_SPACE}{value.year}"


def month(value: dt.date | None) -> str:
    """A calendar month: Sep 1997."""
    return MISSING if value is None else f"{_MONTHS[value.month - 1]}{HARD_SPACE}{value.year}"


def moment(value: dt.datetime) -> str:
    """A day and a time, with its zone where it has one: 1 Jul 2025, 09:30 UTC."""
    zone = value.tzname()
    return f"{day(value.date())}, {value:%H:%M}" + (f" {zone}" if zone else "")


def days_long(days: float | None) -> str:
    """A length of time in the unit in which a person would say it.

    >>> days_long(1), days_long(45), days_long(400), days_long(900)
    ('1 day', '45 days', '13 months', '2.5 years')
    """
    length = finite(days)
    if length is None:
        return MISSING
    if length < 91:
        return plural(round(length), "day")
    if length < 700:
        return plural(round(length / TimeUnit.MONTH.days), "month")
    years = round(length / TimeUnit.YEAR.days, 1)
    return f"{years:g} years" if years != 1 else "1 year"


def horizon(value: Horizon | None) -> str:
    """A horizon as it stands in a sentence: 12 months, 39 weeks.

    >>> from keepers.domain.time import weeks
    >>> horizon(weeks(39))
    '39 weeks'
    """
    if value is None:
        return MISSING
    length = round(value.length, 1)
    return f"{length:g} {value.unit.value}" + ("" if length == 1 else "s")


def plural(how_many: float, thing: str, things: str | None = None) -> str:
    """A count with its noun.

    >>> plural(1, "customer"), plural(2357, "customer"), plural(0, "company", "companies")
    ('1 customer', '2,357 customers', '0 companies')
    """
    return f"{count(how_many)} {thing if count(how_many) == '1' else things or thing + 's'}"


def word(how_many: int) -> str:
    """A small whole number as a word, a large one in digits.

    >>> word(3), word(30)
    ('three', '30')
    """
    return _WORDS[how_many] if 0 <= how_many < len(_WORDS) else count(how_many)


def shortened(text: str, length: int = 40) -> str:
    """A name that fits a label; the middle of a long one is left out.

    >>> shortened("a" * 50, 11)
    'aaaaa…aaaaa'
    """
    clean = " ".join(text.split())
    if len(clean) <= length:
        return clean
    tail = (length - 1) // 2
    return f"{clean[: length - 1 - tail].rstrip()}…{clean[-tail:].lstrip()}"


def _scaled(size: float) -> str:
    for step, name, _ in _SCALES:
        if size >= step * 0.9995:
            return f"{_three_digits(size / step)}{HARD_SPACE}{name}" if size < 1e16 else f"{size:.2e}"
    return f"{size:,.0f}"


def _short(size: float) -> str:
    for step, _, letter in _SCALES:
        if size >= step * 0.9995:
            return f"{_three_digits(size / step)}{letter}" if size < 1e16 else f"{size:.1e}"
    return f"{size:,.0f}"


def _three_digits(value: float) -> str:
    return f"{value:.3g}" if value < 999.5 else f"{value:,.0f}"
