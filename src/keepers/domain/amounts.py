"""Amounts of money as a person reads them, everywhere alike: the sign of the currency, and digits that can be read."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass

from keepers.domain.money import UNSPECIFIED_CURRENCY

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
    """What stands before an amount: a sign, an ISO code and a space, or nothing where the currency is unknown.

    >>> prefix_of("EUR"), prefix_of(""), prefix_of(None)
    ('€', '', '')
    """
    currency = _code_of(currency)
    if not currency or currency == UNSPECIFIED_CURRENCY:
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
    text = f"{size:,.{digits}f}" if exact or size < 9_999_500 else scaled(size)
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


def scaled(size: float) -> str:
    """A large size in three digits and a word."""
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
