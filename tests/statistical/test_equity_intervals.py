"""Do intervals of sums over customers hold what really came, over many shops of the same law?"""

from __future__ import annotations

import numpy as np
import pytest

from keepers.domain.money import annual_rate
from keepers.domain.time import weeks
from keepers.models.btyd.bg_nbd import BGNBD
from keepers.models.spend.gamma_gamma import GammaGamma
from keepers.summaries.frames import summary_from_frame
from keepers.valuation.equity import equity
from keepers.valuation.lifetime_value import lifetime_value

pytestmark = pytest.mark.statistical

SHOPS, CUSTOMERS = 18, 500


def test_totals_fall_inside_their_interval_as_often_as_it_says() -> None:
    rng = np.random.default_rng(11)
    orders, money, alive, widths = [], [], [], []
    for _ in range(SHOPS):
        T = rng.integers(10, 78, CUSTOMERS).astype(float)
        rate, leaving = rng.gamma(0.8, 1 / 8.0, CUSTOMERS), rng.beta(0.8, 2.5, CUSTOMERS)
        times = np.cumsum(rng.exponential(1 / rate[:, None], (CUSTOMERS, 120)), axis=1)
        made = np.arange(120) < rng.geometric(leaving)[:, None]
        seen, later = made & (times <= T[:, None]), made & (times > T[:, None]) & (times <= T[:, None] + 39)
        paid = rng.gamma(6.25, 1 / rng.gamma(4.5, 1 / 20.0, CUSTOMERS)[:, None], times.shape)
        x = seen.sum(axis=1).astype(float)
        t_x = np.where(seen, times, 0.0).max(axis=1)
        spend = np.where(seen, paid, 0.0).sum(axis=1) / np.maximum(x, 1)
        summary = summary_from_frame({"frequency": x, "recency": t_x, "T": T, "monetary_value": spend}, unit="week")
        buying, spending = BGNBD().fit(summary), GammaGamma().fit(summary)
        found = equity(lifetime_value(buying, spending, summary, weeks(39), annual_rate(0.0)), draws=32)
        assert found.total is not None
        orders.append(found.expected_orders.low <= later.sum() <= found.expected_orders.high)
        money.append(found.total.low <= paid[later].sum() <= found.total.high)
        # A customer is alive who has not left at the last of the orders seen.
        alive.append(found.still_customers.low <= np.sum(made.sum(axis=1) > x) <= found.still_customers.high)
        widths.append((found.total.high - found.total.low) / found.total.value)
    # Two standard errors of a share of 80% over 18 shops are 19 points.
    for held in (orders, money, alive):
        assert np.mean(held) == pytest.approx(0.8, abs=0.19)
    assert 0.1 < np.median(widths) < 0.4
