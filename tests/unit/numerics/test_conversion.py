"""Who converts and when: derivatives, what is open, and what the mixture says of it."""

import numpy as np
import pytest
from scipy import special

from keepers.numerics.conversion import (
    BANDS,
    ConversionPrior,
    ConversionRows,
    Outcome,
    _Likelihood,
    chance_ahead,
    exposure,
    fit_conversion,
)

NONE = np.zeros(0, dtype=np.int64)


def _rows(seed: int = 0, n: int = 200) -> ConversionRows:
    rng = np.random.default_rng(seed)
    design = np.column_stack([np.ones(n), rng.normal(size=(n, 2))])
    return ConversionRows(design, design[:, 1:], rng.integers(0, 5, n), rng.integers(0, 400, n), rng.random(n) + 0.5)


def test_derivatives_are_those_of_the_value() -> None:
    likelihood = _Likelihood(_rows())
    size = 3 + 2 * (2 + len(BANDS))
    point = np.random.default_rng(1).normal(size=size) * 0.3
    point[5 : 5 + len(BANDS)] -= 4.0
    point[-len(BANDS) :] -= 4.0
    found, h = likelihood(point), 1e-5
    steps = h * np.eye(size)
    slope = [(likelihood(point + s).value - likelihood(point - s).value) / (2 * h) for s in steps]
    curve = [(likelihood(point + s).gradient - likelihood(point - s).gradient) / (2 * h) for s in steps]
    np.testing.assert_allclose(found.gradient, slope, rtol=1e-5, atol=1e-4)
    np.testing.assert_allclose(found.hessian, curve, rtol=1e-5, atol=1e-4)


def test_outcomes_of_a_day_add_up_to_one() -> None:
    """Won on any day before, lost on any day before, or open: the probabilities of all that can be known."""
    size = 1 + 2 * len(BANDS)
    point = np.concatenate([[-0.4], np.full(len(BANDS), -3.0), np.full(len(BANDS), -3.5)])
    assert point.size == size

    def log_likelihood(outcome: Outcome, day: int) -> float:
        # A lost row among them makes the likelihood one with giving up; its own weight is nothing.
        both = ConversionRows(
            np.ones((2, 1)), np.zeros((2, 0)), np.array([outcome, Outcome.LOST]), np.array([day, 3]),
            np.array([1.0, 0.0]),
        )  # fmt: skip
        return _Likelihood(both)(point).value

    seen = 40
    closed = [np.exp(log_likelihood(of, day)) for of in (Outcome.WON, Outcome.LOST) for day in range(seen)]
    assert sum(closed) + np.exp(log_likelihood(Outcome.OPEN, seen)) == pytest.approx(1.0, abs=1e-12)
    undated = np.exp(log_likelihood(Outcome.WON_UNDATED, seen))
    assert sum(closed[:seen]) == pytest.approx(undated, rel=1e-12)


def test_what_is_open_for_long_will_hardly_convert() -> None:
    hazard = np.full(len(BANDS), 0.05)
    ages = np.array([0.0, 30.0, 120.0])
    chance = chance_ahead(np.zeros(3), np.zeros(3), hazard, np.zeros(3), ages, np.inf)
    np.testing.assert_allclose(chance, special.expit(-0.05 * ages), rtol=1e-12)
    soon = chance_ahead(np.zeros(3), np.zeros(3), hazard, np.zeros(3), ages, 10.0)
    np.testing.assert_allclose(soon, chance * -np.expm1(-0.5), rtol=1e-12)


def test_exposure_fills_band_after_band() -> None:
    np.testing.assert_array_equal(exposure(np.array([0, 1, 5, 10_000])).sum(axis=1), [0, 1, 5, 10_000])


def test_young_rows_are_no_failures() -> None:
    """Half of the rows are seen for ten days of a law with a median of forty: the share that converts stays 30%."""
    rng = np.random.default_rng(3)
    n = 6000
    ever, when = rng.random(n) < 0.3, np.floor(rng.exponential(40 / np.log(2), n)).astype(np.int64)
    seen = np.where(np.arange(n) % 2, 10, 400)
    won = ever & (when < seen)
    given_up = ~ever & (rng.exponential(80, n) < seen)
    days = np.where(won, when, seen)
    days = np.where(given_up, np.minimum(np.floor(rng.uniform(0, seen)).astype(np.int64), seen - 1), days)
    outcome = np.where(won, Outcome.WON, np.where(given_up, Outcome.LOST, Outcome.OPEN)).astype(np.int64)
    rows = ConversionRows(np.ones((n, 1)), np.zeros((n, 0)), outcome, days, np.ones(n))
    fit = fit_conversion(rows, ConversionPrior((-2.0, 1.5), NONE, NONE))
    assert fit.converged
    assert special.expit(fit.point[0]) == pytest.approx(0.3, abs=0.025)
    assert won.mean() < 0.25


def test_without_rows_the_prior_stays() -> None:
    empty = ConversionRows(np.zeros((0, 1)), np.zeros((0, 0)), NONE, NONE, np.zeros(0))
    fit = fit_conversion(empty, ConversionPrior((-2.0, 1.5), NONE, NONE))
    assert fit.point[0] == pytest.approx(-2.0, abs=1e-6)
    np.testing.assert_allclose(fit.share_of_prior(np.ones((1, 1))), 1.0, rtol=1e-6)
