"""What the next customer of a channel costs and is worth: from weeks with more and with less spend.

New customers of a week are Poisson, overdispersed, with mean exp(a + c log(demand)) p / (p + K): concave from the first
cent. The pressure p is spend with what is left of earlier weeks'; demand is what came without being paid for. At spend
s one per cent more money brings e = K / (s + K) per cent more customers, the elasticity, so that the next one costs the
average cost divided by e. K and what is left are integrated over on a grid.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import expit

from keepers.acquisition.costs import Costs
from keepers.acquisition.newcomers import PACKAGE, Newcomers
from keepers.data.engine import quoted, template
from keepers.data.normalise import fill
from keepers.domain.cells import FloatArray
from keepers.domain.decision import EvidenceGrade
from keepers.valuation.equity import Interval
from keepers.valuation.intervals import central

FEWEST_WEEKS = 12
"""Weeks with spend without which nothing is said."""
_FEWEST_CUSTOMERS = 20
_LEAST_SPREAD = 0.08
"""Standard deviation of the logarithm of pressure without which weeks are too alike."""
_RECENT = 13
"""Weeks at the end whose spend is "today's"."""
_LEFT = (0.0, 0.3, 0.6)
"""Shares of a week's pressure that may be left in the next one."""
_GRID = np.linspace(0.02, 0.98, 49)
"""Elasticities at a channel's mean pressure."""
_ELASTICITY, _SLOPE_OF_VALUE = (0.6, 0.3), 0.25
_DEMAND = (0.5, 0.5)
_MODEL_ERROR = 0.4
"""Standard deviation of the log odds of an elasticity for what the law leaves out: other shapes, weeks as the unit,
budgets that follow a demand which free channels do not show."""
_DRAWS = 400
_EARLY_AGES = (90, 30, 0)
_OLD_ENOUGH = 60


@dataclass(frozen=True, slots=True)
class Marginal:
    """The next customer of a channel at today's spend.

    Parameters
    ----------
    weekly_spend : float
        Mean spend a week of the last quarter of a year.
    elasticity : Interval
        Per cent more customers for one per cent more spend.
    cost : Interval
        What the next customer costs.
    value_ratio : Interval
        Value of the next customer relative to the average one: spending more often reaches people who buy less.
    prior_share : float
        Part of what is known of the elasticity that comes from the prior, 0 to 1.
    weeks : int
        Weeks it rests on.
    evidence : EvidenceGrade
        Always adjusted: nobody drew lots for budgets.
    """

    weekly_spend: float
    elasticity: Interval
    cost: Interval
    value_ratio: Interval
    prior_share: float
    weeks: int
    evidence: EvidenceGrade = EvidenceGrade.ADJUSTED


@dataclass(frozen=True, eq=False)
class Weeks:
    """Weekly series of one channel, arrays of shape (w,).

    Parameters
    ----------
    cost, customers, demand : arrays
        Spend, new customers, and customers of all channels that cost nothing.
    old, value, squared : arrays
        Customers old enough for early value, its sum and sum of squares.
    """

    cost: FloatArray
    customers: FloatArray
    demand: FloatArray
    old: FloatArray
    value: FloatArray
    squared: FloatArray


def weeks(found: Newcomers, costs: Costs) -> dict[str, Weeks]:
    """The weekly series of every channel that costs something."""
    early = _early_column(found)
    first = costs.first.toordinal()
    begin = costs.first.fromordinal(first + (7 - costs.first.weekday()) % 7)
    rows = found.engine.columns(
        fill(
            template(PACKAGE, "weeks"),
            costs=quoted(costs.table.name),
            newcomers=quoted(found.table.name),
            early=early,
            first=begin.isoformat(),
            last=costs.last.isoformat(),
        )
    )
    if not rows["week"].size:
        return {}
    number = rows["week"].astype("datetime64[D]").astype(np.int64) // 7
    place = number - number.min()
    count = int(place.max()) + 1
    channel = np.array(["" if one is None else str(one) for one in rows["channel"].tolist()], dtype=object)

    def series(chosen: Any, name: str) -> FloatArray:
        return np.asarray(np.bincount(place[chosen], rows[name][chosen].astype(np.float64), count), dtype=np.float64)

    paid = {str(name) for name in channel if series(channel == name, "cost").any()}
    free = ~np.isin(channel, sorted(paid))
    demand = series(free, "customers")
    return {
        name: Weeks(
            *(
                demand if key == "demand" else series(channel == name, key)
                for key in ("cost", "customers", "demand", "old", "value", "squared")
            )
        )
        for name in sorted(paid)
    }


def marginal(one: Weeks, seed: int = 0) -> Marginal | str:
    """The next customer of a channel; a sentence where its weeks cannot tell."""
    active = np.flatnonzero(one.cost > 0)
    if active.size < FEWEST_WEEKS:
        more = FEWEST_WEEKS - active.size
        return f"What the next customer costs needs {more} more week{'s'[: more != 1]} with spend."
    few = _FEWEST_CUSTOMERS - int(one.customers[int(active[0]) :].sum())
    if few > 0:
        return f"What the next customer costs needs {few} more customer{'s'[: few != 1]} of whom the channel is known."
    begin = int(active[0])
    cost, customers = one.cost[begin:], one.customers[begin:]
    demand = np.log(_smooth(one.demand[begin:]) + 1.0)
    demand = demand - demand.mean()
    fits = [_fit(cost, customers, demand, left) for left in _LEFT]
    best = max(fits, key=lambda fit: float(fit.log_posterior.max()))
    if best.spread < _LEAST_SPREAD:
        return (
            "What the next customer costs cannot be told: spend was nearly the same every week. Let it vary by a "
            "fifth, up and down, for two months."
        )
    rng = np.random.default_rng(seed)
    recent = slice(-min(_RECENT, cost.size), None)
    spent = float(cost[recent].mean())
    if spent <= 0:
        return "Nothing was spent in the last quarter of a year, so there is no next customer at today's spend."
    elasticity, rate, share = _drawn(fits, spent, float(demand[recent].mean()), rng)
    slope = _slope_of_value(one, begin, best, rng)
    ratio = np.maximum(1.0 + slope / elasticity, 0.0)
    return Marginal(
        spent, _interval(elasticity), _interval(spent / (elasticity * rate)), _interval(ratio), share, int(active.size)
    )


@dataclass(frozen=True, eq=False)
class _Fitted:
    """The posterior on the grid of elasticities for one share that is left, arrays of shape (g,) and (g, 2)."""

    log_posterior: FloatArray
    theta: FloatArray
    deviation: FloatArray
    half: FloatArray
    spread: float
    pressure: FloatArray
    information: float


def _fit(cost: FloatArray, customers: FloatArray, demand: FloatArray, left: float) -> _Fitted:
    """Level and pull of demand by Newton's method at every point of the grid, integrated out by Laplace's method."""
    pressure = np.empty_like(cost)
    level = float(cost[0])
    for week, spent in enumerate(cost):
        level = left * level + (1 - left) * spent
        pressure[week] = level
    used = pressure > 0.02 * pressure.mean()
    p, n, z = pressure[used], customers[used], demand[used]
    half = p.mean() * _GRID / (1 - _GRID)
    reach = np.log(p) - np.log(p + half[:, None])
    theta = np.column_stack([np.log(n.mean() + 0.1) - reach.mean(axis=1), np.full(_GRID.size, _DEMAND[0])])
    precision = np.array([1e-6, _DEMAND[1] ** -2])
    dispersion = np.ones(_GRID.size)
    for _ in range(30):
        mean = np.exp(np.clip(theta[:, :1] + theta[:, 1:] * z + reach, -50.0, 50.0))
        miss = (n - mean) / dispersion[:, None]
        gradient = np.column_stack([miss.sum(axis=1), miss @ z]) - precision * (theta - [0.0, _DEMAND[0]])
        weight = mean / dispersion[:, None]
        one, both, two = weight.sum(axis=1) + precision[0], weight @ z, weight @ z**2 + precision[1]
        size = one * two - both**2
        step = np.column_stack(
            [two * gradient[:, 0] - both * gradient[:, 1], one * gradient[:, 1] - both * gradient[:, 0]]
        )
        step = np.clip(step / size[:, None], -1.0, 1.0)
        theta = theta + step
        # One dispersion for the whole grid, that of the best point: otherwise a bad fit would excuse itself.
        misfit = np.sum((n - mean) ** 2 / mean, axis=1) / max(n.size - 3, 1)
        dispersion = np.full(_GRID.size, max(1.0, float(misfit.min())))
        if np.max(np.abs(step)) < 1e-8:
            break
    value = np.sum(n * np.log(mean) - mean, axis=1) / dispersion
    value = value - 0.5 * precision[1] * (theta[:, 1] - _DEMAND[0]) ** 2 - 0.5 * np.log(size)
    prior = -0.5 * ((_GRID - _ELASTICITY[0]) / _ELASTICITY[1]) ** 2
    likelihood = np.exp(value - value.max())
    mean_of = float(likelihood @ _GRID / likelihood.sum())
    told = float(likelihood @ (_GRID - mean_of) ** 2 / likelihood.sum())
    return _Fitted(
        value + prior, theta, np.sqrt(two / size), half, float(np.log(p).std()), np.where(used, pressure, 0.0), told
    )


def _drawn(
    fits: list[_Fitted], spent: float, demand: float, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray, float]:
    """Elasticity and weekly customers at today's spend by draw, the estimate first; and the prior's part in it."""
    logs = np.concatenate([fit.log_posterior for fit in fits])
    weight = np.exp(logs - logs.max())
    weight /= weight.sum()
    half = np.concatenate([fit.half for fit in fits])
    theta = np.concatenate([fit.theta for fit in fits])
    deviation = np.concatenate([fit.deviation for fit in fits])
    chosen = rng.choice(weight.size, size=_DRAWS, p=weight)
    odds = np.log(half / spent)
    level = theta[:, 0] + theta[:, 1] * demand + np.log(spent) - np.log(spent + half)
    drawn = odds[chosen] + _MODEL_ERROR * rng.standard_normal(_DRAWS)
    elasticity = expit(np.concatenate([[weight @ odds], drawn]))
    rate = np.exp(np.concatenate([[weight @ level], level[chosen] + deviation[chosen] * rng.standard_normal(_DRAWS)]))
    told = sum(fit.information * float(np.exp(fit.log_posterior - logs.max()).sum()) for fit in fits)
    told /= float(np.exp(logs - logs.max()).sum())
    precision = _ELASTICITY[1] ** -2
    return elasticity, rate, precision / (precision + 1 / told)


def _slope_of_value(one: Weeks, begin: int, fit: _Fitted, rng: np.random.Generator) -> FloatArray:
    """Change of early value, relative to its mean, per unit of the logarithm of pressure; draws, estimate first."""
    old, value, squared = one.old[begin:], one.value[begin:], one.squared[begin:]
    used = (old > 0) & (fit.pressure > 0)
    total = old[used].sum()
    prior = _SLOPE_OF_VALUE**-2
    mean = value[used].sum() / total if total else 0.0
    if total < _OLD_ENOUGH or mean <= 0:
        return np.concatenate([[0.0], rng.standard_normal(_DRAWS) / np.sqrt(prior)])
    x = np.log(fit.pressure[used])
    x = x - np.average(x, weights=old[used])
    spread = max(float(squared[used].sum() / total / mean**2 - 1.0), 1e-6)
    information = float(np.sum(old[used] * x**2)) / spread + prior
    slope = float(np.sum(x * (value[used] / mean - old[used]))) / spread / information
    return np.concatenate([[slope], slope + rng.standard_normal(_DRAWS) / np.sqrt(information)])


def _early_column(found: Newcomers) -> str:
    """The latest early value that enough customers have: up to 90 days of age where it can be."""
    for age in _EARLY_AGES:
        name = f"value_{age}"
        if int(found.engine.row(f"SELECT count({name}) FROM {quoted(found.table.name)} AS newcomer")[0]) >= _OLD_ENOUGH:
            return name
    return "value_0"


def _smooth(series: FloatArray) -> FloatArray:
    """Means of three weeks, so that chance in free channels is not taken for demand."""
    padded = np.concatenate([series[:1], series, series[-1:]])
    return np.asarray((padded[:-2] + padded[1:-1] + padded[2:]) / 3)


def _interval(draws: FloatArray) -> Interval:
    low, high = np.quantile(draws[1:], central(0.80))
    return Interval(float(draws[0]), float(low), float(high))
