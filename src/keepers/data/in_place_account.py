"""The account of a table in place: where every row and every amount went, summed in its own engine."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import cached_property
from typing import Any

from keepers.data.engine import Engine, quoted
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

    @cached_property
    def _sums(self) -> list[tuple[Any, ...]]:
        """Rows and money by destination, with how many have no day or amount and how many are below zero."""
        return self._engine.rows(
            "SELECT destination, count(*) AS placed, coalesce(sum(amount), 0) AS money, "
            "sum(CASE WHEN day IS NULL THEN 1 ELSE 0 END) AS undated, "
            "sum(CASE WHEN amount IS NULL THEN 1 ELSE 0 END) AS unpriced, "
            "sum(CASE WHEN amount < 0 THEN 1 ELSE 0 END) AS below, "
            "min(currency) AS one, max(currency) AS other, "
            f"count(order_id) AS numbered FROM {quoted(self._rows)} GROUP BY destination ORDER BY destination"
        )

    @cached_property
    def lines(self) -> bool:
        """Whether an order has several rows."""
        if not self._numbered:
            return False
        numbered, distinct, placed = self._engine.row(
            f"SELECT count(order_id), count(DISTINCT order_id), count(*) FROM {quoted(self._rows)} "
            "WHERE destination <> 'quarantined'"
        )
        return int(distinct) < int(numbered) == int(placed)

    @cached_property
    def currency(self) -> str:
        """Currency of the amounts, or "unspecified".

        Raises
        ------
        InputError
            There are several.
        """
        found = {str(code) for row in self._sums for code in row[6:8] if code is not None}
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
        by = {str(row[0]): row for row in self._sums}
        read = sum(int(row[1]) for row in self._sums)
        aside = int(by["quarantined"][1]) if "quarantined" in by else 0
        found = Reconciliation(
            files=[
                FileReport(
                    self._raw.source, self._recognition.format.name, self._recognition.format.label,
                    self._recognition.confidence, read, read - aside, aside, 0,
                    {role: one.column for role, one in self._recognition.roles.items()}, self._notes,
                )
            ],
        )  # fmt: skip
        self._money(found, by, read)
        self._aside(found, by, aside)
        for note in self._notes:
            found.note("table in place", note)
        below = sum(int(row[5]) for row in self._sums)
        if below:
            found.note(
                "below zero", f"{below:,} rows have an amount below zero; they count as money given back on their day."
            )
        if self.lines:
            found.note("lines", "Rows with the same order number are lines of one order and were put together.")
        self._customers(found)
        return found

    def _money(self, found: Reconciliation, by: dict[str, tuple[Any, ...]], read: int) -> None:
        currency = self.currency
        whole = sum((Decimal(row[2]) for row in self._sums), Decimal(0))
        found.charged = [MoneyLine(currency, "file", "in the table", read, whole)]
        found.charged += [
            MoneyLine(currency, key, label, int(by[key][1]), Decimal(by[key][2]))
            for key, label in DESTINATIONS.items()
            if key in by
        ]
        if "counted" in by:
            rows, money = int(by["counted"][1]), Decimal(by["counted"][2])
            found.revenue = [
                MoneyLine(currency, "revenue", "revenue of counted purchases", rows, money),
                MoneyLine(currency, "net", "net revenue", rows, money),
            ]
        unknown, counted = found.amount("unknown customer"), found.amount("counted")
        found.unknown_share = float(unknown / (unknown + counted)) if unknown + counted > 0 else 0.0

    def _aside(self, found: Reconciliation, by: dict[str, tuple[Any, ...]], aside: int) -> None:
        if not aside:
            return
        undated = int(by["quarantined"][3])
        without_amount, later = self._engine.row(
            "SELECT sum(CASE WHEN amount IS NULL THEN 1 ELSE 0 END), "
            "sum(CASE WHEN amount IS NULL THEN 0 ELSE 1 END) "
            f"FROM {quoted(self._rows)} WHERE destination = 'quarantined' AND day IS NOT NULL"
        )
        reasons = {
            "the row has no day": undated,
            "the row has no amount": int(without_amount or 0),
            "the day is in the future": int(later or 0),
        }
        found.quarantine = [
            QuarantineLine(self._raw.source, reason, rows, ()) for reason, rows in reasons.items() if rows
        ]

    def _customers(self, found: Reconciliation) -> None:
        known = f"FROM {quoted(self.orders)} WHERE counted AND customer_key IS NOT NULL"
        customers, orders, first, last, repeat, most = self._engine.row(
            "SELECT count(*), sum(orders), min(first_day), max(last_day), "
            "sum(CASE WHEN last_day > first_day THEN 1 ELSE 0 END), max(orders) FROM ("
            "SELECT customer_key, count(*) AS orders, min(day) AS first_day, max(day) AS last_day "
            f"{known} GROUP BY customer_key) AS customer"
        )
        if not customers:
            return
        found.customers, found.orders, found.repeat_customers = int(customers), int(orders), int(repeat)
        found.first_day, found.last_day = first, last
        whose = self._engine.row(
            f"SELECT customer_key {known} GROUP BY customer_key HAVING count(*) = {int(most)} "
            "ORDER BY customer_key LIMIT 1"
        )[0]
        found.largest_customer = (str(whose), int(most))
        found.months = [
            MonthLine(month, self.currency, int(count), Decimal(money), Decimal(0), Decimal(money))
            for month, count, money in self._engine.rows(
                "SELECT CAST(date_trunc('month', day) AS DATE) AS month, count(*) AS placed, "
                f"coalesce(sum(amount), 0) AS money {known} GROUP BY 1 ORDER BY 1"
            )
        ]
