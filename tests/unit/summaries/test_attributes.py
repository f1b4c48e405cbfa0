"""Attributes joined to summaries: cells, questions, values and backtests with covariates."""

from __future__ import annotations

import numpy as np
import pytest

import keepers as kp
from keepers.domain.errors import ConfigError, InputError
from keepers.domain.time import ObservationWindow


@pytest.fixture(scope="module")
def shop():
    """Orders of 500 customers; those who came by ads order half as often."""
    rng = np.random.default_rng(11)
    who, when, paid, channel = [], [], [], []
    for customer in range(500):
        ads = customer % 2
        start = rng.integers(0, 300)
        rate = rng.gamma(1.2, 1 / 40.0) * (0.5 if ads else 1.0)
        days = start + np.concatenate([[0], np.sort(rng.uniform(0, 720 - start, rng.poisson(rate * (720 - start))))])
        who += [f"c{customer}"] * days.size
        when += (np.datetime64("2022-01-01") + days.astype(int)).tolist()
        paid += rng.gamma(5, 8.0, days.size).round(2).tolist()
        channel += ["ads" if ads else "shop"] * days.size
    orders = kp.Orders.from_frame({"who": who, "on": when, "paid": paid}, customer="who", date="on", amount="paid")
    table = {"customer_key": [f"c{n}" for n in range(500)], "channel": ["shop", "ads"] * 250, "age": [30.0, 40.0] * 250}
    return orders, table


@pytest.fixture(scope="module")
def summary(shop):
    return kp.summarise(
        *shop[:1], ObservationWindow(calibration_end="2023-06-30", end="2023-12-20"), covariates=shop[1]
    )


def test_cells_are_told_apart_by_their_pattern(shop, summary):
    cells = summary.cells()
    assert cells.customers == 500
    assert cells.attributes.names == ("channel", "age")
    assert cells.attributes.size == 2
    assert set(cells.attributes.columns["channel"]) == {"ads", "shop"}
    by_pattern = np.bincount(cells.pattern, weights=cells.weight)
    assert by_pattern.tolist() == [250, 250]
    plain = kp.summarise(shop[0], summary.window).cells()
    merged = cells.knowing(())
    assert merged.size == plain.size
    np.testing.assert_allclose(merged.weight, plain.weight)


def test_a_second_join_keeps_the_first(summary):
    more = summary.with_columns({"id": [f"c{n}" for n in range(500)], "country": ["de"] * 250 + ["fr"] * 250})
    assert more.facts.attributes == ("channel", "age", "country")
    assert more.cells().attributes.size == 4
    assert len(more) == 500


def test_values_follow_the_covariate(summary):
    buying = kp.MBGNBD(covariates=kp.Covariates(purchase=["channel"])).fit(summary)
    assert buying.coefficients_[0].value == pytest.approx(np.log(2), abs=4 * buying.coefficients_[0].standard_error)
    assert buying.coefficients_[0].name == "purchase:channel[shop]"
    spending = kp.GammaGamma().fit(summary)
    values = kp.lifetime_value(buying, spending, summary)
    found = values.to_numpy()
    own = buying.expected_purchases(summary, kp.months(12)).to_numpy()
    by_key = dict(zip(own["customer_key"], own["expected_purchases"], strict=True))
    for key, orders in zip(found["customer_key"], found["expected_orders"], strict=True):
        assert orders == pytest.approx(by_key[key], rel=1e-9)
    # Two customers of one history and two channels differ.
    frame = {
        "frequency": [2, 2], "recency": [20.0, 20.0], "T": [60.0, 60.0], "monetary_value": [30.0, 30.0],
        "channel": ["shop", "ads"],
    }  # fmt: skip
    given = kp.lifetime_value(buying, spending, frame, unit="week")
    column = next(name for name in given if name.startswith("clv_predicted") and not name.endswith(("low", "high")))
    assert given[column][0] != given[column][1]


def test_sums_by_group_and_new_customers(summary):
    from keepers.valuation.cell_sums import cell_sums
    from keepers.valuation.new_customers import new_customer_value

    buying = kp.MBGNBD(covariates=kp.Covariates(purchase=["channel"])).fit(summary)
    values = kp.lifetime_value(buying, kp.GammaGamma().fit(summary), summary)
    sums = cell_sums(values, group="summary.channel")
    assert sums.groups == ["ads", "shop"]
    assert sums.by_group(sums.customers).tolist() == [250.0, 250.0]
    exact = values.facts.cells.cells
    assert sums.cells.attributes is exact.attributes
    np.testing.assert_array_equal(exact.pattern[sums.fine], sums.cells.pattern[sums.cell])
    np.testing.assert_array_equal(exact.x[sums.fine], sums.cells.x[sums.cell])
    found = new_customer_value(values, kp.months(12), draws=8)
    assert 0 < found.repeat_orders.low < found.repeat_orders.high


def test_a_backtest_takes_covariates(shop):
    orders, table = shop
    with_channel = kp.MBGNBD(covariates=kp.Covariates(purchase=["channel"]))
    found = kp.backtest([with_channel], orders, origins=1, covariates=table)
    assert "MBGNBD" in {row.model for row in found.rows}
    with pytest.raises(InputError, match="no attributes"):
        kp.backtest([with_channel], orders, origins=1)
    with pytest.raises(InputError, match="no column"):
        kp.backtest([with_channel], orders, origins=1, covariates={"channel": ["ads"]})


def test_tables_that_cannot_be_joined(shop, summary):
    orders, _ = shop
    with pytest.raises(InputError, match="several rows"):
        summary.with_columns({"id": ["c1", "c1"], "country": ["de", "fr"]})
    with pytest.raises(InputError, match="summary has itself"):
        summary.with_columns({"id": ["c1"], "T": [1.0]})
    with pytest.raises(InputError, match="no column besides"):
        summary.with_columns({"id": ["c1"]})
    with pytest.raises(InputError, match="lacks country"):
        summary.with_columns({"id": ["c1"], "land": ["de"]}, columns=["country"])
    with pytest.raises(InputError, match="neither channel"):
        kp.summarise(orders, covariates="first order")
    with pytest.raises(ConfigError, match="first order"):
        kp.summarise(orders, covariates="last order")
    partly = summary.with_columns({"id": ["c1"], "country": ["de"]})
    with pytest.raises(InputError, match="missing"):
        kp.NBD(covariates=kp.Covariates(purchase=["country"])).fit(partly)


def test_the_channel_of_the_first_order_is_a_covariate(tmp_path):
    lines = ["order_id,customer_id,order_date,total,channel"]
    lines += [
        f"{n},c{n % 40},2023-0{1 + n % 9}-{1 + n % 28:02d},{10 + n % 7},{'ads' if n % 40 % 2 else 'shop'}"
        for n in range(300)
    ]
    (tmp_path / "orders.csv").write_text("\n".join(lines) + "\n")
    summary = kp.summarise(kp.read_orders(tmp_path / "orders.csv"), covariates="first order")
    assert "channel" in summary.facts.attributes
    model = kp.NBD(covariates=kp.Covariates(purchase=["channel"])).fit(summary)
    assert model.outcome_.usable
