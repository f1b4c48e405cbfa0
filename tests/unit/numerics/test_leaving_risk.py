"""Risks of leaving that covariates move: the integral itself, its derivatives and its inverse."""

from __future__ import annotations

import numpy as np
import pytest

from keepers.numerics.leaving_risk import Risk
from on_paths import LENGTH, integral, on_a_path, paths

GAMMA = np.array([0.7, -0.4])


@pytest.mark.parametrize("growth", [None, 0.3, 9.0])
def test_a_risk_is_the_integral_of_its_pace(growth):
    values = paths()
    risk = Risk(values, LENGTH, GAMMA, growth)

    def pace(age, z):
        return np.exp(z @ GAMMA) * (1.0 if growth is None else growth * np.exp(growth * age))

    ages = np.array([0.0, 0.05, 0.31, 1.7, 2.6])
    for start in (0.0, 0.234, 1.0):
        between = on_a_path(values[1], start)
        came, path = np.full(ages.size, start), np.ones(ages.size, dtype=np.int64)
        found = risk.at(path, came, ages)
        np.testing.assert_allclose(found, [integral(between, pace, 0.0, age) for age in ages], rtol=1e-12)
        np.testing.assert_allclose(risk.age_of(path, came, found), ages, atol=1e-12)


@pytest.mark.parametrize("growth", [None, 0.3, 9.0])
def test_derivatives_of_a_risk(growth):
    values = paths()
    start, age, path = np.array([0.1, 0.9]), np.array([1.3, 0.02]), np.array([0, 2])
    point = np.array([*([] if growth is None else [np.log(growth)]), *GAMMA])

    def at(where):
        b = None if growth is None else float(np.exp(where[0]))
        return Risk(values, LENGTH, where[-2:], b, 2).reading(path, start, age)

    here = at(point)
    for place in range(point.size):
        step = np.zeros(point.size)
        step[place] = 1e-5
        up, down = at(point + step), at(point - step)
        np.testing.assert_allclose(here.first[:, place], (up.value - down.value) / 2e-5, rtol=1e-6, atol=1e-8)
        np.testing.assert_allclose(here.second[:, place], (up.first - down.first) / 2e-5, rtol=1e-6, atol=1e-7)
