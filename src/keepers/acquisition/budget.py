"""The budget: how much to spend in each channel, what that should bring, and whether to change anything at all."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from keepers.acquisition.planning import Planning, planning
from keepers.acquisition.response import ResponseCurves
from keepers.domain.cells import FloatArray
from keepers.domain.decision import EvidenceGrade
from keepers.domain.errors import ConfigError
from keepers.domain.time import Horizon, weeks
from keepers.numerics.spend_plan import BestSpends, SpendLimits, best_spends

PERIOD = weeks(4)
"""How long a plan lasts until it is made anew."""
MOVE_LIMIT = 0.5
"""By which share of today's spend a channel may change in one period."""
RISK_WEIGHT = 0.5
"""Weight of the expected shortfall against today's plan."""
CONFIDENCE = 0.75
"""Probability of a gain below which nothing is changed."""
_WORTHWHILE = 0.005
"""Expected gain, as a share of the money spent, below which nothing is changed."""


@dataclass(frozen=True, slots=True)
class BudgetLimits:
    """What a plan may do.

    Parameters
    ----------
    total : float, optional
        Most money a week, all channels together; today's if left out.
    spend_all : bool
        Whether the whole total is to be spent, rather than as much of it as pays.
    move : float or None
        By which share of today's spend each channel may change; None sets no such limit.
    channels : mapping of str to (float, float)
        Least and most money a week of single channels, instead of the limit of moves.
    payback : Horizon, optional
        Every channel's spend must be earned back within this time by those whom it brings.
    cash : float, optional
        Most money laid out during the period beyond what its new customers bring in within it.
    """

    total: float | None = None
    spend_all: bool = False
    move: float | None = MOVE_LIMIT
    channels: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    payback: Horizon | None = None
    cash: float | None = None

    def __post_init__(self) -> None:
        if self.total is not None and not self.total >= 0:
            raise ConfigError(f"The total is {self.total!r}; it must be zero or more a week.")
        if self.move is not None and not self.move >= 0:
            raise ConfigError(f"The limit of moves is {self.move!r}; it must be zero or more (write 30% as 0.3).")
        for name, (low, high) in self.channels.items():
            if not 0 <= low <= high:
                raise ConfigError(f"The limits of `{name}` are {low} and {high} a week; the second must be the larger.")


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure with its 80% interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class PlannedChannel:
    """One channel of a plan.

    Attributes
    ----------
    channel : str
        Which.
    today, planned : float
        Money a week.
    customers_today, customers : Figure
        New customers that the money of a period brings, today's and the plan's.
    value : Figure
        Value of those of the plan.
    gain : Figure
        Value less spend over today's, of this channel.
    net_today, net : Figure
        Value of all new customers of the channel less its spend, those included who come without money.
    marginal : Figure
        Value that the last unit of money brings.
    limit : str
        What keeps the channel from more or less: "", "least", "most", "payback".
    outside : bool
        Whether the plan leaves the range of spends that was seen.
    """

    channel: str
    today: float
    planned: float
    customers_today: Figure
    customers: Figure
    value: Figure
    gain: Figure
    net_today: Figure
    net: Figure
    marginal: Figure
    limit: str
    outside: bool


@dataclass(frozen=True, eq=False)
class BudgetPlan:
    """What to spend, and how good that is expected to be.

    Attributes
    ----------
    channels : tuple of PlannedChannel
        The rows; money a week.
    period : Horizon
        How long the plan lasts.
    starts_on : date
        Its first day.
    gain : Figure
        Value less spend over today's plan, in the whole period.
    probability : float
        That the plan is better than today's.
    shortfall : float
        Expected loss against today's plan, counting only where there is one.
    recommended : bool
        Whether to change anything; where not, today's plan stays.
    multiplier : float
        Value over its cost that one more unit of money would bring; 0 where more does not pay or may be spent.
    spread : float
        Certificate: largest relative difference of marginal values between channels within their limits.
    gap : float
        Certificate: no plan within the limits is better by more money than this.
    evidence : EvidenceGrade
        The weakest of the channels that change.
    value_meaning : str
        What a value is.
    """

    channels: tuple[PlannedChannel, ...]
    period: Horizon
    starts_on: dt.date
    gain: Figure
    probability: float
    shortfall: float
    recommended: bool
    multiplier: float
    spread: float
    gap: float
    evidence: EvidenceGrade
    value_meaning: str
    currency: str
    limits: BudgetLimits
    risk_weight: float

    @property
    def today(self) -> float:
        """Money a week now."""
        return sum(one.today for one in self.channels)

    @property
    def planned(self) -> float:
        """Money a week of the plan."""
        return sum(one.planned for one in self.channels)

    def spends(self) -> dict[str, float]:
        """What to do: money a week by channel; today's where no change is recommended."""
        return {one.channel: one.planned if self.recommended else one.today for one in self.channels}


def plan_budget(
    curves: ResponseCurves,
    limits: BudgetLimits | None = None,
    *,
    period: Horizon = PERIOD,
    risk_weight: float = RISK_WEIGHT,
    confidence: float = CONFIDENCE,
) -> BudgetPlan:
    """Divide a budget among channels for the largest expected value of new customers, less a weight on falling short.

    What customers are worth and how channels answer to money are both uncertain; under each draw the plan's gain over
    today's is counted, carry-over before and after the period included. Where the plan is not better than today's with
    `confidence`, no change is recommended.

    Parameters
    ----------
    curves : ResponseCurves
        With money.
    limits : BudgetLimits, optional
        Total, moves, bounds, payback, cash; without them today's total and half of each channel's spend either way.
    period : Horizon
        How long the plan lasts.
    risk_weight : float
        Weight of the expected shortfall against today's plan; 0 is the largest expected value whatever the risk.
    confidence : float
        Probability of a gain below which nothing is changed.

    Returns
    -------
    BudgetPlan

    Raises
    ------
    InputError
        Without money, or where no plan keeps the limits.

    Examples
    --------
    >>> import keepers as kp
    >>> curves = kp.response_curves(kp.read("orders.csv", "spend.csv"))  # doctest: +SKIP
    >>> kp.plan_budget(curves).spends()  # doctest: +SKIP
    """
    if risk_weight < 0:
        raise ConfigError(f"The weight of risk is {risk_weight!r}; it must be zero or more.")
    chosen = limits or BudgetLimits()
    asked = planning(curves, period)
    bounds, reasons = spend_limits(asked, chosen)
    best = best_spends(asked.problem(bounds, risk_weight))
    return _plan(asked, chosen, best, bounds, reasons, risk_weight, confidence)


def spend_limits(asked: Planning, limits: BudgetLimits) -> tuple[SpendLimits, dict[str, str]]:
    """Limits in money a day by channel, and which channels the payback holds back."""
    curves = asked.curves
    unknown = set(limits.channels) - set(curves.names)
    if unknown:
        raise ConfigError(
            f"There are limits of {', '.join(sorted(unknown))}, which is no channel with a response. There is: "
            f"{', '.join(curves.names)}."
        )
    today = asked.today
    total = float(today.sum()) if limits.total is None else limits.total / 7.0
    low = np.zeros(today.size) if limits.move is None else today * max(1.0 - limits.move, 0.0)
    high = np.full(today.size, total) if limits.move is None else today * (1.0 + limits.move)
    if limits.total is not None and limits.move is not None:
        # A total that today's plan cannot reach by allowed moves is meant to change the scale of all.
        scale = limits.total / max(7.0 * float(today.sum()), 1e-9)
        low, high = low * min(scale, 1.0), high * max(scale, 1.0)
    for row, name in enumerate(curves.names):
        if name in limits.channels:
            low[row], high[row] = (edge / 7.0 for edge in limits.channels[name])
    held: dict[str, str] = {}
    if limits.payback is not None:
        most = asked.paid_back(limits.payback)
        for row, name in enumerate(curves.names):
            if most[row] < high[row]:
                high[row] = max(most[row], low[row])
                held[name] = "payback" if most[row] >= low[row] else "payback is not reached even at the least spend"
    least = min(total, float(high.sum())) if limits.spend_all else 0.0
    return SpendLimits(low, high, total, least, limits.cash), held


def figure(draws: FloatArray) -> Figure:
    """Mean and 80% interval."""
    low, high = np.quantile(draws, [0.1, 0.9])
    return Figure(float(draws.mean()), float(low), float(high))


def _plan(
    asked: Planning,
    limits: BudgetLimits,
    best: BestSpends,
    bounds: SpendLimits,
    reasons: Mapping[str, str],
    risk_weight: float,
    confidence: float,
) -> BudgetPlan:
    curves = asked.curves
    now, _ = asked.responses.arrivals(asked.today)
    then, slope = asked.responses.arrivals(best.spend)
    rows = []
    edge = 1e-3 * max(bounds.total, 1e-9)
    for row, one in enumerate(curves.channels):
        spend, before = float(best.spend[row]), float(asked.today[row])
        limit = ""
        if spend > bounds.high[row] - edge:
            limit = reasons.get(one.channel, "most")
        elif spend < bounds.low[row] + edge:
            limit = reasons.get(one.channel, "least")
        gain = asked.worth[row] * (then[row] - now[row]) - asked.days * (spend - before)
        anyway = asked.days * one.curve.organic * one.demand**one.curve.season
        rows.append(
            PlannedChannel(
                one.channel, 7 * before, 7 * spend, figure(now[row]), figure(then[row]),
                figure(asked.worth[row] * then[row]), figure(gain),
                figure(asked.worth[row] * (now[row] + anyway) - asked.days * before),
                figure(asked.worth[row] * (then[row] + anyway) - asked.days * spend),
                figure(asked.worth[row] * slope[row] / asked.days), limit,
                not one.seen[0] * 0.999 <= 7 * spend <= one.seen[1] * 1.001,
            )
        )  # fmt: skip
    money = asked.days * max(float(asked.today.sum()), float(best.spend.sum()))
    probability = float((best.gain > 0).mean())
    worthwhile = float(best.gain.mean()) > _WORTHWHILE * money
    changed = [
        one.evidence for row, one in enumerate(curves.channels) if abs(best.spend[row] - asked.today[row]) > edge
    ]
    return BudgetPlan(
        tuple(rows),
        asked.period,
        curves.last_day + dt.timedelta(days=1),
        figure(best.gain),
        probability,
        float(np.maximum(-best.gain, 0.0).mean()),
        probability >= confidence and worthwhile,
        best.multiplier,
        best.spread,
        best.gap,
        _weakest(changed),
        asked.meaning,
        curves.currency,
        limits,
        risk_weight,
    )


def _weakest(grades: list[EvidenceGrade]) -> EvidenceGrade:
    order = [EvidenceGrade.PREDICTIVE, EvidenceGrade.ADJUSTED, EvidenceGrade.EXPERIMENTAL]
    return min(grades or [EvidenceGrade.ADJUSTED], key=order.index)
