"""Identities of NBD, BG/NBD and MBG/NBD beyond those that every model keeps (`tests/consistency/test_contract.py`)."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import gammaln

from keepers.domain.cells import Cells
from keepers.domain.time import TimeUnit
from keepers.numerics.distinct import CellTables
from keepers.numerics.likelihoods import bg_nbd, mbg_nbd, nbd
from keepers.numerics.quadrature import legendre

THETA = {
    "nbd": (0.38, 12.07),
    "bg": (0.24, 4.41, 0.79, 2.43),
    "mbg": (0.52, 6.18, 1.3, 1.61),
    "mixed": (3.0, 9.0, 1.0, 0.4),
}
FAMILIES = [(nbd, THETA["nbd"]), (bg_nbd, THETA["bg"]), (mbg_nbd, THETA["mbg"]), (bg_nbd, THETA["mixed"])]
WITH_DROPOUT = FAMILIES[1:]
X = np.array([0.0, 1.0, 3.0, 7.0, 26.0, 60.0])
T_X = np.array([0.0, 2.0, 35.0, 12.0, 30.857, 38.0])
T = np.array([38.86, 38.0, 36.0, 39.0, 31.0, 39.0])


def histories(n: int = 1500, seed: int = 5) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    ages = np.round(rng.uniform(8, 60, n))
    x, t_x = bg_nbd.sample_new(THETA["bg"], ages, rng)
    return x, np.where(x > 0, np.maximum(np.ceil(t_x * 2) / 2, 0.5), 0.0), ages


@pytest.mark.parametrize(("family", "theta"), FAMILIES)
@pytest.mark.parametrize("t", [1.0, 39.0, 300.0])
def test_distribution_sums_to_one_and_has_the_moments(family, theta, t) -> None:
    counts = np.arange(1600)
    found = family.purchase_distribution(theta, X, T_X, T, t, counts[-1])
    none, mean, variance = family.purchase_moments(theta, X, T_X, T, t)
    assert found.sum(axis=1) == pytest.approx(1, abs=1e-9)
    assert found[:, 0] == pytest.approx(none, abs=1e-13)
    assert found @ counts == pytest.approx(mean, rel=1e-8)
    assert found @ counts**2 - mean**2 == pytest.approx(variance, rel=1e-7)
    assert mean == pytest.approx(family.expected_purchases(theta, X, T_X, T, t), rel=1e-13)


@pytest.mark.parametrize(("family", "theta"), FAMILIES[:3])
def test_expected_purchases_add_up_over_the_future(family, theta) -> None:
    """What a new customer is expected to buy between 15 and 40 is what each history to 15 leads one to expect."""
    places, weights = legendre(40)
    last = 15.0 * places
    total = np.exp(family.log_likelihood(theta, 0, 0, 15.0)) @ family.expected_purchases(theta, 0, 0, 15.0, 25.0)
    for k in range(1, 131):
        others = (k - 1) * np.log(last) - gammaln(k)
        likelihood = np.exp(family.log_likelihood(theta, k, last, 15.0) + others)
        total += 15.0 * weights @ (likelihood * family.expected_purchases(theta, k, last, 15.0, 25.0))
    expected = family.expected_purchases_new(theta, 40.0) - family.expected_purchases_new(theta, 15.0)
    assert total == pytest.approx(expected, rel=1e-8)


def test_endless_purchases_without_discount() -> None:
    """E 1/p of Beta(a, b + x) is (a + b + x - 1) / (a - 1) where a > 1, and infinite otherwise."""
    theta = (0.9, 5.0, 1.6, 2.0)
    alive = bg_nbd.probability_alive(theta, X, T_X, T)
    endless = bg_nbd.discounted_expected_purchases(theta, X, T_X, T, 0.0)
    assert endless == pytest.approx(alive * (1.6 + 2.0 + X - 1) / 0.6, rel=1e-12)
    assert bg_nbd.expected_purchases(theta, X, T_X, T, 1e12) == pytest.approx(endless, rel=1e-4)
    assert np.all(np.isinf(bg_nbd.discounted_expected_purchases(THETA["bg"], X, T_X, T, 0.0)))


def test_an_expected_lifetime_that_exists() -> None:
    theta = (2.5, 5.0, 3.5, 2.0)
    expected = bg_nbd.expected_lifetime(theta, X, T_X, T)
    assert bg_nbd.truncated_lifetime(theta, X, T_X, T, 1e9) == pytest.approx(expected, rel=1e-5)
    one_left = bg_nbd.expected_lifetime((0.5, *theta[1:]), X, T_X, T)
    assert np.isinf(one_left[0])
    assert np.all(np.isfinite(one_left[1:]))


@pytest.mark.parametrize(("family", "theta"), FAMILIES)
def test_median_waiting_time(family, theta) -> None:
    """A living customer of these models buys again; half of them within the median."""
    wait = family.median_waiting_time(theta, X, T_X, T)
    shape, rate = theta[0] + X, theta[1] + T
    assert (rate / (rate + wait)) ** shape == pytest.approx(0.5, rel=1e-12)


@pytest.mark.parametrize(("family", "theta"), FAMILIES)
def test_cells_are_the_rows(family, theta) -> None:
    x, t_x, ages = histories()
    cells = Cells.of_customers(x, t_x, ages, TimeUnit.WEEK)
    assert cells.size < x.size
    rows = family.log_likelihood_sum(theta, CellTables.of_rows(x, t_x, ages))
    merged = family.log_likelihood_sum(theta, cells)
    assert merged.value == pytest.approx(family.log_likelihood(theta, x, t_x, ages).sum(), rel=1e-12)
    assert merged.gradient == pytest.approx(rows.gradient, rel=1e-9, abs=1e-9)
    assert merged.hessian == pytest.approx(rows.hessian, rel=1e-9, abs=1e-9)


def test_predictions_do_not_depend_on_what_else_is_asked() -> None:
    """Many ages go through interpolation between ages, few do not; both must say the same."""
    rng = np.random.default_rng(8)
    ages = rng.uniform(5, 80, 4000)
    x, t_x = bg_nbd.sample_new(THETA["bg"], ages, rng)
    whole = bg_nbd.forecast(THETA["bg"], x, t_x, ages, 52.0, 0.002, 260.0)
    some = rng.choice(4000, 12, replace=False)
    few = bg_nbd.forecast(THETA["bg"], x[some], t_x[some], ages[some], 52.0, 0.002, 260.0)
    for name in ("probability_alive_end", "expected_purchases", "variance", "discounted", "discounted_infinite"):
        assert getattr(whole, name)[some] == pytest.approx(getattr(few, name), rel=1e-9), name
    assert whole.expected_gradient[some] == pytest.approx(few.expected_gradient, rel=1e-8, abs=1e-11)


def test_without_dropout_the_models_agree() -> None:
    """With a chance to leave that goes to zero, BG/NBD and MBG/NBD are the NBD."""
    for family in (bg_nbd, mbg_nbd):
        theta = (0.4, 12.0, 1e-9, 50.0)
        assert family.log_likelihood(theta, X, T_X, T) == pytest.approx(
            nbd.log_likelihood(theta[:2], X, T_X, T), rel=1e-7
        )
        assert family.expected_purchases(theta, X, T_X, T, 30.0) == pytest.approx(
            nbd.expected_purchases(theta[:2], X, T_X, T, 30.0), rel=1e-7
        )
