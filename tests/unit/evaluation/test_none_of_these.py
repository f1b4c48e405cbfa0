"""Stores that no model of the house describes: the verdict says so plainly."""

from __future__ import annotations

import numpy as np
import pytest

import keepers as kp
from keepers.evaluation.metrics import Metrics
from keepers.evaluation.totals_fit import totals_fail, totals_sentence
from keepers.evaluation.verdict import Trust


def orders(who: list[int], when: list[float]) -> kp.Orders:
    day = np.datetime64("2021-01-01") + np.floor(np.asarray(when)).astype(int)
    return kp.Orders.from_frame({"w": [f"c{one}" for one in who], "d": day}, customer="w", date="d")


def store(rate_over_time, customers: int = 900, days: int = 720, first: int = 240, seed: int = 4) -> kp.Orders:
    """Customers won in the first days who buy at a common rate over time (a day, at most one)."""
    rng = np.random.default_rng(seed)
    chance = np.clip(rate_over_time(np.arange(days)), 0.0, 1.0)
    who, when = [], []
    for customer in range(customers):
        start = int(rng.integers(0, first))
        own = rng.gamma(2.0, 0.5)
        bought = np.flatnonzero(rng.random(days) < own * chance)
        found = [start, *(day for day in bought if day > start)]
        who += [customer] * len(found)
        when += found
    return orders(who, when)


def test_buying_that_grows_and_grows_is_described_by_none() -> None:
    found = kp.backtest([kp.MBGNBD(), kp.BGNBD(), kp.NBD()], store(lambda day: 0.0008 * np.exp(day / 110.0)), origins=3)
    assert found.verdict_.trust is Trust.NONE
    assert found.verdict.startswith("None of these models describes this store. From all 3 dates in the past customers")
    assert "far more than predicted" in found.verdict
    assert "the sums not at all" in found.verdict


def test_buying_that_stops_is_described_by_none() -> None:
    found = kp.backtest(
        [kp.MBGNBD(), kp.ParetoNBD()], store(lambda day: 0.08 * np.exp(-day / 60.0), first=60), origins=3
    )
    assert found.verdict_.trust in (Trust.NONE, Trust.NAIVE)


def test_a_seasonal_shop_is_not_trusted() -> None:
    """Everybody buys in December alone; what the months before say of it is nothing."""
    found = kp.backtest(
        [kp.MBGNBD(), kp.NBD()], store(lambda day: np.where(day % 365 > 335, 0.05, 0.0002), days=730), origins=3
    )
    assert found.verdict_.trust is Trust.NAIVE
    assert found.verdict.startswith("No model beats the naive rule that customers buy as much as customers of the same")
    assert any("by season, growth or a break" in sentence for sentence in found.verdict_.reservations)


def test_a_shop_of_one_time_buyers_cannot_be_tested() -> None:
    rng = np.random.default_rng(1)
    found = kp.backtest(None, orders(list(range(800)), list(rng.integers(0, 500, 800))))
    assert found.winner is None
    assert found.verdict_.trust is Trust.UNTESTED
    assert "made 0 purchases in the days after it" in found.verdict
    assert "used untested" in found.verdict


def metrics(predicted: float, actual: float) -> Metrics:
    return Metrics(100.0, predicted, actual, 0.1, 0.1, None, None, None)


@pytest.mark.parametrize(
    ("totals", "fails"),
    [
        ([(200, 100), (260, 110)], True),
        ([(50, 100), (52, 110)], True),
        ([(200, 100), (50, 100)], False),
        ([(130, 100), (140, 100)], False),
        ([(8, 3)], False),
        ([(5, 0)], False),
    ],
)
def test_totals_that_fail(totals: list[tuple[float, float]], fails: bool) -> None:
    assert totals_fail([metrics(*one) for one in totals]) is fails


def test_the_failure_in_words() -> None:
    assert totals_sentence([metrics(200, 100), metrics(240, 90)]) == (
        "From all 2 dates in the past customers then bought far less than predicted: 190 purchases in place of 440. "
        "Something ended or fades that the past does not show."
    )
    assert totals_sentence([metrics(20, 100)]).startswith("From the date in the past customers then bought far more")
