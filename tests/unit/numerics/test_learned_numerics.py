"""What learned value rests on: the zero-inflated lognormal loss, recalibration, and intervals repaired by group."""

from __future__ import annotations

import numpy as np
import pytest

from keepers.numerics.conformal import central_share
from keepers.numerics.conformal_bins import ConformalBins, ZeroLognormal
from keepers.numerics.recalibration import Recalibration, recalibrate, recalibrate_probability
from keepers.numerics.zero_inflated_lognormal import (
    scale_of,
    score_of_scale,
    ziln_derivatives,
    ziln_loss,
)


def test_the_gradient_is_exact() -> None:
    rng = np.random.default_rng(1)
    scores = rng.normal(size=(60, 3))
    money = np.where(rng.random(60) < 0.5, rng.lognormal(1.0, 1.5, 60), 0.0)
    gradient, curvature = ziln_derivatives(scores, money)
    for k in range(3):
        step = np.zeros(3)
        step[k] = 1e-6
        slope = (ziln_loss(scores + step, money) - ziln_loss(scores - step, money)) / 2e-6
        np.testing.assert_allclose(gradient[:, k], slope, rtol=1e-6, atol=1e-7)
    assert (curvature >= 0).all()
    assert (curvature[money == 0, 1:] == 0).all()


def test_the_curvature_is_what_the_gradient_expects() -> None:
    rng = np.random.default_rng(2)
    z = np.array([0.4, 1.2, 0.1])
    n = 200_000
    p, sigma = 1 / (1 + np.exp(-z[0])), float(scale_of(z[2:])[0])
    money = np.where(rng.random(n) < p, np.exp(z[1] + sigma * rng.normal(size=n)), 0.0)
    gradient, curvature = ziln_derivatives(np.tile(z, (n, 1)), money)
    np.testing.assert_allclose(gradient.mean(axis=0), 0.0, atol=0.01)
    np.testing.assert_allclose((gradient**2).mean(axis=0), curvature.mean(axis=0), rtol=0.02)
    assert score_of_scale(sigma) == pytest.approx(z[2])


def test_recalibration_makes_total_and_tenths_right_and_keeps_the_order() -> None:
    rng = np.random.default_rng(3)
    truth = rng.gamma(0.8, 20.0, 20_000)
    outcome = np.where(rng.random(20_000) < 0.5, 2 * truth * rng.lognormal(-0.125, 0.5, 20_000), 0.0)
    crooked = 3.0 * truth**0.7
    found = recalibrate(crooked, outcome)
    right = found(crooked)
    assert right.sum() == pytest.approx(outcome.sum(), rel=1e-9)
    fresh = found(3.0 * np.sort(truth) ** 0.7)
    assert (np.diff(fresh) > 0).all()
    for part in np.array_split(np.argsort(truth), 10):
        # A tenth of the given order is kept, so that small values are a little off their mean.
        assert right[part].sum() == pytest.approx(outcome[part].sum(), abs=0.02 * outcome.sum())
    again = Recalibration.from_dict(found.to_dict())
    np.testing.assert_array_equal(again(crooked), right)
    at, step = np.array([7.0, 31.0, 90.0]), 1e-6
    np.testing.assert_allclose(found.slope(at), (found(at + step) - found(at - step)) / (2 * step), rtol=1e-5)


def test_few_buyers_leave_the_shape_to_the_prediction() -> None:
    predicted = np.linspace(1.0, 100.0, 60)
    outcome = np.zeros(60)
    outcome[[3, 50]] = 100.0
    factors = np.exp(recalibrate(predicted, outcome).factors)
    assert factors.max() / factors.min() < 2.0


def test_chances_become_shares() -> None:
    rng = np.random.default_rng(4)
    truth = rng.normal(size=30_000)
    happened = (rng.random(30_000) < 1 / (1 + np.exp(-truth))).astype(float)
    found = recalibrate_probability(2.0 * truth - 1.0, happened)
    chance = 1 / (1 + np.exp(-found(2.0 * truth - 1.0)))
    for part in np.array_split(np.argsort(truth), 5):
        assert chance[part].mean() == pytest.approx(happened[part].mean(), abs=0.025)


def test_bins_repair_a_spread_that_is_wrong_by_group() -> None:
    rng = np.random.default_rng(5)

    def draw(n: int) -> tuple[ZeroLognormal, np.ndarray]:
        mean = rng.lognormal(3.0, 1.0, n)
        chance = np.clip(0.2 + 0.1 * np.log(mean), 0.1, 0.8)
        true = np.where(mean > 20, 1.4, 0.5)
        money = np.exp(np.log(mean / chance) - 0.5 * true**2 + true * rng.normal(size=n))
        return ZeroLognormal(chance, mean, np.full(n, 0.9)), np.where(rng.random(n) < chance, money, 0.0)

    law, money = draw(6000)
    bins = ConformalBins.of(law.mean, *law.transform(money))
    law, money = draw(20_000)
    below, at = law.transform(money)
    spread = (law.mean > 20) & (money > 0)
    chance = 1.0 - law.probability[spread]
    assert central_share(*((side[spread] - chance) / (1 - chance) for side in (below, at)), 0.9) < 0.8
    for level in (0.5, 0.8, 0.9):
        low, high = bins.levels(law.mean, level)
        inside = (money >= law.quantile(low)) & (money <= law.quantile(high))
        for group in (law.mean > 20, law.mean <= 20):
            assert central_share(*bins.repaired(law.mean[group], below[group], at[group]), level) == pytest.approx(
                level, abs=0.04
            )
            assert inside[group].mean() > level - 0.04
    again = ConformalBins.from_dict(bins.to_dict())
    np.testing.assert_allclose(again.levels(law.mean, 0.8)[1], bins.levels(law.mean, 0.8)[1], atol=1e-8)


def test_quantiles_invert_the_transform() -> None:
    law = ZeroLognormal(np.array([0.3, 0.9]), np.array([5.0, 80.0]), np.array([0.7, 1.1]))
    money = law.quantile(np.array([0.8, 0.4]))
    np.testing.assert_allclose(law.transform(money)[1], [0.8, 0.4], atol=1e-12)
    assert law.quantile(np.array([0.5, 0.05])).tolist() == [0.0, 0.0]
