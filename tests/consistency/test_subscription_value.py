"""Value of a subscription: the models' own discounted tenure times price, and the mean of what is drawn."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

import keepers as kp
from keepers.models.contractual.answering import Answering
from keepers.numerics.likelihoods import contract_outlook as outlook
from keepers.valuation.plan_states import PlanStates
from keepers.valuation.subscription_cells import SubscriptionCells, expected_units
from keepers.valuation.subscription_draws import drawn_units, spread_units

MODELS = [kp.ShiftedBetaGeometric, kp.BetaDiscreteWeibull, kp.ExponentialGamma, kp.WeibullGamma]
DELTA = 0.01
ALONE = PlanStates(("only",), np.array([10.0]), np.array([[1e9]]), (1e-9, 1e9), (1.0, 1.0), np.zeros((4, 2)))
MIXED = PlanStates(
    ("small", "large"),
    np.array([10.0, 30.0]),
    np.array([[9e6, 1e6], [0.5e6, 9.5e6]]),
    (0.05e7, 0.95e7),
    (0.4e7, 0.6e7),
    np.array([[0.05e7, 0.95e7], [0.08e7, 0.92e7], [0.03e7, 0.97e7], [0.01e7, 0.99e7]]),
    np.array([[0.09e7, 0.91e7], [0.08e7, 0.92e7], [0.03e7, 0.97e7], [0.01e7, 0.99e7]]),
)


def fitted(model):
    """A fit of many contracts, so that its posterior is a point nearly."""
    rng = np.random.default_rng(2)
    tenure = np.ceil(rng.exponential(1 / rng.gamma(1.6, 1 / 12.0, 200_000)))
    ended = (tenure <= 24).astype(float)
    weights = np.bincount(np.minimum(tenure, 24).astype(int) * 2 + ended.astype(int))
    keys = np.flatnonzero(weights)
    return model(prior=None).fit({"tenure": keys // 2, "ended": keys % 2, "weight": weights[keys]}, unit="month")


def cells(**columns) -> SubscriptionCells:
    """Cells that run and pay unless said otherwise."""
    n = len(columns["age"])
    full = {
        "plan": np.zeros(n, dtype=int), "paused": np.zeros(n, dtype=bool), "ended": np.zeros(n, dtype=bool),
        "wait": np.ones(n), "gone": np.zeros(n, dtype=int),
    }  # fmt: skip
    return SubscriptionCells(**{**full, **{name: np.asarray(value) for name, value in columns.items()}})


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("horizon", [12.0, 6.5, 60.0, None])
def test_with_one_plan_it_is_discounted_tenure(model, horizon) -> None:
    fit = fitted(model)
    age, wait = np.array([0.0, 3.0, 3.0, 17.0]), np.array([1.0, 1.0, 0.3, 0.7])
    found = expected_units(fit, ALONE, cells(age=age, wait=wait), DELTA, horizon)
    theta = list(fit.parameters_.values())
    assert found == pytest.approx(outlook.discounted_tenure(fit.family, theta, age, DELTA, horizon, wait), rel=1e-6)


@pytest.mark.parametrize("horizon", [1.0, 24.0, None])
def test_leaving_and_coming_back_without_memory_is_a_markov_chain(horizon) -> None:
    """Everybody leaves with one chance and comes back with another: discounted payments by the resolvent."""
    leaves, comes = 0.15, 0.06
    fit = fitted(kp.ShiftedBetaGeometric)
    fit.parameters_ = {"alpha": leaves * 1e9, "beta": (1 - leaves) * 1e9}
    states = PlanStates(
        MIXED.plans,
        MIXED.prices,
        MIXED.moves,
        (1e-9, 1e9),
        (1.0, 1.0),
        np.array([[comes * 1e9, (1 - comes) * 1e9]] * 4),
    )
    # Where a customer is: small or large and subscribed, small or large and away. Plans move at renewals alone.
    moves = states.matrix
    step = np.block([[(1 - leaves) * moves, leaves * np.eye(2)], [comes * np.eye(2), (1 - comes) * np.eye(2)]])
    pays, kept = np.append(states.prices, [0.0, 0.0]), np.exp(-DELTA)
    if horizon is None:
        worth = np.linalg.solve(np.eye(4) - kept * step, kept * step @ pays)
    else:
        worth, at = np.zeros(4), pays
        for j in range(1, int(horizon) + 1):
            at = step @ at
            worth = worth + kept**j * at
    some = cells(age=[4, 4, 0, 0], plan=[0, 1, 0, 1], ended=[False, False, True, True], gone=[0, 0, 2, 30])
    found = expected_units(fit, states, some, DELTA, horizon) * states.prices[[0, 1, 0, 1]]
    assert found == pytest.approx(worth, rel=1e-5 if horizon is None else 1e-7)


@pytest.mark.parametrize("model", MODELS)
def test_expectations_are_the_mean_of_what_is_drawn(model) -> None:
    """Running, paused, gone for one and for five months, on either plan."""
    fit = fitted(model)
    rows = np.array([[0, 0, 0, 2, 0], [0, 1, 0, 2, 0], [0, 0, 1, 0, 1], [0, 0, 1, 0, 5]], dtype=float)
    rng = np.random.default_rng(4)
    for place in (0, 1):
        rows[:, 0] = place
        drawn = drawn_units(Answering.of(fit), MIXED, place, rows, 20_000, DELTA, [12.0, 36.0], rng)
        some = cells(
            plan=rows[:, 0].astype(int), paused=rows[:, 1] > 0, ended=rows[:, 2] > 0, age=rows[:, 3],
            gone=rows[:, 4].astype(int),
        )  # fmt: skip
        for horizon in (12.0, 36.0):
            expected = expected_units(fit, MIXED, some, DELTA, horizon)
            error = drawn[horizon].std(axis=1) / np.sqrt(20_000)
            assert np.all(np.abs(drawn[horizon].mean(axis=1) - expected) < 4 * error + 0.002 * expected)


@pytest.mark.parametrize("model", MODELS)
def test_horizons_and_intervals_are_in_order(model) -> None:
    fit = fitted(model)
    some = cells(
        age=[0.0, 5.0, 5.0, 0.0, 0.0], plan=[0, 1, 0, 0, 1], paused=[False, False, True, False, False],
        ended=[False, False, False, True, True], wait=[1.0, 0.25, 0.5, 1.0, 1.0], gone=[0, 0, 0, 2, 20],
    )  # fmt: skip
    values = [expected_units(fit, MIXED, some, DELTA, horizon) for horizon in (1.0, 12.0, 60.0, 600.0, None)]
    for short, long in pairwise(values):
        assert np.all(short <= long * (1 + 1e-9))
    # Who paid five years is worth almost all there is within fifty.
    assert values[3] == pytest.approx(values[4], rel=0.02)
    (low, high, _), (low60, high60, _) = spread_units(fit, MIXED, some, DELTA, (12.0, 60.0), (0.1, 0.9), 1)
    assert np.all(low <= high)
    assert np.all(low60 <= high60)
    assert np.all(high <= high60)
    running = ~some.ended
    assert np.all((low <= values[1])[running])
    assert np.all((values[1] <= high)[running])
    again = spread_units(fit, MIXED, some, DELTA, (12.0, 60.0), (0.1, 0.9), 1)
    assert np.array_equal(again[0][1], high)
