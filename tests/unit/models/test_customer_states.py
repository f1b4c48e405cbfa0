"""States of many customers are those of each one alone."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepers.domain.errors import InputError
from keepers.domain.time import weeks
from keepers.models.btyd.bg_nbd import BGNBD
from keepers.models.customer_states import CustomerStates
from keepers.models.realtime import CustomerState, Scorer
from keepers.summaries.summary import summarise
from shop import shop_orders

START = dt.date(2025, 1, 1)
DATA = {"frequency": [0, 1, 4, 2, 0], "recency": [0.0, 5, 30, 20, 0], "T": [39.0, 39, 38, 30, 39]}


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 30), min_size=1, max_size=5),
    st.lists(st.tuples(st.integers(0, 4), st.integers(-10, 60)), max_size=25),
    st.sampled_from([0.0, 7.0]),
)
def test_a_batch_is_one_order_after_the_other(firsts: list[int], orders: list[tuple[int, int]], length: float) -> None:
    firsts_on = [START + dt.timedelta(days=day) for day in firsts]
    # With opportunities a state counts from its first day, which an earlier order would move.
    orders = [(row % len(firsts), day if length == 0 else max(day, firsts[row % len(firsts)])) for row, day in orders]
    placed = [(row, START + dt.timedelta(days=day)) for row, day in orders]
    alone = [CustomerState.starting(day, length) for day in firsts_on]
    for row, day in sorted(placed, key=lambda one: one[1]):
        alone[row] = alone[row].update(day)
    many = CustomerStates.starting(firsts_on, length).update([row for row, _ in placed], [day for _, day in placed])
    expected = CustomerStates.of(alone)
    for name in ("first", "last", "repeat_purchases"):
        np.testing.assert_array_equal(getattr(many, name), getattr(expected, name))


def test_scores_are_those_of_single_states(tmp_path) -> None:
    model = BGNBD().fit(DATA, unit="week")
    scorer = Scorer.load(model.save(tmp_path / "model.json"))
    alone = [CustomerState.starting(START), CustomerState(START, dt.date(2025, 3, 5), 3)]
    now = dt.date(2025, 9, 1)
    for asked in (model, scorer):
        one, many = (asked.score(states, now, weeks(26)) for states in (alone, CustomerStates.of(alone)))
        np.testing.assert_array_equal(one.expected_purchases, many.expected_purchases)
        np.testing.assert_array_equal(one.probability_alive, many.probability_alive)
    with pytest.raises(InputError, match="cannot know of a purchase on 2025-03-05"):
        scorer.score(CustomerStates.of(alone), dt.date(2025, 2, 1))


def test_states_of_a_summary_go_on_where_it_ends() -> None:
    summary = summarise(shop_orders(customers=300))
    keys, states = CustomerStates.of_summary(summary)
    model = BGNBD().fit(summary)
    rows = summary.engine.columns(f"SELECT frequency, recency, T FROM {summary.name} ORDER BY customer_key")
    scores = model.score(states, summary.calibration_end, weeks(26))
    plain = model.expected_purchases(
        {name: rows[name] for name in ("frequency", "recency", "T")}, weeks(26), unit="week"
    )
    np.testing.assert_allclose(scores.expected_purchases, plain["expected_purchases"], rtol=1e-9)
    later = states.update([0, 0], [summary.calibration_end + dt.timedelta(days=n) for n in (1, 1)])
    assert keys.size == states.size == later.size
    assert later.repeat_purchases[0] == states.repeat_purchases[0] + 1
    assert states.joined(CustomerStates.starting([START])).size == states.size + 1


def test_what_cannot_be_is_named() -> None:
    with pytest.raises(InputError, match="row 1; 1 such rows"):
        CustomerStates(np.array(["2025-01-01"] * 2), np.array(["2025-01-01"] * 2), np.array([0, 1]))
    with pytest.raises(InputError, match="differ in length"):
        CustomerStates(np.array(["2025-01-01"]), np.array(["2025-01-01"] * 2), np.array([0, 1]))
    states = CustomerStates.starting(["2025-01-01"])
    with pytest.raises(InputError, match="there are 1 customers"):
        states.update([1], ["2025-02-01"])
    with pytest.raises(InputError, match="Give a customer and a day for each order"):
        states.update([0], ["2025-02-01", "2025-02-02"])
    with pytest.raises(InputError, match="opportunities of 0 and of 7 days"):
        states.joined(CustomerStates.starting(["2025-01-01"], 7.0))
