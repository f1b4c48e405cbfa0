"""Sums and answers where parameters go by pattern."""

from __future__ import annotations

import numpy as np
import pytest

from keepers.numerics import patterns
from keepers.numerics.distinct import CellTables
from keepers.numerics.likelihoods import bg_nbd, mbg_nbd, nbd, pareto_nbd
from keepers.numerics.patterns import PatternedLikelihood, answers, parameters_of_patterns
from keepers.numerics.row_derivatives import rising_rows
from keepers.numerics.special import log_rising

FAMILIES = {
    "nbd": (nbd, (0.6, 1.1), [1]),
    "bg_nbd": (bg_nbd, (0.6, 1.1, 0.8, 2.4), [1, 2, 3]),
    "mbg_nbd": (mbg_nbd, (0.6, 1.1, 0.8, 2.4), [1, 2, 3]),
    "pareto_nbd": (pareto_nbd, (0.6, 1.1, 0.7, 1.4), [1, 3]),
}


def setting(name, patterns_wanted, rows=400, seed=4):
    family, theta, moved = FAMILIES[name]
    rng = np.random.default_rng(seed)
    T = rng.uniform(0.3, 2.0, rows)
    x, t_x = family.sample_new(theta, T, rng)
    pattern = rng.integers(0, patterns_wanted, rows)
    design = np.zeros((patterns_wanted, len(theta), len(moved)))
    for place, parameter in enumerate(moved):
        design[:, parameter, place] = rng.normal(size=patterns_wanted)
    offset = np.zeros((patterns_wanted, len(theta)))
    offset[:, 1] = 0.1 * rng.normal(size=patterns_wanted)
    point = np.concatenate([np.log(theta), rng.normal(0, 0.3, len(moved))])
    return family, CellTables(x, t_x, T, rng.integers(1, 4, rows).astype(float)), pattern, design, offset, point


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("count", [3, 300])
def test_derivatives_are_those_of_the_value(name, count):
    family, tables, pattern, design, offset, point = setting(name, count)
    likelihood = PatternedLikelihood(family, tables, pattern, design, offset)
    here = likelihood(point, 2)
    for place in range(point.size):
        step = np.zeros(point.size)
        step[place] = 1e-5
        up, down = likelihood(point + step, 2), likelihood(point - step, 2)
        assert here.gradient[place] == pytest.approx((up.value - down.value) / 2e-5, rel=1e-6, abs=1e-5)
        np.testing.assert_allclose(here.hessian[place], (up.gradient - down.gradient) / 2e-5, rtol=1e-6, atol=1e-5)


@pytest.mark.parametrize("name", FAMILIES)
def test_many_points_at_once_give_what_each_gives_alone(name):
    family, tables, pattern, design, offset, point = setting(name, 2)
    likelihood = PatternedLikelihood(family, tables, pattern, design, offset)
    points = point + np.random.default_rng(3).normal(scale=0.3, size=(20, point.size))
    assert likelihood.values is not None
    alone = [likelihood(one, 0).value for one in points]
    assert likelihood.values(points) == pytest.approx(alone, rel=1e-12)


@pytest.mark.parametrize("name", FAMILIES)
def test_by_pattern_and_by_row_are_one(name):
    family, tables, pattern, design, offset, point = setting(name, 200)
    by_row = PatternedLikelihood(family, tables, pattern, design, offset)
    assert by_row._by_row is not None

    class Shared:
        log_likelihood_sum = staticmethod(family.log_likelihood_sum)

    by_pattern = PatternedLikelihood(Shared(), tables, pattern, design, offset)
    one, other = by_row(point, 2), by_pattern(point, 2)
    assert one.value == pytest.approx(other.value, rel=1e-12)
    np.testing.assert_allclose(one.gradient, other.gradient, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(one.hessian, other.hessian, rtol=1e-9, atol=1e-9)


def test_a_sample_stands_for_all():
    family, tables, pattern, design, offset, point = setting("pareto_nbd", 3, rows=4000)
    likelihood = PatternedLikelihood(family, tables, pattern, design, offset)
    some = likelihood.sample(1500)
    assert some(point, 0).value == pytest.approx(likelihood(point, 0).value, rel=0.05)


@pytest.mark.parametrize("name", ["nbd", "bg_nbd", "pareto_nbd"])
def test_interpolated_answers_are_exact_to_three_in_ten_thousand(name):
    family, tables, pattern, design, offset, point = setting(name, 60, rows=120)
    if name == "bg_nbd":
        # One covariate of everything: the points needed lie along a line.
        design[:] = design.sum(axis=(1, 2), keepdims=True) * (design != 0) * 0.3
    k = design.shape[2]
    theta = parameters_of_patterns(np.concatenate([np.exp(point[:-k]), point[-k:]]), design, offset)
    theta, pattern = theta[np.unique(pattern)], np.unique(pattern, return_inverse=True)[1]
    moved = np.flatnonzero(np.ptp(theta, axis=0) > 0)
    grid = patterns._Grid.over(np.log(theta[:, moved])[pattern], patterns.STEPS[moved.size])
    columns = (tables.x, tables.t_x, tables.T)
    questions = [("expected_purchases", (1.0,)), ("forecast", (1.0, 0.1, 3.0)), ("purchase_distribution", (1.0, 4))]
    for question, further in questions[: 1 if name == "bg_nbd" else 3]:
        asked = getattr(family, question)
        exact = answers(asked, theta, pattern, columns, *further)
        near = patterns._interpolated(asked, theta, pattern, moved, grid, columns, *further)
        for one, other in zip(patterns._pieces(exact), patterns._pieces(near), strict=True):
            finite = np.isfinite(one)
            assert np.array_equal(finite, np.isfinite(other))
            np.testing.assert_allclose(other[finite], one[finite], rtol=3e-4, atol=1e-5)


def test_rising_factorials_of_rows():
    rng = np.random.default_rng(1)
    counts = np.concatenate([rng.integers(0, 30, 50), [5000, 0]]).astype(float)
    base = np.full(counts.shape, 0.37)
    whole = log_rising(0.37, counts)
    for mine, theirs in zip(rising_rows(base, counts), whole, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-12, atol=1e-12)
