"""A clean table of purchases grouped by customer in one pass: whether it is clean, and each customer's history."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from functools import cached_property

from keepers.data.by_number import Bounds, Sorted
from keepers.data.engine import Engine, quoted, template
from keepers.data.normalise import fill
from keepers.numerics.packed_purchases import DistinctHistories


@dataclass
class ByCustomer:
    """A table of the engine with a row a customer.

    It costs a third of grouping by customer and day, and a third of the memory: for nearly all customers a bit for
    each day shows that no two orders fell on one day, and only the others are grouped by day, when somebody asks.

    Parameters
    ----------
    engine : Engine
    table, purchases : str
        The table, and the relation (customer_key, day and, where there is money, amount) that it was made of.
    has_money : bool
    settled : bool
        Whether the days are counted for all customers.
    known_span : tuple of dates, optional
        First and last day, where they are known already.
    distinct : DistinctHistories, optional
        What histories there are, where the table has a column `cell` with the number of the customer's.
    key : str
        SQL of `customer_key` by what stands in the table: the column, or how it is written from a column `number`.
    """

    engine: Engine
    table: str
    purchases: str
    has_money: bool
    settled: bool = field(default=False, repr=False)
    known_span: tuple[dt.date, dt.date] | None = field(default=None, repr=False)
    distinct: DistinctHistories | None = field(default=None, repr=False)
    key: str = field(default="customer_key", repr=False)

    @classmethod
    def of(cls, engine: Engine, purchases: str, has_money: bool) -> ByCustomer:
        """Group a relation with columns customer_key, day and, where there is money, amount."""
        made = cls(engine, engine.new_name("by_customer"), purchases, has_money)
        engine.create(made.table, _sql("by_customer", purchases=quoted(purchases), amount=made._amount))
        return made

    @classmethod
    def of_sorted(cls, engine: Engine, found: Sorted, purchases: str, has_money: bool, bounds: Bounds) -> ByCustomer:
        """What was sorted beside the engine."""
        return cls(engine, found.table, purchases, has_money, True, bounds.span, found.distinct, found.key)

    def all_named(self, mended: str) -> bool:
        """Whether every row has a customer whose id stands as it is.

        Parameters
        ----------
        mended : str
            SQL of whether an id in the column `customer_key` may not stand as it is.
        """
        found = self.engine.row(f"SELECT count(*) FILTER (customer_key IS NULL OR {mended}) FROM {quoted(self.table)}")
        return not found[0]

    @property
    def histories(self) -> str:
        """A query of a row a customer: the history that a summary is made of, all purchases of a day being one."""
        if not self.settled:
            names = {"table": quoted(self.table), "purchases": quoted(self.purchases), "amount": self._amount}
            self.engine.execute(_sql("by_customer_days", **names))
            self.settled = True
        return (
            "SELECT customer_key, days - 1 AS frequency, first_day, last_day, orders, revenue, revenue AS money, "
            f"first_amount AS first_money{'' if self.distinct is None else ', cell, number'} FROM {quoted(self.table)}"
        )

    @property
    def span(self) -> tuple[dt.date, dt.date]:
        """First and last day with a purchase."""
        return self.known_span or self.totals[2:4]

    @cached_property
    def totals(self) -> tuple[int, int, dt.date, dt.date, int, int, str]:
        """Customers, orders, first and last day, customers of more than one day, most orders of one, and whose."""
        found = self.engine.row(
            "SELECT count(*), sum(orders), min(first_day), max(last_day), count(*) FILTER (last_day > first_day), "
            f"max(orders), (SELECT {self.key} FROM {quoted(self.table)} WHERE orders = "
            f"(SELECT max(orders) FROM {quoted(self.table)}) LIMIT 1) FROM {quoted(self.table)}"
        )
        customers, orders, first, last, repeat, most, whose = found
        return int(customers), int(orders), first, last, int(repeat), int(most), str(whose)

    @property
    def _amount(self) -> str:
        return "amount" if self.has_money else "NULL::DECIMAL(18, 4)"

    def drop(self) -> None:
        """Forget the table."""
        self.engine.drop(self.table)


def _sql(name: str, **names: str) -> str:
    return fill(template("keepers.data.sql", name), **names)
