"""The one way of fitting: starts compete, priors rescue, outcomes are told apart, posteriors are graded."""

from __future__ import annotations

import numpy as np
import pytest

import keepers as kp
from keepers.domain.cells import Cells
from keepers.domain.errors import FitError
from keepers.domain.outcome import FitOutcome
from keepers.domain.time import TimeUnit
from keepers.models.fitting import Problem, fit
from keepers.models.priors import LogNormal, Prior
from keepers.numerics.evaluation import Evaluation
from keepers.numerics.likelihoods import nbd

PRIOR = Prior({"u": LogNormal(1.0, 1.0)}).on(("u",), np.ones(1))


def parabola(centre: float, curvature: float):
    def likelihood(point: np.ndarray, _order: int) -> Evaluation:
        away = point - centre
        return Evaluation(float(-0.5 * curvature * away @ away), -curvature * away, -curvature * np.eye(1))

    return likelihood


def two_hills(point: np.ndarray, _order: int) -> Evaluation:
    """A low hill at -2 and a higher one at 2."""
    (u,) = point
    value = -((u * u - 4) ** 2) + u
    return Evaluation(float(value), np.array([-4 * u * (u * u - 4) + 1]), np.array([[-12 * u * u + 16]]))


def problem(likelihood, starts=(0.0,), **more) -> Problem:
    return Problem(("u",), likelihood, [np.array([start]) for start in starts], rows=1, **more)


def test_a_plain_maximum() -> None:
    found = fit(problem(parabola(1.5, 4.0)))
    assert found.outcome is FitOutcome.CONVERGED
    assert found.log_parameters == pytest.approx([1.5])
    assert found.posterior.covariance == pytest.approx(np.array([[0.25]]))
    assert found.posterior.prior_share == 0
    assert found.posterior.pareto_k < 0.3


def test_the_higher_of_two_hills_wins() -> None:
    found = fit(problem(two_hills, starts=(-2.5, 2.5)))
    assert found.log_parameters[0] == pytest.approx(2.03, abs=0.01)


def test_a_prior_shares_the_information() -> None:
    found = fit(problem(parabola(2.0, 3.0), prior=PRIOR))
    assert found.outcome is FitOutcome.CONVERGED_WITH_PRIOR
    assert found.log_parameters == pytest.approx([1.5])
    assert found.posterior.prior_share == pytest.approx(0.25)
    assert found.log_likelihood == pytest.approx(-0.5 * 3.0 * 0.25)


def test_a_flat_likelihood_is_a_ridge_and_is_rescued() -> None:
    plain = fit(problem(parabola(2.0, 0.01)))
    assert plain.outcome is FitOutcome.FLAT_RIDGE
    rescued = fit(problem(parabola(2.0, 0.01), rescue=PRIOR))
    assert rescued.outcome is FitOutcome.FLAT_RIDGE
    assert rescued.log_parameters[0] == pytest.approx(0.02, abs=0.01)
    assert rescued.posterior.prior_share > 0.9


def test_the_edge() -> None:
    def rising(point: np.ndarray, _order: int) -> Evaluation:
        return Evaluation(float(point[0]), np.ones(1), np.zeros((1, 1)))

    found = fit(problem(rising))
    assert found.outcome is FitOutcome.AT_BOUND
    assert np.all(np.isfinite(found.posterior.draws(20, np.random.default_rng(1))))
    assert fit(problem(rising, without_events=True)).outcome is FitOutcome.NO_REPEAT_PURCHASES


def visits(effect: np.ndarray, bought: np.ndarray):
    """Poisson counts with a rate exp(level + coefficient effect)."""

    def likelihood(point: np.ndarray, _order: int) -> Evaluation:
        design = np.column_stack([np.ones(effect.size), effect])
        rate = np.exp(design @ point)
        value = float(bought @ (design @ point) - rate.sum())
        return Evaluation(value, design.T @ (bought - rate), -(design.T * rate) @ design)

    return likelihood


def counts(effect: list[float], bought: list[float], **more):
    likelihood = visits(np.array(effect), np.array(bought))
    return fit(Problem(("level", "effect"), likelihood, [np.zeros(2)], rows=1, coefficients=("effect",), **more))


def test_a_covariate_that_separates_is_named() -> None:
    separated = counts([0.0, 0.0, 0.0, 1.0, 1.0], [2.0, 1.0, 3.0, 0.0, 0.0])
    assert separated.outcome is FitOutcome.SEPARABLE
    assert separated.at_bound == ("effect",)
    assert counts([0.0, 0.0, 0.0, 1.0, 1.0], [2.0, 1.0, 3.0, 1.0, 0.0]).outcome is FitOutcome.CONVERGED
    prior = Prior({"level": LogNormal(1.0, 2.0), "effect": LogNormal(1.0, 1.0)}).on(("level", "effect"), np.ones(2))
    rescued = counts([0.0, 0.0, 0.0, 1.0, 1.0], [2.0, 1.0, 3.0, 0.0, 0.0], rescue=prior)
    assert rescued.outcome is FitOutcome.SEPARABLE
    assert -3 < rescued.log_parameters[1] < 0
    # The level alone running off is no matter of the covariate.
    nobody = counts([0.0, 1.0, 0.0], [0.0, 0.0, 0.0])
    assert nobody.outcome in (FitOutcome.AT_BOUND, FitOutcome.SEPARABLE)
    assert "level" in nobody.at_bound


def test_a_covariate_that_never_varies_is_not_identified() -> None:
    found = counts([1.0, 1.0, 1.0, 1.0], [2.0, 1.0, 3.0, 2.0])
    assert found.outcome is FitOutcome.NOT_IDENTIFIED
    assert found.log_parameters.sum() == pytest.approx(np.log(2.0))
    assert not found.outcome.trustworthy_parameters
    assert found.outcome.usable


def test_each_ending_of_a_model_of_buying() -> None:
    def outcome(x, t_x, T, model) -> FitOutcome:
        weight = np.ones(len(x))
        return model.fit(
            Cells(np.array(x, float), np.array(t_x, float), np.array(T, float), weight, TimeUnit.WEEK)
        ).outcome_

    one_time = ([0] * 50, [0] * 50, list(range(10, 60)))
    assert outcome(*one_time, kp.BGNBD()) is FitOutcome.NO_REPEAT_PURCHASES
    alike = ([3] * 60, [30] * 60, [31] * 60)
    assert outcome(*alike, kp.NBD(prior=None)) is FitOutcome.AT_BOUND
    rng = np.random.default_rng(1)
    x, t_x = nbd.sample_new((1.0, 5.0), np.full(500, 30.0), rng)
    assert outcome(x, t_x, np.full(500, 30.0), kp.NBD(prior=None)) is FitOutcome.CONVERGED
    assert outcome(x, t_x, np.full(500, 30.0), kp.ParetoNBD(prior=None)) in (FitOutcome.AT_BOUND, FitOutcome.FLAT_RIDGE)
    assert outcome(x[:60], t_x[:60], np.full(60, 30.0), kp.NBD()) is FitOutcome.CONVERGED_WITH_PRIOR


def test_no_maximum_is_a_failure_and_no_value_an_error() -> None:
    def broken(point: np.ndarray, _order: int) -> Evaluation:
        # The gradient points the wrong way, so that no step ever gains.
        return Evaluation(float(-point[0]), np.ones(1) * 5, -np.eye(1))

    assert fit(problem(broken)).outcome is FitOutcome.FAILED
    with pytest.raises(FitError, match="not finite at any start"):
        fit(problem(lambda _point, _order: Evaluation(np.nan, np.zeros(1), np.zeros((1, 1)))))


def test_starts_compete_on_a_part_of_the_data() -> None:
    calls = {"exact": 0}

    def exact(point: np.ndarray, _order: int) -> Evaluation:
        calls["exact"] += 1
        return two_hills(point, _order)

    found = fit(problem(exact, starts=(-2.5, 2.5, -1.0, 1.0), rough=[two_hills]))
    assert found.log_parameters[0] == pytest.approx(2.03, abs=0.01)
    assert calls["exact"] < 8


def test_many_rows_are_graded_by_the_shape_of_the_posterior() -> None:
    normal = fit(Problem(("u",), parabola(1.0, 4.0), [np.zeros(1)], rows=10**9))
    assert np.isnan(normal.posterior.pareto_k)
    assert "make the posterior normal" in normal.posterior.diagnostic

    def skewed(point: np.ndarray, _order: int) -> Evaluation:
        (u,) = point
        return Evaluation(float(2 * u - np.exp(u)), np.array([2 - np.exp(u)]), np.array([[-np.exp(u)]]))

    found = fit(Problem(("u",), skewed, [np.zeros(1)], rows=10**9))
    assert "not normal" in found.posterior.diagnostic
    shifted = fit(problem(skewed)).posterior.shifted(np.array([3.0]))
    assert np.log(shifted.draws(2000, np.random.default_rng(2))).mean() == pytest.approx(3.42, abs=0.08)


def test_a_start_in_the_same_hollow_costs_less_than_one_alone() -> None:
    asked: list[float] = []

    def counted(point: np.ndarray, order: int) -> Evaluation:
        asked.append(float(point[0]))
        return two_hills(point, order)

    one = fit(problem(counted, starts=(8.0,)))
    alone = len(asked)
    asked.clear()
    three = fit(problem(counted, starts=(8.0, 9.0, -8.0)))
    assert three.log_parameters == pytest.approx(one.log_parameters, abs=1e-9)
    assert min(asked) < -1.9
    assert len(asked) < 3 * alone


def test_a_search_near_the_end_of_another_is_the_only_one() -> None:
    asked: list[float] = []

    def counted(point: np.ndarray, order: int) -> Evaluation:
        asked.append(float(point[0]))
        return two_hills(point, order)

    found = fit(problem(counted, starts=(-2.5, 2.5), near=np.array([2.1])))
    assert found.log_parameters[0] == pytest.approx(2.03, abs=0.01)
    assert min(asked) > 1.5


def test_where_the_nearest_search_ends_at_an_edge_the_others_are_made() -> None:
    def slope_and_hill(point: np.ndarray, _order: int) -> Evaluation:
        """A hill at 0 of height 5, and a slope that rises for ever beyond 4 to less than that."""
        (u,) = point
        hill, rest = 5 * np.exp(-0.5 * u * u), np.exp(-(u - 4))
        value = hill if u < 4 else 1 - rest
        gradient = -u * hill if u < 4 else rest
        curvature = (u * u - 1) * hill if u < 4 else -rest
        return Evaluation(float(value), np.array([gradient]), np.array([[curvature]]))

    found = fit(problem(slope_and_hill, starts=(0.5,), near=np.array([5.0])))
    assert found.log_parameters[0] == pytest.approx(0.0, abs=1e-6)
    assert found.at_bound == ()
