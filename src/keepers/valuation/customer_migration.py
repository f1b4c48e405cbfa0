"""Customer migration: customers move between states of recency as a Markov chain, and each state has a value.

Berger and Nasr (1998), case 5, in the matrix form of Pfeifer and Carraway (2000), "Modeling Customer Relationships as
Markov Chains", Journal of Interactive Marketing 14(2): with transitions P, rewards R and a discount rate d a period,
the values of the states over n periods are V = sum_{t=0..n} [P / (1 + d)]^t R, and (I - P / (1 + d))^-1 R without end.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from keepers.data.engine import template
from keepers.domain.cells import FloatArray
from keepers.domain.errors import ConfigError, InputError
from keepers.domain.time import Horizon, TimeUnit
from keepers.summaries.purchases import PurchaseSource, day_literal, purchase_days_sql
from keepers.valuation.formula_conditions import check_rate, check_share

FORMER = "former customer"
"""The state that nobody comes back from."""


@dataclass(frozen=True, eq=False)
class Migration:
    """Transitions between states of recency, as seen in orders.

    State j holds whoever bought last j periods ago; the last of them also holds everybody with a longer pause, unless
    those count as lost, for whom there is one more state.

    Parameters
    ----------
    states : tuple of str
        What they are called.
    matrix : array, shape (states, states)
        Probability to be in the column's state a period after being in the row's.
    seen : array, shape (states,)
        Periods that customers were seen in each state, behind the row's probabilities; 0 for the state of the lost.
    period : Horizon
        Length of a period.
    contribution : float or None
        What a customer brings in a period with a purchase, on average, before any margin; None without money.
    """

    states: tuple[str, ...]
    matrix: FloatArray
    seen: FloatArray
    period: Horizon
    contribution: float | None

    def rewards(self, margin: float = 1.0, promotion: float = 0.0) -> FloatArray:
        """What a customer in each state brings: contribution in the first, less promotion to all but the lost."""
        if self.contribution is None:
            raise InputError("The orders carry no amounts. Give `migration_value` rewards of your own.")
        reward = np.zeros(len(self.states))
        reward[0] = self.contribution * margin
        return reward - promotion * np.array([state != FORMER for state in self.states])


def recency_matrix(repurchase: Sequence[float], lost: bool = True) -> FloatArray:
    """Transitions by the chance to buy in a period of customers who bought last one, two, ... periods ago.

    Parameters
    ----------
    repurchase : sequence of float
        The chances, one a state.
    lost : bool
        Whether whoever does not buy from the last state is lost, in a state of their own; otherwise they stay in it.

    Returns
    -------
    array, shape (n + 1, n + 1) with a state of the lost, (n, n) without

    Examples
    --------
    >>> recency_matrix([0.5, 0.2]).tolist()
    [[0.5, 0.5, 0.0], [0.2, 0.0, 0.8], [0.0, 0.0, 1.0]]
    """
    if not len(repurchase):
        raise ConfigError("`repurchase` is empty; name the chance to buy again of each state of recency.")
    for chance in repurchase:
        check_share("repurchase", chance)
    n = len(repurchase)
    matrix = np.zeros((n + lost, n + lost))
    for state, chance in enumerate(repurchase):
        matrix[state, 0] += chance
        matrix[state, min(state + 1, n - 1 + lost)] += 1 - chance
    if lost:
        matrix[n, n] = 1.0
    return matrix


def migration_value(matrix: ArrayLike, rewards: ArrayLike, discount: float, periods: int | None = None) -> FloatArray:
    """Value of a customer in each state.

    Parameters
    ----------
    matrix : array, shape (n, n)
        Transitions in a period; rows sum to one.
    rewards : array, shape (n,)
        What a customer brings on arriving in each state, the present one included.
    discount : float
        Effective rate of one period.
    periods : int, optional
        How many periods to look ahead; without end if left out, which needs a discount above zero unless every state
        with a reward is left for good.

    Returns
    -------
    array, shape (n,)

    Raises
    ------
    ConfigError
        If the matrix is no matrix of transitions, or the sum has no end.

    Examples
    --------
    >>> matrix = recency_matrix([0.3, 0.2, 0.15, 0.05])
    >>> migration_value(matrix, [36, -4, -4, -4, 0], 0.2, periods=4).round(3).tolist()
    [50.115, 4.22, 0.592, -1.98, 0.0]
    """
    check_rate(discount)
    p, reward = np.asarray(matrix, dtype=np.float64), np.asarray(rewards, dtype=np.float64)
    if p.ndim != 2 or p.shape[0] != p.shape[1] or reward.shape != p.shape[:1]:
        raise ConfigError(
            f"`matrix` has shape {p.shape} and `rewards` {reward.shape}; with n states they are (n, n) and (n,)."
        )
    if not (np.all(p >= 0) and np.all(np.abs(p.sum(axis=1) - 1) < 1e-9)):
        row = int(np.argmax((np.abs(p.sum(axis=1) - 1) >= 1e-9) | np.any(p < 0, axis=1)))
        raise ConfigError(
            f"Row {row + 1} of `matrix` is {p[row].tolist()}; each row holds probabilities that sum to one."
        )
    kept = p / (1 + discount)
    if periods is not None:
        if periods < 0:
            raise ConfigError(f"`periods` is {periods!r}; it counts periods ahead, 0 for the present one alone.")
        value, future = reward.copy(), reward
        for _ in range(periods):
            future = kept @ future
            value = value + future
        return value
    # States that are worth nothing from now on may be kept for ever without a discount.
    worth = _leads_to(p, reward != 0)
    value = np.zeros(reward.size)
    if worth.any():
        inner = kept[np.ix_(worth, worth)]
        if np.max(np.abs(np.linalg.eigvals(inner))) >= 1 - 1e-12:
            raise ConfigError(
                f"With a discount of {discount!r} a period the value without end is infinite, because customers stay "
                "for ever. Give a discount above zero, or `periods`."
            )
        value[worth] = np.linalg.solve(np.eye(int(worth.sum())) - inner, reward[worth])
    return value


def migration_matrix(
    orders: PurchaseSource, period: Horizon, states: int = 4, lost: bool = False, until: dt.date | None = None
) -> Migration:
    """Estimate the chain from orders: in which share of the periods customers in each state of recency bought again.

    Every customer is followed from the first purchase to the end, so that a pause that has not ended counts as long as
    it has lasted and no longer.

    Parameters
    ----------
    orders : Orders
        As `keepers.read_orders` gives them.
    period : Horizon
        Length of a period, such as ``kp.months(3)``; periods are counted back from the end.
    states : int
        States of recency.
    lost : bool
        Whether whoever passes the last state without buying counts as lost for good. Otherwise the last state is left
        only by a purchase, at the rate that was seen of all longer pauses.
    until : date, optional
        Last day to see; that of the last order if left out.

    Returns
    -------
    Migration

    Raises
    ------
    InputError
        If nobody was seen for a whole period after a purchase.

    Examples
    --------
    Anna bought in the first, second and fourth of four periods, Ben in the first alone:

    >>> import keepers as kp
    >>> days = ["2023-12-20", "2024-01-20", "2024-03-28", "2023-12-25"]
    >>> frame = {"who": ["anna", "anna", "anna", "ben"], "on": days, "paid": [10.0, 20.0, 30.0, 20.0]}
    >>> orders = kp.Orders.from_frame(frame, customer="who", date="on", amount="paid")
    >>> found = migration_matrix(orders, kp.days(28), states=2)
    >>> found.matrix.round(3).tolist(), found.seen.tolist(), found.contribution
    ([[0.333, 0.667], [0.333, 0.667]], [3.0, 3.0], 20.0)
    """
    if states < 1:
        raise ConfigError(f"`states` is {states!r}; there is at least one.")
    length = round(period.days)
    if length < 1:
        raise ConfigError(f"`period` is {period}; it must be a day or longer.")
    last = until or orders.last_day
    rows = orders.engine.columns(
        template("keepers.valuation.sql", "migration_gaps").format(
            purchase_days=purchase_days_sql(orders, last), until=day_literal(last), period_days=length
        )
    )
    times, money = rows["times"].astype(np.float64), rows["money"].astype(np.float64)
    gaps, waited = (np.nan_to_num(_numbers(rows[name]), nan=0.0).astype(np.int64) for name in ("next_gap", "waited"))
    longest = int(max(gaps.max(initial=0), waited.max(initial=0)))
    if longest == 0:
        raise InputError(
            f"Nobody was seen for a whole period of {period} after a purchase up to {last}. Take a shorter period."
        )
    bought = np.bincount(gaps, times, longest + 1)[1:]
    paused = np.bincount(waited, times, longest + 1)[1:]
    at_risk = np.cumsum((bought + paused)[::-1])[::-1]
    bought, at_risk = (np.pad(column, (0, max(0, states - longest))) for column in (bought, at_risk))
    if not lost:
        bought = np.append(bought[: states - 1], bought[states - 1 :].sum())
        at_risk = np.append(at_risk[: states - 1], at_risk[states - 1 :].sum())
    bought, at_risk = bought[:states], at_risk[:states]
    chances = np.divide(bought, at_risk, out=np.zeros(states), where=at_risk > 0)
    names = ["bought in the last period", *(f"{state} periods ago" for state in range(2, states + 1))]
    if not lost:
        names[-1] = "bought at any time" if states == 1 else f"{states} or more periods ago"
    return Migration(
        states=(*names, FORMER) if lost else tuple(names),
        matrix=recency_matrix(chances.tolist(), lost),
        seen=np.append(at_risk, 0.0) if lost else at_risk,
        period=Horizon(length, TimeUnit.DAY),
        contribution=float(money.sum() / times.sum()) if orders.has_money else None,
    )


def _leads_to(p: FloatArray, wanted: np.typing.NDArray[np.bool_]) -> np.typing.NDArray[np.bool_]:
    """States from which one of the wanted can be reached."""
    reached = wanted.copy()
    for _ in range(len(p)):
        reached = reached | ((p > 0) @ reached)
    return reached


def _numbers(column: np.typing.NDArray[np.generic]) -> FloatArray:
    if np.ma.isMaskedArray(column):
        return np.ma.filled(np.ma.asarray(column, dtype=np.float64), np.nan)
    return np.array([np.nan if one is None else one for one in column.tolist()], dtype=np.float64)
