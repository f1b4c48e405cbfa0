"""Where every row and every amount went, so that an owner can compare it with what the shop's own screen says."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from typing import Any

DESTINATIONS = {
    "counted": "counted as purchases",
    "unknown customer": "sold to customers nobody can name",
    "void": "cancelled or voided before payment",
    "pending": "not paid yet",
    "failed": "payments that failed",
    "test": "test orders",
    "refund": "given back, rows of their own",
    "other": "no sales (fees, postage alone, transfers, holds)",
    "merged": "the same order or row again, counted once",
    "quarantined": "rows that could not be read",
}
"""Where a row can go, and how that is called."""


@dataclass(frozen=True)
class FileReport:
    """One table that was read."""

    source: str
    format: str
    label: str
    confidence: float
    rows_read: int
    rows_loaded: int
    rows_quarantined: int
    rows_merged: int
    roles: dict[str, str]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class MoneyLine:
    """One step of the way from what the files hold to what is counted: rows and money, exactly to the cent."""

    currency: str
    key: str
    label: str
    rows: int
    amount: Decimal


@dataclass(frozen=True)
class MonthLine:
    """One month in one currency: purchases of known customers, what was given back in that month, and the net."""

    month: dt.date
    currency: str
    orders: int
    revenue: Decimal
    refunds: Decimal
    net: Decimal


@dataclass(frozen=True)
class QuarantineLine:
    """One reason why rows were put aside, how many, and the first of their line numbers."""

    source: str
    reason: str
    rows: int
    first_lines: tuple[int, ...]


@dataclass(frozen=True)
class Finding:
    """Something a person should know: `level` is "note" or "warning"."""

    level: str
    key: str
    text: str


@dataclass
class Reconciliation:
    """The whole account of a reading.

    Attributes
    ----------
    files : list of FileReport
    charged : list of MoneyLine
        What the files hold (key "file"), and where it went; the parts sum to the whole.
    given_back : list of MoneyLine
        Where the rows of refunds went (key "refund"), and the parts, which sum to it.
    revenue : list of MoneyLine
        From what counted purchases were charged to net revenue: tax, shipping, other, refunds.
    months : list of MonthLine
    quarantine : list of QuarantineLine
    findings : list of Finding
    """

    files: list[FileReport] = field(default_factory=list)
    charged: list[MoneyLine] = field(default_factory=list)
    given_back: list[MoneyLine] = field(default_factory=list)
    revenue: list[MoneyLine] = field(default_factory=list)
    months: list[MonthLine] = field(default_factory=list)
    quarantine: list[QuarantineLine] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    customers: int = 0
    orders: int = 0
    first_day: dt.date | None = None
    last_day: dt.date | None = None
    unknown_share: float = 0.0
    repeat_customers: int = 0
    largest_customer: tuple[str, int] | None = None

    @property
    def rows_read(self) -> int:
        """Rows of all files."""
        return sum(file.rows_read for file in self.files)

    @property
    def rows_quarantined(self) -> int:
        """Rows put aside, of all files."""
        return sum(file.rows_quarantined for file in self.files)

    @property
    def warnings(self) -> list[str]:
        """The texts of the findings that need attention."""
        return [finding.text for finding in self.findings if finding.level == "warning"]

    def amount(self, key: str, currency: str | None = None) -> Decimal:
        """The money of one line, of one currency or of all."""
        lines = [*self.charged, *self.revenue]
        return sum((x.amount for x in lines if x.key == key and currency in (None, x.currency)), Decimal(0))

    def count(self, key: str) -> int:
        """The rows of one line, over all currencies."""
        return sum(line.rows for line in [*self.charged, *self.revenue] if line.key == key)

    def note(self, key: str, text: str, warn: bool = False) -> None:
        """Add a finding."""
        self.findings.append(Finding("warning" if warn else "note", key, text))

    def rows(self) -> Iterator[tuple[str, str, str, str]]:
        """The account as rows of a table for people: what, currency, rows, amount."""
        for line in [*self.charged, *self.revenue]:
            yield line.label, line.currency, f"{line.rows:,}", f"{line.amount:,.2f}"

    def to_dict(self) -> dict[str, Any]:
        """The account as plain values for JSON: days as ISO text, money as text exact to the cent."""
        plain: dict[str, Any] = _plain(asdict(self))
        plain["rows_read"] = self.rows_read
        plain["rows_quarantined"] = self.rows_quarantined
        return plain


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, Decimal):
        return format(
            value.quantize(Decimal("0.01")) if value == value.quantize(Decimal("0.01")) else value.normalize(), "f"
        )
    if isinstance(value, dt.date):
        return value.isoformat()
    return value
