"""Do 80% and 95% intervals of customers' value hold what they promise, when models are fitted on one half of time?"""

from __future__ import annotations

import numpy as np
import pytest

from keepers.domain.money import annual_rate
from keepers.domain.time import weeks
from keepers.evaluation.calibration import coverage, pit_histogram
from keepers.models.btyd.pareto_nbd import ParetoNBD
from keepers.models.spend.gamma_gamma import GammaGamma
from keepers.summaries.frames import summary_from_frame
from keepers.valuation.lifetime_value import lifetime_value

pytestmark = pytest.mark.statistical


@pytest.mark.parametrize(("customers", "tolerance"), [(20_000, 0.01), (150, 0.08)])
def test_randomised_coverage_is_the_level_and_plain_coverage_at_least(customers: int, tolerance: float) -> None:
    rng = np.random.default_rng(customers)
    below, at, held = [], [], []
    for _ in range(1 if customers > 1000 else 12):
        T = rng.uniform(4, 78, customers)
        rate, leaving = rng.gamma(0.55, 1 / 10.6, customers), rng.gamma(0.6, 1 / 11.7, customers)
        end = np.minimum(rng.exponential(1 / leaving), T + 52)
        scale = 1 / rng.gamma(3.74, 1 / 15.4, customers)
        owner = np.repeat(np.arange(customers), rng.poisson(rate * end))
        time = rng.random(owner.size) * end[owner]
        money = rng.gamma(6.25, scale[owner])
        seen = time <= T[owner]
        x = np.bincount(owner[seen], minlength=customers).astype(float)
        t_x = np.zeros(customers)
        np.maximum.at(t_x, owner[seen], time[seen])
        spend = np.bincount(owner[seen], money[seen], minlength=customers) / np.maximum(x, 1)
        actual = np.bincount(owner[~seen], money[~seen], minlength=customers)
        summary = summary_from_frame({"frequency": x, "recency": t_x, "T": T, "monetary_value": spend}, unit="week")
        buying, spending = ParetoNBD().fit(summary), GammaGamma().fit(summary)
        values = lifetime_value(buying, spending, summary, weeks(52), annual_rate(0.0))
        found = values.engine.columns(f"SELECT * FROM {values.name} ORDER BY row_number")
        held.append((actual >= found["clv_predicted_52w_low"]) & (actual <= found["clv_predicted_52w_high"]))
        cells = values.facts.cells
        assert cells.shape is not None
        assert cells.spend is not None
        keys = np.column_stack([x, np.round(t_x * 7, 6), np.round(T * 7, 6)])
        cell = np.unique(keys, axis=0, return_inverse=True)[1].ravel()
        at.append(cells.shape.probability(cell, actual / (cells.spend.gamma + x * spend)))
        below.append(np.where(actual > 0, at[-1], 0.0))
    low, high = np.concatenate(below), np.concatenate(at)
    for found in coverage(low, high):
        assert found.randomised == pytest.approx(found.level, abs=tolerance)
        assert found.plain >= found.level - tolerance
    assert np.mean(np.concatenate(held)) >= 0.8
    if customers > 1000:
        assert np.max(np.abs(np.array(pit_histogram(low, high, bins=10)) - 0.1)) < 0.012
