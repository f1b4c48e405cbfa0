"""Effects of offers: near the truth, unbiased in the mean, labelled as what they are, and refused where nothing is."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from keepers.domain.decision import EvidenceGrade
from keepers.domain.errors import ConfigError, InputError
from keepers.domain.time import days
from keepers.evaluation.policy.gate import policy_gate
from keepers.models.btyd.bg_nbd import BGNBD
from keepers.retention.effects import offer_effects
from keepers.retention.profit import profit_curve
from keepers.retention.usual import usual_buying
from trials_at_hand import drawn_trial


def test_effects_of_an_experiment_are_near_the_truth() -> None:
    trial, truth = drawn_trial()
    effects = offer_effects(trial, learner="splines")
    assert effects.evidence is EvidenceGrade.EXPERIMENTAL
    for mean, true in zip(effects.mean_effects(0.99), truth.mean(axis=0)[1:], strict=True):
        assert mean.low < true < mean.high
        assert mean.standard_error < 0.5
    error = effects.gain[:, 1:] - truth[:, 1:]
    assert np.sqrt((error**2).mean()) < 0.2 * truth[:, 1:].std()


def test_observed_offers_are_adjusted_for_what_decided_them() -> None:
    """Who got what leaned on a column that moves outcomes: means of the arms mislead, scores do not."""
    trial, truth = drawn_trial(6000, recorded=False)
    naive = trial.outcome[trial.arm == 1].mean() - trial.outcome[trial.arm == 0].mean()
    effects = offer_effects(trial, learner="splines")
    assert effects.evidence is EvidenceGrade.ADJUSTED
    assert not effects.problems
    first = effects.mean_effects(0.99)[0]
    assert first.low < truth[:, 1].mean() < first.high
    assert abs(naive - truth[:, 1].mean()) > 5.0 > 3 * abs(first.gain - truth[:, 1].mean())


def test_offers_that_some_never_get_are_named() -> None:
    trial, _ = drawn_trial(4000, recorded=False)
    never = trial.rows[:, 1] > 0.5
    arm = np.where(never & (trial.arm == 2), 0, trial.arm)
    effects = offer_effects(dataclasses.replace(trial, arm=arm), learner="splines")
    assert any("practically never get “b”" in problem for problem in effects.problems)


def test_customers_outside_the_trial_get_the_same_model() -> None:
    trial, truth = drawn_trial()
    effects = offer_effects(trial, learner="splines")
    other, other_truth = drawn_trial(seed=9)
    found = effects.models[0].predict(other.rows)
    assert np.corrcoef(found, other_truth[:, 1])[0, 1] > 0.97
    assert effects.models[0].predict(trial.rows).mean() == pytest.approx(effects.mean_effects()[0].gain)
    assert truth.shape == effects.gain.shape


def test_what_customers_would_buy_anyway_comes_from_their_history_alone() -> None:
    rng = np.random.default_rng(5)
    frequency = rng.poisson(2.0, 300).astype(float)
    age = rng.integers(60, 400, 300).astype(float)
    recency = np.where(frequency > 0, np.floor(age * rng.random(300)), 0.0)
    orders = frequency + 1.0
    rows = np.column_stack([frequency, recency, age, orders, 12.0 * orders])
    rows[0, 0] = np.nan
    names = ("frequency", "recency_days", "age_days", "orders", "revenue")
    usual = usual_buying(rows, names, 60)
    assert usual is not None
    found = usual.added_to(rows)
    assert found[:, :5] == pytest.approx(rows, nan_ok=True)
    assert np.isnan(found[0, 5])
    assert found[1:, 6] == pytest.approx(12.0 * found[1:, 5])
    told = {"frequency": frequency[1:], "recency": recency[1:], "T": age[1:]}
    again = BGNBD().fit(told, unit="day").expected_purchases(told, days(60), unit="day")
    assert found[1:, 5] == pytest.approx(np.asarray(again["expected_purchases"]))
    assert usual_buying(rows, ("a", "b", "c", "d", "e"), 60) is None
    assert usual_buying(rows[:50], names, 60) is None


def test_trees_learn_what_lines_cannot() -> None:
    pytest.importorskip("lightgbm")
    trial, _ = drawn_trial(4000, by=0.0, effect=0.0, cost=0.0)
    both = (trial.rows[:, 0] > 0) == (trial.rows[:, 1] > 0)
    outcome = trial.outcome + np.where(trial.arm == 1, np.where(both, 15.0, -15.0), 0.0)
    crossed = dataclasses.replace(trial, outcome=outcome)
    assert np.corrcoef(offer_effects(crossed, learner="auto").gain[:, 1], both)[0, 1] > 0.6
    assert np.corrcoef(offer_effects(crossed, learner="splines").gain[:, 1], both)[0, 1] < 0.4


def test_learned_on_pure_noise_the_gate_refuses_in_at_least_95_of_100_seeds() -> None:
    refused = 0
    for seed in range(100):
        trial, _ = drawn_trial(240, seed, effect=0.0, by=0.0, cost=0.0)
        effects = offer_effects(trial, learner="splines", folds=2)
        refused += not policy_gate(effects.scores, effects.gain.argmax(axis=1), trial.arms).ships
    assert refused >= 95


def test_the_profit_curve_is_what_the_treated_truly_gained() -> None:
    trial, truth = drawn_trial(effect=2.0)
    effects = offer_effects(trial, learner="splines")
    curve = profit_curve(effects, level=0.99)
    arm = 1 + effects.gain[:, 1:].argmax(axis=1)
    rows = np.arange(trial.size)
    order = np.argsort(-effects.gain[rows, arm], kind="stable")
    true = np.append(0.0, np.cumsum(truth[rows, arm][order]))[np.round(curve.share * trial.size).astype(int)]
    assert ((curve.low - 1e-9 <= true) & (true <= curve.high + 1e-9)).all()
    assert curve.profit[0] == 0.0
    assert curve.profit[curve.best] > 2 * curve.at_random.max()


def test_wrong_questions_are_named() -> None:
    trial, _ = drawn_trial(300)
    with pytest.raises(ConfigError, match="`learner`"):
        offer_effects(trial, learner="magic")  # type: ignore[arg-type]
    arm = trial.arm.copy()
    arm[np.flatnonzero(arm == 2)[3:]] = 0
    with pytest.raises(InputError, match="“b” was given to 3 customers"):
        offer_effects(dataclasses.replace(trial, arm=arm))
