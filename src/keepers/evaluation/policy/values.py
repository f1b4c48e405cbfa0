"""What a policy would have earned for each decision, with its standard error and interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri

from keepers.domain.cells import FloatArray
from keepers.domain.errors import InputError
from keepers.evaluation.policy.estimators import (
    METHODS,
    NAMES,
    NEEDS_LIMIT,
    NEEDS_PREDICTIONS,
    Method,
    Terms,
    effective_size,
    estimator_terms,
)
from keepers.evaluation.policy.limits import choose_limit
from keepers.evaluation.policy.logged import LoggedDecisions, checked_policy, checked_predictions
from keepers.numerics.mean_bounds import betting_lower


@dataclass(frozen=True, eq=False)
class PolicyValue:
    """What a policy is worth a decision, by one estimator.

    Attributes
    ----------
    method : str
        A key of `NAMES`.
    value : float
        The estimate, in the unit of the reward.
    standard_error : float
        From the influence of each row.
    low, high : float
        The interval of `level`.
    level : float
        Its level.
    interval : str
        How it was made: ``"normal"``, ``"bootstrap"`` or ``"betting"``.
    effective_size : float
        How many decisions under the policy itself would say as much, by Kish's (sum w)^2 / sum w^2.
    limit : float or None
        The limit of the weights, where the estimator has one.
    terms : Terms
        What was added up.
    """

    method: str
    value: float
    standard_error: float
    low: float
    high: float
    level: float
    interval: str
    effective_size: float
    limit: float | None
    terms: Terms


def policy_value(
    log: LoggedDecisions,
    policy: ArrayLike,
    method: Method = "dr",
    *,
    predicted: ArrayLike | None = None,
    limit: float | None = None,
    level: float = 0.95,
    interval: Literal["normal", "bootstrap", "betting"] = "normal",
    bounds: tuple[float, float] | None = None,
    draws: int = 1000,
    seed: int = 0,
) -> PolicyValue:
    """What a policy would have earned for each decision.

    Parameters
    ----------
    log : LoggedDecisions
        What was done, with which chance, and what came of it.
    policy : array, shape (n, k) or (n,)
        Probability of every action under the policy, or the action that it takes.
    method : str
        ``"dm"``, ``"ips"``, ``"snips"``, ``"clipped"``, ``"dr"``, ``"sndr"``, ``"switch"`` or ``"shrinkage"``.
    predicted : array, shape (n, k), optional
        Predicted reward of every action, learned from other rows; needed by all but the three of ``"ips"``.
    limit : float, optional
        Limit of the weights for ``"clipped"``, ``"switch"`` and ``"shrinkage"``; chosen by `choose_limit` if left out.
    level : float
        Level of the interval.
    interval : str
        By the influence function; percentiles of `draws` bootstrap samples drawn with `seed`; or ``"betting"``, which
        holds at every sample size however heavy the tails of the weights are, at the price of width: for ``"ips"``
        and ``"clipped"``, whose `limit` must then have been chosen without these rows.
    bounds : (float, float), optional
        Least and largest reward that is possible, for ``"betting"``.

    Raises
    ------
    InputError
        Where an argument does not fit the others, or no logged action is one that the policy takes.

    Examples
    --------
    >>> from keepers.evaluation.policy.logged import logged_decisions
    >>> log = logged_decisions([0, 1, 0, 1], [1.0, 3.0, 2.0, 5.0], [0.5, 0.5])
    >>> policy_value(log, [1, 1, 1, 1], "ips").value
    4.0
    """
    if method not in METHODS:
        raise InputError(f"`method` is {method!r}; it must be one of {', '.join(METHODS)}.")
    if method in NEEDS_PREDICTIONS and predicted is None:
        raise InputError(f"The {NAMES[method]} estimator needs `predicted`, a reward of every action for every row.")
    if not 0.0 < level < 1.0:
        raise InputError(f"`level` is {level!r}; it must lie between 0 and 1 (write 95% as 0.95).")
    if interval == "betting":
        _check_bets(method, limit, bounds)
    table = checked_policy(log, policy)
    rewards = None if predicted is None else checked_predictions(log, predicted)
    weight = log.weight(table)
    if method != "dm" and not weight.any():
        raise InputError("No logged action is one that the policy takes, so nothing is known of it. Log it first.")
    if method in NEEDS_LIMIT:
        if limit is None:
            limit = choose_limit(log, table, method, predicted=rewards).limit
        elif not limit >= 0:
            raise InputError(f"`limit` is {limit!r}; it must be zero or positive, or infinite for no limit.")
    terms = estimator_terms(log, table, method, rewards, limit)
    error = float(np.sqrt((terms.influence**2).sum() / max(log.size - 1, 1) / log.size))
    if interval == "bootstrap":
        tail = (1.0 - level) / 2.0
        low, high = np.quantile(terms.drawn(draws, seed), [tail, 1.0 - tail])
    elif interval == "betting":
        assert bounds is not None
        low, high = _by_betting(log.reward, terms.weight, bounds, 0.5 + level / 2.0)
    else:
        reach = float(ndtri(0.5 + level / 2.0)) * error
        low, high = terms.value - reach, terms.value + reach
    return PolicyValue(
        method, terms.value, error, float(low), float(high), level, interval, effective_size(weight), limit, terms
    )


def _check_bets(method: str, limit: float | None, bounds: tuple[float, float] | None) -> None:
    if method not in ("ips", "clipped"):
        raise InputError(
            f"Bounds by betting are of sums that are never negative, which the {NAMES[method]} estimator does not add "
            'up. Use method="ips", or method="clipped" with a limit.'
        )
    if method == "clipped" and limit is None:
        raise InputError("Bounds by betting need a `limit` that was not chosen on these rows; give one, such as 10.")
    if bounds is None or not bounds[0] < bounds[1]:
        raise InputError(f"`bounds` is {bounds!r}; give the least and the largest reward that is possible.")


def _by_betting(
    reward: FloatArray, weight: FloatArray, bounds: tuple[float, float], confidence: float
) -> tuple[float, float]:
    """Both ends: weights have the mean 1, so that what is above the least reward bounds the value from below, and
    what is below the largest one from above. Clipping only lowers either sum, and both ends still hold."""
    least, largest = bounds
    if reward.min() < least or reward.max() > largest:
        raise InputError(f"A reward lies outside `bounds` {bounds!r}; they must hold for every reward that can be.")
    scale = 0.5 * (largest - least)
    low = least + betting_lower(weight * (reward - least), 0.0, confidence, scale)
    high = largest - betting_lower(weight * (largest - reward), 0.0, confidence, scale)
    return low, high
