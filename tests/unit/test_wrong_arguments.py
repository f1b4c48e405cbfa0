"""What an analyst gives in a wrong place or form: each time one sentence that says what is wrong and what to write."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import keepers as kp
from keepers.domain.errors import KeepersError

DATA = {"frequency": [0, 1, 4, 2], "recency": [0, 5, 30, 20], "T": [39, 39, 38, 30], "monetary_value": [0, 20, 35, 28]}
FRAME = {"who": ["a", "a", "b"], "on": ["2024-01-01", "2024-01-15", "2024-01-08"], "paid": [10.0, 20.0, 5.0]}


@pytest.fixture(scope="module")
def fitted() -> tuple[Any, Any]:
    return kp.BGNBD().fit(DATA, unit="week"), kp.GammaGamma().fit(DATA)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda b, s: kp.lifetime_value(b, s, DATA, 52, unit="week"), r"missing its unit: 52. Write for example weeks"),
        (lambda b, s: kp.lifetime_value(b, s, DATA, "1 year", unit="week"), "missing its unit: '1 year'"),
        (
            lambda b, s: kp.lifetime_value(b, s, DATA, discount=0.1, unit="week"),
            r"Write for example annual_rate\(0.10\)",
        ),
        (lambda b, s: kp.lifetime_value(s, b, DATA, unit="week"), "`buying` is GammaGamma, no model of buying"),
        (lambda b, _: kp.lifetime_value(b, b, DATA, unit="week"), "`spending` is BGNBD, no model of spend"),
        (lambda b, _: b.expected_purchases(DATA, 39), "missing its unit: 39"),
        (lambda _, __: kp.annual_rate(10), "write 10% as 0.10"),
        (lambda _, __: kp.summarise(FRAME), r"A dict is no orders.*Orders.from_frame"),
        (lambda _, __: kp.read_orders(FRAME), r"A dict is no place to read from.*Orders.from_frame"),
        (lambda _, __: kp.read_orders("orders.csv", day_first=True), "no option `day_first` of reading.*date_order"),
        (lambda _, __: kp.Orders.from_frame(FRAME), r"no column 'customer_id'. It has: who, on, paid. Name them"),
    ],
)
def test_a_wrong_argument_is_named(fitted: tuple[Any, Any], call: Callable[[Any, Any], Any], words: str) -> None:
    with pytest.raises(KeepersError, match=words):
        call(*fitted)


@pytest.mark.parametrize("models", [[], kp.BGNBD()])
def test_a_backtest_wants_a_list_of_models(models: Any) -> None:
    orders = kp.Orders.from_frame(FRAME, customer="who", date="on", amount="paid")
    with pytest.raises(KeepersError, match="list of at least one model"):
        kp.backtest(models, orders)
