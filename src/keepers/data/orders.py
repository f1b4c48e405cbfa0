"""The handle on a shop's orders: purchases as they were known at any day, with refunds at their own time."""

from __future__ import annotations

import datetime as dt
from functools import cached_property
from typing import Any

from keepers.data.by_customer import ByCustomer
from keepers.data.canonical import Sales
from keepers.data.engine import Engine, literal, quoted
from keepers.data.options import ReadOptions
from keepers.data.raw_table import RawTable
from keepers.data.reading import Reading, ReadTables
from keepers.data.table import Table, register_frame
from keepers.domain.errors import InputError
from keepers.domain.money import UNSPECIFIED_CURRENCY
from keepers.domain.time import parse_day
from keepers.numerics.packed_purchases import DistinctHistories


class Orders(Table):
    """Orders of the canonical schema (`keepers.domain.columns.ORDERS`) that stay in the engine.

    Attributes
    ----------
    refunds : Table or None
        Money given back, each event at its own day and with the order it takes back; `amount` is the part of the
        order's revenue, so that revenue less refunds is net revenue. None where there was none.
    currency : str
        ISO code, or "unspecified".
    has_money : bool
        Whether orders have amounts.
    has_contribution : bool
        Whether orders have a contribution of their own.
    """

    def __init__(
        self,
        engine: Engine,
        name: str,
        refunds: Table | None = None,
        currency: str = UNSPECIFIED_CURRENCY,
        has_money: bool = True,
        has_contribution: bool = False,
        voids: bool = True,
        uncounted: bool = True,
        by_customer: ByCustomer | None = None,
        totals: tuple[int, dt.date, dt.date] | None = None,
    ) -> None:
        super().__init__(engine, name)
        self.refunds = refunds
        self.currency = currency
        self.has_money = has_money
        self.has_contribution = has_contribution
        self._voids = voids
        self._uncounted = uncounted
        self._by_customer = by_customer
        self._totals = totals
        self.kept_days: dict[str, Any] = {}

    def __len__(self) -> int:
        return self._rows

    @cached_property
    def _rows(self) -> int:
        return super().__len__() if self._totals is None else self._totals[0]

    @cached_property
    def _span(self) -> tuple[dt.date, dt.date]:
        if self._by_customer is not None:
            return self._by_customer.span
        if self._totals is not None:
            return self._totals[1:]
        where = "WHERE counted AND customer_key IS NOT NULL" if self._uncounted else ""
        first, last = self.engine.row(f"SELECT min(day), max(day) FROM {quoted(self.name)} {where}")
        if first is None:
            every, nobody, unpaid = self.engine.row(
                f"""SELECT count(*), count(*) FILTER (counted AND customer_key IS NULL), count(*) FILTER (NOT counted)
                    FROM {quoted(self.name)}"""
            )
            raise InputError(
                f"No order counts as a purchase of a known customer: of {every:,} orders {nobody:,} name no customer "
                "and "
                f"{unpaid:,} were not paid or were cancelled. Add the file that names the customers (the shop's orders "
                "beside its payments, say), or name the column: --customer COLUMN."
            )
        return first, last

    @property
    def first_day(self) -> dt.date:
        """Day of the first purchase of a known customer."""
        return self._span[0]

    @property
    def last_day(self) -> dt.date:
        """Day of the last purchase of a known customer."""
        return self._span[1]

    @property
    def settled(self) -> bool:
        """Whether nothing changes an order after its day: neither refunds nor cancellations are known."""
        return self.refunds is None and not self._voids

    def histories_sql(self, until: dt.date) -> str | None:
        """A query of each customer's history up to a day, where it costs less than the purchases; None otherwise.

        Columns: customer_key, frequency, first_day, last_day, orders, revenue, money (of all days), first_money.
        """
        if self._by_customer is None or until < self.last_day:
            return None
        return self._by_customer.histories

    @property
    def distinct_histories(self) -> DistinctHistories | None:
        """What histories there are, where those of `histories_sql` have a column `cell` with the number of theirs."""
        return None if self._by_customer is None else self._by_customer.distinct

    @property
    def key_of_number(self) -> str:
        """SQL of `customer_key` by the column `number`, which histories have that have a column `cell`."""
        assert self._by_customer is not None
        return self._by_customer.key

    def purchases_sql(self, as_of: dt.date | str | None = None) -> str:
        """A query of the purchases that were known at the end of a day.

        Parameters
        ----------
        as_of : date or ISO text, optional
            The day; the last one in the data without it. Orders after it, refunds after it and cancellations after it
            are not known yet; orders cancelled or wholly refunded by then are no purchases.

        Returns
        -------
        str
            A query with ``customer_key, day, amount, contribution``, one row an order; `amount` is net of refunds
            (NULL throughout where there is no money), `contribution` shrinks with it.
        """
        cut = None if as_of is None else literal(parse_day(as_of, "as_of").isoformat())
        conditions = []
        if self._uncounted:
            conditions += ["o.counted", "o.customer_key IS NOT NULL"]
        if cut:
            conditions.append(f"o.day <= DATE {cut}")
        if self._voids:
            conditions.append(f"(o.voided_on IS NULL OR o.voided_on > DATE {cut})" if cut else "o.voided_on IS NULL")
        source = f"{quoted(self.name)} o"
        amount, contribution = "o.amount", "o.contribution"
        if self.refunds is not None:
            known = f"AND day <= DATE {cut}" if cut else ""
            source += f"""
                LEFT JOIN (SELECT order_id, sum(amount) AS amount FROM {quoted(self.refunds.name)}
                           WHERE order_id IS NOT NULL {known} GROUP BY order_id) r ON r.order_id = o.order_id"""
            conditions.append("(r.amount IS NULL OR r.amount < o.amount)")
            amount = "o.amount - coalesce(r.amount, 0)"
            contribution = (
                "CASE WHEN r.amount IS NULL THEN o.contribution "
                "ELSE (o.contribution * ((o.amount - r.amount) / o.amount))::DECIMAL(18, 4) END"
            )
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        return f"SELECT o.customer_key, o.day, {amount} AS amount, {contribution} AS contribution FROM {source}{where}"

    @classmethod
    def from_frame(
        cls,
        frame: Any,
        customer: str = "customer_id",
        date: str = "date",
        amount: str | None = None,
        currency: str = UNSPECIFIED_CURRENCY,
        engine: Engine | None = None,
    ) -> Orders:
        """Orders from a frame of the user (pandas, Polars, Arrow, DuckDB relation, or a dict of columns).

        Parameters
        ----------
        customer, date : str
            Columns with the customer and the day (a date, a timestamp, or text such as 2026-05-01).
        amount : str, optional
            Column with the order's value; without it everything but money is answered.
        currency : str
            ISO code of the amounts.

        Raises
        ------
        InputError
            A column is not there, or has values that are no dates or numbers.
        """
        engine = engine or Engine()
        columns = {"customer": customer, "date": date} | ({"amount": amount} if amount else {})
        options = ReadOptions(
            columns=columns, currency=None if currency == UNSPECIFIED_CURRENCY else currency, format="orders"
        )
        made = Reading(engine, options).run([_raw_table_of(engine, frame, list(columns.values()))])
        _refuse_unreadable(made)
        assert made.sales is not None
        return orders_of_sales(engine, made.sales, currency if made.currency == UNSPECIFIED_CURRENCY else made.currency)


def orders_of_sales(engine: Engine, sales: Sales, currency: str) -> Orders:
    """The handle on what a reading made."""
    refunds = Table(engine, sales.refunds)
    contribution = not sales.plain and engine.row(f"SELECT count(contribution) FROM {quoted(sales.orders)}")[0]
    return Orders(
        engine,
        sales.orders,
        refunds=refunds if not sales.plain and len(refunds) else None,
        currency=currency,
        has_money=sales.has_money,
        has_contribution=bool(contribution),
        voids=not sales.plain,
        by_customer=sales.by_customer,
    )


def _refuse_unreadable(made: ReadTables) -> None:
    """A frame is whole or it is not: its rows are the caller's own, who can mend them."""
    if made.sales is None or made.sales.plain:
        return
    reasons = made.reconciliation().quarantine
    if reasons:
        listed = "; ".join(f"{line.rows:,} rows: {line.reason}" for line in reasons[:3])
        raise InputError(f"The frame has rows that cannot be used ({listed}). Mend them or take them out.")


def _raw_table_of(engine: Engine, frame: Any, wanted: list[str]) -> RawTable:
    held = register_frame(engine, frame)
    missing = [name for name in wanted if name not in held.columns]
    if missing:
        raise InputError(
            f"The frame has no column {missing[0]!r}. It has: {', '.join(held.columns[:40])}. Name them: "
            "from_frame(frame, customer=..., date=..., amount=...); what stands in a pandas index becomes a column by "
            "reset_index()."
        )
    view = engine.new_name("frame_rows")
    chosen = ", ".join(quoted(name) for name in wanted)
    engine.execute(f"CREATE VIEW {view} AS SELECT row_number() OVER () AS _row, {chosen} FROM {quoted(held.name)}")
    return RawTable(
        table=view, columns=tuple(wanted), source="frame", kind="frame", first_row=1, typed=True, rows=len(held)
    )
