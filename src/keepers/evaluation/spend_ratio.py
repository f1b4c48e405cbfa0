"""The plain ratio rule: what a customer spent in the last period, times how much of that such customers spent again."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import ClassVar

from keepers.evaluation.origin import Origin
from keepers.summaries.purchases import PurchaseSource, purchase_days_sql

_SHORTEST = 7


class SpendRatio:
    """Every customer spends in the coming period what they spent in the last one, times a ratio of the past.

    The ratio is the money of one period over that of the period before, of the customers known between the two; where
    the history is too short for two whole periods, of two shorter ones.
    """

    name: ClassVar[str] = "SpendRatio"
    title: ClassVar[str] = "past spend times a ratio"
    rule: ClassVar[str] = "each customer spends the same share of the period before"

    def __repr__(self) -> str:
        return "SpendRatio()"


@dataclass(frozen=True, slots=True)
class Ratio:
    """The ratio, and the days of the periods that it was found from."""

    value: float
    days: int


def ratio_at(origin: Origin) -> Ratio:
    """The ratio as it was known at an origin."""
    source = origin.summary.facts.source
    assert source is not None
    return ratio_before(source, origin.cut, round(origin.horizon.days), origin.summary.facts.money)


def ratio_before(source: PurchaseSource, cut: dt.date, wanted: int, money: str) -> Ratio:
    """The ratio of two periods of so many days before a day, as known on it; 1 where there is nothing to find it from.

    Parameters
    ----------
    source : Orders
    cut : date
        Last day that may be known.
    wanted : int
        Days of a period; fewer where the history is too short for two.
    money : str
        SQL of an order's money.
    """
    first = getattr(source, "first_day", cut)
    length = min(wanted, (cut - first).days // 2)
    if length < _SHORTEST:
        return Ratio(1.0, 0)
    middle = cut - dt.timedelta(days=length)
    start = middle - dt.timedelta(days=length)
    before, after = _spent(source, start, middle, cut, money)
    return Ratio(after / before if before > 0 and after > 0 else 1.0, length)


def _spent(source: PurchaseSource, start: dt.date, middle: dt.date, cut: dt.date, money: str) -> tuple[float, float]:
    """Money of both periods, of the customers known at the end of the first, each as known at its end."""
    known = purchase_days_sql(source, middle, money=money)
    recent = purchase_days_sql(source, middle, after=start, money=money)
    later = purchase_days_sql(source, cut, after=middle, money=money)
    before = source.engine.row(f"SELECT sum(money) FROM ({recent}) AS spent")[0]
    after = source.engine.row(
        f"SELECT sum(money) FROM ({later}) AS spent "
        f"WHERE customer_key IN (SELECT customer_key FROM ({known}) AS history)"
    )[0]
    return float(before or 0), float(after or 0)
