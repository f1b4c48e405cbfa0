"""The risk leans on the model where data are few, learns where they are many, and is tested on what it has not seen."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special

from keepers.retention.reasons import Input
from keepers.retention.risk import Past, captured, fit_risk, rank_test

INPUTS = (Input("a", "a"), Input("b", "b", 0.7, 0.5))


def past(seed: int, n: int, effect: float = 1.2, shift: float = -0.4) -> Past:
    """Customers whose log-odds are usual, moved, plus an effect of the first input; the second says nothing."""
    rng = np.random.default_rng(seed)
    usual, x = rng.normal(0, 1.2, n), rng.exponential(size=(n, 2))
    left = rng.random(n) < special.expit(shift + usual + effect * x[:, 0])
    return Past(usual, x, left.astype(float), {"usual": usual, "chance": rng.random(n)})


def test_without_a_past_it_is_the_model_with_prior_weights() -> None:
    risk = fit_risk(INPUTS, [])
    assert (risk.intercept, risk.slope, risk.learnt_from, risk.test) == (0.0, 1.0, 0, None)
    assert risk.coefficients.tolist() == [0.0, 0.7]
    assert fit_risk(INPUTS, [past(1, 30)]).learnt_from == 0, "too few of a kind"


def test_it_learns_what_matters_and_is_calibrated() -> None:
    risk = fit_risk(INPUTS, [past(1, 20_000), past(2, 20_000)])
    assert risk.intercept == pytest.approx(-0.4, abs=0.08)
    assert risk.slope == pytest.approx(1.0, abs=0.05)
    assert risk.coefficients[0] == pytest.approx(1.2, abs=0.08)
    assert risk.coefficients[1] == pytest.approx(0.0, abs=0.05)
    fresh = past(3, 50_000)
    p = risk.probability(fresh.usual, fresh.inputs)
    for part in np.array_split(np.argsort(p), 10):
        assert p[part].mean() == pytest.approx(fresh.left[part].mean(), abs=0.025)
    assert risk.test is not None
    assert risk.test.own.auc > risk.test.rivals["usual"].auc + 0.02
    assert risk.test.rivals["chance"].auc == pytest.approx(0.5, abs=0.02)
    assert risk.test.brier < risk.test.brier_of_base_rate


def test_a_drift_since_the_older_origin_is_calibrated_away() -> None:
    risk = fit_risk(INPUTS, [past(1, 20_000), past(2, 20_000, shift=0.6)])
    fresh = past(3, 50_000, shift=0.6)
    assert risk.probability(fresh.usual, fresh.inputs).mean() == pytest.approx(fresh.left.mean(), abs=0.02)


def test_few_customers_hardly_move_it() -> None:
    few = fit_risk(INPUTS, [past(1, 80)])
    assert 0 < few.coefficients[0] < 1.2
    assert few.test is not None
    assert few.test.customers == 80


def test_ties_are_shared_out() -> None:
    left = np.array([1.0, 0, 0, 0, 0, 0, 0, 0, 0, 1.0])
    assert captured(np.zeros(10), left, 0.1) == pytest.approx(0.1)
    assert captured(np.arange(10.0), left, 0.1) == pytest.approx(0.5)
    assert captured(np.arange(10.0), np.zeros(10), 0.1) == 0.0
    test = rank_test(np.arange(10.0), left)
    assert test.precision == pytest.approx(1.0)
    assert test.auc == pytest.approx(0.5)
