"""Mixing forecasts of money: weights by least squares, judged on holdouts that had no part in them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize

from keepers.evaluation.value_stacking import ValueForecasts, value_stacking, value_weights

TITLES = {"A": "model A", "B": "model B", "C": "model C"}


def holdout(seed: int, noise: tuple[float, ...], n: int = 3000) -> ValueForecasts:
    rng = np.random.default_rng(seed)
    truth = rng.gamma(0.7, 30.0, n)
    actual = np.where(rng.random(n) < 0.6, truth / 0.6 * rng.lognormal(-0.18, 0.6, n), 0.0)
    forecasts = {name: truth * rng.lognormal(-0.5 * s**2, s, n) for name, s in zip("ABC", noise, strict=False)}
    return ValueForecasts(actual, forecasts)


def test_weights_are_the_constrained_least_squares() -> None:
    one = holdout(1, (0.5, 0.6, 0.9))
    table, weight = one.table * 1.3, one.weight
    found = value_weights(table, one.actual, weight)
    best = optimize.minimize(
        lambda w: float(weight @ (one.actual - table @ w) ** 2),
        np.full(3, 0.3),
        bounds=[(0, 1)] * 3,
        constraints={"type": "ineq", "fun": lambda w: 1 - w.sum()},
        options={"ftol": 1e-14},
    )
    np.testing.assert_allclose(found, best.x, atol=2e-3)
    tight = value_weights(one.table * 0.5, one.actual, weight)
    assert tight.sum() == pytest.approx(1.0)


def test_a_mix_pays_where_forecasts_differ_in_their_errors_and_not_where_one_knows_all() -> None:
    found = value_stacking([holdout(seed, (0.7, 0.7)) for seed in range(3)], TITLES)
    assert found is not None
    assert found.pays
    assert "forecasts better than" in found.sentence
    mixed = found.mixed(holdout(9, (0.7, 0.7)).forecasts)
    assert mixed.sum() == pytest.approx(holdout(9, (0.7, 0.7)).actual.sum(), rel=0.1)
    alone = value_stacking([holdout(seed, (0.0, 1.0)) for seed in range(3)], TITLES)
    assert alone is not None
    assert not alone.pays
    assert alone.best == "A"
    assert alone.weights["A"] > 0.9
    single = value_stacking([holdout(4, (0.7, 0.7))], TITLES)
    assert single is not None
    assert single.pays
    assert value_stacking([holdout(4, (0.7,))], TITLES) is None
