"""Channels bring the customers that their spend pays for; leads convert as often as is said."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from keepers.domain.errors import ConfigError
from keepers.domain.time import days, months
from keepers.simulate import Advertising, Budget, Channel, LeadLaw, Response, StorePlan, simulate_store
from keepers.simulate.acquisition import draw_arrivals
from keepers.simulate.advertising import Campaign
from keepers.simulate.season import Tempo
from keepers.simulate.shop import SEASON

PAID = Advertising(
    Budget(80.0, variation=0.6, on_weeks=3, off_weeks=2),
    Response(half_saturation=70.0, adstock=0.6, shape=0.8),
    (Campaign("a", 0.7, 0.5), Campaign("b", 0.3, 0.5)),
)
CHANNELS = (
    Channel("search", 0.5, growth=1.5),
    Channel("social", 0.3, advertising=PAID),
    Channel("office", 0.2, leads=LeadLaw(conversion=0.25, median_delay=20.0)),
)


@given(half=st.floats(0.5, 500), shape=st.floats(0.2, 1.0), spend=st.floats(0.1, 2000), more=st.floats(0.1, 500))
def test_responses_rise_and_flatten_from_the_first_cent(half: float, shape: float, spend: float, more: float) -> None:
    response = Response(half, shape=shape)
    low, middle, high = (float(response.saturation(x)) for x in (spend, spend + more, spend + 2 * more))
    assert 0 < low < middle < high < 1
    assert middle - low >= high - middle - 1e-12
    assert float(response.saturation(half)) == pytest.approx(0.5)
    step = spend * 1e-5
    slope = (float(response.saturation(spend + step)) - float(response.saturation(spend - step))) / (2 * step)
    assert float(response.marginal_saturation(spend)) == pytest.approx(slope, rel=1e-4)


def test_carry_over_keeps_an_even_budget_and_delays_a_burst() -> None:
    response = Response(10.0, adstock=0.5)
    assert np.allclose(response.pressure(np.full(30, 12.0)), 12.0)
    burst = response.pressure(np.array([0.0, 8.0, 0.0, 0.0]), before=0.0)
    assert burst.tolist() == [0.0, 4.0, 2.0, 1.0]


def test_exactly_so_many_customers_come_at_the_rate_of_each_channel() -> None:
    tempo = Tempo(dt.date(2024, 1, 1), SEASON)
    made = draw_arrivals(CHANNELS, 30_000, 700, 700, tempo, seed=2)
    assert made.start.size == 30_000
    assert np.all(np.diff(made.start) >= 0)
    share = np.bincount(made.channel) / 30_000
    assert share == pytest.approx([0.5, 0.3, 0.2], abs=0.02)
    for row in (0, 1):
        weeks = np.floor(made.start[made.channel == row] / 7).astype(int)
        seen = np.bincount(weeks, minlength=100)[:100]
        expected = made.intensity[row].reshape(100, 7).sum(axis=1)
        keep = expected > 5
        scale = seen[keep].sum() / expected[keep].sum()
        assert stats.chisquare(seen[keep], expected[keep] * scale).pvalue > 1e-3
    quiet = made.daily_spend[1].reshape(100, 7).sum(axis=1) == 0
    assert quiet.sum() == 40


def test_the_response_that_is_told_is_the_response_that_was() -> None:
    store = simulate_store(20_000, 6, StorePlan(channels=CHANNELS[:2], season=SEASON), end="2026-06-30")
    truth = store.truth.channels["social"]
    arrivals = truth.expected_arrivals()
    assert arrivals.sum() == pytest.approx(truth.customers, rel=0.03)
    more = truth.expected_arrivals(truth.daily_spend * 1.1).sum()
    assert arrivals.sum() < more < arrivals.sum() * 1.1
    step = truth.steady_arrivals(80.5) - truth.steady_arrivals(79.5)
    assert truth.marginal_arrivals(80.0) == pytest.approx(step, rel=1e-3)
    free = store.truth.channels["search"]
    assert free.expected_arrivals().sum() == pytest.approx(free.customers, rel=0.03)
    with pytest.raises(ConfigError, match="costs nothing"):
        free.steady_arrivals(10.0)


def test_leads_convert_with_their_probability_and_their_delay() -> None:
    law = LeadLaw(conversion=0.25, median_delay=20.0, delay_spread=0.7)
    plan = StorePlan(channels=(Channel("shop", 0.3), Channel("office", 0.7, leads=law)))
    store = simulate_store(12_000, 5, plan, start="2025-01-01", end="2026-06-30")
    truth = store.truth.leads
    assert truth is not None
    batch = truth.batch
    assert truth.probability.mean() == pytest.approx(0.25, abs=0.004)
    for low, high in ((0.0, 0.15), (0.15, 0.25), (0.25, 0.4), (0.4, 1.0)):
        some = (truth.probability >= low) & (truth.probability < high)
        gap = batch.converts[some].mean() - truth.probability[some].mean()
        assert abs(gap) < 4 * np.sqrt(0.25 / some.sum())
    delay = (batch.closes - batch.created)[batch.converts]
    assert stats.kstest(np.log(delay / 20.0) / 0.7, "norm").pvalue > 1e-3
    soon = (batch.converts & (batch.closes - batch.created <= 30)).mean()
    assert truth.converted_within(days(30)).mean() == pytest.approx(soon, abs=0.01)
    won = store.engine.row(f"SELECT count(*) FILTER (won), count(*) FROM {store.tables['leads'].name}")
    assert won[0] == store.truth.channels["office"].customers == int(batch.won_by(store.truth.customers.end).sum())
    assert won[1] == truth.ids.size
    first = store.engine.row(
        f"""SELECT count(*), count(*) FILTER (l.closed_on <> o.day) FROM {store.tables["leads"].name} l
            JOIN (SELECT customer_key, min(day) AS day FROM {store.tables["orders"].name} GROUP BY 1) o
            USING (customer_key) WHERE l.won"""
    )
    assert first == (won[0], 0)


def test_channels_differ_in_what_a_customer_is_worth(demo: object) -> None:
    channels = demo.truth.channels  # type: ignore[attr-defined]
    worth = {name: channel.new_customer_value(months(12)) for name, channel in channels.items()}
    assert worth["friends"] > worth["organic search"] > worth["paid social"]
    endless = channels["paid social"].new_customer_value(None)
    assert endless > worth["paid social"]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Response(0.0), "half_saturation"),
        (lambda: Response(1.0, adstock=1.0), "adstock"),
        (lambda: Response(1.0, shape=1.5), "shape"),
        (lambda: Channel("x", share=0.0), "share"),
        (lambda: LeadLaw(conversion=1.0), "conversion"),
        (lambda: StorePlan(channels=(Channel("x"), Channel("x"))), "names of their own"),
    ],
)
def test_impossible_channels_are_refused(make: object, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        make()  # type: ignore[operator]
