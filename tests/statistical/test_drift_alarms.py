"""False alarms on drift come as often as they are allowed to, and real changes are found and named."""

from __future__ import annotations

import numpy as np
import pytest

import keepers as kp
from keepers.domain.cells import Cells
from keepers.domain.time import TimeUnit
from keepers.evaluation import drift
from keepers.numerics.likelihoods import bg_nbd, nbd

pytestmark = pytest.mark.statistical

QUARTER, WEEKS = kp.weeks(13), 13.0


def store(family, theta: tuple[float, ...], customers: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Known customers and what they did in the quarter since, nothing having changed."""
    ages = rng.integers(90, 365, customers) / 7
    x, t_x = family.sample_new(theta, ages, rng)
    since = family.sample_future(theta, x, t_x, ages, WEEKS, rng)
    return {"frequency": x, "recency": t_x, "T": ages, "holdout_frequency": since}


def newcomers(family, theta: tuple[float, ...], customers: int, rng: np.random.Generator) -> Cells:
    ages = rng.integers(1, 92, customers) / 7
    return Cells.of_customers(*family.sample_new(theta, ages, rng), ages, TimeUnit.WEEK)


@pytest.mark.parametrize(
    ("model", "family", "theta", "replicates"),
    [(kp.NBD, nbd, (0.4, 4.0), 40), (kp.BGNBD, bg_nbd, (0.6, 6.0, 0.8, 3.0), 40)],
)
def test_alarms_of_small_stores(model, family, theta, replicates, monkeypatch: pytest.MonkeyPatch) -> None:
    # The rank test is exact with any number of drawn periods; few make it quick and only cost power.
    monkeypatch.setattr(drift, "_REPLICATES", 59)
    rng = np.random.default_rng(11)
    same, slower = [], []
    for replicate in range(replicates):
        data = store(family, theta, 300, rng)
        fitted = model().fit(data, unit="week")
        new = newcomers(family, theta, 60, rng)
        same.append(drift.parameter_drift(fitted, data, horizon=QUARTER, newcomers=new).p_value)
        if replicate < 10:
            fewer = rng.binomial(data["holdout_frequency"].astype(int), 0.5)
            found = drift.parameter_drift(fitted, {**data, "holdout_frequency": fewer}, horizon=QUARTER)
            slower.append("purchase rate" in found.moved)
    p_values = np.array(same)
    for rate in (0.05, 0.2, 0.5):
        assert np.mean(p_values <= rate) <= rate + 2.6 * np.sqrt(rate * (1 - rate) / replicates)
    assert np.mean(p_values <= 0.5) >= 0.5 - 2.6 * np.sqrt(0.25 / replicates)
    assert np.mean(slower) >= 0.7
