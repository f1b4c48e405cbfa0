"""The gate: a personalised policy ships only where it beats every constant one on customers it was not learned from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtrit

from keepers.domain.amounts import money
from keepers.domain.cells import FloatArray
from keepers.domain.errors import InputError
from keepers.evaluation.policy.logged import LoggedDecisions, checked_predictions, policy_table

FEWEST = 50
"""Fewer customers than this whom the policy treats otherwise than the constant prove nothing."""


@dataclass(frozen=True, slots=True)
class Advantage:
    """How much better the policy is than giving everybody one action, a customer.

    Attributes
    ----------
    constant : str
        The action that everybody would get.
    value : float
        What that would be worth.
    gain, standard_error, low : float
        The policy less that, its standard error, and its one-sided lower bound.
    differing : int
        Customers whom the policy gives something else.
    """

    constant: str
    value: float
    gain: float
    standard_error: float
    low: float
    differing: int


@dataclass(frozen=True, slots=True)
class GateVerdict:
    """What ships, and why.

    Attributes
    ----------
    ships : bool
        Whether the personalised policy ships; else the constant does.
    constant : str
        The best constant action.
    constant_is_proven : bool
        Whether that action beats the first one (usually: nothing) with the confidence asked for, which counts that it
        is the best of several.
    policy_value : float
        What the policy is worth a customer.
    against : tuple of Advantage
        The comparison with every constant, in the order of the actions.
    margin, confidence : float
        What was asked for.
    customers : int
        Held-out customers.
    """

    ships: bool
    constant: str
    constant_is_proven: bool
    policy_value: float
    against: tuple[Advantage, ...]
    margin: float
    confidence: float
    customers: int

    @property
    def weakest(self) -> Advantage:
        """The comparison that decides: the smallest lower bound."""
        return min(self.against, key=lambda advantage: advantage.low)

    @property
    def best(self) -> Advantage:
        """The comparison with the best constant."""
        return next(advantage for advantage in self.against if advantage.constant == self.constant)

    def sentence(self, unit: str = "") -> str:
        """The verdict in words; `unit` is the currency."""
        first = self.against[0].constant
        otherwise = f"Everybody gets “{self.constant}”."
        if not self.constant_is_proven:
            otherwise = f"No single action is proven to be better than “{first}”. Everybody gets “{first}”."
        found = (
            f"on {self.customers:,} customers it was not learned from, choosing for each customer earned "
            f"{money(self.best.gain, unit)} a customer more than “{self.constant}” for everybody"
        )
        if self.ships:
            return (
                f"The personalised choice ships: {found}, and at least {money(self.weakest.low, unit)} more than any "
                f"one action with {self.confidence:.0%} confidence (needed: more than {money(self.margin, unit)})."
            )
        if self.best.gain <= self.margin:
            found = found.replace("more than", "more than" if self.best.gain >= 0 else "(a loss) against", 1)
            why = f"which is not above the {money(self.margin, unit)} that was asked for"
        elif self.weakest.differing < FEWEST:
            why = f"but it differs from “{self.weakest.constant}” for only {self.weakest.differing} of them"
        else:
            why = (
                f"but with {self.confidence:.0%} confidence it is only above {money(self.weakest.low, unit)} against "
                f"“{self.weakest.constant}”, where more than {money(self.margin, unit)} was asked for"
            )
        return f"The personalised choice does not ship: {found}, {why}. {otherwise}"


def doubly_robust_scores(log: LoggedDecisions, predicted: ArrayLike) -> FloatArray:
    """What each action is worth for each customer, unbiased in the mean, shape (n, k).

    ``q(x, a) + 1{action = a} (r - q(x, a)) / propensity``; the mean of a column over any group chosen without looking
    at its rewards is the worth of giving the group that action. `predicted` must be learned from other rows.
    """
    scores = checked_predictions(log, predicted).copy()
    rows = np.arange(log.size)
    scores[rows, log.action] += (log.reward - scores[rows, log.action]) / log.chance
    return scores


def policy_gate(
    scores: ArrayLike,
    policy: ArrayLike,
    names: Sequence[str] = (),
    *,
    margin: float = 0.0,
    confidence: float = 0.95,
    reached: ArrayLike | None = None,
) -> GateVerdict:
    """Let a personalised policy through only if it beats every constant policy on held-out customers.

    The policy must be better than each constant by more than `margin` at the lower end of a one-sided interval. All
    comparisons have to succeed, so that the chance to ship a policy that is no better than the best constant is at
    most ``1 - confidence`` however many constants there are (Berger 1982, Technometrics 24).

    Parameters
    ----------
    scores : array, shape (n, k)
        What each action is worth for each held-out customer, such as `doubly_robust_scores` gives; in money.
    policy : array, shape (n, k) or (n,)
        Probability of every action, or the action taken; it may not have seen the rewards of these customers.
    names : sequence of str, optional
        Of the actions; the first is what happens without a decision.
    margin : float
        What it must earn more, a customer.
    confidence : float
        Of every comparison.
    reached : array, shape (k,), optional
        Share of customers to whom each constant can be given, such as a budget allows, drawn by lot; the others get
        the first action. Everybody if left out.

    Raises
    ------
    InputError
        Where shapes do not fit or numbers are missing.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(1)
    >>> likes_second = rng.random(2000) < 0.5
    >>> scores = rng.normal(np.column_stack([~likes_second, likes_second]) * 2.0, 1.0)
    >>> policy_gate(scores, likes_second.astype(int), ["nothing", "postcard"]).ships
    True
    >>> policy_gate(scores, rng.integers(0, 2, 2000), ["nothing", "postcard"]).ships
    False
    """
    worth = np.asarray(scores, dtype=np.float64)
    if worth.ndim != 2 or worth.shape[0] < 2 or worth.shape[1] < 2 or not np.isfinite(worth).all():
        raise InputError(f"`scores` has the shape {worth.shape}; it must hold finite numbers, 2 actions and more.")
    if not 0.5 <= confidence < 1.0:
        raise InputError(f"`confidence` is {confidence!r}; it must be at least 0.5 and below 1 (write 95% as 0.95).")
    if not margin >= 0.0:
        raise InputError(f"`margin` is {margin!r}; it must be zero or positive: what the policy must earn more.")
    size, actions = worth.shape
    named = tuple(names) or tuple(f"action {number}" for number in range(actions))
    if len(named) != actions:
        raise InputError(f"There are {len(named)} names and {actions} actions; give one name for each.")
    table = policy_table(policy, size, actions)
    earned = (table * worth).sum(axis=1)
    if reached is not None:
        share = np.asarray(reached, dtype=np.float64)
        worth = share * worth + (1.0 - share) * worth[:, :1]
    reach = float(stdtrit(size - 1, confidence))
    against = tuple(
        _advantage(named[action], worth[:, action], earned, table[:, action], reach) for action in range(actions)
    )
    best = int(np.argmax(worth.mean(axis=0)))
    over_first = worth[:, best] - worth[:, 0]
    # The best of several is best by chance, too: each may be wrong in its part of the cases only.
    chosen = float(stdtrit(size - 1, 1.0 - (1.0 - confidence) / (actions - 1)))
    proven = best > 0 and over_first.mean() - chosen * over_first.std(ddof=1) / np.sqrt(size) > 0
    ships = all(one.low > margin and one.differing >= FEWEST for one in against)
    return GateVerdict(ships, named[best], bool(proven), float(earned.mean()), against, margin, confidence, size)


def _advantage(name: str, worth: FloatArray, earned: FloatArray, share: FloatArray, reach: float) -> Advantage:
    gain = earned - worth
    error = float(gain.std(ddof=1) / np.sqrt(gain.size))
    mean = float(gain.mean())
    differing = int(np.count_nonzero(share < 1.0))
    return Advantage(name, float(worth.mean()), mean, error, mean - reach * error, differing)
