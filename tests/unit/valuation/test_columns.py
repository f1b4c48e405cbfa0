"""Columns of values that are asked for: the same numbers as among all of them, and nothing computed besides."""

from __future__ import annotations

from pathlib import Path

import pytest

from history import PurchaseRows
from keepers.domain.errors import ConfigError
from keepers.domain.time import ObservationWindow, weeks
from keepers.models.btyd.bg_nbd import BGNBD
from keepers.models.spend.gamma_gamma import GammaGamma
from keepers.summaries.summary import Summary, summarise
from keepers.valuation.columns import Columns
from keepers.valuation.equity import equity
from keepers.valuation.lifetime_value import lifetime_value
from keepers.valuation.values import Values

MAIN = [
    "customer_key", "first_order_date", "last_order_date", "orders", "revenue", "frequency", "recency_days", "age_days",
    "probability_alive", "expected_orders", "expected_orders_low", "expected_orders_high", "expected_order_value",
    "clv_predicted_52w", "clv_predicted_52w_low", "clv_predicted_52w_high", "clv_percentile", "clv_tier", "clv_basis",
    "clv_model_version",
]  # fmt: skip


@pytest.fixture(scope="module")
def summary(cdnow_path: Path) -> Summary:
    return summarise(PurchaseRows.cdnow(cdnow_path), ObservationWindow("1997-09-30"))


@pytest.fixture(scope="module")
def buying(summary: Summary) -> BGNBD:
    return BGNBD().fit(summary)


@pytest.fixture(scope="module")
def spending(summary: Summary) -> GammaGamma:
    return GammaGamma().fit(summary)


def valued(buying: BGNBD, spending: GammaGamma, summary: Summary, columns: Columns) -> Values:
    values = lifetime_value(buying, spending, summary, weeks(52), columns=columns)
    assert isinstance(values, Values)
    return values


def test_each_column_alone_is_the_same(buying: BGNBD, spending: GammaGamma, summary: Summary) -> None:
    whole = valued(buying, spending, summary, "all")
    for name in whole.columns:
        alone = valued(buying, spending, summary, [name])
        assert set(alone.columns) == {"customer_key", name}
        query = "SELECT customer_key, {} FROM {} ORDER BY customer_key"
        assert alone.engine.rows(query.format(name, alone.name)) == whole.engine.rows(query.format(name, whole.name))


def test_the_main_ones(buying: BGNBD, spending: GammaGamma, summary: Summary) -> None:
    assert list(valued(buying, spending, summary, "main").columns) == MAIN


def test_they_come_in_the_order_of_the_table(buying: BGNBD, spending: GammaGamma, summary: Summary) -> None:
    values = valued(buying, spending, summary, ["clv_tier", "probability_alive", "orders"])
    assert values.columns == ("customer_key", "orders", "probability_alive", "clv_tier")


def test_nothing_else_is_computed(buying: BGNBD, spending: GammaGamma, summary: Summary) -> None:
    values = valued(buying, spending, summary, ["probability_alive", "expected_orders", "clv_predicted_52w"])
    assert not {"predictions", "rhythm", "orders", "shape", "_far"} & set(vars(values.facts.cells))
    assert values.facts.rfm is None
    only_past = valued(buying, spending, summary, ["revenue"])
    assert "predictions" not in vars(only_past.facts.cells)


def test_a_name_that_is_none(buying: BGNBD, spending: GammaGamma, summary: Summary) -> None:
    with pytest.raises(ConfigError, match=r"`clv_predicted_12m` is not a column of values.*clv_predicted_52w"):
        valued(buying, spending, summary, ["clv_predicted_12m"])


def test_what_needs_more_columns_says_so(buying: BGNBD, spending: GammaGamma, summary: Summary) -> None:
    with pytest.raises(ConfigError, match="lack clv_percentile, clv_historic"):
        equity(valued(buying, spending, summary, ["clv_predicted_52w"]))


def test_a_frame_gets_what_was_asked_for() -> None:
    data = {
        "frequency": [0, 1, 4, 2],
        "recency": [0, 5, 30, 20],
        "T": [39, 39, 38, 30],
        "monetary_value": [0, 20, 35, 28],
    }
    buying = BGNBD().fit(data, unit="week")
    found = lifetime_value(buying, None, data, weeks(52), unit="week", columns=["probability_alive"])
    assert list(found) == [*data, "probability_alive"]
