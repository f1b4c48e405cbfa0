"""The alarm on contracts: rare where nothing changed, raised where more of them end, by plan and with covariates."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

import keepers as kp
from keepers.domain.errors import ConfigError, InputError
from keepers.domain.time import TimeUnit, calendar_shift
from subscribers import subscribers

FITTED, TODAY = dt.date(2025, 3, 31), dt.date(2025, 6, 30)


def contracts(seed: int, more: float = 0.0, count: int = 700) -> dict:
    """Contracts, of which a share that would have run on ended at a renewal after the day of the fit."""
    table, rng = subscribers(count, seed=seed), np.random.default_rng(seed)
    for row, (start, end) in enumerate(zip(table["started_on"], table["ended_on"], strict=True)):
        if end is None and rng.random() < more:
            renewals = (calendar_shift(dt.date.fromisoformat(start), step, TimeUnit.MONTH) for step in range(1, 60))
            table["ended_on"][row] = next((str(day) for day in renewals if FITTED < day <= TODAY), None)
    return table


def fitted(table: dict, model=None, **how):
    known = kp.summarise_subscriptions(table, kp.ObservationWindow(calibration_end=FITTED))
    return (model or kp.ShiftedBetaGeometric()).fit(known, **how)


def test_more_endings_raise_the_alarm_and_say_what_moved() -> None:
    table = contracts(3, more=0.3)
    found = kp.contract_drift(fitted(table), table, FITTED, TODAY)
    assert found.alarm
    assert found.refit
    assert "churn" in found.moved
    endings = next(one for one in found.findings if one.name == "endings")
    assert endings.change > 0.5
    assert endings.observed > endings.high
    assert "contracts ended, where" in endings.sentence
    assert "to contracts that include the new ones" in found.sentence


def test_what_is_expected_is_what_the_model_says() -> None:
    table = contracts(4)
    model = fitted(table, by="plan")
    found = kp.contract_drift(model, table, FITTED, TODAY)
    assert not found.alarm
    known = kp.summarise_subscriptions(table, kp.ObservationWindow(calibration_end=FITTED))
    expected = model.churn_probability(known, kp.months(3))
    running = expected.engine.row(f"SELECT sum(churn_probability) FROM {expected.name} WHERE NOT ended")[0]
    endings = next(one for one in found.findings if one.name == "endings")
    assert endings.expected == pytest.approx(running, rel=0.1)


def test_a_model_with_covariates_expects_by_them() -> None:
    table = contracts(5)
    model = fitted(table, kp.ExponentialGamma(covariates=kp.Covariates(dropout=["plan"])))
    assert not kp.contract_drift(model, table, FITTED, TODAY, false_alarms=0.02).alarm


def test_what_cannot_be_judged_is_refused() -> None:
    table = contracts(6, count=300)
    model = fitted(table)
    with pytest.raises(ConfigError, match="less than one month has passed"):
        kp.contract_drift(model, table, FITTED, "2025-04-10")
    with pytest.raises(InputError, match="too little to grade"):
        kp.contract_drift(model, {name: column[:20] for name, column in table.items()}, FITTED, TODAY)
    with pytest.raises(ConfigError, match="contract_drift"):
        kp.parameter_drift(model, table)
    with pytest.raises(ConfigError, match="no model of contracts"):
        kp.contract_drift(kp.NBD(), table, FITTED)  # type: ignore[arg-type]


@pytest.mark.statistical
def test_false_alarms_are_as_rare_as_asked() -> None:
    found = [kp.contract_drift(fitted(table), table, FITTED, TODAY).p_value for table in map(contracts, range(40, 50))]
    # Of ten checks two lie below 0.2; more than five would be a chance of one in a hundred.
    assert sum(p <= 0.2 for p in found) <= 5
    assert sum(p <= 0.8 for p in found) >= 5
