"""The closed value and its interval against full simulation: leaving, orders in time, spend, discount of each order."""

from __future__ import annotations

import numpy as np
import pytest

from keepers.domain.cells import Cells
from keepers.domain.money import annual_rate
from keepers.domain.time import Horizon, TimeUnit, months
from keepers.models.btyd.pareto_nbd import ParetoNBD
from keepers.models.spend.gamma_gamma import GammaGamma
from keepers.numerics.likelihoods import pareto_nbd
from keepers.summaries.frames import summary_from_frame
from keepers.valuation.lifetime_value import lifetime_value

DRAWS = 6_000
DISCOUNT = annual_rate(0.25)


def simulated(
    buying: ParetoNBD, spending: GammaGamma, x: float, t_x: float, T: float, m: float, horizon: Horizon
) -> np.ndarray:
    """Discounted money of one history: what is not known of the customer is drawn first, then every order."""
    rng = np.random.default_rng(int(1000 * (x + t_x + T)))
    r, alpha, s, beta = buying.parameters_.values()
    p, q, gamma = spending.parameters_.values()
    t = horizon.in_unit(TimeUnit.WEEK)
    alive = pareto_nbd.probability_alive((r, alpha, s, beta), np.array([x]), np.array([t_x]), np.array([T]))[0]
    # Given that a customer is alive, the rates of buying and of leaving are independent gammas.
    rate = rng.gamma(r + x, 1 / (alpha + T), DRAWS)
    life = rng.exponential(1 / rng.gamma(s, 1 / (beta + T), DRAWS))
    span = np.where(rng.random(DRAWS) < alive, np.minimum(life, t), 0.0)
    orders = rng.poisson(rate * span)
    owner = np.repeat(np.arange(DRAWS), orders)
    times = rng.random(owner.size) * span[owner]
    scale = 1 / rng.gamma(p * x + q, 1 / (gamma + x * m), DRAWS)
    money = rng.gamma(p, scale[owner]) * np.exp(-DISCOUNT.continuous(TimeUnit.WEEK) * times)
    return np.bincount(owner, money, minlength=DRAWS)


@pytest.fixture(scope="module")
def models() -> tuple[ParetoNBD, GammaGamma]:
    """Fitted on many customers, so that the parameters' own uncertainty does not show."""
    rng = np.random.default_rng(8)
    n = 40_000
    T = rng.uniform(20, 60, n)
    x, t_x = pareto_nbd.sample_new((0.55, 10.6, 0.6, 11.7), T, rng)
    spend = rng.gamma(6.25 * np.maximum(x, 1)) / rng.gamma(3.74, size=n) * 15.4 / np.maximum(x, 1)
    buying = ParetoNBD().fit(Cells.of_customers(x, t_x, T, TimeUnit.WEEK))
    return buying, GammaGamma().fit({"frequency": x, "monetary_value": spend})


@pytest.mark.parametrize("horizon", [months(12), months(36)])
def test_mean_and_quantiles(models: tuple[ParetoNBD, GammaGamma], horizon: Horizon) -> None:
    buying, spending = models
    rows = [(0, 0, 2, 0), (0, 0, 40, 0), (1, 4, 40, 20), (1, 38, 40, 90), (2, 30, 40, 35), (4, 38, 40, 50),
            (8, 39, 40, 25), (15, 38, 40, 40), (30, 39, 40, 60)]  # fmt: skip
    x, t_x, T, m = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    summary = summary_from_frame({"frequency": x, "recency": t_x, "T": T, "monetary_value": m}, unit="week")
    values = lifetime_value(buying, spending, summary, horizon, DISCOUNT, level=[50, 95])
    found = values.engine.columns(f"SELECT * FROM {values.name} ORDER BY row_number")
    errors = []
    for place, row in enumerate(rows):
        truth = simulated(buying, spending, *row, horizon)
        noise = 4 * truth.std() / np.sqrt(DRAWS) + 0.01 * truth.mean()
        assert found[values.value_column][place] == pytest.approx(truth.mean(), abs=noise)
        for suffix, level in (("", 80), ("_50", 50), ("_95", 95)):
            for end, quantile in (("low", (100 - level) / 200), ("high", (100 + level) / 200)):
                at = found[f"{values.value_column}_{end}{suffix}"][place]
                if at > 0:
                    errors.append(np.mean(truth <= at) - quantile)
                    assert abs(errors[-1]) < (0.08 if level == 50 else 0.045)
                else:
                    assert np.mean(truth == 0) >= quantile - 0.02
    assert abs(np.mean(errors)) < 0.015
