"""Calibration and holdout: the days that a model may see as they were known then, and those kept back to grade it."""

from __future__ import annotations

import datetime as dt

from keepers.data.engine import template
from keepers.summaries.purchases import PACKAGE, PurchaseSource, day_literal, purchase_days_sql

_SUMS = """,
        count(held_on) AS held_frequency,
        sum(held_revenue) AS held_revenue,
        sum(held_money) AS held_money"""

_COLUMNS = """,
    CAST(held_frequency AS BIGINT) AS holdout_frequency,
    CAST({length} AS BIGINT) AS holdout_days,
    CAST({revenue} AS DECIMAL(18, 4)) AS holdout_revenue,
    CAST({money} AS DECIMAL(18, 4)) AS holdout_money"""


def split_days_sql(source: PurchaseSource, cut: dt.date, end: dt.date, money: str) -> str:
    """A query of the days with a purchase up to `cut`, as known then, and of those after it, as known on `end`.

    What belongs to the holdout stands in columns `held_on`, `held_revenue`, `held_money`, and nowhere else. Orders
    that nothing changes after their day are read once.
    """
    if source.settled:
        known = purchase_days_sql(source, end, money=money)
    else:
        before = purchase_days_sql(source, cut, money=money)
        known = f"{before}\nUNION ALL\n{purchase_days_sql(source, end, after=cut, money=money)}"
    return template(PACKAGE, "split").format(purchase_days=known, cut=day_literal(cut))


def holdout_sums() -> str:
    """The sums that a holdout adds to a customer's history, as SQL."""
    return _SUMS


def holdout_columns(length: int, has_money: bool) -> str:
    """The columns that a holdout of so many days adds to a summary, as SQL."""
    revenue, money = ("coalesce(held_revenue, 0)", "coalesce(held_money, 0)") if has_money else ("NULL", "NULL")
    return _COLUMNS.format(length=length, revenue=revenue, money=money)
