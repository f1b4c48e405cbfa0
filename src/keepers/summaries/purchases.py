"""What a summary needs of its orders, and how they become days with a purchase as they were known on a day."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Protocol

from keepers.data.engine import Engine, quoted, template
from keepers.domain.errors import InputError
from keepers.domain.money import Margin
from keepers.numerics.packed_purchases import DistinctHistories

PACKAGE = "keepers.summaries.sql"
BEGINNING = dt.date(1, 1, 1)


@dataclass(frozen=True, slots=True)
class KeptDays:
    """A table of the days with a purchase of everybody up to a day, as known on it."""

    table: str
    until: dt.date


class PurchaseSource(Protocol):
    """Orders in an engine, seen as they were known on a day; `keepers.data.orders.Orders` is one."""

    @property
    def engine(self) -> Engine:
        """Where the orders are."""

    @property
    def has_money(self) -> bool:
        """Whether orders carry amounts."""

    @property
    def currency(self) -> str:
        """Currency of the amounts, or "unspecified"."""

    @property
    def last_day(self) -> dt.date:
        """Day of the last purchase."""

    @property
    def settled(self) -> bool:
        """Whether nothing changes an order after its day: neither refunds nor cancellations are known."""

    def histories_sql(self, until: dt.date) -> str | None:
        """A query of the columns of ``history.sql`` up to a day, where these are known already; None otherwise."""

    @property
    def distinct_histories(self) -> DistinctHistories | None:
        """What histories there are, where those of `histories_sql` have a column `cell` with the number of theirs."""

    @property
    def key_of_number(self) -> str:
        """SQL of `customer_key` by the column `number`, which histories have that have a column `cell`."""

    @property
    def kept_days(self) -> dict[str, KeptDays]:
        """Days with a purchase that stand in the engine already, by the SQL of an order's money."""

    def purchases_sql(self, as_of: str) -> str:
        """A query of (customer_key, day, amount, contribution), one row an order that counted on the day `as_of`."""


def day_literal(day: dt.date) -> str:
    """A day as SQL.

    >>> day_literal(dt.date(1997, 9, 30))
    "DATE '1997-09-30'"
    """
    return f"DATE '{day.isoformat()}'"


def money_of(source: PurchaseSource, margin: Margin, until: dt.date) -> tuple[str, tuple[str, ...]]:
    """The SQL of an order's money in the basis of the margin, and sentences about how it was found.

    A margin of one rate is applied when values are computed, so the money of a summary is revenue then. With a
    margin per order it is each order's own contribution; orders whose costs are unknown get the average margin of
    the others.

    Raises
    ------
    InputError
        If the margin is per order and no order carries a contribution.
    """
    if not margin.per_order:
        return "amount", ()
    total, known, revenue, contribution = source.engine.row(
        "SELECT count(*), count(contribution), sum(CASE WHEN contribution IS NOT NULL THEN amount END), "
        f"sum(contribution) FROM ({source.purchases_sql(until.isoformat())}) AS purchase "
        f"WHERE customer_key IS NOT NULL AND day <= {day_literal(until)}"
    )
    if not known or not revenue:
        raise InputError(
            "The margin is to be each order's own, but no order carries its cost. Add costs (a products file with "
            "unit costs, or a contribution column), or give one rate: Margin(rate=0.35), --margin 35%."
        )
    if known == total:
        return "contribution", ()
    share = float(contribution) / float(revenue)
    return f"coalesce(contribution, CAST(amount * {share!r} AS DECIMAL(18, 4)))", (
        f"{total - known:,} of {total:,} orders do not carry their cost; they count with the average margin of the "
        f"others, {share:.1%}.",
    )


def purchase_days_sql(
    source: PurchaseSource, until: dt.date, *, after: dt.date = BEGINNING, money: str = "amount"
) -> str:
    """A query of a row a customer and day after `after` up to `until`, as known on `until`.

    Columns: customer_key, day, purchased_on (the day, or empty where returns left it below zero), orders, revenue,
    money. Where they were kept (`keep_purchase_days`) they are read from there.
    """
    kept = source.kept_days.get(money)
    if kept is not None and (until == kept.until or (source.settled and until < kept.until)):
        within = f"day > {day_literal(after)} AND day <= {day_literal(until)}"
        if after == BEGINNING or source.settled:
            return f"SELECT * FROM {quoted(kept.table)} WHERE {within}"
    return template(PACKAGE, "purchase_days").format(
        purchases=source.purchases_sql(until.isoformat()),
        money=money,
        after=day_literal(after),
        until=day_literal(until),
    )


def keep_purchase_days(source: PurchaseSource, until: dt.date, money: str = "amount") -> None:
    """Group the orders by customer and day once, for the summaries, cohorts and periods that will be made of them.

    Orders that nothing changes after their day serve every earlier day too; others only the day itself, as what is
    known of them differs from day to day.
    """
    if money not in source.kept_days:
        query = purchase_days_sql(source, until, money=money)
        source.kept_days[money] = KeptDays(source.engine.create(source.engine.new_name("purchase_days"), query), until)


def engine_of(orders: object) -> Engine:
    """Where orders are; refused where something else was given for them."""
    found = getattr(orders, "engine", None)
    if not isinstance(found, Engine):
        raise InputError(
            f"A {type(orders).__name__} is no orders. Make them of a frame: keepers.Orders.from_frame(frame, "
            "customer=..., date=..., amount=...); or of files: keepers.read_orders(...)."
        )
    return found


def why_nobody(orders: PurchaseSource, cut: dt.date) -> str:
    """Why no customer is left up to a day."""
    if orders.last_day <= cut:
        return (
            f"Nobody who can be named bought anything up to {cut} that was not cancelled or given back in full, so no "
            "purchase is left to learn from. See `keepers check` for where the money went: is the column of refunds "
            "the right one?"
        )
    return (
        f"Nobody who can be named bought anything up to {cut}. The last order is of {orders.last_day}; see "
        "`keepers check` for what was read, or choose a later day (`calibration_end`; on the command line --as-of)."
    )
