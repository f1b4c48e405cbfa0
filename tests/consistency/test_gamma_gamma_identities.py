"""Identities that tie the answers of the spend model to each other, to the unit of money and to the engine."""

from __future__ import annotations

import numpy as np
import pytest

from keepers.data.engine import Engine
from keepers.domain.cells import SpendCells
from keepers.models.spend.gamma_gamma import GammaGamma
from keepers.numerics.likelihoods import gamma_gamma

THETA = (6.249574, 3.744224, 15.443515)


@pytest.fixture(scope="module")
def frame() -> dict[str, np.ndarray]:
    """Some hundreds of customers, a few of whom never came back."""
    rng = np.random.default_rng(5)
    x = rng.poisson(2.0, 900).astype(float)
    return {"frequency": x, "monetary_value": gamma_gamma.sample_new(THETA, x, rng)}


@pytest.fixture(scope="module")
def model(frame: dict[str, np.ndarray]) -> GammaGamma:
    return GammaGamma().fit(frame)


def test_counting_in_cents_changes_nothing_but_gamma(frame, model):
    cents = {**frame, "monetary_value": 100 * frame["monetary_value"]}
    other = GammaGamma().fit(cents)
    assert other.parameters_["p"] == pytest.approx(model.parameters_["p"], rel=1e-6)
    assert other.parameters_["gamma"] == pytest.approx(100 * model.parameters_["gamma"], rel=1e-6)
    assert other.log_likelihood_ == pytest.approx(model.log_likelihood_ - model.n_customers_ * np.log(100), rel=1e-10)
    assert other.expected_spend(cents)["expected_spend"] == pytest.approx(
        100 * model.expected_spend(frame)["expected_spend"], rel=1e-6
    )


def test_cells_and_rows_are_the_same_fit(frame, model):
    again = GammaGamma().fit(SpendCells.of_customers(frame["frequency"], frame["monetary_value"]))
    assert again.parameters_ == pytest.approx(model.parameters_, rel=1e-9)
    whole = {"frequency": [1.0, 2.0], "monetary_value": [20.0, 40.0], "weight": [2.0, 1.0]}
    spread = {"frequency": [1.0, 1.0, 2.0], "monetary_value": [20.0, 20.0, 40.0]}
    assert GammaGamma().fit(whole).parameters_ == pytest.approx(GammaGamma().fit(spread).parameters_, rel=1e-8)


def test_the_total_of_a_fixed_number_of_orders_has_the_mean_of_its_distribution():
    x, m = np.array([0.0, 3.0]), np.array([np.nan, 50.0])
    mean = 4.0 * gamma_gamma.spend_predictive(THETA, x, m).mean
    level = (np.arange(500) + 0.5) / 500
    for row in range(2):
        drawn = np.array([gamma_gamma.total_quantile(THETA, x[row], m[row], one, 4.0)[0] for one in level])
        assert drawn.mean() == pytest.approx(mean[row], rel=0.02)


def test_what_is_known_shrinks_from_all_to_oneself():
    x = np.array([0.0, 1.0, 5.0, 50.0, 5e3])
    found = gamma_gamma.expected_mean_spend(THETA, x, 100.0)
    assert np.all(np.diff(found) > 0)
    assert found[0] == pytest.approx(THETA[0] * THETA[2] / (THETA[1] - 1))
    assert found[-1] == pytest.approx(100.0, rel=1e-3)


def test_the_expectation_of_later_knowledge_is_present_knowledge():
    """The mean over a further order's value of the expectation after it is the expectation before it."""
    x, m = 2.0, 30.0
    level = (np.arange(20_000) + 0.5) / 20_000
    order = np.array([gamma_gamma.total_quantile(THETA, x, m, one)[0] for one in level[::10]])
    later = gamma_gamma.expected_mean_spend(THETA, x + 1, (x * m + order) / (x + 1))
    assert later.mean() == pytest.approx(gamma_gamma.expected_mean_spend(THETA, x, m)[0], rel=1e-3)


def test_sql_says_what_the_arrays_say(frame, model):
    engine = Engine()
    money = np.where(frame["frequency"] > 0, frame["monetary_value"], np.nan)
    money[:3] = np.where(frame["frequency"][:3] > 0, [-5.0, 0.0, 12.0], np.nan)
    name = engine.from_columns("customers", {"row": np.arange(money.size), "frequency": frame["frequency"], "m": money})
    view = f'(SELECT "row", frequency, CASE WHEN isnan(m) THEN NULL ELSE m END AS monetary_value FROM {name})'
    rows = engine.columns(
        f'SELECT {model.expected_spend_sql()} AS e, {model.spend_second_moment_sql()} AS s FROM {view} ORDER BY "row"'
    )
    data = {"frequency": frame["frequency"], "monetary_value": money}
    known = model.spend_predictive(data)
    assert rows["e"] == pytest.approx(known.mean, rel=1e-12)
    assert rows["s"] == pytest.approx(known.variance + known.mean**2, rel=1e-10)


def test_sql_of_a_heavy_tail_says_infinite(frame):
    model = GammaGamma().fit(frame)
    model.parameters_ = {"p": 1.5, "q": 0.9, "gamma": 20.0}
    engine = Engine()
    found = engine.row(
        f"SELECT {model.expected_spend_sql('0', 'NULL')}, {model.spend_second_moment_sql('0', 'NULL')}, "
        f"{model.expected_spend_sql('1', '30')}, {model.spend_second_moment_sql('1', '30.0')}"
    )
    known = gamma_gamma.spend_predictive((1.5, 0.9, 20.0), 1.0, 30.0)
    assert found[:2] == (np.inf, np.inf)
    assert found[2] == pytest.approx(known.mean[0])
    assert found[3] == pytest.approx(known.variance[0] + known.mean[0] ** 2)
