"""The choice of offers: within the budget, past the gate, with a control, and a ledger that adds up."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from keepers.domain.assignment import uniform_of
from keepers.domain.decision import EvidenceGrade
from keepers.domain.errors import InputError
from keepers.retention.effects import OfferEffects, offer_effects
from keepers.retention.experiment_plan import plan_experiment
from keepers.retention.offers import choose_offers
from trials_at_hand import drawn_trial

NOW = dt.datetime(2026, 10, 1, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def effects() -> OfferEffects:
    return offer_effects(drawn_trial(effect=2.0)[0], learner="splines")


def test_choosing_for_each_customer_ships_where_it_pays(effects: OfferEffects) -> None:
    choice = choose_offers(effects)
    _, truth = drawn_trial(effect=2.0)
    rows = np.arange(truth.shape[0])
    assert choice.verdict.ships
    oracle, best = truth.max(axis=1).mean(), truth.mean(axis=0).max()
    assert oracle - truth[rows, choice.arm].mean() < 0.1 * (oracle - best)
    assert choice.low_a_customer < truth[rows, choice.arm].mean() < choice.high_a_customer
    assert truth[choice.leave_alone].max(axis=1).mean() < truth.max(axis=1).mean()
    assert choice.treated.sum() == pytest.approx(0.9 * (choice.arm > 0).sum(), rel=0.05)


def test_a_budget_is_kept_and_spent_where_it_brings_most(effects: OfferEffects) -> None:
    choice = choose_offers(effects, budget=600.0, hold_out=0.0)
    assert choice.outlay.sum() <= 600.0 + 1e-6
    assert choice.multiplier > 0
    assert choice.gap < np.abs(effects.gain).max()
    free = choose_offers(effects, hold_out=0.0)
    treated = choice.arm > 0
    assert choice.gain[treated].mean() > free.gain[free.arm > 0].mean()


def test_noise_gives_nobody_anything_and_says_so() -> None:
    noise = offer_effects(drawn_trial(600, seed=2, effect=0.0, by=0.0, cost=0.0)[0], learner="splines")
    choice = choose_offers(noise)
    assert not choice.verdict.ships
    assert not choice.arm.any()
    assert not choice.decisions(NOW)
    assert "does not ship" in choice.verdict.sentence("EUR")


def test_one_proven_offer_goes_to_everybody_where_choosing_adds_nothing() -> None:
    same = offer_effects(drawn_trial(3000, effect=3.0, by=0.0)[0], learner="splines")
    choice = choose_offers(same, hold_out=0.2)
    assert not choice.verdict.ships
    assert len(set(choice.arm.tolist())) == 1
    assert choice.arm[0] > 0
    (entry,) = choice.decisions(NOW)
    assert entry.evidence is EvidenceGrade.EXPERIMENTAL
    assert len(entry.audience.customer_keys) + len(entry.audience.held_out_keys) == 3000
    assert entry.expected_gain == pytest.approx(2.0 * len(entry.audience.customer_keys), rel=0.4)
    assert entry.expected_gain_low < entry.expected_gain < entry.expected_gain_high


def test_a_budget_reaches_a_share_of_the_customers_with_one_offer() -> None:
    same = offer_effects(drawn_trial(3000, effect=3.0, by=0.0)[0], learner="splines")
    choice = choose_offers(same, budget=300.0)
    assert choice.outlay.sum() <= 300.0 + 1e-6
    assert (choice.arm > 0).sum() == pytest.approx(300, abs=2)


def test_the_control_is_the_same_every_time_and_no_others_business() -> None:
    keys = [f"C{number:07d}" for number in range(20_000)]
    draws = uniform_of(keys, "spring")
    assert (uniform_of(keys[:10], "spring") == draws[:10]).all()
    assert (uniform_of([*keys[:10], "a much longer key"], "spring")[:10] == draws[:10]).all()
    assert np.histogram(draws, 20, (0, 1))[0] == pytest.approx(np.full(20, 1000), abs=130)
    assert abs(np.corrcoef(draws, uniform_of(keys, "autumn"))[0, 1]) < 0.03
    assert abs(np.corrcoef(draws[1:], draws[:-1])[0, 1]) < 0.03


def test_a_plan_finds_what_it_says_it_finds() -> None:
    plan = plan_experiment(10.0, 2.0, offers=1, power=0.8)
    rng = np.random.default_rng(0)
    size = plan.customers_an_arm
    gap = rng.normal(2.0, 10.0, (2000, size)).mean(axis=1) - rng.normal(0.0, 10.0, (2000, size)).mean(axis=1)
    assert (gap > 1.645 * 10.0 * np.sqrt(2 / size)).mean() == pytest.approx(0.8, abs=0.03)
    small = plan_experiment(10.0, 2.0, available=200)
    assert not small.is_possible
    assert "200 customers are there" in small.sentence("EUR")


def test_wrong_questions_are_named(effects: OfferEffects) -> None:
    with pytest.raises(InputError, match="`budget`"):
        choose_offers(effects, budget=-1.0)
    with pytest.raises(InputError, match="`hold_out`"):
        choose_offers(effects, hold_out=10)
    with pytest.raises(InputError, match="positive"):
        plan_experiment(0.0, 1.0)
