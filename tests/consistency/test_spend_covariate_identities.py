"""Covariates of spend against the plain model: no effect is none, and a known effect is a change of money."""

from __future__ import annotations

import numpy as np
import pytest

import keepers as kp
from keepers.domain.cells import FloatArray
from keepers.models.spend.spend_effects import CellEffects
from keepers.numerics.likelihoods import gamma_gamma
from keepers.summaries.frames import summary_from_frame
from keepers.valuation.spend_forecast import SpendQuestion

CUSTOMERS = 700


@pytest.fixture(scope="module")
def data() -> dict[str, FloatArray]:
    rng = np.random.default_rng(11)
    x = rng.poisson(2.0, CUSTOMERS).astype(float)
    recency = np.where(x > 0, rng.integers(5, 30, CUSTOMERS).astype(float), 0.0)
    money = gamma_gamma.sample_new((6.0, 4.0, 15.0), x, rng)
    times = {"recency": recency, "T": np.full(CUSTOMERS, 40.0)}
    return {"frequency": x, "monetary_value": money, **times, "vip": (rng.random(CUSTOMERS) < 0.4).astype(float)}


def known(effect: float, **more) -> kp.GammaGamma:
    return kp.GammaGamma(covariates=kp.Covariates(spend=["vip"], fixed={"spend:vip": effect}), **more)


def test_an_effect_of_zero_is_none(data):
    plain, none = kp.GammaGamma().fit(data), known(0.0).fit(data)
    assert none.parameters_ == pytest.approx(plain.parameters_, rel=1e-7)
    assert none.log_likelihood_ == pytest.approx(plain.log_likelihood_, rel=1e-12)
    assert none.mean_spend_ == pytest.approx(plain.mean_spend_, rel=1e-7)
    buying = kp.MBGNBD().fit(data, unit="week")
    one, other = (kp.lifetime_value(buying, model, data, kp.weeks(26), unit="week") for model in (plain, none))
    for name in ("clv_predicted_26w", "clv_predicted_26w_low", "clv_predicted_26w_high", "expected_order_value"):
        assert np.asarray(other[name]) == pytest.approx(np.asarray(one[name]), rel=1e-6)


def test_a_known_effect_is_a_change_of_money(data):
    factor = np.where(data["vip"] == 1, 3.0, 1.0)
    dear = {**data, "monetary_value": factor * data["monetary_value"]}
    plain, moved = kp.GammaGamma().fit(data), known(float(np.log(3.0))).fit(dear)
    spenders = (data["frequency"] > 0) & (data["vip"] == 1)
    # The prior counts money in mean orders, which differ: it is switched off by so many customers.
    assert moved.prior_ is None
    assert moved.parameters_ == pytest.approx(plain.parameters_, rel=1e-6)
    expected = plain.log_likelihood_ - spenders.sum() * np.log(3.0)
    assert moved.log_likelihood_ == pytest.approx(expected, rel=1e-10)
    by_plain = factor * plain.expected_spend(data)["expected_spend"]
    assert moved.expected_spend(dear)["expected_spend"] == pytest.approx(by_plain, rel=1e-6)


def test_counting_in_cents_leaves_effects_alone(data):
    model, cents = (
        kp.GammaGamma(covariates=kp.Covariates(spend=["vip"])).fit(
            {**data, "monetary_value": by * data["monetary_value"]}
        )
        for by in (1.0, 100.0)
    )
    assert cents.parameters_["gamma"] == pytest.approx(100 * model.parameters_["gamma"], rel=1e-5)
    assert cents.parameters_["spend:vip"] == pytest.approx(model.parameters_["spend:vip"], abs=1e-6)
    assert cents.standard_errors_["spend:vip"] == pytest.approx(model.standard_errors_["spend:vip"], rel=1e-5)


def test_sums_under_draws_are_those_of_the_moved_models(data):
    """What equity uses by coarse cell, against the model asked customer by customer with the drawn parameters."""
    dear = {**data, "monetary_value": np.where(data["vip"] == 1, 2.0, 1.0) * data["monetary_value"]}
    model = kp.GammaGamma(covariates=kp.Covariates(spend=["vip"])).fit(dear)
    summary = summary_from_frame(dear, "week", attributes=("vip",))
    cells = summary.cells()
    forecast = model.forecast(SpendQuestion(cells, summary, kp.MBGNBD().fit(summary), kp.weeks(26)))
    sql = (
        f"SELECT CAST(frequency AS DOUBLE) AS x, CAST(vip AS DOUBLE) AS vip, {model.expected_spend_sql()} AS spend "
        f"FROM {summary.name} ORDER BY row_number"
    )
    rows = summary.engine.columns(sql)
    kinds, place = np.unique(
        np.column_stack([cells.x, cells.attributes.columns["vip"][cells.pattern]]), axis=0, return_index=True
    )
    customers, worth = np.empty(len(kinds)), np.empty(len(kinds))
    group = [(rows["x"] == x) & (rows["vip"] == vip) for x, vip in kinds]
    customers = np.array([float(one.sum()) for one in group])
    worth = np.array([rows["spend"][one].sum() for one in group])
    estimate = np.array(list(model.parameters_.values()))
    draws = np.vstack([estimate, model.posterior_.draws(4, np.random.default_rng(2))])
    found = forecast.drawn(draws, cells.take(place), customers, worth)
    for theta, sums in zip(draws, found, strict=True):
        model.parameters_ = dict(zip(model.parameter_names, theta.tolist(), strict=True))
        spend = model.expected_spend(dear)["expected_spend"]
        assert sums == pytest.approx(np.array([spend[one].sum() for one in group]), rel=1e-9)
    model.parameters_ = dict(zip(model.parameter_names, estimate.tolist(), strict=True))
    assert forecast.drawn_new(draws)[0] == pytest.approx(forecast.new_customer_mean)


def test_uncertainty_of_effects_reaches_the_cells(data):
    """The variance of the log of expected spend, against the delta method by numbers for an average customer."""
    model = kp.GammaGamma(covariates=kp.Covariates(spend=["vip"])).fit(data)
    summary = summary_from_frame(data, "week", attributes=("vip",))
    cells = summary.cells()
    forecast = model.forecast(SpendQuestion(cells, summary, kp.MBGNBD().fit(summary), kp.weeks(26)))
    assert isinstance(forecast.effects, CellEffects)
    point = np.array(list(model.parameters_.values()))
    point[:3] = np.log(point[:3])
    covariance = model.posterior_.covariance
    for row in (0, cells.size // 2, cells.size - 1):
        x, vip = cells.x[row], cells.attributes.columns["vip"][cells.pattern[row]]
        own = x * np.exp(point[0] + point[2] + point[3] * vip) / (np.exp(point[1]) - 1.0)

        def log_spend(at: np.ndarray, x: float = x, vip: float = vip, own: float = own) -> float:
            p, q, gamma = np.exp(at[:3])
            return float(np.log(p * (gamma * np.exp(at[3] * vip) + own) / (p * x + q - 1.0)))

        slope = np.array([(log_spend(point + 1e-5 * one) - log_spend(point - 1e-5 * one)) / 2e-5 for one in np.eye(4)])
        assert forecast.log_variance[row] == pytest.approx(slope @ covariance @ slope, rel=1e-5)
