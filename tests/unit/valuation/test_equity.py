"""Sums over customers: exact totals, intervals, groups, concentration, levers, new customers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from history import PurchaseRows
from keepers.domain.errors import InputError
from keepers.domain.time import ObservationWindow, months, years
from keepers.models.baselines import NaiveRate
from keepers.models.btyd.bg_nbd import BGNBD
from keepers.models.btyd.nbd import NBD
from keepers.models.btyd.pareto_nbd import ParetoNBD
from keepers.models.spend.gamma_gamma import GammaGamma
from keepers.summaries.cohorts import cohorts, purchase_ages
from keepers.summaries.summary import Summary, summarise
from keepers.valuation.cell_sums import cell_sums
from keepers.valuation.cohort_forecast import cohort_forecast
from keepers.valuation.equity import equity, equity_by, share_of_top
from keepers.valuation.levers import Lever, levers
from keepers.valuation.lifetime_value import lifetime_value
from keepers.valuation.new_customers import new_customer_value
from keepers.valuation.values import Values


@pytest.fixture(scope="module")
def summary(cdnow_path: Path) -> Summary:
    return summarise(PurchaseRows.cdnow(cdnow_path), ObservationWindow("1997-12-31", "1998-06-30"), margin=0.5)


@pytest.fixture(scope="module")
def spending(summary: Summary) -> GammaGamma:
    return GammaGamma().fit(summary)


@pytest.fixture(scope="module", params=[BGNBD, ParetoNBD, NBD, NaiveRate])
def values(request: pytest.FixtureRequest, summary: Summary, spending: GammaGamma) -> Values:
    return lifetime_value(request.param().fit(summary), spending, summary).stored()


@pytest.fixture(scope="module")
def pareto(summary: Summary, spending: GammaGamma) -> Values:
    return lifetime_value(ParetoNBD().fit(summary), spending, summary).stored()


def total(values: Values, column: str) -> float:
    return float(values.engine.row(f"SELECT sum({column}) FROM {values.name}")[0])


def test_totals_are_the_sums_of_the_customers(values: Values) -> None:
    found = equity(values)
    assert found.customers == 2357
    assert found.total is not None
    assert found.lifetime is not None
    assert found.total.value == pytest.approx(total(values, values.value_column), rel=1e-9)
    assert found.lifetime.value == pytest.approx(total(values, "clv_lifetime"), rel=1e-9)
    assert found.expected_orders.value == pytest.approx(total(values, "expected_orders"), rel=1e-9)
    assert found.still_customers.value == pytest.approx(total(values, "probability_alive"), rel=1e-9)
    assert found.historic == pytest.approx(total(values, "clv_historic"))
    assert found.mean == pytest.approx(found.total.value / 2357)
    for one in (found.total, found.lifetime, found.expected_orders, found.still_customers):
        assert one.low <= one.value <= one.high
    assert found.total.low < found.total.value < found.total.high


def test_coarse_cells_change_no_total(pareto: Values, monkeypatch: pytest.MonkeyPatch) -> None:
    exact = equity(pareto)
    monkeypatch.setattr("keepers.valuation.cell_sums.MOST_CELLS", 150)
    assert cell_sums(pareto).cells.size <= 150
    coarse = equity(pareto)
    assert exact.total is not None
    assert coarse.total is not None
    assert coarse.total.value == pytest.approx(exact.total.value, rel=1e-12)
    assert coarse.total.low == pytest.approx(exact.total.low, rel=0.01)
    assert coarse.total.high == pytest.approx(exact.total.high, rel=0.01)


def test_the_error_of_a_backtest_widens_the_interval(pareto: Values) -> None:
    plain, wide = equity(pareto).total, equity(pareto, model_error=0.2).total
    assert plain is not None
    assert wide is not None
    assert wide.value == plain.value
    assert wide.high - wide.low > 2 * 1.28 * 0.2 * plain.value


def test_concentration_runs_from_nobody_to_everybody(values: Values) -> None:
    found = equity(values)
    curve = np.array(found.concentration)
    np.testing.assert_allclose(curve[[0, -1]], [[0, 0], [1, 1]])
    assert np.all(np.diff(curve, axis=0) >= 0)
    slopes = np.diff(curve[:, 1]) / np.diff(curve[:, 0])
    assert np.all(np.diff(slopes) <= 1e-9), "the most valuable first"
    column = np.sort(values.to_numpy()[values.value_column])[::-1]
    assert found.top_share == pytest.approx(column[:236].sum() / column.sum(), abs=0.01)
    assert found.median == pytest.approx(np.median(column))
    assert share_of_top([(0.0, 0.0), (1.0, 1.0)], 0.3) == pytest.approx(0.3)


def test_groups_add_up(values: Values) -> None:
    found = equity_by(values, "date_trunc('month', summary.first_day)")
    assert sum(group.customers for group in found) == 2357
    whole = equity(values).total
    assert whole is not None
    assert sum(group.value.value for group in found) == pytest.approx(whole.value, rel=1e-9)
    assert [group.value.value for group in found] == sorted((g.value.value for g in found), reverse=True)
    for group in found:
        assert group.value.low < group.value.value < group.value.high
        width = (group.value.high - group.value.low) / group.value.value
        assert width > (whole.high - whole.low) / whole.value * 0.9


def test_groups_by_a_join_and_empty_labels(pareto: Values) -> None:
    engine = pareto.engine
    engine.create("label_of", f"SELECT customer_key, 'x' AS label FROM {pareto.name} WHERE customer_key < '1000'")
    found = equity_by(pareto, "l.label", "LEFT JOIN label_of AS l ON l.customer_key = summary.customer_key")
    assert {group.label for group in found} == {"x", None}


def test_without_money_only_orders_are_summed(summary: Summary) -> None:
    values = lifetime_value(BGNBD().fit(summary), None, summary)
    found = equity(values)
    assert found.total is None
    assert found.expected_orders.low < found.expected_orders.value < found.expected_orders.high
    for ask in (
        lambda: equity_by(values, "summary.frequency"),
        lambda: levers(values),
        lambda: new_customer_value(values, months(12)),
    ):
        with pytest.raises(InputError, match="no amounts"):
            ask()


def test_levers(values: Values) -> None:
    found = levers(values)
    by = {row.lever: row for row in found.rows}
    assert found.base == pytest.approx(total(values, "clv_lifetime"), rel=1e-9)
    money, often, kept = (by[lever].gain for lever in (Lever.ORDER_VALUE, Lever.FREQUENCY, Lever.RETENTION))
    assert money is not None
    assert often is not None
    assert money.value == pytest.approx(0.05 * found.base)
    assert money.low < money.value < money.high
    if values.facts.buying.name == "BGNBD":
        assert 0 < often.value < money.value, "more orders are more occasions to leave"
        assert "counts in orders" in by[Lever.FREQUENCY].sentence
    else:
        assert often.value == pytest.approx(money.value)
    if values.facts.buying.name in ("NBD", "NaiveRate"):
        assert kept is None
        assert "leaves nothing to improve" in by[Lever.RETENTION].sentence
    else:
        assert kept is not None
        assert 0 < kept.low < kept.value < kept.high
        # The mean order of five years comes after two and a half at most, each year keeping 1 / R points more.
        assert kept.value < found.base * 0.01 / found.retention * 2.5 * 1.05


def test_a_point_of_retention_beyond_the_discount_rate(pareto: Values) -> None:
    small, large = (levers(pareto, retention_points=points).rows[0].gain for points in (0.01, 0.2))
    assert small is not None
    assert large is not None
    assert large.value > 15 * small.value


def test_new_customers(values: Values) -> None:
    year, five, ever = (new_customer_value(values, horizon) for horizon in (months(12), years(5), None))
    assert year.total.value < five.total.value < ever.total.value
    assert year.total.value == pytest.approx(year.first_order + year.repeat_value.value)
    first = values.engine.row(
        "SELECT avg(amount) FROM (SELECT sum(amount) AS amount, day, min(day) OVER (PARTITION BY customer_key) AS f "
        "FROM purchase_rows GROUP BY customer_key, day) WHERE day = f"
    )[0]
    assert year.first_order == pytest.approx(0.5 * float(first))
    assert year.repeat_value.low < year.repeat_value.value < year.repeat_value.high


def test_cohorts_are_continued_where_they_end(pareto: Values) -> None:
    summary = pareto.facts.summary
    ages = purchase_ages(summary)
    seen = cohorts(summary, ages)
    found = cohort_forecast(pareto, seen, ages, months=18)
    assert found.purchases.shape == (3, 18)
    assert found.money is not None
    for row in range(3):
        observed = np.append(seen.cumulative_purchases[row], [np.nan] * 7)
        assert np.all(np.isnan(observed) != np.isnan(found.purchases[row]))
        joined = np.where(np.isnan(observed), found.purchases[row], observed)
        assert np.all(np.diff(joined) > 0)
        assert np.diff(joined).max() < 0.25
    truth = cohorts(summarise(summary.facts.source, ObservationWindow("1998-06-30")))  # type: ignore[arg-type]
    known = ~np.isnan(found.purchases[:, :15]) & ~np.isnan(truth.cumulative_purchases[:, :15])
    error = found.purchases[:, :15][known] / truth.cumulative_purchases[:, :15][known] - 1
    assert np.abs(error).max() < 0.03
    money = found.money[:, :15][known] / truth.cumulative_money[:, :15][known] - 1
    assert np.abs(money).max() < 0.05
