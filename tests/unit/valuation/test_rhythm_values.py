"""Values by a model that looks at each customer's own rhythm: they know it, customer by customer and in sums."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import keepers as kp
from keepers.data.engine import quoted
from keepers.summaries.gap_levels import told_apart
from keepers.valuation.equity import equity_by
from shop import shop_orders


@pytest.fixture(scope="module")
def model() -> kp.ParetoGGG:
    data = {
        "frequency": [0, 3, 3, 2, 1, 5] * 5, "recency": [0, 30, 30, 20, 9, 33] * 5, "T": [39, 45, 45, 30, 40, 38] * 5,
        "log_gaps": [0.0, 6.9, 3.4, 4.5, np.log(9.0), 9.0] * 5,
    }  # fmt: skip
    return kp.ParetoGGG().fit(data, unit="week")


def test_customers_of_one_history_and_unlike_rhythm_have_values_of_their_own(model: kp.ParetoGGG) -> None:
    data: dict[str, Any] = {
        "customer_key": ["once", "even", "burst", "even too", "twice"],
        "frequency": [0, 3, 3, 3, 1], "recency": [0, 30, 30, 30, 12], "T": [39, 45, 45, 45, 30],
        "log_gaps": [0.0, 6.9, 3.4, 6.9, np.log(12.0)], "monetary_value": [np.nan, 20.0, 20.0, 20.0, 15.0],
    }  # fmt: skip
    columns = ["probability_alive", "expected_orders"]
    values = kp.lifetime_value(model, None, data, kp.weeks(26), unit="week", columns=columns)
    alive, orders = model.probability_alive(data), model.expected_purchases(data, kp.weeks(26))
    assert values["probability_alive"] == pytest.approx(alive["probability_alive"], abs=1e-3)
    assert values["expected_orders"] == pytest.approx(orders["expected_purchases"], rel=2e-3)
    assert values["probability_alive"][1] == values["probability_alive"][3] < values["probability_alive"][2] - 0.01
    without = {name: column for name, column in data.items() if name != "log_gaps"}
    averaged = kp.lifetime_value(model, None, without, kp.weeks(26), unit="week", columns=columns)
    assert averaged["probability_alive"][1] == averaged["probability_alive"][2]


def test_cells_tell_rhythms_apart_and_lose_nobody(model: kp.ParetoGGG) -> None:
    summary = kp.summarise(shop_orders(customers=60, seed=3), kp.ObservationWindow(unit="week"))
    apart = told_apart(summary, model)
    assert apart.customers == summary.customers
    assert told_apart(apart, model) is apart
    assert told_apart(summary, kp.BGNBD()) is summary
    cells = apart.keyed_cells().cells
    assert cells.customers == summary.customers
    known = summary.cells("each")
    assert cells.log_gaps is not None
    assert known.log_gaps is not None
    assert cells.log_gaps.sum() == pytest.approx(known.log_gaps.sum(), abs=0.005 * cells.customers)


def test_groups_add_up_to_the_whole(model: kp.ParetoGGG) -> None:
    summary = kp.summarise(shop_orders(customers=60, seed=3), kp.ObservationWindow(unit="week"))
    values = kp.lifetime_value(model, kp.GammaGamma().fit(summary), summary, kp.weeks(26))
    groups = equity_by(values, "date_trunc('month', summary.first_day)", draws=2)
    total = values.engine.row(f"SELECT sum({values.value_column}) FROM {quoted(values.name)}")[0]
    assert sum(one.value.value for one in groups) == pytest.approx(total, rel=1e-9)
    assert sum(one.customers for one in groups) == summary.customers
