"""The owner's levers: what one point of retention, and five per cent of order value or of frequency, would be worth.

Each lever changes one thing for today's customers from now on and leaves everything else as it is:

- retention: everybody's chance of still being a customer after t years is multiplied by ((R + 0.01) / R)^t, with R the
  share of today's customers who will still be there in a year. What customers bring while they stay is thereby
  discounted by that much less.
- order value: every order brings 5% more.
- frequency: while they are customers, people order 5% more often. Where the model lets customers leave after orders,
  their life is counted in orders and shortens accordingly; where they leave with time, it stays.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np

from keepers.domain.cells import FloatArray
from keepers.domain.errors import InputError
from keepers.domain.time import Horizon, TimeUnit, years
from keepers.valuation.cell_sums import CellSums, cell_sums
from keepers.valuation.discounting import retention_gain
from keepers.valuation.equity import Interval, drawn_totals
from keepers.valuation.intervals import central
from keepers.valuation.parameter_draws import MOST_DRAWS, Draws, draw_parameters
from keepers.valuation.values import Values

_SEED = 20050514
_LEAVES_AFTER_ORDERS = frozenset({"BGNBD", "MBGNBD", "BGCNBD", "MBGCNBD"})
_STEP = 0.02


class Lever(Enum):
    """What the owner could improve; the value says it in words."""

    RETENTION = "retention"
    ORDER_VALUE = "order value"
    FREQUENCY = "order frequency"


@dataclass(frozen=True, slots=True)
class LeverGain:
    """What one improvement would be worth.

    Parameters
    ----------
    lever : Lever
        What is improved.
    change : float
        By how much: 0.01 is one percentage point of retention, 0.05 five per cent of the others.
    gain : Interval or None
        What the total value gains; None where there is nothing to improve.
    sentence : str
        How it is defined.
    """

    lever: Lever
    change: float
    gain: Interval | None
    sentence: str


@dataclass(frozen=True, slots=True)
class Levers:
    """The levers side by side.

    Parameters
    ----------
    rows : tuple of LeverGain
        The levers.
    base : float
        The total that they are gains of.
    horizon : Horizon
        What the total covers.
    retention : float
        Share of today's customers who will still be there in a year, as the model sees it.
    """

    rows: tuple[LeverGain, ...]
    base: float
    horizon: Horizon
    retention: float


def levers(
    values: Values,
    retention_points: float = 0.01,
    order_value: float = 0.05,
    frequency: float = 0.05,
    over: Horizon | None = None,
    draws: int = MOST_DRAWS,
    seed: int = _SEED,
) -> Levers:
    """What improvements would be worth to today's customers' value, with intervals from the parameters' uncertainty.

    Parameters
    ----------
    values : Values
        With money.
    retention_points, order_value, frequency : float
        Sizes of the improvements.
    over : Horizon, optional
        What the value covers; the lifetime of `values` if left out, because retention pays late.
    draws, seed : int
        Draws of the parameters.

    Raises
    ------
    InputError
        Without money.
    """
    if not values.has_money:
        raise InputError("Levers are worth money, and the orders carry no amounts.")
    facts = values.facts
    horizon = over or facts.lifetime
    sums = cell_sums(values)
    drawn = draw_parameters(facts.buying, facts.spending, np.random.default_rng(seed), draws)
    rate = facts.discount.continuous(drawn.buying.unit_)
    before = _total(values, sums, drawn, drawn.discounted_orders(sums.cells, horizon, rate))
    base = _exact(values, sums, horizon)
    scale = base / before[0] if before[0] else 1.0
    retention = _retention(sums, drawn)
    kept = _kept(values, sums, drawn, horizon, rate, retention, retention_points)
    often = _often(values, sums, drawn, horizon, rate, before, frequency)
    by_orders = facts.buying.name in _LEAVES_AFTER_ORDERS
    life = "their life, which the model counts in orders, shortens accordingly" if by_orders else "their life stays"
    return Levers(
        rows=(
            LeverGain(
                Lever.RETENTION, retention_points, _gain(kept, before, scale),
                _in_words(retention, retention_points, kept is not None),
            ),
            LeverGain(
                Lever.ORDER_VALUE, order_value, _gain(before * (1 + order_value), before, scale),
                f"Every order from now on brings {order_value:.0%} more.",
            ),
            LeverGain(
                Lever.FREQUENCY, frequency, _gain(often, before, scale),
                f"While they are customers, people order {frequency:.0%} more often; {life}.",
            ),
        ),
        base=base,
        horizon=horizon,
        retention=retention,
    )  # fmt: skip


def _total(values: Values, sums: CellSums, drawn: Draws, orders: FloatArray) -> FloatArray:
    return drawn_totals(values, sums, drawn, orders)[:, 0]


def _exact(values: Values, sums: CellSums, horizon: Horizon) -> float:
    """The total from exact cells."""
    facts = values.facts
    spend = facts.cells.spend
    assert spend is not None
    orders = facts.buying.predict_cells(facts.cells.cells, horizon, facts.discount, horizon).discounted_purchases
    worth = spend.factor(horizon, facts.discount)[sums.fine] * sums.spend
    return float(orders[sums.fine] @ worth) * facts.margin.factor


def _retention(sums: CellSums, drawn: Draws) -> float:
    """Share of today's customers who will still be there in a year, by the estimate."""
    one = Draws(drawn.buying, None if drawn.thetas is None else drawn.thetas[:1], None)
    weight = sums.cells.weight
    now, then = one.alive(sums.cells)[0] @ weight, one.alive(sums.cells, years(1))[0] @ weight
    return float(then / now) if now > 0 else 0.0


def _kept(
    values: Values, sums: CellSums, drawn: Draws, horizon: Horizon, rate: float, retention: float, points: float
) -> FloatArray | None:
    """Totals with more retention, by draw; None where nobody leaves or everybody does."""
    if not 0 < retention <= 1 - points:
        return None
    less = retention_gain(retention, points) * drawn.buying.unit_.days / TimeUnit.YEAR.days

    def total(at: float) -> FloatArray:
        return _total(values, sums, drawn, drawn.discounted_orders(sums.cells, horizon, at))

    if rate >= less:
        return total(rate - less)
    # A rate below zero is beyond what models answer: go on along the slope at zero.
    step = max(less, 1e-6) * _STEP
    at_zero = total(0.0)
    return np.asarray(at_zero + (at_zero - total(step)) / step * (less - rate))


def _often(
    values: Values, sums: CellSums, drawn: Draws, horizon: Horizon, rate: float, before: FloatArray, more: float
) -> FloatArray:
    """Totals with more frequent orders, by draw."""
    if values.facts.buying.name not in _LEAVES_AFTER_ORDERS:
        return np.asarray(before * (1 + more))
    return _total(values, sums, drawn, drawn.discounted_orders(sums.cells, horizon, rate, speed=1 + more))


def _in_words(retention: float, points: float, possible: bool) -> str:
    if not possible:
        return (
            f"The model expects {retention:.0%} of today's customers to be customers in a year, which leaves nothing "
            "to improve."
        )
    return (
        f"Of today's customers, {retention:.1%} are expected to be customers in a year; it would be "
        f"{retention + points:.1%}, and every following year keeps so many more."
    )


def _gain(after: FloatArray | None, before: FloatArray, scale: float) -> Interval | None:
    if after is None:
        return None
    gains = (after - before) * scale
    spread = gains[1:] if gains.size > 1 else gains
    low, high = np.quantile(spread, central(0.80))
    return Interval(float(gains[0]), float(low), float(high))
