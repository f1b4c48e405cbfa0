"""The limit of the weights chosen from the data: as small as the less biased estimates do not contradict.

A smaller limit has less variance and more bias. Candidates are taken from the largest limit down, and the last is kept
whose estimate differs from every earlier one by no more than their widths explain (SLOPE: Su, Srinath, Krishnamurthy
2020, ICML; the constant by Tucker and Lee 2021).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from keepers.domain.cells import FloatArray
from keepers.domain.errors import InputError
from keepers.evaluation.policy.estimators import estimator_terms
from keepers.evaluation.policy.logged import LoggedDecisions

_PATIENCE = math.sqrt(6.0) - 1.0


@dataclass(frozen=True, slots=True)
class ChosenLimit:
    """The limit that was chosen, with every candidate tried, its estimate and half width, from the largest down."""

    limit: float
    candidates: tuple[float, ...]
    values: tuple[float, ...]
    widths: tuple[float, ...]


def limit_candidates(weight: FloatArray, number: int = 12) -> tuple[float, ...]:
    """Quantiles of the positive weights, and no limit at all, from the largest down."""
    positive = weight[weight > 0]
    inner = np.unique(np.quantile(positive, np.linspace(0.5, 1.0, number))) if positive.size else np.array([])
    return (math.inf, *(float(limit) for limit in inner[::-1]))


def choose_limit(
    log: LoggedDecisions,
    policy: FloatArray,
    method: str,
    *,
    predicted: FloatArray | None = None,
    candidates: Sequence[float] | None = None,
    confidence: float = 0.9,
) -> ChosenLimit:
    """Choose the limit of an estimator that has one, by SLOPE.

    Parameters
    ----------
    log, policy, method, predicted
        As in `policy_value`; `policy` as probabilities.
    candidates : sequence of float, optional
        Limits to try; quantiles of the weights if left out. For ``"shrinkage"`` they are squared, since its
        limit bounds the weights by half its square root.
    confidence : float
        Of the widths.

    Raises
    ------
    InputError
        Where there is no candidate, or one is negative.
    """
    tried = tuple(candidates) if candidates is not None else limit_candidates(log.weight(policy))
    if candidates is None and method == "shrinkage":
        tried = tuple((2.0 * limit) ** 2 for limit in tried)
    if not tried or min(tried) < 0:
        raise InputError(f"`candidates` is {tried!r}; give at least one limit, zero or positive.")
    ordered = tuple(sorted(tried, reverse=True))
    reach = float(ndtri(0.5 + confidence / 2.0))
    values, widths = [], []
    for limit in ordered:
        terms = estimator_terms(log, policy, method, predicted, limit)
        values.append(terms.value)
        widths.append(reach * float(terms.influence.std()) / math.sqrt(log.size))
    # What less weight should narrow may be wider by chance; the order of the widths is a condition of the choice.
    narrowing = np.minimum.accumulate(widths)
    chosen = 0
    for later in range(1, len(ordered)):
        gaps = np.abs(np.array(values[:later]) - values[later])
        if (gaps > narrowing[:later] + _PATIENCE * narrowing[later]).any():
            break
        chosen = later
    return ChosenLimit(ordered[chosen], ordered, tuple(values), tuple(float(width) for width in narrowing))
