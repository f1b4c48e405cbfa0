"""False alarms of the drift test come as often as they are allowed to, and real changes are found."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import keepers as kp
from keepers.domain.cells import Cells
from keepers.domain.time import TimeUnit
from keepers.evaluation import drift
from keepers.evaluation.drift import parameter_drift
from keepers.numerics.likelihoods import bg_nbd, nbd

pytestmark = pytest.mark.statistical

CASES = [
    (kp.NBD, nbd, (0.8, 6.0), (0.8, 10.0), 200, 80),
    (kp.BGNBD, bg_nbd, (0.6, 6.0, 0.8, 3.0), (0.6, 12.0, 0.8, 3.0), 500, 60),
]


def acquired(family, theta: tuple[float, ...], customers: int, rng: np.random.Generator) -> Cells:
    ages = rng.integers(100, 270, customers) / 7
    x, t_x = family.sample_new(theta, ages, rng)
    return Cells.of_customers(x, t_x, ages, TimeUnit.WEEK)


@pytest.mark.parametrize(("model", "family", "then", "now", "customers", "replicates"), CASES)
def test_alarms(model, family, then, now, customers, replicates, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drift, "_SIMULATIONS", 120)
    rng = np.random.default_rng(11)
    same, other = [], []
    for replicate in range(replicates):
        fitted = model().fit(acquired(family, then, customers, rng))
        same.append(parameter_drift(fitted, acquired(family, then, 200, rng)).p_value)
        if replicate < 12:
            other.append(parameter_drift(fitted, acquired(family, now, 200, rng)).p_value)
    found = np.array(same)
    assert stats.kstest(found, "uniform").pvalue > 1e-3
    assert np.mean(found < 0.05) <= 0.05 + 2.5 * np.sqrt(0.05 * 0.95 / replicates)
    assert np.mean(found < 0.2) == pytest.approx(0.2, abs=3 * np.sqrt(0.16 / replicates))
    assert np.mean(np.array(other) < 0.05) > 0.6
