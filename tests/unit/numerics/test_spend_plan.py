"""The best spends: a closed form, the certificate against other plans, limits, and how long it takes."""

from __future__ import annotations

import time

import numpy as np
import pytest

from keepers.domain.errors import InputError
from keepers.numerics.response_curve import CurveDraws, PlanCurves
from keepers.numerics.spend_plan import SpendLimits, SpendProblem, best_spends


def problem(
    channels: int = 4,
    draws: int = 200,
    risk: float = 0.0,
    seed: int = 1,
    *,
    total: float | None = None,
    least: float = 0.0,
    cash: float | None = None,
    moves: float = 0.5,
) -> SpendProblem:
    rng = np.random.default_rng(seed)
    today = np.exp(rng.normal(3.5, 0.5, channels))
    curves = [
        CurveDraws(
            np.exp(rng.normal(1, 0.7, draws)), money * np.exp(rng.normal(0.4, 0.5, draws)),
            rng.uniform(0.6, 1.0, draws), np.exp(rng.normal(0.5, 0.3) + rng.normal(0, 0.3, draws)), np.zeros(draws),
            np.ones(draws),
        )
        for money in today
    ]  # fmt: skip
    pressure = np.repeat(today[:, None], draws, axis=1)
    responses = PlanCurves(curves, 28, pressure, today, np.ones((channels, draws)))
    worth = np.exp(rng.normal(4.3, 0.4, (channels, 1)) + rng.normal(0, 0.1, (channels, draws)))
    most = float(today.sum()) if total is None else total
    limits = SpendLimits(today * (1 - moves), today * (1 + moves), most, least, cash)
    return SpendProblem(responses, worth, today, 28, limits, risk, 0.3 * worth.mean(axis=1))


def objective(asked: SpendProblem, spend: np.ndarray) -> float:
    gain = asked.value(spend) - asked.value(asked.today)
    return float(gain.mean() - asked.risk_weight * np.maximum(-gain, 0).mean())


class Saturating:
    """c s / (s + k), known for certain; the best spends have a closed form."""

    def __init__(self, ceiling: np.ndarray, half: np.ndarray) -> None:
        self.ceiling, self.half = ceiling[:, None], half[:, None]

    def arrivals(self, spend: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        money = spend[:, None]
        return (
            self.ceiling * money / (money + self.half),
            self.ceiling * self.half / (money + self.half) ** 2,
        )


def test_the_best_spends_are_those_of_the_closed_form() -> None:
    ceiling, half = np.array([300.0, 500.0, 90.0]), np.array([40.0, 90.0, 10.0])
    limits = SpendLimits(np.zeros(3), np.full(3, 1e3), 120.0)
    found = best_spends(SpendProblem(Saturating(ceiling, half), np.ones((3, 1)), np.full(3, 40.0), 1, limits))
    root = (np.sqrt(ceiling * half).sum() / (120.0 + half.sum())) ** 2
    assert found.spend == pytest.approx(np.sqrt(ceiling * half / root) - half, abs=1e-3)
    assert found.multiplier == pytest.approx(root - 1, rel=1e-4)
    assert found.spread < 1e-4
    assert found.gap < 1e-3


def test_money_that_does_not_pay_is_not_spent() -> None:
    limits = SpendLimits(np.zeros(2), np.full(2, 1e3), 500.0)
    ceiling, half = np.array([100.0, 50.0]), np.array([50.0, 60.0])
    found = best_spends(SpendProblem(Saturating(ceiling, half), np.ones((2, 1)), np.full(2, 40.0), 1, limits))
    # The first channel's last unit brings just itself; the second one's first unit brings less.
    assert found.spend == pytest.approx([np.sqrt(5000.0) - 50.0, 0.0], abs=1e-3)
    assert found.multiplier == 0


@pytest.mark.parametrize("risk", [0.0, 0.5, 3.0])
@pytest.mark.parametrize("least", [False, True])
def test_no_other_plan_is_better_by_more_than_the_gap(risk: float, least: bool) -> None:
    asked = problem(risk=risk, least=0.0)
    if least:
        asked = problem(risk=risk, least=asked.limits.total)
    found = best_spends(asked)
    reached = objective(asked, found.spend)
    money = 28 * asked.limits.total
    assert found.gap < 1e-4 * money
    rng = np.random.default_rng(5)
    low, high = asked.limits.low, asked.limits.high
    for _ in range(200):
        other = low + rng.uniform(0, 1, low.size) * (high - low)
        if least:
            other *= asked.limits.total / other.sum()
        if (other > high).any() or (other < low).any() or other.sum() > asked.limits.total * (1 + 1e-9):
            continue
        # The rounded edge of the shortfall may differ from the sharp one by its width.
        assert objective(asked, other) <= reached + found.gap + risk * 2e-3 * money


def test_risk_makes_the_plan_careful() -> None:
    bold, careful = (best_spends(problem(risk=risk, draws=400, seed=4)).gain for risk in (0.0, 20.0))
    assert np.maximum(-careful, 0).mean() <= np.maximum(-bold, 0).mean()
    assert bold.mean() >= careful.mean()


def test_cash_holds_the_plan_back() -> None:
    free = problem(moves=0.9)
    spent = best_spends(free)
    assert free.early is not None
    back = free.early @ free.responses.arrivals(spent.spend)[0].mean(axis=1)
    laid_out = 28 * float(spent.spend.sum()) - float(back)
    held = problem(moves=0.9, cash=0.7 * laid_out)
    found = best_spends(held)
    assert held.early is not None
    back = held.early @ held.responses.arrivals(found.spend)[0].mean(axis=1)
    assert 28 * found.spend.sum() - back == pytest.approx(0.7 * laid_out, rel=1e-4)
    assert found.gap < 1e-3 * 28 * held.limits.total
    with pytest.raises(InputError, match="Allow more cash"):
        best_spends(problem(moves=0.1, cash=-1e6))


def test_limits_that_nothing_keeps_are_refused() -> None:
    with pytest.raises(InputError, match="more than the"):
        best_spends(problem(total=1.0))
    with pytest.raises(InputError, match="less than the"):
        best_spends(problem(total=1e6, least=1e6))


def test_twenty_channels_and_a_thousand_draws_take_less_than_a_second() -> None:
    asked = problem(20, 1000, 0.5)
    start = time.process_time()
    found = best_spends(asked)
    assert time.process_time() - start < 1.0
    assert found.gap < 1e-4 * 28 * asked.limits.total
