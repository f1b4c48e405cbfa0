"""Drift watch: false alarms as rare as they say, shifts named, and retraining only where it pays."""

from __future__ import annotations

import numpy as np
import pytest

import keepers as kp
from keepers.domain.errors import ConfigError, InputError


def sides(rng: np.random.Generator, n: int = 250, p: int = 5) -> tuple[np.ndarray, np.ndarray]:
    mixing = np.linalg.cholesky(0.4 * np.ones((p, p)) + 0.6 * np.eye(p))
    then, now = (np.exp(rng.normal(size=(n, p)) @ mixing.T) for _ in range(2))
    then[rng.random(then.shape) < 0.1] = np.nan
    now[rng.random(now.shape) < 0.1] = np.nan
    return then, now


@pytest.mark.statistical
def test_false_alarms_are_as_rare_as_they_say() -> None:
    rng = np.random.default_rng(0)
    alarms = 0
    for _ in range(40):
        then, now = sides(rng)
        predicted = rng.gamma(1.0, 20.0, 250)
        outcome = np.where(rng.random(250) < 0.5, 2 * predicted * rng.lognormal(-0.32, 0.8, 250), 0.0)
        alarms += kp.watch_drift(then, now, predicted=predicted, outcome=outcome, false_alarms=0.1).alarm
    # 4 expected; more than 9 would come less than once in a hundred such tests.
    assert alarms <= 9


def test_a_shift_is_named_and_sized() -> None:
    then, now = sides(np.random.default_rng(1))
    now[:, 2] *= 2.5
    found = kp.watch_drift(then, now)
    assert found.alarm
    assert found.shifts[0].feature == "feature_3"
    assert found.shifts[0].stability_index > 0.2
    assert "large shift" in found.shifts[0].sentence
    assert "cannot be said without outcomes" in found.sentence
    assert found.to_dict()["shifts"][0]["feature"] == "feature_3"


def test_new_kinds_and_missing_values_are_shifts_too() -> None:
    rng = np.random.default_rng(2)
    then = {"channel": rng.choice(["ads", "search"], 300), "age_days": np.zeros(300)}
    now = {"channel": rng.choice(["ads", "search", "fairs"], 300), "age_days": np.ones(300)}
    found = kp.watch_drift(then, now)
    assert [one.feature for one in found.shifts] == ["channel"]
    assert "unknown of 3" in found.shifts[0].sentence


def test_learning_anew_must_pay() -> None:
    rng = np.random.default_rng(3)
    then, now = sides(rng)
    predicted = rng.gamma(2.0, 20.0, 2000)
    outcome = np.where(rng.random(2000) < 0.5, predicted * rng.lognormal(-0.18, 0.6, 2000), 0.0)
    stale = kp.watch_drift(then, now, predicted=predicted, outcome=outcome, retraining_cost=500.0)
    assert stale.alarm
    assert stale.retrain
    assert stale.expected_loss == pytest.approx(0.1 * (predicted.sum() - outcome.sum()), rel=0.15)
    assert "Learn anew" in stale.sentence
    dear = kp.watch_drift(then, now, predicted=predicted, outcome=outcome, retraining_cost=1e6)
    assert dear.alarm
    assert not dear.retrain
    assert "Keep the model as it is" in dear.sentence


def test_predictions_are_judged_alone_too() -> None:
    rng = np.random.default_rng(6)
    predicted = rng.gamma(2.0, 20.0, 1500)
    outcome = np.where(rng.random(1500) < 0.5, predicted * rng.lognormal(-0.18, 0.6, 1500), 0.0)
    found = kp.watch_drift(predicted=predicted, outcome=outcome)
    assert found.alarm
    assert found.retrain
    assert found.shifts == ()
    assert found.sentence.startswith("Predictions no longer hold: the total is")
    with pytest.raises(ConfigError, match="Give customers of then and of now"):
        kp.watch_drift()


def test_impossible_questions_are_refused() -> None:
    then, now = sides(np.random.default_rng(4))
    with pytest.raises(ConfigError, match="belong together"):
        kp.watch_drift(then, now, outcome=np.ones(3))
    with pytest.raises(InputError, match="30"):
        kp.watch_drift(then, now[:10])
    with pytest.raises(ConfigError, match="false_alarms"):
        kp.watch_drift(then, now, false_alarms=2.0)
