"""Covariates that do nothing change nothing, and covariates of one process are a change of clock."""

from __future__ import annotations

import numpy as np
import pytest

import keepers as kp
from keepers.domain.attributes import Attributes
from keepers.domain.cells import Cells
from keepers.domain.time import TimeUnit
from keepers.models.buying import BuyingModel
from keepers.numerics.distinct import CellTables
from keepers.numerics.likelihoods import bg_nbd, mbg_nbd, nbd, pareto_nbd
from keepers.numerics.patterns import PatternedLikelihood

MODELS = {
    "nbd": (kp.NBD, nbd, (0.6, 9.0)),
    "bg_nbd": (kp.BGNBD, bg_nbd, (0.6, 9.0, 0.8, 2.4)),
    "mbg_nbd": (kp.MBGNBD, mbg_nbd, (0.6, 9.0, 0.8, 2.4)),
    "pareto_nbd": (kp.ParetoNBD, pareto_nbd, (0.6, 9.0, 0.7, 12.0)),
}


def histories(family, theta, customers=700, seed=2):
    rng = np.random.default_rng(seed)
    T = rng.integers(10, 70, customers).astype(float)
    x, t_x = family.sample_new(theta, T, rng)
    return {"frequency": x, "recency": t_x, "T": T, "z": rng.normal(size=customers)}


@pytest.mark.parametrize("name", MODELS)
def test_zero_covariates_equal_none(name):
    model, family, theta = MODELS[name]
    data = histories(family, theta)
    plain: BuyingModel = model(prior=None).fit(data, "week")
    nothing = {"purchase:z": 0.0}
    known: BuyingModel = model(prior=None, covariates=kp.Covariates(purchase=["z"], fixed=nothing)).fit(data, "week")
    assert known.log_likelihood_ == pytest.approx(plain.log_likelihood_, rel=1e-10)
    for symbol, value in plain.parameters_.items():
        assert known.parameters_[symbol] == pytest.approx(value, rel=1e-7)
    theta_there = np.array(list(plain.parameters_.values()))
    cells = Cells(data["frequency"], data["recency"], data["T"], np.ones(700), TimeUnit.WEEK)
    with_z = Cells(cells.x, cells.t_x, cells.T, cells.weight, cells.unit, pattern=np.arange(700),
                   attributes=Attributes({"z": data["z"]}))  # fmt: skip
    for question, further in (("expected_purchases", (30.0,)), ("probability_alive", (10.0,))):
        one = plain.answer(question, theta_there, cells, *further)
        np.testing.assert_allclose(known.answer(question, theta_there, with_z, *further), one, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", ["nbd", "bg_nbd", "mbg_nbd"])
def test_a_covariate_of_buying_is_a_change_of_clock(name):
    """alpha exp(-g) with times t has the density of alpha with times exp(g) t, times exp(g x)."""
    _, family, theta = MODELS[name]
    data = histories(family, theta)
    x, t_x, T = data["frequency"], data["recency"], data["T"]
    slower = np.array(theta)
    slower[1] *= np.exp(-0.4)
    one = family.log_likelihood(slower, x, t_x, T)
    other = family.log_likelihood(np.array(theta), x, np.exp(0.4) * t_x, np.exp(0.4) * T) + 0.4 * x
    np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-11)


def test_two_patterns_are_two_likelihoods():
    data = histories(pareto_nbd, MODELS["pareto_nbd"][2])
    x, t_x, T = data["frequency"], data["recency"], data["T"]
    theta, group = np.array([0.6, 9.0, 0.7, 12.0]), (data["z"] > 0).astype(np.int64)
    design = np.zeros((2, 4, 2))
    design[1, 1, 0] = design[1, 3, 1] = -1.0
    whole = PatternedLikelihood(pareto_nbd, CellTables(x, t_x, T, np.ones(700)), group, design, np.zeros((2, 4)))
    moved = theta * np.exp([0.0, -0.3, 0.0, 0.5])
    apart = sum(
        pareto_nbd.log_likelihood(one, x[group == g], t_x[group == g], T[group == g]).sum()
        for g, one in enumerate((theta, moved))
    )
    assert whole(np.concatenate([np.log(theta), [0.3, -0.5]]), 0).value == pytest.approx(apart, rel=1e-12)
