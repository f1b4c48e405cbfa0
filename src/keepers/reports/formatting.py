"""Numbers, money, shares, days and spans of time as a person reads them; a missing value is a dash, never NaN."""

from __future__ import annotations

import datetime as dt
import math

from keepers.domain.amounts import (
    HARD_SPACE,
    MINUS,
    MISSING,
    NARROW_SPACE,
    Conversion,
    finite,
    money,
    prefix_of,
    rate_of,
    scaled,
    short_money,
    shown_in,
)
from keepers.domain.time import Horizon, TimeUnit

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


def count(value: float | None) -> str:
    """A number of things, with separators of thousands.

    >>> count(1234567), count(None)
    ('1,234,567', '–')
    """
    number = finite(value)
    if number is None:
        return MISSING
    text = f"{abs(number):,.0f}" if abs(number) < 1e12 else scaled(abs(number))
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
        text = scaled(size)
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


__all__ = [
    "HARD_SPACE", "MINUS", "MISSING", "NARROW_SPACE", "Conversion", "count", "day", "days_long", "finite", "horizon",
    "moment", "money", "month", "number", "percent", "plural", "prefix_of", "rate_of", "short_money", "shortened",
    "shown_in", "word",
]  # fmt: skip
