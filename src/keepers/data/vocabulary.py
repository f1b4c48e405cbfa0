"""The roles a column can play, the words by which people name them in several languages, and how headers are read."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache


class RoleType(Enum):
    """What the values of a role are."""

    TEXT = "text"
    MONEY = "money"
    NUMBER = "number"
    MOMENT = "moment"
    FLAG = "flag"


_SHARES = frozenset(("percent", "percentage", "pct", "prozent", "rate", "ratio"))
"""Words of a header whose numbers are no money."""


@dataclass(frozen=True, slots=True)
class Role:
    """One thing a column can say about an order, a customer, a lead or a day of advertising."""

    name: str
    type: RoleType
    words: tuple[str, ...] = ()
    never: frozenset[str] = frozenset()

    def score(self, key: str) -> float:
        """How well a header's key names the role: 1 at best, 0 where it does not."""
        if key in self.words:
            return 1.0 - 0.0005 * self.words.index(key)
        if " " in key and key.replace(" ", "") in self.words:
            return 0.95
        tokens = set(key.split())
        if tokens & self.never or (self.type is RoleType.MONEY and tokens & _SHARES):
            return 0.0
        for position, word in enumerate(self.words):
            parts = set(word.split())
            if parts <= tokens and (len(parts) > 1 or len(tokens) <= 2):
                return 0.8 - 0.0005 * position - 0.03 * (len(tokens) - len(parts))
        return 0.0


@dataclass(frozen=True, slots=True)
class Header:
    """A header as written, the key it is compared by, and what its brackets said about currency and time zone."""

    written: str
    key: str
    currency: str | None = None
    zone: str | None = None

    @property
    def minor(self) -> bool:
        """Whether it says that its amounts are in hundredths: "amount_cents", "Total (pence)"."""
        return bool(_HUNDREDTHS & set(self.key.split()))


_HUNDREDTHS = frozenset(("cent", "cents", "pence", "centimes", "centavos", "grosze"))


_SYMBOLS = {"$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR", "zł": "PLN", "kr": "SEK", "r$": "BRL"}
_BRACKETS = re.compile(r"[(\[]([^)\]]*)[)\]]")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_NUMBER_WORDS = {"no", "nr", "num", "nbr", "numero", "nummer", "n", "numer"}

ISO_CURRENCIES = frozenset(
    [
        "AED",
        "ARS",
        "AUD",
        "BGN",
        "BHD",
        "BRL",
        "CAD",
        "CHF",
        "CLP",
        "CNY",
        "COP",
        "CZK",
        "DKK",
        "EGP",
        "EUR",
        "GBP",
        "HKD",
        "HRK",
        "HUF",
        "IDR",
        "ILS",
        "INR",
        "ISK",
        "JOD",
        "JPY",
        "KES",
        "KRW",
        "KWD",
        "LKR",
        "MAD",
        "MXN",
        "MYR",
        "NGN",
        "NOK",
        "NZD",
        "OMR",
        "PEN",
        "PHP",
        "PKR",
        "PLN",
        "QAR",
        "RON",
        "RSD",
        "RUB",
        "SAR",
        "SEK",
        "SGD",
        "THB",
        "TRY",
        "TWD",
        "UAH",
        "USD",
        "UYU",
        "VND",
        "ZAR",
    ]
)


def symbol_currency(symbol: str) -> str | None:
    """The currency a symbol or code stands for; None where it stands for none or for several.

    >>> symbol_currency("€"), symbol_currency("usd"), symbol_currency("pcs")
    ('EUR', 'USD', None)
    """
    text = symbol.strip()
    if text.upper() in ISO_CURRENCIES:
        return text.upper()
    return _SYMBOLS.get(text.casefold())


@lru_cache(maxsize=4096)
def read_header(written: str) -> Header:
    """Bring a header to the form in which it is compared: case, accents, blanks, marks and camel case do not count.

    >>> read_header("Amount spent (USD)").key, read_header("InvoiceNo").key, read_header("Created (UTC)").zone
    ('amount spent', 'invoice number', 'UTC')
    """
    text = written.replace("\ufeff", "").replace("\xa0", " ").strip().strip("\"'")
    currency = zone = None

    def bracket(found: re.Match[str]) -> str:
        nonlocal currency, zone
        inside = found.group(1).strip()
        if re.match(r"(?i)(utc|gmt)\b", inside):
            zone = "UTC"
            return " "
        if symbol_currency(inside):
            currency = symbol_currency(inside)
            return " "
        return f" {inside} "

    text = _BRACKETS.sub(bracket, text)
    return Header(written, header_key(text), currency, zone)


def header_key(text: str) -> str:
    """The key of a text: lower case, without accents and marks, words apart.

    >>> header_key("Verkauft am"), header_key("customerEmail_address"), header_key("Order #")
    ('verkauft am', 'customer email address', 'order number')
    """
    text = (
        _CAMEL.sub(" ", text)
        .replace("#", " number ")
        .replace("№", " number ")
        .replace("€", " eur ")
        .replace("%", " percent ")
    )
    plain = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(c if c.isalnum() else " " for c in plain if not unicodedata.combining(c))
    words = plain.split()
    return " ".join("number" if word in _NUMBER_WORDS and len(words) > 1 else word for word in words)
