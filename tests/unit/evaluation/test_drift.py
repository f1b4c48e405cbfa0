"""Drift of parameters: raised where behaviour changed, with the direction, and refused where it cannot be told."""

from __future__ import annotations

import numpy as np
import pytest

import keepers as kp
from keepers.domain.cells import Cells, SpendCells
from keepers.domain.errors import ConfigError, FitError
from keepers.domain.time import TimeUnit
from keepers.evaluation.drift import parameter_drift
from keepers.models.contractual.shifted_beta_geometric import ShiftedBetaGeometric
from keepers.numerics.likelihoods import bg_nbd, gamma_gamma

AGES = np.tile(np.arange(100, 270) / 7, 5)


def drawn(theta: tuple[float, ...], seed: int, ages: np.ndarray = AGES) -> Cells:
    x, t_x = bg_nbd.sample_new(theta, ages, np.random.default_rng(seed))
    return Cells.of_customers(x, t_x, ages, TimeUnit.WEEK)


THEN = (0.6, 6.0, 0.8, 3.0)


@pytest.fixture(scope="module")
def model() -> kp.BGNBD:
    return kp.BGNBD().fit(drawn(THEN, 1))


def test_nothing_changed(model: kp.BGNBD) -> None:
    found = parameter_drift(model, drawn(THEN, 2))
    assert not found.alarm
    assert found.degrees == 4
    assert found.customers == AGES.size
    assert str(found).startswith("850 newer customers behave as the fitted model says (p = 0.")


@pytest.mark.parametrize(
    ("now", "name", "sign"),
    [((0.6, 10.0, 0.8, 3.0), "alpha", 1), ((0.6, 6.0, 2.4, 3.0), "a", 1), ((1.2, 6.0, 0.8, 3.0), "r", 1)],
)
def test_what_changed_is_named(model: kp.BGNBD, now, name: str, sign: int) -> None:
    found = parameter_drift(model, drawn(now, 3))
    assert found.alarm
    assert found.p_value < 1e-3
    assert found.deviations[name] * sign > 2
    assert "no longer behave as the fitted model says" in found.sentence
    assert "Fit the model again" in found.sentence


def test_it_asks_in_the_model_s_unit(model: kp.BGNBD, tmp_path) -> None:
    newer = drawn((0.6, 9.0, 0.8, 3.0), 4)
    weeks = parameter_drift(model, newer)
    days = parameter_drift(kp.BGNBD().fit(drawn(THEN, 1), unit="day"), newer)
    assert days.statistic == pytest.approx(weeks.statistic, rel=1e-2)
    frame = {"frequency": newer.x, "recency": newer.t_x * 7, "T": newer.T * 7, "weight": newer.weight}
    assert parameter_drift(model, frame, unit="day").statistic == pytest.approx(weeks.statistic)
    loaded = kp.load_model(model.save(tmp_path / "model.json"))
    assert parameter_drift(loaded, newer).statistic == pytest.approx(weeks.statistic, rel=1e-2)


def test_draws_of_another_method_change_nothing(model: kp.BGNBD, tmp_path) -> None:
    newer = drawn((0.6, 9.0, 0.8, 3.0), 4)
    before = parameter_drift(model, newer).statistic
    model.posterior_ = model.bootstrap(20)
    try:
        assert parameter_drift(model, newer).statistic == before
        loaded = kp.load_model(model.save(tmp_path / "model.json"))
        assert parameter_drift(loaded, newer).statistic == pytest.approx(before, rel=1e-2)
    finally:
        model.posterior_ = model.laplace_


def test_very_many_customers_are_judged_without_simulation(model: kp.BGNBD) -> None:
    few = drawn((0.6, 7.5, 0.8, 3.0), 5)
    many = Cells(few.x, few.t_x, few.T, few.weight * 80, few.unit)
    found = parameter_drift(model, many)
    assert found.customers == 80 * 850
    assert found.degrees == 4
    assert found.alarm
    assert not parameter_drift(kp.BGNBD().fit(many), many).alarm


def test_many_checks_are_each_stricter(model: kp.BGNBD) -> None:
    newer = drawn(THEN, 2)
    one, twelve = parameter_drift(model, newer), parameter_drift(model, newer, checks=12)
    assert one.threshold == pytest.approx(0.05)
    assert 1 - (1 - twelve.threshold) ** 12 == pytest.approx(0.05)
    assert one.p_value == twelve.p_value


def test_spend_drifts_too() -> None:
    def spend(theta: tuple[float, float, float], seed: int) -> SpendCells:
        rng = np.random.default_rng(seed)
        x = rng.integers(1, 6, 800).astype(float)
        return SpendCells.of_customers(x, gamma_gamma.sample_new(theta, x, rng))

    model = kp.GammaGamma().fit(spend((6.0, 4.0, 15.0), 1))
    assert not parameter_drift(model, spend((6.0, 4.0, 15.0), 2)).alarm
    dearer = parameter_drift(model, spend((6.0, 4.0, 18.0), 3))
    assert dearer.alarm
    assert dearer.deviations["gamma"] > 3


def test_what_cannot_be_asked(model: kp.BGNBD) -> None:
    newer = drawn(THEN, 2)
    with pytest.raises(ConfigError, match="one in twenty"):
        parameter_drift(model, newer, false_alarms=5)
    with pytest.raises(ConfigError, match="at least once"):
        parameter_drift(model, newer, checks=0)
    with pytest.raises(FitError, match="not fitted yet"):
        parameter_drift(kp.BGNBD(), newer)
    contracts = ShiftedBetaGeometric().fit({"age": [0, 1, 2], "survivors": [100, 60, 45]}, unit="year")
    with pytest.raises(ConfigError, match="cannot say how well other customers fit"):
        parameter_drift(contracts, newer)
