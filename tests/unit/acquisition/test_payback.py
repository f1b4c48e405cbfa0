"""When the cost of a customer is back: crossings between months, never, and how sure."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepers.acquisition.payback import drawn_cost, payback

MONTH = 30.4375
AGES = np.arange(25) * MONTH


def test_a_straight_course_is_back_where_it_meets_the_cost():
    curve = np.tile(10.0 + 5.0 * np.arange(25), (101, 1))
    found = payback(AGES, curve, np.full(101, 32.5), 12.0)
    assert found.months == pytest.approx(4.5)
    assert (found.low, found.high) == (pytest.approx(4.5), pytest.approx(4.5))
    assert found.probability == 1.0


def test_the_first_order_may_pay_at_once_and_some_costs_never_come_back():
    curve = np.tile(10.0 + 5.0 * np.arange(25), (101, 1))
    assert payback(AGES, curve, np.full(101, 9.0), 12.0).months == 0.0
    never = payback(AGES, curve, np.full(101, 500.0), 12.0)
    assert (never.months, never.low, never.high, never.probability) == (None, None, None, 0.0)


def test_half_of_the_draws_within_the_target_is_a_probability_of_a_half():
    slopes = np.concatenate([[5.0], np.where(np.arange(100) % 2, 2.0, 8.0)])
    curve = slopes[:, None] * np.arange(25)
    found = payback(AGES, curve, np.full(101, 40.0), 6.0)
    assert found.probability == 0.5
    assert (found.low, found.high) == (pytest.approx(5.0), pytest.approx(20.0))


@given(st.floats(0.1, 200.0), st.floats(0.1, 200.0))
def test_more_cost_is_never_back_sooner(one, other):
    curve = np.tile(100.0 * (1 - 0.9 ** np.arange(25)), (3, 1))
    low, high = sorted((one, other))
    sooner, later = (payback(AGES, curve, np.full(3, cost), 12.0).months for cost in (low, high))
    assert later is None or (sooner is not None and sooner <= later)


def test_the_cost_of_few_customers_is_less_sure():
    rng = np.random.default_rng(1)
    few, many = drawn_cost(1000.0, 10, 4000, rng), drawn_cost(100_000.0, 1000, 4000, rng)
    assert few[0] == many[0] == 100.0
    assert np.median(few[1:]) == pytest.approx(100.0, rel=0.06)
    assert np.std(np.log(few[1:])) == pytest.approx(10**-0.5, rel=0.1)
    assert np.std(np.log(many[1:])) == pytest.approx(1000**-0.5, rel=0.1)
