"""Behaviour segments: customers by what they do, under names that a person understands, by rules that are published."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from keepers.data.engine import Engine, literal, quoted
from keepers.domain.segments import SegmentMove
from keepers.summaries.rfm_groups import FROZEN_DAYS
from keepers.valuation.values import Values

BEHAVIOURS = (
    "Frequent regulars", "Big spenders", "Regulars", "Bargain hunters", "Came back once", "Newcomers", "Bought once",
    "Slipping regulars", "Slipping away", "Lost",
)  # fmt: skip
"""Names of the segments, from best to worst."""

_NEW_DAYS = 60
_DISCOUNTED = 0.5
_BIG, _FREQUENT = 0.80, 0.25


@dataclass(frozen=True, slots=True)
class BehaviourRule:
    """The numbers that divide customers by behaviour; they hold for a month.

    Parameters
    ----------
    order_value : float or None
        Mean order from which a returning customer is a big spender: 80% of them spend less. None without money.
    gap_days : float or None
        Usual gap between orders up to which a regular is a frequent one: a quarter of them.
    frozen_on : date
        Day on which both were taken.
    """

    order_value: float | None
    gap_days: float | None
    frozen_on: dt.date

    def to_dict(self) -> dict[str, Any]:
        """Plain values for a file."""
        return {**asdict(self), "frozen_on": self.frozen_on.isoformat()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> BehaviourRule:
        """The rule that `to_dict` wrote."""
        return cls(data["order_value"], data["gap_days"], dt.date.fromisoformat(data["frozen_on"]))

    def sql(self, discount_share: str = "NULL") -> str:
        """The segment's name as SQL over the columns of values; the share of orders with a discount is given."""
        cases = [
            "WHEN customer_state = 'lost' THEN 'Lost'",
            "WHEN customer_state = 'at risk' AND frequency >= 2 THEN 'Slipping regulars'",
            "WHEN customer_state = 'at risk' THEN 'Slipping away'",
            f"WHEN frequency = 0 AND age_days <= {_NEW_DAYS} THEN 'Newcomers'",
            "WHEN frequency = 0 THEN 'Bought once'",
            f"WHEN {discount_share} >= {_DISCOUNTED!r} THEN 'Bargain hunters'",
        ]
        if self.order_value is not None:
            cases.append(f"WHEN revenue / orders >= {self.order_value!r} THEN 'Big spenders'")
        if self.gap_days is not None:
            cases.append(f"WHEN frequency >= 2 AND usual_gap_days <= {self.gap_days!r} THEN 'Frequent regulars'")
        cases.append("WHEN frequency >= 2 THEN 'Regulars'")
        return f"CASE {' '.join(cases)} ELSE {literal('Came back once')} END"

    def rules(self) -> dict[str, str]:
        """Who belongs to each segment, in words, in the order of `BEHAVIOURS`; the first that fits, from below."""
        gap = "" if self.gap_days is None else f", one every {self.gap_days:,.0f} days or less"
        value = "unknown" if self.order_value is None else f"{self.order_value:,.2f}"
        return {
            "Frequent regulars": f"orders on 3 days or more{gap}",
            "Big spenders": f"came back, with a mean order of at least {value}",
            "Regulars": "orders on 3 days or more",
            "Bargain hunters": "came back, at least half of the orders with a discount",
            "Came back once": "orders on 2 days",
            "Newcomers": f"one day with an order, in the last {_NEW_DAYS} days",
            "Bought once": "one day with an order, longer ago, and not silent for unusually long",
            "Slipping regulars": "orders on 3 days or more, at risk by the model or their own rhythm",
            "Slipping away": "fewer orders, at risk by the model or their own rhythm",
            "Lost": "given up by the model, or silent for longer than 99% of the gaps of those who came back",
        }

    @property
    def sentence(self) -> str:
        """How the division is made, for a person."""
        day = f"{self.frozen_on.day} {self.frozen_on:%b %Y}"
        return (
            "Every customer by what they do; somebody whom several rules fit stands where they are nearest to leaving, "
            f"then with bargain hunters, then big spenders. Numbers were taken on {day} and hold for a month."
        )


def behaviour_rule(values: Values, previous: BehaviourRule | None = None) -> BehaviourRule:
    """The rule for customers: that of before while it is not a month old, or else a new one.

    Parameters
    ----------
    values : Values
        With all columns.
    previous : BehaviourRule, optional
        The rule used before.
    """
    values.needs("customer_state", "frequency", "age_days", "usual_gap_days", "revenue", "orders")
    day = values.facts.summary.calibration_end
    if previous is not None and abs((day - previous.frozen_on).days) < FROZEN_DAYS:
        return previous
    money = "revenue / orders" if values.has_money else "CAST(NULL AS DOUBLE)"
    value, gap = values.engine.row(
        f"SELECT percentile_disc({_BIG}) WITHIN GROUP (ORDER BY {money}) FILTER (WHERE frequency > 0), "
        f"percentile_disc({_FREQUENT}) WITHIN GROUP (ORDER BY usual_gap_days) FILTER (WHERE frequency >= 2) "
        f"FROM {quoted(values.name)}"
    )
    return BehaviourRule(None if value is None else float(value), None if gap is None else float(gap), day)


def segment_moves(
    engine: Engine, before: str, now: str, column: str, value: str | None = None
) -> tuple[SegmentMove, ...]:
    """Who went from which segment to which.

    Parameters
    ----------
    engine : Engine
        Where both queries run.
    before, now : str
        Queries of one row a customer with `customer_key` and the column.
    column : str
        The segment.
    value : str, optional
        Column of `now` that is summed.
    """
    summed = "CAST(NULL AS DOUBLE)" if value is None else f"sum(now.{quoted(value)})"
    rows = engine.rows(
        f"SELECT coalesce(before.{column}, ''), coalesce(now.{column}, ''), count(*), {summed} "
        f"FROM ({before}) AS before FULL JOIN ({now}) AS now ON now.customer_key = before.customer_key "
        "GROUP BY 1, 2 ORDER BY 1, 2"
    )
    return tuple(
        SegmentMove(str(start), str(end), int(count), None if worth is None else float(worth))
        for start, end, count, worth in rows
    )
