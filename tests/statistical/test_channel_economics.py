"""Channels of simulated shops: costs to the cent, worth inside its intervals, the next customer near the truth."""

from __future__ import annotations

import numpy as np
import pytest

import keepers as kp
from keepers.acquisition.marginal import Marginal
from keepers.acquisition.results import ChannelEconomics
from keepers.domain.money import DEFAULT_DISCOUNT
from keepers.simulate import Store, StorePlan, simulate_store
from keepers.simulate.demo import CHANNELS

YEAR, LIFETIME = kp.months(12), kp.years(5)
PLAN = StorePlan(
    behaviour=CHANNELS[0].behaviour,
    channels=tuple(channel for channel in CHANNELS if channel.leads is None),
    people=True,
)
"""Channels that bring no leads, without seasons, refunds and offers: what the truth of a new customer leaves out."""


@pytest.fixture(scope="module")
def shops() -> list[tuple[Store, ChannelEconomics]]:
    stores = [simulate_store(2_000, seed, PLAN) for seed in range(4)]
    return [(store, kp.channel_economics(store)) for store in stores]


def test_costs_and_customers_are_those_of_the_truth(shops: list[tuple[Store, ChannelEconomics]]) -> None:
    for store, found in shops:
        for name, truth in store.truth.channels.items():
            row = found.row(name)
            assert row.customers == truth.customers
            if truth.channel.advertising is None:
                assert row.cac is None
                continue
            assert row.cac == pytest.approx(truth.daily_spend.sum() / truth.customers, abs=0.005)


def test_worth_lies_in_its_intervals_as_often_as_they_say(shops: list[tuple[Store, ChannelEconomics]]) -> None:
    held, errors = [], []
    for store, found in shops:
        for name, truth in store.truth.channels.items():
            row = found.row(name)
            for horizon, estimate in ((YEAR, row.predicted), (LIFETIME, row.lifetime)):
                assert estimate is not None
                true = truth.new_customer_value(horizon, DEFAULT_DISCOUNT)
                held.append(estimate.low <= true <= estimate.high)
                errors.append(estimate.value / true - 1)
    assert np.mean(held) >= 0.65
    assert abs(np.mean(errors)) < 0.05
    assert np.sqrt(np.mean(np.square(errors))) < 0.15


def test_the_next_customer_costs_about_what_the_truth_says(shops: list[tuple[Store, ChannelEconomics]]) -> None:
    ratios, held = [], []
    for store, found in shops:
        for name, truth in store.truth.channels.items():
            if truth.response is None:
                continue
            guess = found.row(name).marginal
            assert isinstance(guess, Marginal)
            true = 1 / truth.marginal_arrivals(float(truth.daily_spend[-91:].mean()))
            ratios.append(np.log(guess.cost.value / true))
            held.append(guess.cost.low <= true <= guess.cost.high)
    assert abs(np.mean(ratios)) < 0.3
    assert np.sqrt(np.mean(np.square(ratios))) < 0.6
    assert np.mean(held) >= 0.65


def test_platforms_are_caught_at_what_they_over_claim(shops: list[tuple[Store, ChannelEconomics]]) -> None:
    for name in ("paid social", "paid search"):
        truth = next(channel for channel in CHANNELS if channel.name == name).advertising
        assert truth is not None
        seen = [next(row.a_customer for row in found.claims.rows if row.channel == name) for _, found in shops]
        assert np.mean(seen) == pytest.approx(truth.claims, rel=0.08)
