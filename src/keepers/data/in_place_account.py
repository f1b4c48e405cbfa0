"""The account of a table in place: where every row and every amount went, summed in its own engine."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from functools import cached_property
from typing import Any, NamedTuple

from keepers.data.engine import Engine, quoted, template
from keepers.data.raw_table import RawTable
from keepers.data.recognition import Recognition
from keepers.data.reconciliation import (
    DESTINATIONS,
    FileReport,
    MoneyLine,
    MonthLine,
    QuarantineLine,
    Reconciliation,
)
from keepers.domain.errors import InputError
from keepers.domain.money import UNSPECIFIED_CURRENCY


class Placed(NamedTuple):
    """Rows that went to one destination in one month of their days; a month that is not known is None."""

    destination: str
    month: Any
    rows: int
    money: Decimal
    unpriced: int
    below: int
    first_day: Any
    last_day: Any
    numbered: int
    one_currency: str | None
    other_currency: str | None

    @property
    def currencies(self) -> tuple[str | None, str | None]:
        """The first and the last in the alphabet."""
        return self.one_currency, self.other_currency


class InPlaceAccount:
    """What became of the rows of a table in place; its sums are made when asked for.

    Parameters
    ----------
    engine : Engine
    rows : str
        The table's rows under our names, with where each goes.
    raw, recognition : RawTable, Recognition
        What the table was taken for.
    notes : sequence of str
        What was noticed.
    numbered : bool
        Whether orders have numbers.
    """

    def __init__(
        self,
        engine: Engine,
        rows: str,
        raw: RawTable,
        recognition: Recognition,
        notes: Sequence[str],
        numbered: bool,
    ) -> None:
        self._engine, self._rows, self._raw, self._recognition = engine, rows, raw, recognition
        self._notes, self._numbered = tuple(notes), numbered
        self.orders = ""

    def accounting(self) -> contextlib.AbstractContextManager[None]:
        """Nothing meanwhile: a warehouse is asked through one connection."""
        return contextlib.nullcontext()

    @cached_property
    def _months(self) -> list[Placed]:
        """Everything that one pass over the table tells, by destination and month; months without a day last."""
        return [
            Placed(str(row[0]), row[1], int(row[2]), Decimal(row[3]), *row[4:])
            for row in self._engine.rows(
                template("keepers.data.sql", "in_place_account").format(rows=quoted(self._rows))
            )
        ]

    @cached_property
    def _sums(self) -> dict[str, tuple[int, Decimal]]:
        """Rows and money by destination."""
        found: dict[str, tuple[int, Decimal]] = {}
        for one in self._months:
            rows, money = found.get(one.destination, (0, Decimal(0)))
            found[one.destination] = (rows + one.rows, money + one.money)
        return found

    @cached_property
    def _distinct(self) -> int | None:
        """How many orders the rows make where each has an order's number; None where that is not asked or not so."""
        placed = sum(one.rows for one in self._months if one.destination != "quarantined")
        if not self._numbered or placed != sum(
            one.numbered for one in self._months if one.destination != "quarantined"
        ):
            return None
        # Groups are counted in parallel and by hashing, where an engine sorts for a count of distinct ones.
        return int(
            self._engine.row(
                f"SELECT count(*) FROM (SELECT order_id FROM {quoted(self._rows)} WHERE destination <> 'quarantined' "
                "GROUP BY order_id) AS one"
            )[0]
        )

    @property
    def lines(self) -> bool:
        """Whether an order has several rows."""
        placed = sum(one.rows for one in self._months if one.destination != "quarantined")
        return self._distinct is not None and self._distinct < placed

    @property
    def totals(self) -> tuple[int, dt.date, dt.date] | None:
        """Number of orders, first and last day of a known customer's; None where a pass over orders has to tell."""
        counted = [one for one in self._months if one.destination == "counted"]
        if self.lines or not counted:
            return None
        placed = sum(one.rows for one in self._months if one.destination != "quarantined")
        return placed, min(one.first_day for one in counted), max(one.last_day for one in counted)

    @cached_property
    def currency(self) -> str:
        """Currency of the amounts, or "unspecified".

        Raises
        ------
        InputError
            There are several.
        """
        found = {str(code) for one in self._months for code in one.currencies if code is not None}
        if len(found) > 1:
            raise InputError(
                f"{self._raw.source} has amounts in several currencies ({', '.join(sorted(found))} and perhaps more). "
                "Make a view of it with the amounts in one, and name that."
            )
        return next(iter(found), UNSPECIFIED_CURRENCY)

    def reconciliation(self) -> Reconciliation:
        """The account; its rows are by destination and month, not by customer."""
        return self._made

    @cached_property
    def _made(self) -> Reconciliation:
        read = sum(rows for rows, _ in self._sums.values())
        aside = self._sums.get("quarantined", (0, Decimal(0)))[0]
        found = Reconciliation(
            files=[
                FileReport(
                    self._raw.source, self._recognition.format.name, self._recognition.format.label,
                    self._recognition.confidence, read, read - aside, aside, 0,
                    {role: one.column for role, one in self._recognition.roles.items()}, self._notes,
                )
            ],
        )  # fmt: skip
        self._money(found, read)
        self._aside(found)
        for note in self._notes:
            found.note("table in place", note)
        below = sum(one.below for one in self._months)
        if below:
            found.note(
                "below zero", f"{below:,} rows have an amount below zero; they count as money given back on their day."
            )
        if self.lines:
            found.note("lines", "Rows with the same order number are lines of one order and were put together.")
        self._customers(found)
        return found

    def _money(self, found: Reconciliation, read: int) -> None:
        currency, by = self.currency, self._sums
        whole = sum((money for _, money in by.values()), Decimal(0))
        found.charged = [MoneyLine(currency, "file", "in the table", read, whole)]
        found.charged += [MoneyLine(currency, key, label, *by[key]) for key, label in DESTINATIONS.items() if key in by]
        if "counted" in by:
            found.revenue = [
                MoneyLine(currency, "revenue", "revenue of counted purchases", *by["counted"]),
                MoneyLine(currency, "net", "net revenue", *by["counted"]),
            ]
        unknown, counted = found.amount("unknown customer"), found.amount("counted")
        found.unknown_share = float(unknown / (unknown + counted)) if unknown + counted > 0 else 0.0

    def _aside(self, found: Reconciliation) -> None:
        aside = [one for one in self._months if one.destination == "quarantined"]
        undated = sum(one.rows for one in aside if one.month is None)
        unpriced = sum(one.unpriced for one in aside if one.month is not None)
        reasons = {
            "the row has no day": undated,
            "the row has no amount": unpriced,
            "the day is in the future": sum(one.rows for one in aside) - undated - unpriced,
        }
        found.quarantine = [
            QuarantineLine(self._raw.source, reason, rows, ()) for reason, rows in reasons.items() if rows
        ]

    def _customers(self, found: Reconciliation) -> None:
        counts = self._engine.rows(
            template("keepers.data.sql", "in_place_customers").format(orders=quoted(self.orders))
        )
        if not counts:
            return
        found.customers = sum(int(row[1]) for row in counts)
        found.orders = sum(int(row[0]) * int(row[1]) for row in counts)
        found.first_day, found.last_day = min(row[2] for row in counts), max(row[3] for row in counts)
        found.repeat_customers = sum(int(row[4]) for row in counts)
        found.largest_customer = (str(counts[-1][5]), int(counts[-1][0]))
        found.months = [
            MonthLine(month, self.currency, count, money, Decimal(0), money) for month, count, money in self._by_month()
        ]

    def _by_month(self) -> list[tuple[dt.date, int, Decimal]]:
        """Orders of known customers and their money by month."""
        if not self.lines:
            return [(one.month, one.rows, one.money) for one in self._months if one.destination == "counted"]
        return [
            (month, int(count), Decimal(money))
            for month, count, money in self._engine.rows(
                "SELECT CAST(date_trunc('month', day) AS DATE) AS month, count(*) AS placed, "
                f"coalesce(sum(amount), 0) AS money FROM {quoted(self.orders)} "
                "WHERE counted AND customer_key IS NOT NULL GROUP BY 1 ORDER BY 1"
            )
        ]
