"""Panels between ladders: integrals with several scales, and rows that do not disturb each other."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from keepers.numerics.ladders import ladder, panel_nodes


def integral(log_integrand, breaks):
    nodes = panel_nodes(log_integrand, breaks)
    return nodes.sums(nodes.weight * np.exp(log_integrand(nodes.row, nodes.place)))


def test_powers_and_exponentials_of_any_scale():
    power = np.array([1.2, 3.0, 80.0, 5000.0])
    scale = np.array([1e-3, 1.0, 40.0, 1e4])
    end = scale * np.expm1(80 / power)

    def logs(row, y):
        return -power[row, None] * np.log1p(y / scale[row, None])

    breaks = ladder(scale / power, end, 4.0)
    expected = scale / (power - 1) * -np.expm1(np.log1p(end / scale) * (1 - power))
    assert integral(logs, breaks) == pytest.approx(expected, rel=1e-12)


def test_a_peak_far_from_the_foot_is_found_by_a_ladder_of_its_own():
    place = np.array([3.0, 500.0])
    end = np.full(2, 1e4)

    def logs(row, y):
        return -0.5 * (y - place[row, None]) ** 2

    rungs = ladder(np.ones(2), end, 3.0)
    breaks = np.clip(np.concatenate([place[:, None] + rungs, place[:, None] - rungs], axis=1), 0, end[:, None])
    half = 0.5 * np.sqrt(2 * np.pi)
    assert integral(logs, breaks) == pytest.approx(half * 2 * norm.cdf(place), rel=1e-11)


def test_panels_without_weight_are_left_out():
    breaks = ladder(np.ones(1), np.full(1, 1e12), 4.0)
    nodes = panel_nodes(lambda _, y: -y, breaks)
    assert nodes.row.size < 8
    assert nodes.sums(nodes.weight * np.exp(-nodes.place)) == pytest.approx(1.0, rel=1e-13)
    wide = np.stack([nodes.weight, 2 * nodes.weight], axis=2)
    assert nodes.sums(wide).shape == (1, 2)
