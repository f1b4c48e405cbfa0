"""The best spends under limits: expected gain less a weight on falling short, a concave problem with a certificate.

With G the gain over today's spends under one draw of what is unknown, ``mean(G) - w * mean(max(-G, 0))`` is maximised.
G is concave in the spends under every draw, so a plan at which no allowed step climbs is the best one; and the best
step of the linear approximation bounds from above what any other plan within the limits could gain (Frank and Wolfe
1956, Naval Research Logistics Quarterly 3).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog, minimize
from scipy.special import expit

from keepers.domain.errors import InputError

FloatArray = NDArray[np.float64]

_SMOOTH = 2e-3
"""The edge of the shortfall is rounded over this share of the money at stake."""
_LEAST = 1e-6


class Responses(Protocol):
    """What spends bring: arrays of shape (channels, draws), concave in each spend."""

    def arrivals(self, spend: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Arrivals of each channel, and what one more unit of money a day adds."""
        ...


@dataclass(frozen=True, eq=False)
class SpendLimits:
    """What a plan may do; money a day.

    Parameters
    ----------
    low, high : arrays, shape (channels,)
        Least and most of each channel.
    total : float
        Most of all channels together.
    least_total : float
        Least of all together.
    cash : float, optional
        Most that may be laid out during the plan beyond what its new customers bring in early.
    """

    low: FloatArray
    high: FloatArray
    total: float
    least_total: float = 0.0
    cash: float | None = None


@dataclass(frozen=True, eq=False)
class SpendProblem:
    """Everything that decides which plan is best.

    Parameters
    ----------
    responses : Responses
        What spends bring.
    worth : array, shape (channels, draws)
        Value of an arrival.
    today : array, shape (channels,)
        Today's money a day.
    days : int
        Length of the plan.
    limits : SpendLimits
        What it may do.
    risk_weight : float
        Weight of the expected shortfall against today's plan.
    early : array, shape (channels,), optional
        Money that an arrival brings in during the plan, for the limit of cash.
    """

    responses: Responses
    worth: FloatArray
    today: FloatArray
    days: int
    limits: SpendLimits
    risk_weight: float = 0.0
    early: FloatArray | None = None

    def value(self, spend: FloatArray) -> FloatArray:
        """Value of what spends bring, less the spends, by draw, shape (draws,)."""
        return np.asarray((self.worth * self.responses.arrivals(spend)[0]).sum(axis=0) - self.days * spend.sum())


@dataclass(frozen=True, eq=False)
class BestSpends:
    """The best plan, and the proof that it is.

    Attributes
    ----------
    spend : array, shape (channels,)
        Money a day.
    gain : array, shape (draws,)
        Value over today's plan, net of spend, by draw.
    marginal : array, shape (channels,)
        Value that one more unit of money brings in each channel, draws in which the plan falls short weighing more.
    multiplier : float
        That of one more unit of the whole budget, less the unit itself; 0 where the budget does not bind.
    spread : float
        Largest relative difference of `marginal` between channels that lie within their limits.
    gap : float
        No plan within the limits can be better by more than this much money.
    """

    spend: FloatArray
    gain: FloatArray
    marginal: FloatArray
    multiplier: float
    spread: float
    gap: float


def best_spends(problem: SpendProblem, start: FloatArray | None = None) -> BestSpends:
    """Find the best spends.

    Raises
    ------
    InputError
        Where no plan keeps the limits.
    """
    limits = problem.limits
    low, high = limits.low, np.maximum(limits.high, limits.low)
    _check(limits, low, high)
    scale = max(limits.total, float(problem.today.sum()), _LEAST)
    money = scale * problem.days
    objective = _Objective(problem, money)
    first = _inside(problem.today if start is None else start, low, high, limits)
    constraints: list[Any] = [
        {"type": "ineq", "fun": lambda x: limits.total / scale - x.sum(), "jac": lambda x: -np.ones_like(x)},
    ]
    if limits.least_total > 0:
        constraints.append({"type": "ineq", "fun": lambda x: x.sum() - limits.least_total / scale, "jac": np.ones_like})
    if limits.cash is not None:
        constraints.append({"type": "ineq", "fun": objective.cash, "jac": objective.cash_slope})
    objective.scale = scale
    search: Any = minimize
    found = search(
        objective, first / scale, jac=True, bounds=list(zip(low / scale, high / scale, strict=True)),
        constraints=constraints, method="SLSQP", options={"ftol": 1e-11, "maxiter": 200},
    )  # fmt: skip
    spend = np.clip(found.x * scale, low, high)
    if limits.cash is not None and objective.cash(spend / scale) < -1e-6:
        raise InputError(
            f"No plan within the limits lays out {limits.cash:,.0f} or less. Allow more cash, or lower the "
            "least spends."
        )
    return _proven(problem, objective, spend, low, high)


class _Objective:
    """The negative objective and its gradient in units of the whole money, as the search wants them."""

    def __init__(self, problem: SpendProblem, money: float) -> None:
        self.problem, self.money, self.scale = problem, money, 1.0
        self._today = problem.value(problem.today)
        self._last: tuple[FloatArray, FloatArray, FloatArray] | None = None

    def __call__(self, share: FloatArray) -> tuple[float, FloatArray]:
        gain, slope = self.at(share * self.scale)
        width = _SMOOTH * self.money
        short = width * np.logaddexp(0.0, -gain / width)
        weight = self.problem.risk_weight
        return -float((gain - weight * short).mean()) / self.money, -(self.marginal(gain, slope) - 1.0)

    def at(self, spend: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Gain over today by draw, and what one more unit of money brings in each channel and draw."""
        if self._last is None or not np.array_equal(self._last[0], spend):
            arrivals, slope = self.problem.responses.arrivals(spend)
            worth = self.problem.worth
            gain = (worth * arrivals).sum(axis=0) - self.problem.days * spend.sum() - self._today
            self._last = (spend.copy(), gain, worth * slope / self.problem.days)
        return self._last[1], self._last[2]

    def marginal(self, gain: FloatArray, slope: FloatArray) -> FloatArray:
        """Mean over draws, those that fall short weighing more; relative to money, which weighs likewise."""
        weight = 1.0 + self.problem.risk_weight * expit(-gain / (_SMOOTH * self.money))
        return np.asarray((slope * weight).mean(axis=1) - (weight.mean() - 1.0))

    def cash(self, share: FloatArray) -> float:
        """What is left of the cash, in units of the whole money."""
        assert self.problem.limits.cash is not None
        assert self.problem.early is not None
        spend = share * self.scale
        back = self.problem.early @ self.problem.responses.arrivals(spend)[0].mean(axis=1)
        return float(self.problem.limits.cash - self.problem.days * spend.sum() + back) / self.money

    def cash_slope(self, share: FloatArray) -> FloatArray:
        """Its gradient."""
        assert self.problem.early is not None
        slope = self.problem.responses.arrivals(share * self.scale)[1].mean(axis=1)
        return np.asarray(self.problem.early * slope / self.problem.days - 1.0)


def _proven(
    problem: SpendProblem, objective: _Objective, spend: FloatArray, low: FloatArray, high: FloatArray
) -> BestSpends:
    limits, scale = problem.limits, objective.scale
    gain, slope = objective.at(spend)
    marginal = objective.marginal(gain, slope)
    rows, most = [np.ones(spend.size), -np.ones(spend.size)], [limits.total, -limits.least_total]
    if limits.cash is not None:
        # The layout is convex, so that its tangent allows more than it does: the bound stays one.
        tangent = -objective.cash_slope(spend / scale)
        rows.append(tangent)
        most.append(float(tangent @ spend) + objective.cash(spend / scale) * scale)
    best = linprog(
        -(marginal - 1.0) / scale, A_ub=np.stack(rows), b_ub=np.array(most) + 1e-9 * scale,
        bounds=list(zip(low, high, strict=True)), method="highs",
    )  # fmt: skip
    reached = np.asarray(best.x if best.status == 0 else spend, dtype=np.float64)
    gap = problem.days * float((marginal - 1.0) @ (reached - spend))
    margin = 1e-4 * scale
    inner = (spend > low + margin) & (spend < high - margin)
    binds = limits.total - spend.sum() < margin
    between = marginal[inner]
    spread = float((between.max() - between.min()) / max(abs(between).max(), 1e-12)) if between.size > 1 else 0.0
    free = between.mean() if between.size else marginal[spend > low + margin].min(initial=np.inf)
    multiplier = max(float(free) - 1.0, 0.0) if binds and np.isfinite(free) else 0.0
    return BestSpends(spend, gain, marginal, multiplier, spread, max(gap, 0.0))


def _inside(start: FloatArray, low: FloatArray, high: FloatArray, limits: SpendLimits) -> FloatArray:
    """A start within the limits of channels and of the total."""
    point = np.clip(start, low, high)
    total = point.sum()
    if total > limits.total:
        room = point - low
        point = low + room * max(limits.total - low.sum(), 0.0) / max(room.sum(), _LEAST)
    elif total < limits.least_total:
        room = np.minimum(high, limits.total) - point
        point = point + room * min((limits.least_total - total) / max(room.sum(), _LEAST), 1.0)
    return np.asarray(point)


def _check(limits: SpendLimits, low: FloatArray, high: FloatArray) -> None:
    if not (np.isfinite(low).all() and np.isfinite(high).all()) or low.min(initial=0.0) < 0:
        raise InputError("The least and most spend of a channel must be finite, and zero or more.")
    if low.sum() > limits.total * (1 + 1e-9):
        raise InputError(
            f"The least spends of the channels come to {low.sum():,.2f} a day, more than the {limits.total:,.2f} that "
            "may be spent. Lower them, or raise the total."
        )
    if high.sum() < limits.least_total * (1 - 1e-9):
        raise InputError(
            f"The channels may take {high.sum():,.2f} a day at most, less than the {limits.least_total:,.2f} that are "
            "to be spent. Let one take more, or spend less."
        )
