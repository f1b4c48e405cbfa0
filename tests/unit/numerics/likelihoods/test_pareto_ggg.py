"""The Pareto/GGG by plain quadrature and plain sums: likelihood, renewal functions, derivatives, and what is drawn."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy import integrate, special

from keepers.numerics.distinct import CellTables
from keepers.numerics.likelihoods import ggg_draws, ggg_likelihood, ggg_regularity, ggg_renewals
from keepers.numerics.likelihoods.pareto_ggg import ParetoGGGFamily
from keepers.numerics.neighbours import neighbours

THETA = (0.55, 10.6, 0.6, 11.7, 2.0, 1.5)
ROWS = np.array(
    [
        (0, 0, 39, 0.0),
        (1, 10, 39, np.log(10)),
        (3, 30, 39, 3 * np.log(10)),
        (3, 30, 39, np.log(1 * 2 * 27)),
        (12, 36, 38, 12 * np.log(3) - 1),
        (60, 60, 62, -20.0),
        (5000, 5000, 5003, -900.0),
    ]
)
X, T_X, T, GAPS = (np.ascontiguousarray(column) for column in ROWS.T)


def by_quadrature(theta, x: float, t_x: float, age: float, gaps: float | None) -> float:
    """log of the likelihood, k and the moment of leaving integrated by adaptive quadrature."""
    r, alpha, s, beta, t, gamma = theta

    def log_known(k: float) -> float:
        a, A = r + k * x, alpha + k * t_x
        timing = (k - 1) * gaps - x * special.gammaln(k) if gaps is not None else 0.0
        if gaps is None and x > 0:
            timing = (k - 1) * x * np.log(t_x) + special.gammaln(x) - special.gammaln(k * x)
        rates = special.gammaln(a) - special.gammaln(r) + r * np.log(alpha) - a * np.log(A)
        return float(rates + k * x * np.log(k) + timing)

    def silence(k: float) -> float:
        a, A = r + k * x, alpha + k * t_x

        def bought_later(u: float) -> float:
            return float(special.betainc(a, k, A / (A + k * u)))

        w = age - t_x
        marks = np.unique(np.clip(A / a * np.array([0.01, 0.1, 0.3, 0.6, 1, 1.5, 2, 4, 8, 1e9]), 0, w))
        dead = sum(
            integrate.quad(
                lambda u: bought_later(u) * s * beta**s / (beta + t_x + u) ** (s + 1), low, high, epsrel=1e-12, epsabs=0
            )[0]
            for low, high in zip([0.0, *marks[:-1]], marks, strict=True)
            if high > low
        )
        return float(bought_later(w) * (beta / (beta + age)) ** s + dead)

    def log_law(u: float) -> float:
        return float(t * u - gamma * np.exp(u) - ggg_regularity.EASE * np.exp(-u))

    grid = np.linspace(ggg_regularity.LOWEST, ggg_regularity.HIGHEST, 2000)
    heights = np.array([log_known(np.exp(u)) + log_law(u) for u in grid])
    top, middle, spread = heights.max(), grid[heights.argmax()], 1 / np.sqrt(t + x / 2)
    ends = np.clip(middle + spread * np.arange(-24, 25.0), grid[0], grid[-1])
    norm = integrate.quad(lambda u: np.exp(log_law(u)), grid[0], grid[-1], epsrel=1e-12, epsabs=0, limit=200)[0]
    total = sum(
        integrate.quad(
            lambda u: np.exp(log_known(np.exp(u)) + log_law(u) - top) * silence(np.exp(u)), low, high, epsrel=1e-10
        )[0]
        for low, high in pairwise(ends)
        if high > low
    )
    return float(np.log(total / norm) + top)


@pytest.mark.filterwarnings("ignore::scipy.integrate.IntegrationWarning")
@pytest.mark.parametrize("row", range(5))
def test_the_likelihood_is_that_of_plain_quadrature(row: int) -> None:
    found = ParetoGGGFamily(GAPS).log_likelihood(THETA, X, T_X, T)[row]
    assert found == pytest.approx(by_quadrature(THETA, *ROWS[row]), abs=1e-8)
    unknown = ParetoGGGFamily().log_likelihood(THETA, X, T_X, T)[row]
    assert unknown == pytest.approx(by_quadrature(THETA, *ROWS[row][:3], None), abs=5e-7)


def test_derivatives_are_exact_up_to_thousands_of_purchases() -> None:
    here, step = np.log(THETA) + 0.013, 1e-4
    found = ggg_likelihood.log_likelihood_rows(tuple(np.exp(here)), X, T_X, T, GAPS)
    assert np.isfinite(found.second).all()
    for axis in range(6):
        moved = step * np.eye(6)[axis]
        up, down = (
            ggg_likelihood.log_likelihood_rows(tuple(np.exp(here + sign * moved)), X, T_X, T, GAPS) for sign in (1, -1)
        )
        slope, bend = (up.value - down.value) / (2 * step), (up.first - down.first) / (2 * step)
        np.testing.assert_allclose(found.first[:, axis], slope, rtol=2e-6, atol=2e-6 * np.abs(slope).max())
        np.testing.assert_allclose(found.second[:, axis], bend, rtol=2e-5, atol=2e-6 * np.abs(bend).max())


def test_weighted_rows_are_as_many_customers() -> None:
    family = ParetoGGGFamily()
    some = slice(0, 5)
    tables = CellTables(X[some], T_X[some], T[some], np.full(5, 3.0), 3 * GAPS[some])
    rows = ParetoGGGFamily(GAPS).log_likelihood(THETA, X, T_X, T)
    assert family.log_likelihood_sum(THETA, tables, 0).value == pytest.approx(3 * rows[some].sum(), rel=1e-12)
    assert family.log_likelihood_sum(THETA, tables, 2).value == pytest.approx(3 * rows[some].sum(), rel=1e-12)


@pytest.mark.parametrize("gaps", [True, False])
def test_the_sum_over_customers_is_that_of_its_rows(gaps: bool) -> None:
    """Customers of one history and unlike gaps share its integral, and every derivative is each one's own."""
    rows, weight = np.array([0, 1, 2, 3, 4, 2, 3]), np.array([2.0, 1.0, 3.0, 1.0, 1.0, 2.0, 0.0])
    x, t_x, age = X[rows], T_X[rows], T[rows]
    own = GAPS[rows] - np.array([0.0, 0.0, 0.0, 0.0, 0.0, 0.7, 0.4])
    tables = CellTables(x, t_x, age, weight, weight * own if gaps else None)
    found = ParetoGGGFamily().log_likelihood_sum(THETA, tables)
    each = ggg_likelihood.log_likelihood_rows(THETA, x, t_x, age, own if gaps else None)
    assert found.value == pytest.approx(weight[:6] @ each.value[:6], rel=1e-12)
    np.testing.assert_allclose(found.gradient, weight[:6] @ each.first[:6], rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(found.hessian, np.tensordot(weight[:6], each.second[:6], 1), rtol=1e-9, atol=1e-9)


def test_near_histories_may_share_an_integral() -> None:
    """With less than half of the histories estimates move by a small part of their standard error."""
    rng = np.random.default_rng(3)
    theta, ages = (0.8, 6.0, 0.6, 12.0, 4.0, 2.0), rng.integers(10, 60, 1200) / 1.0
    x, t_x, gaps = ggg_draws.histories(theta, ages, rng)
    exact = CellTables(x, t_x, ages, np.ones(x.shape), gaps)
    near = CellTables(x, t_x, ages, np.ones(x.shape), gaps)
    near.__dict__["neighbours"] = neighbours(x, t_x, ages, near.weight, 300)
    assert near.neighbours.x.size <= 300 < exact.neighbours.x.size / 2
    fine, coarse = (ParetoGGGFamily().log_likelihood_sum(theta, one) for one in (exact, near))
    covariance = np.linalg.inv(-fine.hessian)
    moved = covariance @ (coarse.gradient - fine.gradient) / np.sqrt(np.diag(covariance))
    assert np.all(np.abs(moved) < 0.5)
    assert coarse.hessian == pytest.approx(fine.hessian, rel=0.2, abs=0.05 * np.abs(fine.hessian).max())


@pytest.mark.parametrize("k", [0.05, 0.7, 1.0, 2.2, 9.0, 60.0])
def test_renewal_functions_are_the_sums_that_define_them(k: float) -> None:
    m = np.arange(1, 20_000)
    gaps = np.array([0.3, 0.9, 1.3, 2.9, 7.1, 30.0])
    mean, pairs = ggg_renewals.renewals(k).of(k * gaps)
    plain = np.array([special.gammainc(m * k, k * one) for one in gaps])
    np.testing.assert_allclose(mean, plain.sum(axis=1), rtol=5e-7, atol=1e-12)
    np.testing.assert_allclose(pairs, plain @ (2.0 * (m - 1)), rtol=5e-7, atol=1e-12)
    shapes = np.array([2 * k + 0.3, 9 * k + 0.5])
    averaged = ggg_renewals.mean_renewals(k, shapes)
    for which, a in enumerate(shapes):
        zeta = gaps * k / a
        plain = np.array([special.betainc(m * k, a, one / (1 + one)) for one in zeta])
        at = np.full(gaps.size, which)
        keep = plain[:, -1] < 1e-12
        np.testing.assert_allclose(averaged.purchases(at, zeta)[keep], plain.sum(axis=1)[keep], rtol=3e-6)
        factorial = plain @ (2.0 * (m - 1))
        seen = keep & (factorial > 1e-6)
        np.testing.assert_allclose(averaged.factorial(at, zeta)[seen], factorial[seen], rtol=1e-5)


def test_the_distribution_has_the_mean_and_variance_that_integrals_say() -> None:
    rows = slice(0, 6)
    family = ParetoGGGFamily(GAPS[rows])
    about = X[rows], T_X[rows], T[rows], 26.0
    table, counts = family.purchase_distribution(THETA, *about, 160), np.arange(161.0)
    none, mean, variance = family.purchase_moments(THETA, *about)
    np.testing.assert_allclose(table.sum(axis=1), 1.0, rtol=1e-9)
    np.testing.assert_allclose(table[:, 0], none, rtol=1e-12)
    np.testing.assert_allclose(table @ counts, mean, rtol=2e-6)
    np.testing.assert_allclose(table @ counts**2 - (table @ counts) ** 2, variance, rtol=5e-6)
    np.testing.assert_allclose(family.expected_purchases(THETA, *about), mean, rtol=1e-12)


def test_thousands_of_purchases_and_no_time_at_all() -> None:
    family = ParetoGGGFamily(np.array([-900.0, 0.0, 8.0]))
    about = np.array([5000.0, 0.0, 5.0]), np.array([5000.0, 0.0, 50.0]), np.array([5003.0, 0.0, 50.0])
    found = family.forecast(THETA, *about, 26.0, 0.002, 260.0)
    for name in found.__dataclass_fields__:
        assert np.isfinite(getattr(found, name)).all(), name
    assert found.probability_alive[1:] == pytest.approx(1.0)
    assert found.expected_purchases[0] == pytest.approx(26.0, rel=0.05)


def test_drawn_gaps_add_up_and_are_as_regular_as_their_customers() -> None:
    rng = np.random.default_rng(5)
    theta = (0.8, 8.0, 0.6, 30.0, 400.0, 100.0)
    ages = np.full(4000, 60.0)
    x, t_x = ParetoGGGFamily().sample_new(theta, ages, rng)
    gaps = ParetoGGGFamily().sample_log_gaps(theta, x, t_x, ages, rng)
    many = x >= 4
    most = x[many] * np.log(t_x[many] / x[many])
    assert np.all(gaps[many] <= most)
    # Of x equal parts of a whole, each Gamma(4), the logarithm is digamma(4) - digamma(4 x) on average.
    expected = x[many] * (np.log(t_x[many]) + special.digamma(4) - special.digamma(4 * x[many]))
    spread = np.sqrt(x[many] * special.polygamma(1, 4))
    assert abs(np.sum((gaps[many] - expected) / spread)) < 4.5 * np.sqrt(many.sum())


def test_the_forecast_is_what_single_questions_answer() -> None:
    rows = slice(0, 5)
    family, about, delta = ParetoGGGFamily(GAPS[rows]), (X[rows], T_X[rows], T[rows]), 0.004
    found = family.forecast(THETA, *about, 26.0, delta, 104.0)
    none, mean, variance = family.purchase_moments(THETA, *about, 26.0)
    assert found.p_zero == pytest.approx(none, rel=1e-9)
    assert found.expected_purchases == pytest.approx(mean, rel=1e-9)
    assert found.variance == pytest.approx(variance, rel=1e-9)
    assert found.discounted == pytest.approx(family.discounted_expected_purchases(THETA, *about, delta, 26.0), rel=1e-9)
    gradient = family.expected_purchases_gradient(THETA, *about, 26.0)
    np.testing.assert_allclose(found.expected_gradient, gradient, rtol=1e-9)
