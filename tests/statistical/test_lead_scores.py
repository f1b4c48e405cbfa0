"""Scores of simulated leads against the truth: calibrated, better than the chance alone, honest when leads are few."""

import numpy as np
import pytest

from keepers.acquisition.leads.conversion import fit_lead_conversion
from keepers.acquisition.leads.design import lead_design
from keepers.acquisition.leads.scores import LeadScores, score_leads
from keepers.acquisition.leads.table import read_leads
from keepers.simulate.store import Store
from lead_stores import lead_store


@pytest.fixture(scope="module")
def store() -> Store:
    return lead_store(1500)


@pytest.fixture(scope="module")
def scores(store: Store) -> LeadScores:
    return score_leads(store, cost=2.0)


def _truth(store: Store, scores: LeadScores) -> tuple[np.ndarray, np.ndarray]:
    """True chance of ever converting as each lead came, and its value factor."""
    truth = store.truth.leads
    assert truth is not None
    place = {name: row for row, name in enumerate(truth.ids)}
    rows = np.array([place[name] for name in scores.leads.ids])
    return truth.probability[rows], truth.batch.value_factor[rows]


def test_chances_are_right_and_value_ranks_better_than_chance(store: Store, scores: LeadScores) -> None:
    chance, factor = _truth(store, scores)
    codes = scores.conversion.design.codes(scores.leads)
    told = scores.conversion.chance(codes, np.zeros(scores.leads.size), np.inf)
    parts = np.array_split(np.argsort(told), 10)
    assert np.mean([abs(told[part].mean() - chance[part].mean()) for part in parts]) < 0.02
    assert scores.value is not None
    worth = scores.value.value(codes)
    assert np.corrcoef(worth, factor)[0, 1] > 0.9
    top = told.size // 10
    by_value, by_chance = (np.argsort(-score)[:top] for score in (told * worth, told))
    best = np.sort(chance * factor)[-top:].sum()
    # The tenth with the highest expected value holds nearly all that the best tenth does; chance alone leaves a fifth.
    assert (chance * factor)[by_value].sum() > 0.95 * best
    assert (chance * factor)[by_chance].sum() < 0.8 * best


def test_the_past_confirms_it(scores: LeadScores) -> None:
    test = scores.test
    assert test is not None
    assert test.leads > 1000
    assert test.calibration_error < test.by_chance + 0.02
    assert abs(test.predicted - test.won) < 3.5 * np.sqrt(test.won)
    assert {one.order for one in test.captured} == {"value", "chance", "age"}


def test_the_list_is_ordered_and_says_why(scores: LeadScores) -> None:
    rows = scores.table.to_numpy()
    assert np.all(np.diff(rows["expected_value"]) <= 1e-9)
    assert np.all(rows["expected_value_low"] <= rows["expected_value"])
    assert np.all(rows["probability_30d"] <= rows["probability_90d"])
    assert np.all(rows["probability_90d"] <= rows["probability"])
    assert rows["this_week"].sum() == scores.plan.room
    assert "company size: 250+" in rows["reasons"][0]
    assert [float(one) for one in rows["reason_gains"][0].split("; ")] == pytest.approx(
        [one.gain for one in scores.reasons[0]], rel=1e-5
    )
    assert scores.prior_share < 0.1
    assert {one.column for one in scores.reasons[0]} <= {*scores.conversion.design.names, "age"}


def test_two_hundred_leads_are_enough_and_say_what_is_prior() -> None:
    small = lead_store(70, seed=5)
    leads = read_leads(small)
    assert 120 < leads.size < 260
    found = score_leads(small, tested=False)
    assert 0.05 < found.prior_share < 0.6
    truth = small.truth.leads
    assert truth is not None
    place = {name: row for row, name in enumerate(truth.ids)}
    chance = truth.probability[[place[name] for name in leads.ids]]
    design = lead_design(leads)
    model = fit_lead_conversion(leads, design)
    told = model.chance(design.codes(leads), np.zeros(leads.size), np.inf)
    assert np.mean((told - chance) ** 2) < np.var(chance)
    assert abs(told.mean() - chance.mean()) < 0.08
