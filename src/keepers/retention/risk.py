"""The risk of leaving on the log-odds: what is usual for a customer, and what each reason adds to it.

    logit p = a + b logit p_usual + sum_k c_k x_k,   x_k >= 0,  c_k >= 0

`p_usual` is what a fitted model of buying (or of contracts) says of the customer were nothing the matter; the inputs x
are zero then. Priors (a = 0, b = 1, c = 0 except where said) pool the fit to the model: without data it is the model.
As every addend is non-negative, the share of a reason in the log-odds is its share in the risk above usual.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from keepers.domain.cells import FloatArray
from keepers.numerics.logistic import fit_logistic
from keepers.retention.reasons import Input

FEWEST = 20
"""Customers who left, and who stayed, below which an origin in the past teaches nothing."""

_TOP = 0.10
_SLOWEST = 0.2


@dataclass(frozen=True, eq=False)
class Past:
    """What was known on a day in the past, and who left within the horizon after it.

    Parameters
    ----------
    usual : array, shape (n,)
        Log-odds of leaving, by the model, were nothing the matter.
    inputs : array, shape (n, k)
        Of the reasons.
    left : array, shape (n,)
        1 where the customer left.
    rivals : mapping of str to array
        Other scores by which customers could be ranked, higher being riskier, by their name.
    """

    usual: FloatArray
    inputs: FloatArray
    left: FloatArray
    rivals: Mapping[str, FloatArray]

    @property
    def teaches(self) -> bool:
        """Whether both kinds are many enough."""
        gone = float(self.left.sum())
        return gone >= FEWEST and self.left.size - gone >= FEWEST


@dataclass(frozen=True, slots=True)
class RankTest:
    """How a ranking did on the newest origin that it had not seen.

    Parameters
    ----------
    precision : float
        Share of the tenth with the highest score who left.
    auc : float
        Chance that somebody who left has the higher score than somebody who stayed.
    """

    precision: float
    auc: float


@dataclass(frozen=True, slots=True)
class RiskTest:
    """How the risk did on customers whom it had not seen.

    Parameters
    ----------
    customers : int
        How many.
    base_rate : float
        Share of them who left.
    own : RankTest
        Ranked by the risk.
    rivals : dict of str to RankTest
        Ranked otherwise.
    brier : float
        Mean squared error of the probability, and that of the base rate for everybody.
    brier_of_base_rate : float
    calibration : tuple of (float, float, int)
        By tenths of the risk: mean predicted, share who left, customers.
    """

    customers: int
    base_rate: float
    own: RankTest
    rivals: dict[str, RankTest]
    brier: float
    brier_of_base_rate: float
    calibration: tuple[tuple[float, float, int], ...]


@dataclass(frozen=True, eq=False)
class Risk:
    """A fitted risk.

    Parameters
    ----------
    inputs : tuple of Input
        In the order of the coefficients.
    intercept, slope : float
        a and b, calibrated.
    coefficients : array, shape (k,)
        c, calibrated.
    learnt_from : int
        Customers of the past it was fitted to; 0 where it is the model's with prior coefficients.
    test : RiskTest or None
        None where the past was too short.
    """

    inputs: tuple[Input, ...]
    intercept: float
    slope: float
    coefficients: FloatArray
    learnt_from: int = 0
    test: RiskTest | None = None

    def probability(self, usual: FloatArray, inputs: FloatArray) -> FloatArray:
        """Of leaving; shapes (n,) and (n, k)."""
        return np.asarray(special.expit(self.intercept + self.slope * usual + inputs @ self.coefficients))


def fit_risk(inputs: Sequence[Input], pasts: Sequence[Past]) -> Risk:
    """Learn from origins in the past, the oldest first: fit to all but the newest, calibrate and test on that one.

    With one origin alone, halves of the customers stand in for each other.
    """
    chosen = tuple(inputs)
    usable = [past for past in pasts if past.teaches]
    if not usable:
        return _as_before_data(chosen)
    newest = usable[-1]
    half = np.arange(newest.left.size) % 2 == 0
    if len(usable) == 1:
        parts = [_fit(chosen, [_some(newest, side)]) for side in (~half, half)]
        scores = np.where(half, parts[0].log_odds(newest), parts[1].log_odds(newest))
        fit = _fit(chosen, usable)
        return Risk(chosen, fit.intercept, fit.slope, fit.coefficients, fit.learnt_from, _test(newest, scores))
    fit = _fit(chosen, usable[:-1])
    raw = fit.log_odds(newest)
    tested = np.where(half, _calibrated(raw, newest.left, ~half)(raw), _calibrated(raw, newest.left, half)(raw))
    shift, scale = _calibration(raw, newest.left)
    return Risk(
        chosen,
        shift + scale * fit.intercept,
        scale * fit.slope,
        scale * fit.coefficients,
        fit.learnt_from + newest.left.size,
        _test(newest, tested),
    )


@dataclass(frozen=True, eq=False)
class _Fit:
    intercept: float
    slope: float
    coefficients: FloatArray
    learnt_from: int

    def log_odds(self, past: Past) -> FloatArray:
        return np.asarray(self.intercept + self.slope * past.usual + past.inputs @ self.coefficients)


def _as_before_data(inputs: tuple[Input, ...]) -> Risk:
    return Risk(inputs, 0.0, 1.0, np.array([one.prior_mean for one in inputs]))


def _fit(inputs: tuple[Input, ...], pasts: Sequence[Past]) -> _Fit:
    usual = np.concatenate([past.usual for past in pasts])
    rows = np.concatenate([past.inputs for past in pasts])
    left = np.concatenate([past.left for past in pasts])
    mean = np.array([0.0, 1.0, *(one.prior_mean for one in inputs)])
    spread = np.array([1.0, 0.25, *(one.prior_sd for one in inputs)])
    lowest = np.array([-np.inf, _SLOWEST, *(0.0 for _ in inputs)])
    found = fit_logistic(np.column_stack([np.ones(left.size), usual, rows]), left, mean, spread, lowest)
    a, b, *c = found.coefficients
    return _Fit(float(a), float(b), np.array(c), int(left.size))


def _calibration(raw: FloatArray, left: FloatArray) -> tuple[float, float]:
    """Shift and scale of log-odds that make them right on unseen customers."""
    found = fit_logistic(
        np.column_stack([np.ones(raw.size), raw]),
        left,
        np.array([0.0, 1.0]),
        np.array([1.0, 0.25]),
        np.array([-np.inf, _SLOWEST]),
    )
    return float(found.coefficients[0]), float(found.coefficients[1])


def _calibrated(raw: FloatArray, left: FloatArray, by: NDArray[np.bool_]) -> np.poly1d:
    shift, scale = _calibration(raw[by], left[by])
    return np.poly1d([scale, shift])


def _some(past: Past, rows: NDArray[np.bool_]) -> Past:
    return Past(past.usual[rows], past.inputs[rows], past.left[rows], {})


def _test(past: Past, log_odds: FloatArray) -> RiskTest:
    p, left = special.expit(log_odds), past.left
    base = float(left.mean())
    order = np.argsort(p, kind="stable")
    tenths = [part for part in np.array_split(order, 10) if part.size]
    return RiskTest(
        customers=left.size,
        base_rate=base,
        own=rank_test(p, left),
        rivals={name: rank_test(score, left) for name, score in past.rivals.items()},
        brier=float(np.mean(np.square(p - left))),
        brier_of_base_rate=base * (1.0 - base),
        calibration=tuple((float(p[part].mean()), float(left[part].mean()), int(part.size)) for part in tenths),
    )


def rank_test(score: FloatArray, left: FloatArray, top: float = _TOP) -> RankTest:
    """Precision among the share with the highest scores (ties shared out), and the area under the curve."""
    return RankTest(captured(score, left, top) * float(left.sum()) / (top * left.size), _auc(score, left))


def captured(score: FloatArray, amount: FloatArray, top: float = _TOP) -> float:
    """Share of an amount that lies with the `top` share of customers by score; ties are shared out evenly."""
    total = float(amount.sum())
    if total == 0.0 or not score.size:
        return 0.0
    room, found = top * score.size, 0.0
    values, index = np.unique(-score, return_inverse=True)
    count = np.bincount(index, minlength=values.size)
    held = np.bincount(index, weights=amount, minlength=values.size)
    before = np.cumsum(count) - count
    part = np.clip((room - before) / count, 0.0, 1.0)
    found = float(held @ part)
    return found / total


def _auc(score: FloatArray, left: FloatArray) -> float:
    gone = left > 0.5
    values, index = np.unique(score, return_inverse=True)
    went, stayed = (np.bincount(index[some], minlength=values.size) for some in (gone, ~gone))
    pairs = float(went.sum()) * float(stayed.sum())
    if not pairs:
        return float("nan")
    lower = np.cumsum(stayed) - 0.5 * stayed
    return float(went @ lower) / pairs
