"""Group means that lean on each other: the identities of the normal model, and calibration over its own prior."""

import numpy as np
import pytest

from keepers.numerics.shrinkage import shrink


def test_a_certain_group_speaks_for_itself_and_an_unknown_one_is_the_whole():
    found = shrink(np.array([3.0, 5.0, 4.2, np.nan]), np.array([1e-8, 1e-8, 1e-8, np.inf]), 0.5)
    assert found.mean[:3] == pytest.approx([3.0, 5.0, 4.2], abs=1e-6)
    assert found.weight[:3] == pytest.approx(0.0, abs=1e-6)
    assert found.weight[3] == pytest.approx(1.0)
    assert found.mean[3] == pytest.approx(found.centre)
    assert found.deviation[3] > 0.5


def test_alike_groups_are_drawn_together_and_an_odd_one_is_let_go():
    variance = np.full(7, 0.2**2)
    alike = shrink(np.array([1.0, 1.1, 0.9, 1.05, 0.95, 1.0, 1.2]), variance, 0.3)
    assert alike.spread < 0.2
    assert alike.mean[6] < 1.12
    odd = shrink(np.array([1.0, 1.1, 0.9, 1.05, 0.95, 1.0, 4.0]), variance, 0.3)
    assert odd.mean[6] > 3.8


def test_one_group_keeps_its_estimate():
    found = shrink(np.array([2.0]), np.array([0.3]), 0.2)
    assert found.mean[0] == pytest.approx(2.0)
    assert found.deviation[0] >= np.sqrt(0.3) - 1e-9


def test_nothing_to_lean_on_is_refused():
    with pytest.raises(ValueError, match="no group"):
        shrink(np.array([1.0]), np.array([np.inf]), 0.2)


def test_intervals_hold_the_truth_as_often_as_they_say():
    rng = np.random.default_rng(7)
    held = []
    for _ in range(400):
        tau = abs(0.3 * np.tan(0.5 * np.pi * rng.random() * 0.9))
        theta = 1.0 + tau * rng.standard_normal(6)
        deviation = rng.uniform(0.05, 0.8, 6)
        found = shrink(theta + deviation * rng.standard_normal(6), deviation**2, 0.3)
        held.append(np.abs(found.mean - theta) < 1.2816 * found.deviation)
    assert np.mean(held) == pytest.approx(0.80, abs=0.035)
