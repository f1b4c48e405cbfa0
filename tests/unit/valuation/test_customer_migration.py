"""Migration between states of recency: algebra, and estimation from orders."""

from __future__ import annotations

import numpy as np
import pytest

import keepers as kp
from keepers.domain.errors import ConfigError, InputError
from keepers.valuation.customer_migration import FORMER, migration_matrix, migration_value, recency_matrix
from keepers.valuation.formulas import berger_nasr_5
from shop import shop_orders


def test_values_without_end_are_the_limit_of_finite_ones() -> None:
    matrix = recency_matrix([0.4, 0.2, 0.1])
    rewards = [50.0, -1.0, -1.0, 0.0]
    assert migration_value(matrix, rewards, 0.1) == pytest.approx(migration_value(matrix, rewards, 0.1, 600), abs=1e-9)


def test_the_chain_is_case_five_of_berger_and_nasr() -> None:
    chances = [0.5, 0.3, 0.1]
    value = migration_value(recency_matrix(chances), [100.0, 0.0, 0.0, 0.0], 0.2, 8)
    assert value[0] == pytest.approx(berger_nasr_5(100.0, chances, 0.2, 8), rel=1e-12)


def test_the_lost_may_be_kept_without_a_discount() -> None:
    value = migration_value(recency_matrix([0.5]), [10.0, 0.0], 0.0)
    assert value == pytest.approx([20.0, 0.0])


def test_a_sum_without_end_is_refused() -> None:
    with pytest.raises(ConfigError, match="infinite"):
        migration_value(recency_matrix([0.5, 0.5], lost=False), [10.0, 0.0], 0.0)


@pytest.mark.parametrize("matrix", [[[0.5, 0.4], [0.0, 1.0]], [[1.5, -0.5], [0.0, 1.0]]])
def test_what_is_no_matrix_of_transitions_is_refused(matrix: list[list[float]]) -> None:
    with pytest.raises(ConfigError, match="Row 1"):
        migration_value(matrix, [1.0, 0.0], 0.1)


def test_shapes_must_fit() -> None:
    with pytest.raises(ConfigError, match="shape"):
        migration_value(np.eye(2), [1.0], 0.1)


def test_transitions_are_those_of_customers_followed_one_by_one() -> None:
    orders = shop_orders(300, 400, seed=5)
    found = migration_matrix(orders, kp.days(40), states=3, lost=True)
    rows = orders.engine.rows(
        f"SELECT DISTINCT customer_key, date_diff('day', day, DATE '{orders.last_day}') // 40 "
        f"FROM ({orders.purchases_sql(orders.last_day.isoformat())}) AS purchase"
    )
    bought: dict[str, set[int]] = {}
    for customer, ago in rows:
        bought.setdefault(customer, set()).add(int(ago))
    counts = np.zeros((3, 2))
    for periods in bought.values():
        state = 1
        for ago in range(max(periods) - 1, -1, -1):
            again = ago in periods
            if state <= 3:
                counts[state - 1, 0] += again
                counts[state - 1, 1] += 1
            state = 1 if again else state + 1
    assert found.states[-1] == FORMER
    assert found.seen[:3] == pytest.approx(counts[:, 1])
    assert found.matrix[:3, 0] == pytest.approx(counts[:, 0] / counts[:, 1])
    assert migration_value(found.matrix, found.rewards(margin=0.4), 0.02)[0] > 0


def test_too_long_a_period_is_refused() -> None:
    with pytest.raises(InputError, match="shorter period"):
        migration_matrix(shop_orders(50, 90), kp.days(365))


def test_without_amounts_rewards_must_be_given() -> None:
    found = migration_matrix(shop_orders(100, 200, money=False), kp.days(30))
    with pytest.raises(InputError, match="no amounts"):
        found.rewards()
