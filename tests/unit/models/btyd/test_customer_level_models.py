"""Models that speak of single customers: draws, intervals, correlation, and what they refuse."""

from __future__ import annotations

import copy
import datetime as dt

import numpy as np
import pytest

from keepers.domain.cells import Cells
from keepers.domain.errors import ConfigError, NotFittedError
from keepers.domain.outcome import FitOutcome
from keepers.domain.time import TimeUnit, weeks
from keepers.models import customer_draws
from keepers.models.btyd.hierarchical_pareto_nbd import HierarchicalParetoNBD
from keepers.models.btyd.pareto_nbd import ParetoNBD
from keepers.models.btyd.pareto_nbd_abe import ParetoNBDAbe
from keepers.models.catalogue import load_model
from keepers.models.covariates.specification import Covariates
from keepers.models.realtime import CustomerState, Scorer
from keepers.numerics.likelihoods import nbd, pareto_nbd, pareto_nbd_abe


def drawn(n, seed=3, family=pareto_nbd, theta=(0.8, 8.0, 0.9, 20.0)) -> Cells:
    rng = np.random.default_rng(seed)
    age = rng.integers(10, 80, n).astype(float)
    x, t_x = family.sample_new(theta, age, rng)
    return Cells.of_customers(x, np.where(x > 0, np.clip(t_x.round(), 1, age), 0.0), age, TimeUnit.WEEK)


@pytest.fixture(scope="module")
def hierarchical() -> HierarchicalParetoNBD:
    return HierarchicalParetoNBD(draws=24).fit(drawn(1000))


@pytest.fixture(scope="module")
def abe() -> ParetoNBDAbe:
    return ParetoNBDAbe().fit(drawn(1000))


@pytest.mark.parametrize("kind", ["hierarchical", "abe"])
def test_draws_of_customers_are_the_answers_one_by_one(kind, request) -> None:
    model = request.getfixturevalue(kind)
    data = Cells(
        np.array([0.0, 1.0, 4.0, 12.0]), np.array([0.0, 5.0, 30.0, 38.0]), np.full(4, 39.0), np.ones(4), TimeUnit.WEEK
    )
    draws = model.sample_customers(data, 80, np.random.default_rng(1))
    assert draws.rate.shape == draws.leaving.shape == draws.lifetime.shape == draws.alive.shape == (80, 4)
    assert np.array_equal(draws.alive, draws.lifetime > 39)
    assert np.all(draws.lifetime >= data.t_x)
    thetas = model.posterior_.draws(12, np.random.default_rng(1))

    def told(function, *further):
        of = getattr(pareto_nbd if kind == "hierarchical" else pareto_nbd_abe, function)
        return np.mean([of(theta, data.x, data.t_x, data.T, *further) for theta in thetas], axis=0)

    error = 5 * draws.alive.std(axis=0) / np.sqrt(80)
    assert draws.alive.mean(axis=0) == pytest.approx(told("probability_alive"), abs=error.max())
    left = np.clip(draws.lifetime - data.T, 0, 26)
    assert left.mean(axis=0) == pytest.approx(told("truncated_lifetime", 26.0), abs=5.0)
    bought = draws.alive * draws.rate * -np.expm1(-26 * draws.leaving) / draws.leaving
    assert bought.mean(axis=0) == pytest.approx(told("expected_purchases", 26.0), rel=0.4, abs=0.2)


def test_answers_of_the_hierarchical_model_are_near_those_of_the_pareto_nbd(hierarchical) -> None:
    data = drawn(1000)
    plain = ParetoNBD().fit(data)
    assert hierarchical.outcome_ is FitOutcome.CONVERGED
    assert hierarchical.prior_ is not None
    assert plain.prior_ is None
    assert hierarchical.probability_alive(data) == pytest.approx(plain.probability_alive(data), abs=0.03)
    predicted, predicted_plain = hierarchical.predict_cells(data), plain.predict_cells(data)
    assert predicted.expected_purchases_se == pytest.approx(predicted_plain.expected_purchases_se, rel=0.6, abs=0.05)
    assert np.all(predicted.variance > predicted.expected_purchases_se**2)


def test_intervals(hierarchical) -> None:
    data = drawn(200, seed=8)
    narrow = hierarchical.credible_interval("expected_purchases", data, weeks(26), level=50)
    wide = hierarchical.credible_interval("expected_purchases", data, weeks(26), level=90)
    assert np.all(wide[:, 0] <= narrow[:, 0])
    assert np.all(narrow[:, 1] <= wide[:, 1])
    centre = hierarchical.expected_purchases(data, weeks(26))
    assert np.mean((wide[:, 0] < centre) & (centre < wide[:, 1])) == 1
    alive = hierarchical.credible_interval("probability_alive", data)
    assert np.all((alive >= 0) & (alive <= 1))
    assert hierarchical.credible_interval("median_lifetime", data).shape == (data.size, 2)
    table = hierarchical.credible_interval(
        "expected_lifetime", {"frequency": [1], "recency": [3], "T": [9]}, weeks(52), unit="week"
    )
    assert list(table)[-2:] == ["expected_lifetime_low", "expected_lifetime_high"]
    with pytest.raises(ConfigError, match="There is no interval for 'sample'"):
        hierarchical.credible_interval("sample", data)
    with pytest.raises(ConfigError, match="needs a horizon"):
        hierarchical.credible_interval("expected_purchases", data)
    with pytest.raises(ConfigError, match="percentage"):
        hierarchical.credible_interval("probability_alive", data, level=100)


def test_the_draws_are_kept_and_score(hierarchical, tmp_path) -> None:
    path = hierarchical.save(tmp_path / "model.json")
    again = load_model(path)
    assert isinstance(again, HierarchicalParetoNBD)
    assert np.array_equal(again.draws_, hierarchical.draws_)
    state = CustomerState(dt.date(2025, 1, 1), dt.date(2025, 3, 5), 3)
    score = Scorer.load(path).score(state, dt.date(2025, 4, 9), weeks(20))
    history = Cells(np.array([3.0]), np.array([9.0]), np.array([14.0]), np.ones(1), TimeUnit.WEEK)
    assert score.expected_purchases == pytest.approx(hierarchical.expected_purchases(history, weeks(20)), rel=1e-12)


def test_what_is_refused(monkeypatch, abe) -> None:
    with pytest.raises(ConfigError, match="needs a prior"):
        HierarchicalParetoNBD(None)
    with pytest.raises(ConfigError, match="at least 2 draws"):
        HierarchicalParetoNBD(draws=1)
    with pytest.raises(NotFittedError):
        HierarchicalParetoNBD().sample_customers(drawn(5), 3, np.random.default_rng(1))
    monkeypatch.setattr(customer_draws, "MOST", 100)
    with pytest.raises(ConfigError, match="more than 100 numbers"):
        abe.sample_customers(drawn(50), 30, np.random.default_rng(1))


def test_a_part_of_the_rows_at_a_time_is_the_same(monkeypatch, hierarchical) -> None:
    monkeypatch.setattr(customer_draws, "_CHUNK", 7)
    found = hierarchical.sample_customers(drawn(40), 5, np.random.default_rng(1))
    assert np.all(np.isfinite(found.rate))
    assert np.all(found.rate > 0)


@pytest.mark.parametrize("fresh", [HierarchicalParetoNBD(draws=6), ParetoNBDAbe()], ids=["hierarchical", "abe"])
def test_few_and_immortal_customers(fresh) -> None:
    few = copy.copy(fresh).fit(drawn(50))
    assert few.outcome_ is FitOutcome.CONVERGED_WITH_PRIOR
    staying = drawn(300, family=nbd, theta=(0.8, 6.0))
    model = fresh.fit(staying)
    assert model.outcome_ is not FitOutcome.FAILED
    assert np.average(model.probability_alive(staying), weights=staying.weight) > 0.7


def test_the_correlation_has_a_standard_error(abe) -> None:
    assert -1 < abe.correlation_ < 1
    assert 0.02 < abe.correlation_standard_error_ < 0.6


def test_covariates_move_the_medians_of_the_rates() -> None:
    rng = np.random.default_rng(2)
    channel = rng.integers(2, size=900)
    a, b = rng.standard_normal((2, 900))
    rate, leaving = 0.1 * np.exp(0.8 * a + 0.9 * channel), 0.02 * np.exp(0.9 * b)
    age = rng.choice([30.0, 60.0, 90.0], 900)
    stays = np.minimum(rng.exponential(1 / leaving), age)
    x = rng.poisson(rate * stays).astype(float)
    last = np.where(x > 0, 3 * np.ceil(stays * rng.random(900) ** (1 / np.maximum(x, 1)) / 3), 0.0)
    frame = {"frequency": x, "recency": np.minimum(last, age), "T": age, "channel": np.where(channel, "ads", "shop")}
    levels = Covariates(purchase=["channel"], reference={"channel": "shop"})
    model = ParetoNBDAbe(covariates=levels).fit(frame, unit="week")
    (effect,) = model.coefficients_
    assert abs(effect.value - 0.9) < 4 * effect.standard_error < 0.5
    draws = model.sample_customers(frame, 3, rng)
    assert draws.rate[:, channel == 1].mean() > 1.5 * draws.rate[:, channel == 0].mean()
