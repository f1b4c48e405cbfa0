"""Identities that tie the answers of NBD, BG/NBD and MBG/NBD to each other."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate
from scipy.special import gammaln

from keepers.domain.cells import Cells
from keepers.domain.time import TimeUnit, days, weeks
from keepers.models.btyd.bg_nbd import BGNBD
from keepers.models.btyd.mbg_nbd import MBGNBD
from keepers.models.btyd.nbd import NBD
from keepers.numerics.chebyshev import gauss_legendre
from keepers.numerics.distinct import CellTables
from keepers.numerics.likelihoods import bg_nbd, mbg_nbd, nbd

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


@pytest.mark.parametrize(("family", "theta"), FAMILIES)
def test_the_likelihood_of_no_purchase_is_the_probability_of_none(family, theta) -> None:
    for t in (0.5, 20.0, 400.0):
        none = family.purchase_distribution_new(theta, t, 3)[0]
        assert np.exp(family.log_likelihood(theta, 0, 0, t)[0]) == pytest.approx(none, rel=1e-13)


@pytest.mark.parametrize(("family", "theta"), FAMILIES)
def test_likelihoods_of_all_histories_sum_to_one(family, theta) -> None:
    """P(X(t) = k) is the likelihood integrated over the k purchase times, of which only the last one matters."""
    t = 26.0
    published = family.purchase_distribution_new(theta, t, 4)
    for k in (1, 2, 4):

        def density(last, k=k):
            others = last ** (k - 1) / float(np.prod(np.arange(1, k)))
            return float(np.exp(family.log_likelihood(theta, k, last, t)[0])) * others

        assert integrate.quad(density, 0, t, epsabs=1e-12)[0] == pytest.approx(published[k], rel=1e-8)


@pytest.mark.parametrize(("family", "theta"), FAMILIES)
def test_a_new_customer_is_one_without_history(family, theta) -> None:
    zero = np.zeros(1)
    for t in (0.7, 52.0):
        new = family.expected_purchases_new(theta, t)
        assert new == pytest.approx(family.expected_purchases(theta, zero, zero, zero, t)[0], rel=1e-12)
        assert family.purchase_distribution_new(theta, t, 6) == pytest.approx(
            family.purchase_distribution(theta, zero, zero, zero, t, 6)[0], rel=1e-12
        )
        for end in (t, None):
            assert family.discounted_expected_purchases_new(theta, 0.01, end) == pytest.approx(
                family.discounted_expected_purchases(theta, zero, zero, zero, 0.01, end)[0], rel=1e-12
            )
    assert family.expected_purchases_new(theta, np.array([0.0, 1.0])).shape == (2,)


@pytest.mark.parametrize(("family", "theta"), FAMILIES[:3])
def test_expected_purchases_add_up_over_the_future(family, theta) -> None:
    """What a new customer is expected to buy between 15 and 40 is what each history to 15 leads one to expect."""
    places, weights = gauss_legendre(40)
    last = 15.0 * places
    total = np.exp(family.log_likelihood(theta, 0, 0, 15.0)) @ family.expected_purchases(theta, 0, 0, 15.0, 25.0)
    for k in range(1, 131):
        others = (k - 1) * np.log(last) - gammaln(k)
        likelihood = np.exp(family.log_likelihood(theta, k, last, 15.0) + others)
        total += 15.0 * weights @ (likelihood * family.expected_purchases(theta, k, last, 15.0, 25.0))
    expected = family.expected_purchases_new(theta, 40.0) - family.expected_purchases_new(theta, 15.0)
    assert total == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize(("family", "theta"), WITH_DROPOUT)
def test_time_zero_changes_nothing(family, theta) -> None:
    now = family.probability_alive(theta, X, T_X, T)
    assert family.probability_alive(theta, X, T_X, T, 0.0) == pytest.approx(now, rel=1e-15)
    assert family.probability_alive(theta, X, T_X, T, 1e-9) == pytest.approx(now, rel=1e-8)
    later = [family.probability_alive(theta, X, T_X, T, at) for at in (1.0, 10.0, 100.0, 1000.0)]
    assert np.all(np.diff([now, *later], axis=0) < 0)


@pytest.mark.parametrize(("family", "theta"), FAMILIES)
def test_a_long_horizon_comes_to_the_endless_one(family, theta) -> None:
    endless = family.discounted_expected_purchases(theta, X, T_X, T, 0.02)
    finite = [family.discounted_expected_purchases(theta, X, T_X, T, 0.02, t) for t in (50.0, 300.0, 1500.0)]
    assert np.all(np.diff([*finite, endless * (1 + 1e-12)], axis=0) > 0)
    assert finite[-1] == pytest.approx(endless, rel=1e-11)
    plain = family.expected_purchases(theta, X, T_X, T, 50.0)
    assert family.discounted_expected_purchases(theta, X, T_X, T, 0.0, 50.0) == pytest.approx(plain, rel=1e-12)
    assert np.all(finite[0] < plain)


@pytest.mark.parametrize(("family", "theta"), FAMILIES)
def test_discounting_is_the_integral_by_parts(family, theta) -> None:
    places, weights = gauss_legendre(40)
    row = (X[4:5], T_X[4:5], T[4:5])
    curve = np.array([family.expected_purchases(theta, *row, 40.0 * place)[0] for place in places])
    whole = family.expected_purchases(theta, *row, 40.0)[0]
    by_parts = np.exp(-0.05 * 40.0) * whole + 0.05 * 40.0 * weights @ (np.exp(-0.05 * 40.0 * places) * curve)
    found = family.discounted_expected_purchases(theta, *row, 0.05, 40.0)[0]
    assert found == pytest.approx(by_parts, rel=1e-11)


def test_endless_purchases_without_discount() -> None:
    """E 1/p of Beta(a, b + x) is (a + b + x - 1) / (a - 1) where a > 1, and infinite otherwise."""
    theta = (0.9, 5.0, 1.6, 2.0)
    alive = bg_nbd.probability_alive(theta, X, T_X, T)
    endless = bg_nbd.discounted_expected_purchases(theta, X, T_X, T, 0.0)
    assert endless == pytest.approx(alive * (1.6 + 2.0 + X - 1) / 0.6, rel=1e-12)
    assert bg_nbd.expected_purchases(theta, X, T_X, T, 1e12) == pytest.approx(endless, rel=1e-4)
    assert np.all(np.isinf(bg_nbd.discounted_expected_purchases(THETA["bg"], X, T_X, T, 0.0)))


@pytest.mark.parametrize(("family", "theta"), WITH_DROPOUT)
def test_lifetimes(family, theta) -> None:
    alive = family.probability_alive(theta, X, T_X, T)
    median = family.median_lifetime(theta, X, T_X, T)
    assert np.all(median[alive <= 0.5] == 0)
    for row in np.flatnonzero(alive > 0.5):
        one = slice(row, row + 1)
        later = family.probability_alive(theta, X[one], T_X[one], T[one], median[row])
        assert later == pytest.approx(0.5, abs=1e-10)
    ends = np.linspace(0.0, 52.0, 521)
    curve = np.array([family.probability_alive(theta, X, T_X, T, at) for at in ends])
    assert family.truncated_lifetime(theta, X, T_X, T, 52.0) == pytest.approx(
        integrate.simpson(curve, x=ends, axis=0), rel=1e-7
    )
    assert np.all(np.isinf(family.expected_lifetime(theta, X, T_X, T))) == (theta[2] <= 1)


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
def test_the_forecast_is_its_parts(family, theta) -> None:
    found = family.forecast(theta, X, T_X, T, 52.0, 0.002, 260.0)
    none, mean, variance = family.purchase_moments(theta, X, T_X, T, 52.0)
    parts = {
        "probability_alive": family.probability_alive(theta, X, T_X, T),
        "probability_alive_end": family.probability_alive(theta, X, T_X, T, 52.0),
        "expected_purchases": mean,
        "expected_gradient": family.expected_purchases_gradient(theta, X, T_X, T, 52.0),
        "p_zero": none,
        "variance": variance,
        "discounted": family.discounted_expected_purchases(theta, X, T_X, T, 0.002, 52.0),
        "discounted_lifetime": family.discounted_expected_purchases(theta, X, T_X, T, 0.002, 260.0),
        "discounted_infinite": family.discounted_expected_purchases(theta, X, T_X, T, 0.002),
        "next_purchase": family.median_waiting_time(theta, X, T_X, T),
    }
    for name, values in parts.items():
        assert getattr(found, name) == pytest.approx(values, rel=1e-10), name


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


@pytest.mark.parametrize("kind", [NBD, BGNBD, MBGNBD])
def test_the_unit_of_time_does_not_matter(kind) -> None:
    x, t_x, ages = histories()
    in_weeks = Cells.of_customers(x, t_x, ages, TimeUnit.WEEK)
    for prior in ("auto", None):
        one, other = kind(prior).fit(in_weeks), kind(prior).fit(in_weeks.in_unit(TimeUnit.DAY))
        assert other.parameters_["alpha"] == pytest.approx(7 * one.parameters_["alpha"], rel=1e-6)
        assert other.parameters_["r"] == pytest.approx(one.parameters_["r"], rel=1e-6)
        shift = in_weeks.repeat_purchases * np.log(7)
        assert other.log_likelihood_ == pytest.approx(one.log_likelihood_ - shift, abs=1e-6)
        expected = one.predict_cells(in_weeks, weeks(26))
        again = other.predict_cells(in_weeks, days(182))
        assert again.expected_purchases == pytest.approx(expected.expected_purchases, rel=1e-6)
        assert again.expected_purchases_se == pytest.approx(expected.expected_purchases_se, rel=1e-5)
        assert again.next_purchase_age == pytest.approx(7 * expected.next_purchase_age, rel=1e-6)


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
