"""Off-policy estimators: what a policy would have earned, from decisions that another one made.

With the weight w = policy / propensity of the logged action and a predicted reward q of every action, each of them is

    V = mean(b) + mean(v e) / (mean(v) if self-normalised else 1)

with its own base b, weight v and residual e (r the reward, q_pi the mean of q under the policy):

    direct method                     b = q_pi   v = 0
    inverse propensity                b = 0      v = w                          e = r
    clipped                           b = 0      v = min(w, limit)              e = r
    doubly robust                     b = q_pi   v = w                          e = r - q
    switch                            b = q_pi   v = w where w <= limit, else 0 e = r - q
    optimistic shrinkage              b = q_pi   v = limit w / (w^2 + limit)    e = r - q

Sources: Dudik, Erhan, Langford, Li 2014 (Statistical Science 29); Swaminathan and Joachims 2015 (self-normalised);
Wang, Agarwal, Dudik 2017 (switch); Su, Dimakopoulou, Krishnamurthy, Dudik 2020 (shrinkage).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from keepers.domain.cells import FloatArray
from keepers.evaluation.policy.logged import (
    LoggedDecisions,
)

Method = Literal["dm", "ips", "snips", "clipped", "dr", "sndr", "switch", "shrinkage"]
METHODS: tuple[Method, ...] = get_args(Method)
NAMES: dict[str, str] = {
    "dm": "direct method",
    "ips": "inverse propensity",
    "snips": "self-normalised inverse propensity",
    "clipped": "clipped inverse propensity",
    "dr": "doubly robust",
    "sndr": "self-normalised doubly robust",
    "switch": "switch doubly robust",
    "shrinkage": "doubly robust with optimistic shrinkage",
}
NEEDS_PREDICTIONS = frozenset({"dm", "dr", "sndr", "switch", "shrinkage"})
NEEDS_LIMIT = frozenset({"clipped", "switch", "shrinkage"})
_SELF_NORMALISED = frozenset({"snips", "sndr"})


@dataclass(frozen=True, eq=False)
class Terms:
    """What an estimator adds up: base, weight and residual of every row, shape (n,)."""

    base: FloatArray
    weight: FloatArray
    residual: FloatArray
    normalised: bool

    @property
    def value(self) -> float:
        """The estimate."""
        correction = float((self.weight * self.residual).mean())
        return float(self.base.mean()) + (correction / float(self.weight.mean()) if self.normalised else correction)

    @property
    def influence(self) -> FloatArray:
        """What each row moves the estimate by, times n; its mean is 0."""
        product = self.weight * self.residual
        if not self.normalised:
            score = self.base + product
            return np.asarray(score - score.mean(), dtype=np.float64)
        mean = self.weight.mean()
        ratio = product.mean() / mean
        return np.asarray(self.base - self.base.mean() + (product - ratio * self.weight) / mean, dtype=np.float64)

    def drawn(self, draws: int, seed: int) -> FloatArray:
        """The estimate on `draws` bootstrap samples of the rows."""
        rng = np.random.default_rng(seed)
        size, product = self.base.size, self.weight * self.residual
        values = np.empty(draws)
        for draw in range(draws):
            times = np.bincount(rng.integers(0, size, size), minlength=size).astype(np.float64)
            correction = float(times @ product)
            if self.normalised:
                total = float(times @ self.weight)
                correction = size * correction / total if total > 0 else 0.0
            values[draw] = (float(times @ self.base) + correction) / size
        return values


def estimator_terms(
    log: LoggedDecisions,
    policy: FloatArray,
    method: str,
    predicted: FloatArray | None = None,
    limit: float | None = None,
) -> Terms:
    """Base, weight and residual of an estimator; arguments as of `policy_value`, checked."""
    weight = log.weight(policy)
    zero = np.zeros(log.size)
    base, residual = zero, log.reward
    if predicted is not None and method in NEEDS_PREDICTIONS:
        base = np.asarray((policy * predicted).sum(axis=1), dtype=np.float64)
        residual = log.reward - predicted[np.arange(log.size), log.action]
    bound = np.inf if limit is None else limit
    if method == "dm":
        weight = zero
    elif method == "clipped":
        weight = np.minimum(weight, bound)
    elif method == "switch":
        weight = np.where(weight <= bound, weight, 0.0)
    elif method == "shrinkage" and bound < np.inf:
        weight = bound * weight / (weight**2 + bound) if bound > 0 else zero
    return Terms(base, weight, residual, method in _SELF_NORMALISED)


def effective_size(weight: FloatArray) -> float:
    """Kish's effective sample size of weights; 0 where all are zero."""
    squares = float((weight**2).sum())
    return float(weight.sum()) ** 2 / squares if squares > 0 else 0.0
