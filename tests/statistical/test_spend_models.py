"""Further models of spend find the truth that was simulated; values are unbiased where Gamma-Gamma's are not."""

from __future__ import annotations

import numpy as np
import pytest

import keepers as kp
from keepers.models.spend.correlated_spend import CorrelatedSpend
from keepers.models.spend.drifting_gamma_gamma import DriftingGammaGamma
from keepers.models.spend.gamma_gamma import GammaGamma
from keepers.models.spend.signed_spend import SignedSpend
from keepers.summaries.spend_history import OrderRows

pytestmark = pytest.mark.statistical


def test_growth_and_forgetting_are_recovered() -> None:
    rng = np.random.default_rng(11)
    customers, orders, p, q, gamma, growth, phi = 1200, 10, 5.0, 4.0, 18.0, 0.92, 0.15
    value = np.empty((customers, orders))
    ago = np.sort(rng.random((customers, orders)) * 4, axis=1)[:, ::-1]
    n, s = 0.0, np.zeros(customers)
    for place in range(orders):
        level = rng.standard_gamma(p, customers) * (gamma + s) / rng.standard_gamma(q + p * n, customers)
        value[:, place] = level * growth ** -ago[:, place]
        n, s = n * np.exp(-phi) + 1.0, s * np.exp(-phi) + level
    rows = OrderRows(np.repeat(np.arange(customers), orders), ago.ravel(), value.ravel(), 1.0)
    model = DriftingGammaGamma().fit(rows)
    assert model.drift_ == "both"
    for name, truth in {"p": p, "q": q, "gamma": gamma, "growth": growth, "forgetting": phi}.items():
        assert abs(model.parameters_[name] - truth) < 3.5 * model.standard_errors_[name], name


def test_drift_is_seldom_seen_where_there_is_none() -> None:
    seen = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        customer = np.repeat(np.arange(150), 6)
        value = rng.standard_gamma(4.0, customer.size) * 15.0 / rng.standard_gamma(3.5, 150)[customer]
        seen += DriftingGammaGamma().fit(OrderRows(customer, rng.random(customer.size), value, 1.0)).drift_ != "none"
    assert seen <= 2


def test_chances_and_sizes_of_gains_and_losses_are_recovered() -> None:
    rng = np.random.default_rng(12)
    customers = 6000
    n = 1 + rng.poisson(5.0, customers)
    won = rng.binomial(n, rng.beta(6.0, 1.5, customers))
    bad = rng.binomial(n - won, 0.75)

    def sums(count: np.ndarray, p: float, q: float, gamma: float) -> np.ndarray:
        return rng.standard_gamma(p * np.maximum(count, 1)) * gamma / rng.standard_gamma(q, customers) * (count > 0)

    frame = {
        "gains": won, "gained": sums(won, 5.0, 4.0, 20.0), "losses": bad, "lost": sums(bad, 2.0, 5.0, 30.0),
        "zeros": n - won - bad,
    }  # fmt: skip
    model = SignedSpend().fit(frame)
    truth = {"p": 5.0, "q": 4.0, "gamma": 20.0, "a": 6.0, "b": 1.5, "p_loss": 2.0, "q_loss": 5.0, "gamma_loss": 30.0}
    for name, value in truth.items():
        assert abs(model.parameters_[name] - value) < 3.5 * model.standard_errors_[name], name
    assert model.zero_share_ == pytest.approx(0.25, abs=0.02)
    mean = 0.8 * 5 * 20 / 3 - 0.2 * 0.75 * 2 * 30 / 4
    assert model.mean_spend_ == pytest.approx(mean, rel=0.05)


class Correlated:
    """Customers of a Pareto/NBD whose spend is a power of the rate, and what they do in a holdout."""

    def __init__(self, elasticity: float, customers: int = 30_000, seed: int = 13) -> None:
        rng = np.random.default_rng(seed)
        rate, dropout = rng.gamma(0.8, 1 / 10.0, customers), rng.gamma(0.7, 1 / 12.0, customers)
        age, horizon = np.full(customers, 52.0), 52.0
        life = rng.exponential(1 / np.maximum(dropout, 1e-12))
        seen = np.minimum(life, age)
        x = rng.poisson(rate * seen)
        last = np.where(x > 0, seen * rng.random(customers) ** (1 / np.maximum(x, 1)), 0.0)
        future = rng.poisson(rate * np.clip(life - age, 0, horizon))
        mean = 4.0 * 20.0 * (rate / 0.05) ** elasticity / rng.gamma(3.5, 1.0, customers)
        spent = rng.gamma(4.0 * np.maximum(x, 1)) * mean / 4.0 / np.maximum(x, 1)
        self.data = {"frequency": x, "recency": last, "T": age, "monetary_value": np.where(x > 0, spent, np.nan)}
        self.money = np.where(future > 0, rng.gamma(4.0 * np.maximum(future, 1)) * mean / 4.0, 0.0)
        self.buying = kp.ParetoNBD().fit(self.data, unit="week")
        self.truth = float(np.corrcoef(np.log(rate), np.log(mean))[0, 1])


def test_the_correlation_is_recovered() -> None:
    shop = Correlated(0.5, 12_000)
    model = CorrelatedSpend().fit(shop.data, shop.buying)
    assert model.elasticity_ == pytest.approx(0.5, abs=0.06)
    found = model.correlation_
    assert found.low - 0.03 < shop.truth < found.high + 0.03
    assert GammaGamma().fit(shop.data).independence_.rank_correlation > 0.1


def test_no_correlation_is_gamma_gamma() -> None:
    shop = Correlated(0.0, 6_000)
    model = CorrelatedSpend().fit(shop.data, shop.buying)
    assert model.elasticity_ == 0.0
    assert model.parameters_["p"] == pytest.approx(GammaGamma().fit(shop.data).parameters_["p"], rel=1e-10)


def test_values_are_unbiased_at_every_frequency_where_independence_is_biased() -> None:
    shop = Correlated(0.5)
    joint = CorrelatedSpend().fit(shop.data, shop.buying)
    bias = {}
    for name, spending in (("joint", joint), ("plain", GammaGamma().fit(shop.data))):
        values = kp.lifetime_value(
            shop.buying,
            spending,
            shop.data,
            kp.weeks(52),
            kp.annual_rate(0.0),
            unit="week",
            columns=["clv_predicted_52w"],
        )["clv_predicted_52w"]
        x = shop.data["frequency"]
        groups = (x == 0, (x >= 1) & (x <= 2), (x >= 3) & (x <= 6), x > 6)
        bias[name] = [values[group].sum() / shop.money[group].sum() - 1 for group in groups]
        spread = [shop.money[group].std() * np.sqrt(group.sum()) / shop.money[group].sum() for group in groups]
    assert np.all(np.abs(bias["joint"]) < 3 * np.array(spread) + 0.02), bias
    assert max(np.abs(bias["plain"])) > 0.10
    assert sum(np.abs(bias["joint"])) < 0.5 * sum(np.abs(bias["plain"]))
