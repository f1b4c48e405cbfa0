"""Values of customers whose spend goes by what is known of them: the customer, sums, new customers, backtests."""

from __future__ import annotations

import numpy as np
import pytest

import keepers as kp
from keepers.domain.errors import InputError
from keepers.numerics.likelihoods import gamma_gamma
from keepers.valuation.equity import equity, equity_by
from keepers.valuation.new_customers import new_customer_value

CUSTOMERS = 700


@pytest.fixture(scope="module")
def orders(tmp_path_factory: pytest.TempPathFactory) -> kp.Orders:
    """Orders of a year and a half: customers of the shop spend twice what those of ads do, and buy more often."""
    rng = np.random.default_rng(12)
    shop = rng.random(CUSTOMERS) < 0.4
    since = rng.integers(0, 400, CUSTOMERS)
    many = 1 + rng.poisson((560 - since) / 160.0 * np.where(shop, 2.0, 1.0) * rng.gamma(1.5, 1 / 1.5, CUSTOMERS))
    who = np.repeat(np.arange(CUSTOMERS), many)
    first = np.concatenate([[True], who[1:] != who[:-1]])
    when = np.where(first, since[who], since[who] + rng.integers(1, 560, who.size) % (560 - since[who]))
    level = 15.0 / rng.gamma(4.0, 1.0, CUSTOMERS) * np.where(shop, 2.0, 1.0)
    amount = rng.gamma(6.0, level[who])
    lines = ["order_id,customer_id,order_date,total,channel"]
    for n, one in enumerate(who):
        day = np.datetime64("2023-01-02") + when[n]
        lines.append(f"{n},c{one},{day},{amount[n] + 0.01:.2f},{'shop' if shop[one] else 'ads'}")
    path = tmp_path_factory.mktemp("orders") / "orders.csv"
    path.write_text("\n".join(lines) + "\n")
    return kp.read_orders(path)


@pytest.fixture(scope="module")
def summary(orders: kp.Orders) -> kp.Summary:
    return kp.summarise(orders, kp.ObservationWindow(unit="week"), covariates="first order")


@pytest.fixture(scope="module")
def spending(summary: kp.Summary) -> kp.GammaGamma:
    return kp.GammaGamma(covariates=kp.Covariates(spend=["channel"], reference={"channel": "ads"})).fit(summary)


@pytest.fixture(scope="module")
def buying(summary: kp.Summary):
    return kp.NBD(covariates=kp.Covariates(purchase=["channel"])).fit(summary)


def test_the_channel_of_the_first_order_moves_spend(spending):
    (one,) = spending.coefficients_
    assert one.name == "spend:channel[shop]"
    assert abs(one.value - np.log(2.0)) < 3.5 * one.standard_error


def test_customers_who_differ_in_the_channel_alone(spending, summary):
    """Value goes as gamma s + x m: the same for both but for s, and so do the ends of the interval, nearly."""
    plain = kp.NBD().fit(summary)
    two = {"frequency": [3, 3], "recency": [40.0, 40.0], "T": [60.0, 60.0], "monetary_value": [25.0, 25.0]}
    two["channel"] = ["ads", "shop"]
    values = kp.lifetime_value(plain, spending, two, kp.weeks(52), unit="week")
    gamma, s = spending.parameters_["gamma"], np.exp(spending.coefficients_[0].value)
    ratio = (gamma * s + 75.0) / (gamma + 75.0)
    for name, exact in (("clv_predicted_52w", 1e-9), ("expected_order_value", 1e-9), ("clv_predicted_52w_high", 0.01)):
        low, high = np.asarray(values[name])
        assert high / low == pytest.approx(ratio, rel=exact)
    assert np.asarray(values["expected_order_value"]) == pytest.approx(
        spending.expected_spend(two)["expected_spend"], rel=1e-12
    )
    margins = kp.lifetime_value(plain, spending, two, kp.weeks(52), margin=0.3, unit="week")
    assert np.asarray(margins["clv_predicted_52w"]) == pytest.approx(0.3 * np.asarray(values["clv_predicted_52w"]))
    lacking = {name: column for name, column in two.items() if name != "channel"}
    with pytest.raises(InputError, match="lacks channel"):
        kp.lifetime_value(plain, spending, lacking, kp.weeks(52), unit="week")


def test_every_column_and_sum_takes_the_channel(buying, spending, summary):
    values = kp.lifetime_value(buying, spending, summary, kp.weeks(26), lifetime_interval=True, level=95)
    table = values.engine.columns(
        f"SELECT v.*, s.channel FROM ({values.sql}) AS v JOIN {summary.name} AS s USING (customer_key) ORDER BY 1"
    )
    own = spending.expected_spend(summary)
    expected = own.engine.columns(f"SELECT expected_spend FROM {own.name} ORDER BY customer_key")["expected_spend"]
    assert table["expected_order_value"] == pytest.approx(expected, rel=1e-9)
    for name in ("clv_predicted_26w", "clv_lifetime"):
        assert np.all(table[f"{name}_low_95"] <= table[f"{name}_low"])
        assert np.all(table[f"{name}_high_95"] >= table[f"{name}_high"])
    total = equity(values).total
    assert total.value == pytest.approx(table["clv_predicted_26w"].sum(), rel=1e-6)
    assert total.low < total.value < total.high
    by_channel = {one.label: one.value for one in equity_by(values, "summary.channel")}
    for channel, found in by_channel.items():
        exact = table["clv_predicted_26w"][table["channel"] == channel].sum()
        assert found.value == pytest.approx(exact, rel=1e-6)
        assert found.low < exact < found.high


def test_a_new_customer_is_worth_what_channels_bring(buying, spending, summary):
    values = kp.lifetime_value(buying, spending, summary, kp.weeks(52), kp.annual_rate(0.0))
    found = new_customer_value(values, kp.weeks(52), draws=8)
    shares = {
        channel: summary.engine.row(
            f"SELECT avg(CASE WHEN channel = '{channel}' THEN 1.0 ELSE 0.0 END) FROM {summary.name}"
        )[0]
        for channel in ("ads", "shop")
    }
    worth = sum(
        share
        * buying.expected_purchases_new_customer(kp.weeks(52), {"channel": channel})
        * spending.expected_spend_new_customer({"channel": channel})
        for channel, share in shares.items()
    )
    assert found.repeat_value.value == pytest.approx(worth, rel=1e-3)
    assert found.repeat_value.low < found.repeat_value.value < found.repeat_value.high


def test_a_choice_grades_covariates_of_spend_and_fits_them(orders):
    """Chosen where it forecasts better, and fitted on all orders with the attributes."""
    by_channel = kp.GammaGamma(covariates=kp.Covariates(spend=["channel"]))
    models = [kp.NBD(covariates=kp.Covariates(purchase=["channel"]))]
    chosen = kp.choose_model(
        orders, models=models, origins=1, spending=[kp.GammaGamma(), by_channel], covariates="first order"
    )
    rows = {row["title"]: row for row in chosen.backtest.table("value")}
    with_it, without = rows["NBD and Gamma-Gamma, by channel"], rows["NBD and Gamma-Gamma"]
    assert with_it["mae"] < without["mae"]
    assert [one.name for one in chosen.buying.coefficients_] == ["purchase:channel[shop]"]
    assert [one.name.partition("[")[0] for one in chosen.spending.coefficients_] == ["spend:channel"]


def test_a_mean_that_does_not_exist_gets_a_stand_in_of_the_channel():
    """q below one: the average of like customers stands in, moved by the channel."""
    rng = np.random.default_rng(6)
    channel = np.where(rng.random(1500) < 0.5, "shop", "ads")
    x = rng.poisson(1.5, 1500).astype(float)
    money = gamma_gamma.sample_new((3.0, 0.7, 5.0), x, rng) * np.where(channel == "shop", 4.0, 1.0)
    times = {"recency": np.where(x > 0, 20.0, 0.0), "T": np.full(1500, 40.0)}
    data = {"frequency": x, "monetary_value": money, **times, "channel": channel}
    model = kp.GammaGamma(covariates=kp.Covariates(spend=["channel"], reference={"channel": "ads"})).fit(data)
    assert model.parameters_["q"] < 1
    values = kp.lifetime_value(kp.NBD().fit(data, unit="week"), model, data, kp.weeks(26), unit="week")
    never = x == 0
    order_value = np.asarray(values["expected_order_value"])
    ratio = order_value[never & (channel == "shop")][0] / order_value[never & (channel == "ads")][0]
    assert ratio == pytest.approx(np.exp(model.coefficients_[0].value), rel=1e-9)
