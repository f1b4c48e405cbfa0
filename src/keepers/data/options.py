"""What a person may say about the data being read, checked once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from keepers.data.dates import DATE_ORDERS
from keepers.data.vocabulary import ISO_CURRENCIES
from keepers.data.zones import check_zone
from keepers.domain.errors import ConfigError

DUPLICATES = ("keep", "drop")


@dataclass(frozen=True)
class ReadOptions:
    """How to read.

    Parameters
    ----------
    columns : mapping of role to column
        Columns named by hand: ``{"customer": "Client", "date": "Day", "amount": "Total"}``; any role of
        `keepers.data.roles.ROLES` is a key.
    format : str, optional
        Name of the format of every location, where recognition shall not decide.
    time_zone : str, optional
        The business's time zone, "Europe/Berlin": days are its calendar days. Without it a file's own local days.
    date_order : str, optional
        "dmy" or "mdy" where dates such as 03/04/2026 could be both.
    rates : mapping of currency to float
        What one unit of each currency is worth in the main one: ``{"EUR": 1.08, "USD": 1}``.
    currency : str, optional
        The main currency; that of `rates` with value 1, else the one of the data.
    won_stages : tuple of str
        Names of the deal stages that mean "won", besides the usual ones.
    duplicate_lines : str
        "keep" (the default: two identical lines of one invoice are two scans of one article) or "drop".
    delimiter, encoding : str, optional
        Of delimited text, where the ones found are wrong: one character, "tab" or "blank"; a name such as "cp1250".
    now : datetime, optional
        The present, for "received at" and for dates in the future; the clock's time without it.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    format: str | None = None
    time_zone: str | None = None
    date_order: str | None = None
    rates: Mapping[str, float] = field(default_factory=dict)
    currency: str | None = None
    won_stages: tuple[str, ...] = ()
    duplicate_lines: str = "keep"
    delimiter: str | None = None
    encoding: str | None = None
    now: dt.datetime | None = None

    def __post_init__(self) -> None:
        roles: dict[str, str] = {}
        for role, column in self.columns.items():
            other = roles.setdefault(str(column).strip().casefold(), role)
            if other != role:
                raise ConfigError(
                    f"The column `{column}` is named both for `{other}` and for `{role}`. A column has one meaning: "
                    "name another one, or leave one of them to be recognised."
                )
        if self.time_zone is not None:
            object.__setattr__(self, "time_zone", check_zone(self.time_zone))
        if self.date_order is not None and self.date_order not in DATE_ORDERS:
            raise ConfigError(
                f"`date_order` is {self.date_order!r}; it must be 'dmy' (day first) or 'mdy' (month first)."
            )
        if self.duplicate_lines not in DUPLICATES:
            raise ConfigError(f"`duplicate_lines` is {self.duplicate_lines!r}; it must be 'keep' or 'drop'.")
        rates = {str(code).upper(): float(rate) for code, rate in self.rates.items()}
        for code, rate in rates.items():
            if not rate > 0:
                raise ConfigError(f"The rate of {code} is {rate!r}; it must be above 0: what one {code} is worth.")
        object.__setattr__(self, "rates", rates)
        if self.currency is not None:
            code = self.currency.strip().upper()
            if code not in ISO_CURRENCIES and not (len(code) == 3 and code.isalpha()):
                raise ConfigError(f"`currency` is {self.currency!r}; write the three letters of its code, such as EUR.")
            object.__setattr__(self, "currency", code)
        moment = self.now or dt.datetime.now(dt.UTC)
        if moment.tzinfo is not None:
            moment = moment.astimezone(dt.UTC).replace(tzinfo=None)
        object.__setattr__(self, "now", moment.replace(microsecond=0))

    @property
    def received_at(self) -> dt.datetime:
        """The moment of reading, UTC, without a zone."""
        assert self.now is not None
        return self.now
