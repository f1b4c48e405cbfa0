"""Ratios to the usual money: recovered, drawn together where rows are few, and as uncertain as they say."""

import numpy as np
import pytest

from keepers.numerics.money_ratio import fit_money_ratio

GROUP = np.array([0])


def _design(large: np.ndarray) -> np.ndarray:
    return np.column_stack([np.ones(large.size), large])


def test_without_rows_the_ratio_is_one_and_all_prior() -> None:
    fit = fit_money_ratio(np.zeros((0, 2)), np.zeros(0), np.zeros(0), GROUP)
    both = _design(np.array([0.0, 1.0]))
    np.testing.assert_allclose(fit.ratio(both), 1.0)
    np.testing.assert_allclose(fit.share_of_prior(both), 1.0)


def test_intervals_hold_the_true_ratio() -> None:
    rng = np.random.default_rng(4)
    inside = 0
    for _ in range(60):
        large = rng.integers(0, 2, 300).astype(float)
        usual = rng.uniform(20.0, 300.0, 300)
        money = usual * np.where(large == 1, 1.8, 0.9) * rng.gamma(0.7, 1 / 0.7, 300)
        fit = fit_money_ratio(_design(large), money, usual, GROUP)
        drawn = np.exp(fit.draws(300, 1) @ np.array([1.0, 1.0]))
        low, high = np.quantile(drawn, (0.1, 0.9))
        inside += low <= 1.8 <= high
    assert 0.66 <= inside / 60 <= 0.92


def test_a_level_of_two_rows_is_drawn_to_the_others() -> None:
    rng = np.random.default_rng(5)
    large = np.zeros(400)
    large[:2] = 1.0
    money = 100 * rng.gamma(1.0, 1.0, 400)
    money[:2] = 600.0
    ratio = fit_money_ratio(_design(large), money, np.full(400, 100.0), GROUP).ratio(_design(np.array([1.0])))[0]
    assert 1.5 < ratio < 5.0


def test_nothing_brought_is_no_error() -> None:
    fit = fit_money_ratio(np.ones((30, 1)), np.zeros(30), np.full(30, 50.0), np.zeros(0, dtype=np.int64))
    assert 0 < fit.ratio(np.ones((1, 1)))[0] == pytest.approx(fit.ratio(np.ones((1, 1)))[0])
