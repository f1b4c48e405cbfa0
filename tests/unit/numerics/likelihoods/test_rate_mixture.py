"""Elementary answers given the rates, against each other and simulation, and their mixtures."""

from __future__ import annotations

import numpy as np
import pytest

from keepers.numerics.likelihoods import rate_mixture as one
from keepers.numerics.likelihoods.rate_mixture import LivingMixture, RateNodes

RATE = np.array([0.02, 0.5, 3.0, 40.0])
LEAVING = np.array([1e-9, 0.01, 0.4, 5.0])


@pytest.mark.parametrize("t", [0.01, 4.0, 60.0])
def test_chances_have_the_moments_of_the_closed_forms(t):
    counts = np.arange(3500)
    table = np.array(list(one.purchase_chances(RATE, LEAVING, t, counts[-1]))).T
    assert table.sum(axis=1) == pytest.approx(1.0, abs=1e-11)
    assert table[:, 0] == pytest.approx(one.no_purchase(t)(RATE, LEAVING), abs=1e-13)
    assert table @ counts == pytest.approx(one.purchases(t)(RATE, LEAVING), rel=1e-9)
    assert table @ counts**2 == pytest.approx(one.squared_purchases(t)(RATE, LEAVING), rel=1e-8)


def test_stays():
    t = np.array([0.001, 0.04, 0.06, 3.0, 400.0])
    for length in t:
        places, weights = np.polynomial.legendre.leggauss(60)
        u = length * (places + 1) / 2
        for leaving in LEAVING:
            stays = np.exp(-leaving * u)
            if leaving * length < 20:
                assert one.stay(leaving, length) == pytest.approx(length / 2 * weights @ stays, rel=1e-12)
                assert one.stay_squared(leaving, length) == pytest.approx(length * weights @ (u * stays), rel=1e-11)
    assert one.discounted(0.1, None)(2.0, 0.3) == pytest.approx(5.0)
    assert one.discounted(0.1, 1e4)(2.0, 0.3) == pytest.approx(5.0)
    assert one.discounted(0.0, 7.0)(2.0, 0.3) == pytest.approx(one.purchases(7.0)(2.0, 0.3))


def mixture():
    weight = np.array([[[0.2, 0.3], [0.1, 0.4]], [[0.5, 0.0], [0.25, 0.25]]])
    rate = np.array([[[0.5], [2.0]], [[1.0], [3.0]]])
    leaving = np.array([[[0.01, 0.2], [0.05, 1.0]], [[0.1, 0.2], [0.3, 0.4]]])

    def parts():
        for row in (1, 0):
            rows = np.array([row])
            yield RateNodes(rows, rate[rows], leaving[rows], weight[rows])

    return LivingMixture(parts, 2), rate, leaving, weight


def test_mixtures_are_weighted_means_whatever_the_order_of_the_parts():
    living, rate, leaving, weight = mixture()
    found = living.means([one.purchases(5.0), one.lifetime(None), one.survival(2.0)])
    expected = [rate * one.stay(leaving, 5.0), 1 / leaving, np.exp(-2 * leaving)]
    for place, values in enumerate(expected):
        assert found[:, place] == pytest.approx((weight * values).sum(axis=(1, 2)))
    assert living.distribution(5.0, 200).sum(axis=1) == pytest.approx(1.0)


def test_medians_of_mixtures():
    living, rate, leaving, weight = mixture()
    index = np.array([1, 0, 1, 1, 0])
    share = np.array([0.9, 0.5, 0.5, 0.999999, 0.01])
    found = living.time_left(share, index)
    left = (weight[index] * np.exp(-leaving[index] * found[:, None, None])).sum(axis=(1, 2))
    assert left == pytest.approx(share, rel=1e-10)
    wait = living.median_wait()
    assert (weight * np.exp(-rate * wait[:, None, None])).sum(axis=(1, 2)) == pytest.approx([0.5, 0.5], rel=1e-11)


def test_the_moment_of_leaving_is_within_the_silence():
    rng = np.random.default_rng(3)
    rate, leaving, silence = np.full(50_000, 0.3), np.full(50_000, 0.2), np.full(50_000, 4.0)
    drawn = one.leaving_moment(rate, leaving, silence, rng)
    assert np.all((drawn >= 0) & (drawn <= 4))
    both = 0.5
    mean = 1 / both - 4 * np.exp(-4 * both) / (1 - np.exp(-4 * both))
    assert drawn.mean() == pytest.approx(mean, rel=0.02)
