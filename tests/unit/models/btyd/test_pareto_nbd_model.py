"""The Pareto/NBD estimator where data are few, one-sided or extreme."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from keepers.domain.cells import Cells
from keepers.domain.money import annual_rate
from keepers.domain.outcome import FitOutcome
from keepers.domain.time import TimeUnit, days, weeks
from keepers.models.btyd.pareto_nbd import ParetoNBD
from keepers.models.catalogue import load_model
from keepers.numerics.likelihoods import nbd, pareto_nbd


def histories(theta, customers, seed=1, family=pareto_nbd):
    """Customers of 10 to 80 weeks, times rounded to tenths."""
    rng = np.random.default_rng(seed)
    T = rng.uniform(10, 80, customers).round(1)
    x, t_x = family.sample_new(theta, T, rng)
    t_x = np.where(x > 0, np.clip(t_x.round(1), 0.1, T), 0.0)
    return Cells(x, t_x, T, np.ones(customers), TimeUnit.WEEK)


def everything(model, cells):
    """All predictions of a model, each of which must be a possible number."""
    found = model.predict_cells(cells, weeks(52), annual_rate(0.1), weeks(260))
    for name in found.__dataclass_fields__:
        values = getattr(found, name)
        assert values.shape == (cells.size,), name
        assert np.all(values >= 0), name
        assert np.all(np.isfinite(values)) or name == "next_purchase_age", name
    assert np.all(found.p_alive <= 1)
    assert np.all(found.variance >= found.expected_purchases * (1 - 1e-9))
    return found


@pytest.mark.parametrize("customers", [1, 5, 50, 150])
def test_few_customers_get_an_answer(customers):
    cells = histories((0.55, 10.6, 0.6, 11.7), customers, seed=customers + 2)
    model = ParetoNBD().fit(cells)
    repeats = cells.repeat_purchases > 0
    assert model.outcome_ is (FitOutcome.CONVERGED_WITH_PRIOR if repeats else FitOutcome.NO_REPEAT_PURCHASES)
    assert 0 < model.posterior_.prior_share < 1
    everything(model, cells)


@pytest.mark.parametrize("customers", [1, 50, 5000])
def test_nobody_came_back(customers):
    T = np.linspace(1, 60, customers)
    zero = np.zeros(customers)
    model = ParetoNBD().fit(Cells(zero, zero, T, np.ones(customers), TimeUnit.WEEK))
    assert model.outcome_ is FitOutcome.NO_REPEAT_PURCHASES
    found = everything(model, Cells(zero, zero, T, np.ones(customers), TimeUnit.WEEK))
    assert found.expected_purchases.max() < 1.5


def test_data_without_dropout_are_told_as_such_and_predicted_like_the_nbd():
    cells = histories((0.8, 10.0), 1500, family=nbd)
    model = ParetoNBD().fit(cells)
    assert model.outcome_ in (FitOutcome.FLAT_RIDGE, FitOutcome.AT_BOUND)
    found = everything(model, cells)
    expected = nbd.expected_purchases((0.8, 10.0), cells.x, cells.t_x, cells.T, 52.0)
    assert found.expected_purchases.sum() == pytest.approx(expected.sum(), rel=0.1)


def test_customers_who_buy_forty_times_a_week():
    cells = histories((2.0, 0.05, 1.0, 20.0), 500)
    assert cells.x.max() > 3000
    model = ParetoNBD().fit(cells)
    assert model.outcome_ is FitOutcome.CONVERGED
    assert model.parameters_["r"] == pytest.approx(2.0, rel=0.2)
    everything(model, cells)


def test_a_customer_of_today_is_answered():
    model = ParetoNBD().fit(histories((0.55, 10.6, 0.6, 11.7), 800))
    today = Cells([0.0], [0.0], [0.0], [1.0], TimeUnit.WEEK)
    assert model.probability_alive(today)[0] == pytest.approx(1, abs=1e-12)
    assert model.expected_purchases(today, weeks(52))[0] == pytest.approx(
        model.expected_purchases_new_customer(weeks(52)), rel=1e-12
    )
    everything(model, today)


def test_infinite_lifetimes_are_said_and_finite_ones_stay_available():
    cells = histories((0.55, 10.6, 0.6, 11.7), 1500)
    model = ParetoNBD().fit(cells)
    assert model.parameters_["s"] < 1
    assert np.all(np.isinf(model.expected_lifetime(cells)))
    within = model.expected_lifetime(cells, cap=weeks(260))
    assert np.all((within > 0) & (within <= 260))
    assert np.all(np.isfinite(model.median_lifetime(cells)))


def test_a_saved_model_answers_as_before(tmp_path):
    cells = histories((0.55, 10.6, 0.6, 11.7), 600)
    model = ParetoNBD().fit(cells)
    again = load_model(model.save(tmp_path / "model.json"))
    assert isinstance(again, ParetoNBD)
    for name in ("p_alive", "expected_purchases", "expected_purchases_se", "discounted_purchases_infinite"):
        assert np.array_equal(getattr(everything(again, cells), name), getattr(everything(model, cells), name))


def test_draws_have_the_unit_of_the_model():
    model = ParetoNBD().fit(histories((0.55, 10.6, 0.6, 11.7), 800), unit="day")
    drawn = model.sample(days(300), np.random.default_rng(1), customers=5000)
    assert drawn.unit is TimeUnit.DAY
    assert drawn.T[0] == 300
    assert drawn.x.mean() == pytest.approx(model.expected_purchases_new_customer(days(300)), rel=0.1)


def test_the_family_needs_no_scipy():
    """The real-time path has NumPy alone."""
    code = (
        "import sys, keepers.numerics.likelihoods.pareto_nbd as family\n"
        "family.forecast((0.55, 10.6, 0.6, 11.7), 2.0, 30.0, 39.0, 52.0, 0.002, 260.0)\n"
        "sys.exit(any(name.split('.')[0] == 'scipy' for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
