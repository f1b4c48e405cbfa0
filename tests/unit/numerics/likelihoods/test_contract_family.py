"""Families of contract durations: derivatives, exact integrals and sums, and draws, over the whole domain."""

from __future__ import annotations

import math

import mpmath as mp
import numpy as np
import pytest
from scipy.special import betaln

from keepers.domain.contracts import ContractCells
from keepers.domain.time import TimeUnit
from keepers.numerics.likelihoods import (
    beta_discrete_weibull,
    exponential_gamma,
    shifted_beta_geometric,
    weibull_gamma,
)
from keepers.numerics.likelihoods import contract_outlook as outlook
from keepers.numerics.likelihoods.contract_family import ContractTables, log_likelihood_sum, log_likelihood_sums

LAWS = [
    (shifted_beta_geometric, (0.7, 1.2)),
    (shifted_beta_geometric, (300.0, 9000.0)),
    (beta_discrete_weibull, (0.4, 0.8, 1.3)),
    (beta_discrete_weibull, (5.0, 900.0, 0.6)),
    (exponential_gamma, (0.7, 5.0)),
    (weibull_gamma, (0.7, 5.0, 1.4)),
    (weibull_gamma, (60.0, 500.0, 0.7)),
]


def cells(seed: int = 0) -> ContractCells:
    """Contracts of every kind: from the start or later, running, ended at an age or between two."""
    rng = np.random.default_rng(seed)
    n = 60
    entry = np.where(rng.random(n) < 0.5, 0, rng.integers(1, 5, n)).astype(float)
    tenure = entry + rng.integers(1, 9, n)
    ended = (rng.random(n) < 0.6).astype(float)
    since = np.where((rng.random(n) < 0.5) & (ended > 0), np.maximum(tenure - 2, 0), tenure)
    return ContractCells(entry, tenure, ended, rng.random(n) + 0.2, TimeUnit.MONTH, since)


@pytest.mark.parametrize(("family", "theta"), LAWS)
def test_derivatives_are_exact(family, theta) -> None:
    tables = ContractTables.of(cells(), family.DISCRETE)
    point, step = np.log(theta), 1e-4
    here = log_likelihood_sum(family, theta, tables)
    assert here.value == pytest.approx(log_likelihood_sum(family, theta, tables, 0).value, rel=1e-13)
    for i in range(point.size):
        away = np.eye(point.size)[i] * step
        up, down = (log_likelihood_sum(family, np.exp(point + sign * away).tolist(), tables) for sign in (1, -1))
        assert here.gradient[i] == pytest.approx((up.value - down.value) / (2 * step), rel=1e-6, abs=1e-6)
        assert here.hessian[i] == pytest.approx((up.gradient - down.gradient) / (2 * step), rel=1e-6, abs=3e-5)


@pytest.mark.parametrize(("family", "theta"), LAWS)
def test_many_parameters_at_once_give_what_each_gives_alone(family, theta, monkeypatch: pytest.MonkeyPatch) -> None:
    tables = ContractTables.of(cells(), family.DISCRETE)
    around = np.exp(np.random.default_rng(3).normal(np.log(theta), 0.8, (40, len(theta))))
    alone = [log_likelihood_sum(family, one.tolist(), tables).value for one in around]
    assert log_likelihood_sums(family, around, tables) == pytest.approx(alone, rel=1e-12)
    monkeypatch.setattr("keepers.numerics.likelihoods.contract_family._TOGETHER", 7 * tables.size)
    assert log_likelihood_sums(family, around, tables) == pytest.approx(alone, rel=1e-12)


def survival(family, theta, t) -> mp.mpf:
    """S(t) by the papers' formula."""
    t = mp.mpf(t)
    if family in (shifted_beta_geometric, beta_discrete_weibull):
        a, b, c = (*theta, 1.0)[:3]
        return mp.beta(a, b + t**c) / mp.beta(a, b)
    r, alpha, c = (*theta, 1.0)[:3]
    return (1 + (t / alpha) ** c) ** (-r)


@pytest.mark.parametrize(("family", "theta"), LAWS)
def test_retention_is_the_papers(family, theta) -> None:
    for start, stop in ((0, 1), (0, 40), (7, 8), (300, 301), (4000, 5000)):
        exact = mp.log(survival(family, theta, stop) / survival(family, theta, start))
        found = float(family.log_retention(theta, float(start), float(stop)))
        assert found == pytest.approx(float(exact), rel=1e-9)


@pytest.mark.parametrize(("family", "theta"), LAWS)
@pytest.mark.parametrize("delta", [0.01, 0.5])
def test_discounted_tenure_is_the_sum_or_the_integral(family, theta, delta) -> None:
    for age in (0, 6):
        if family.DISCRETE:
            # The sum one by one; its terms' logarithms are right to 1e-12, which the papers' formula needs no more for.
            a, b, c = (*theta, 1.0)[:3]
            k = np.arange(1.0, 6000.0)
            kept = betaln(a, b + (age + k) ** c) - betaln(a, b + age**c)
            exact = np.sum(np.exp(kept - delta * (k - 1)))
        else:
            start = survival(family, theta, age)
            points = [0, 0.01, 0.5, 2, 5, 10, 30, 100, 300, 1000, 4000]
            exact = mp.quad(lambda s, a=age, z=start: survival(family, theta, a + s) / z * mp.e ** (-delta * s), points)
        found = outlook.discounted_tenure(family, theta, np.array([float(age)]), delta)[0]
        assert found == pytest.approx(float(exact), rel=1e-8)


def test_mean_tenures_in_closed_form_and_where_there_is_none() -> None:
    ages = np.array([0.0, 4.0])
    alpha, beta = 1.5, 3.0
    mean = outlook.residual_tenure(shifted_beta_geometric, (alpha, beta), ages)
    assert mean == pytest.approx((alpha + beta + ages - 1) / (alpha - 1), rel=1e-9)
    assert np.all(np.isinf(outlook.residual_tenure(shifted_beta_geometric, (0.9, 3.0), ages)))
    assert np.all(np.isinf(outlook.residual_tenure(beta_discrete_weibull, (0.5, 3.0, 1.9), ages)))
    r, scale = 2.2, 7.0
    mean = outlook.residual_tenure(exponential_gamma, (r, scale), ages)
    assert mean == pytest.approx((scale + ages) / (r - 1), rel=1e-9)
    for r, c in ((3.0, 0.4), (2.55, 0.4), (0.3, 4.0), (5.0, 5.0)):
        closed = scale * math.gamma(1 + 1 / c) * math.gamma(r - 1 / c) / math.gamma(r)
        assert outlook.residual_tenure(weibull_gamma, (r, scale, c), ages[:1])[0] == pytest.approx(closed, rel=1e-8)
    # The sum of a heavy tail: four million terms one by one, and the rest by its power.
    theta = (0.9, 3.0, 1.5)
    t = np.arange(400_000.0)
    terms = np.exp(beta_discrete_weibull.log_retention(theta, 0.0, t))
    last = float(np.exp(beta_discrete_weibull.log_retention(theta, 0.0, t[-1] + 1)))
    by_hand = terms.sum() + last * t.size / 0.35 + last / 2
    assert outlook.residual_tenure(beta_discrete_weibull, theta, ages[:1])[0] == pytest.approx(by_hand, rel=1e-7)


@pytest.mark.parametrize(("family", "theta"), LAWS)
def test_caps_and_horizons(family, theta) -> None:
    ages = np.array([0.0, 3.0, 50.0])
    capped = outlook.residual_tenure(family, theta, ages, 4.5)
    for age, found in zip(ages, capped, strict=True):
        start = survival(family, theta, age)
        if family.DISCRETE:
            exact = sum(survival(family, theta, age + k) for k in range(4)) + 0.5 * survival(family, theta, age + 4)
        else:
            exact = mp.quad(lambda s, a=age: survival(family, theta, a + s), [0, 0.01, 0.5, 2, 4.5])
        assert found == pytest.approx(float(exact / start), rel=1e-8)
    if family.DISCRETE:
        # The next renewal in a quarter of a period: renewals at .25, 1.25, 2.25 lie within three periods.
        found = outlook.discounted_tenure(family, theta, ages, 0.1, 3.0, 0.25)
        by_hand = sum(outlook.survival(family, theta, ages, k) * np.exp(-0.1 * (k - 0.75)) for k in (1, 2, 3))
        assert found == pytest.approx(by_hand, rel=1e-10)
        assert outlook.discounted_tenure(family, theta, ages, 0.1, 0.2, 0.25) == pytest.approx(0.0, abs=1e-11)


@pytest.mark.parametrize(("family", "theta"), LAWS)
def test_draws_in_columns_are_single_answers(family, theta) -> None:
    ages = np.array([0.0, 2.0, 9.0])
    many = [np.array(value) * np.array([[1.0], [1.3]]) for value in theta]
    for answer in (
        lambda p: outlook.survival(family, p, ages, 5.0),
        lambda p: outlook.residual_tenure(family, p, ages),
        lambda p: outlook.residual_tenure(family, p, ages, 7.0),
        lambda p: outlook.discounted_tenure(family, p, ages, 0.05, None, 0.5),
        lambda p: outlook.discounted_tenure(family, p, ages, 0.05, 12.0, 0.5),
        lambda p: outlook.median_residual(family, p, ages),
    ):
        both = answer(many)
        assert both.shape == (2, 3)
        assert both[0] == pytest.approx(answer(theta), rel=1e-7)
        assert both[1] == pytest.approx(answer(tuple(1.3 * value for value in theta)), rel=1e-7)


def test_heavy_ages_are_finite() -> None:
    old = ContractCells([0.0, 10.0], [5000.0, 4000.0], [1.0, 0.0], [1.0, 3.0], TimeUnit.DAY)
    for family, theta in LAWS:
        found = log_likelihood_sum(family, theta, ContractTables.of(old, family.DISCRETE))
        assert found.finite
