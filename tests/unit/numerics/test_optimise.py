"""Newton in a trust region: it climbs to maxima from far away and stops at the walls of its box."""

from __future__ import annotations

import numpy as np
import pytest

from keepers.numerics.evaluation import Evaluation, in_logarithms
from keepers.numerics.optimise import LOG_BOUND, maximise


def banana(point: np.ndarray) -> Evaluation:
    """Rosenbrock's valley turned upside down; its maximum is at (1, 1)."""
    x, y = point
    gradient = np.array([-400 * x * (x * x - y) - 2 * (x - 1), 200 * (x * x - y)])
    hessian = np.array([[-1200 * x * x + 400 * y - 2, 400 * x], [400 * x, -200.0]])
    return Evaluation(-100 * (x * x - y) ** 2 - (x - 1) ** 2, gradient, hessian)


@pytest.mark.parametrize("start", [(-1.2, 1.0), (5.0, -8.0), (0.0, 0.0), (11.0, 11.0)])
def test_a_curved_valley(start) -> None:
    found = maximise(banana, np.array(start))
    assert found.converged
    assert found.interior
    assert found.point == pytest.approx([1.0, 1.0], abs=1e-6)
    assert found.steps < 100


def test_a_saddle_is_left() -> None:
    def saddle(point: np.ndarray) -> Evaluation:
        x, y = point
        return Evaluation(
            float(x**2 / 2 - x**4 / 4 - y**2), np.array([x - x**3, -2 * y]), np.diag([1 - 3 * x**2, -2.0])
        )

    found = maximise(saddle, np.array([1e-3, 2.0]))
    assert found.converged
    assert abs(found.point[0]) == pytest.approx(1.0, abs=1e-6)


def test_a_ridge_that_rises_for_ever_ends_at_the_wall() -> None:
    def ridge(point: np.ndarray) -> Evaluation:
        x, y = point
        return Evaluation(float(-np.exp(-x / 4) - y**2), np.array([np.exp(-x / 4) / 4, -2 * y]),
                          np.diag([-np.exp(-x / 4) / 16, -2.0]))  # fmt: skip

    found = maximise(ridge, np.array([0.0, 3.0]))
    assert found.converged
    assert found.at_bound == (True, False)
    assert found.point[0] == pytest.approx(LOG_BOUND, abs=0.1)
    assert not found.interior


def test_a_wall_is_leant_on_at_once() -> None:
    def ridge(point: np.ndarray) -> Evaluation:
        # So little is left to gain that a step which jumps into the wall never pays.
        fall = np.exp(-0.5 * point.sum())
        return Evaluation(float(-fall - np.ptp(point) ** 2), 0.5 * fall + 2 * (point[::-1] - point),
                          np.full((2, 2), -0.25 * fall) + np.array([[-2.0, 2.0], [2.0, -2.0]]))  # fmt: skip

    found = maximise(ridge, np.array([-8.0, -8.5]))
    assert found.converged
    assert found.at_bound == (True, True)
    assert found.steps < 30


def test_a_step_into_nowhere_is_shortened() -> None:
    def cliff(point: np.ndarray) -> Evaluation:
        (x,) = point
        if x >= 2:
            return Evaluation(np.nan, np.full(1, np.nan), np.full((1, 1), np.nan))
        return Evaluation(float(np.log(2 - x) + x), np.array([1 - 1 / (2 - x)]), np.array([[-1 / (2 - x) ** 2]]))

    found = maximise(cliff, np.array([-8.0]))
    assert found.converged
    assert found.point == pytest.approx([1.0], abs=1e-6)


def test_no_value_at_the_start() -> None:
    found = maximise(lambda _: Evaluation(np.nan, np.zeros(1), np.zeros((1, 1))), np.zeros(1))
    assert not found.converged
    assert not found.evaluation.finite


def test_derivatives_in_logarithms() -> None:
    theta = np.array([2.0, 0.3])
    found = in_logarithms(theta, 1.0, np.array([3.0, 5.0]), np.array([[-1.0, 0.5], [0.5, -2.0]]))
    assert found.gradient == pytest.approx([6.0, 1.5])
    assert found.hessian == pytest.approx(np.array([[2.0, 0.3], [0.3, 1.32]]))


def test_a_search_on_its_way_to_a_known_maximum_is_given_up() -> None:
    first = maximise(banana, np.array([-1.2, 1.0]))
    alone = maximise(banana, np.array([5.0, -8.0]))
    second = maximise(banana, np.array([5.0, -8.0]), known=[first])
    assert second.known is first
    assert second.steps < alone.steps


def test_another_maximum_is_found_beside_a_known_one() -> None:
    def hills(point: np.ndarray) -> Evaluation:
        (u,) = point
        return Evaluation(-((u * u - 4) ** 2) + u, np.array([-4 * u * (u * u - 4) + 1]), np.array([[-12 * u * u + 16]]))

    low = maximise(hills, np.array([-2.5]))
    high = maximise(hills, np.array([2.5]), known=[low])
    assert high.known is None
    assert high.converged
    assert high.evaluation.value > low.evaluation.value + 1


def test_what_is_known_of_the_start_is_not_asked_again() -> None:
    asked: list[np.ndarray] = []

    def counted(point: np.ndarray) -> Evaluation:
        asked.append(point)
        return banana(point)

    top = maximise(banana, np.array([0.0, 0.0]))
    again = maximise(counted, top.point, first=top.evaluation)
    assert again.converged
    assert len(asked) == again.steps == 1
