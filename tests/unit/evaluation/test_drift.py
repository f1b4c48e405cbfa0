"""Drift of parameters: raised where behaviour changed, with what moved and by how much, refused where none can tell."""

from __future__ import annotations

import json

import numpy as np
import pytest

import keepers as kp
from keepers.domain.cells import Cells
from keepers.domain.errors import ConfigError, InputError, NotFittedError
from keepers.domain.time import TimeUnit
from keepers.evaluation import drift, drift_period
from keepers.evaluation.drift import parameter_drift
from keepers.evaluation.drift_sentences import moved_parts
from keepers.evaluation.drift_statistics import Counted
from keepers.models.contractual.shifted_beta_geometric import ShiftedBetaGeometric
from keepers.numerics.likelihoods import bg_nbd, gamma_gamma
from shop import shop_orders

THETA, SPEND, QUARTER = (0.6, 6.0, 0.8, 3.0), (6.0, 4.0, 15.0), kp.weeks(13)


def known(customers: int = 600, seed: int = 1) -> dict[str, np.ndarray]:
    """Customers with their histories, a quarter after, and spend, nothing having changed."""
    rng = np.random.default_rng(seed)
    ages = rng.integers(90, 365, customers) / 7
    x, t_x = bg_nbd.sample_new(THETA, ages, rng)
    m = gamma_gamma.sample_new(SPEND, x, rng)
    since = bg_nbd.sample_future(THETA, x, t_x, ages, 13.0, rng)
    money = gamma_gamma.sample_future(SPEND, x, np.nan_to_num(m), since, rng)
    return {
        "frequency": x, "recency": t_x, "T": ages, "monetary_value": m, "holdout_frequency": since,
        "holdout_money": money,
    }  # fmt: skip


def newcomers(theta: tuple[float, ...], seed: int = 2, customers: int = 300) -> Cells:
    rng = np.random.default_rng(seed)
    ages = rng.integers(7, 92, customers) / 7
    x, t_x = bg_nbd.sample_new(theta, ages, rng)
    return Cells.of_customers(x, t_x, ages, TimeUnit.WEEK)


@pytest.fixture(scope="module")
def data() -> dict[str, np.ndarray]:
    return known()


@pytest.fixture(scope="module")
def model(data) -> kp.BGNBD:
    return kp.BGNBD().fit(data, unit="week")


@pytest.fixture(scope="module")
def spending(data) -> kp.GammaGamma:
    return kp.GammaGamma().fit(data)


def thinned(data, share: float) -> dict[str, np.ndarray]:
    """Every purchase since happens with this probability only."""
    fewer = np.random.default_rng(3).binomial(data["holdout_frequency"].astype(int), share)
    each = data["holdout_money"] / np.maximum(data["holdout_frequency"], 1)
    return {**data, "holdout_frequency": fewer, "holdout_money": each * fewer}


def named(found, name: str):
    return next(one for one in found.findings if one.name == name)


def test_nothing_changed(model, spending, data) -> None:
    found = parameter_drift(model, data, horizon=QUARTER, spending=spending, newcomers=newcomers(THETA))
    assert not found.alarm
    assert not found.refit
    assert found.moved == ()
    assert len(found.findings) == 7
    assert str(found).startswith("Customers behave as the fitted BG/NBD says (p = 0.")
    assert "would mostly have been seen" in found.sentence
    assert named(found, "purchases").observed == data["holdout_frequency"].sum()
    assert all(one.low <= one.expected <= one.high for one in found.findings if one.name != "unevenness")
    json.dumps(found.to_dict(), allow_nan=False)


def test_a_slower_rate_is_named(model, data) -> None:
    found = parameter_drift(model, thinned(data, 0.5), horizon=QUARTER)
    assert found.alarm
    assert found.refit
    assert found.moved[0] == "purchase rate"
    assert named(found, "purchases").change == pytest.approx(-0.5, abs=0.12)
    assert "What moved: purchase rate" in found.sentence
    assert "lower). " in found.sentence
    assert "Fit the model again" in found.sentence


def test_those_who_stay_away_are_named(model, data) -> None:
    away = np.random.default_rng(4).random(data["T"].size) < 0.45
    gone = {**data, "holdout_frequency": np.where(away, 0.0, data["holdout_frequency"])}
    found = parameter_drift(model, gone, horizon=QUARTER)
    assert found.alarm
    assert found.moved[0] == "dropout"


def test_new_customers_are_judged_by_themselves(model, data) -> None:
    found = parameter_drift(model, data, horizon=QUARTER, newcomers=newcomers((0.6, 2.0, 0.8, 3.0)))
    assert found.alarm
    assert found.moved == ("new customers",)
    assert named(found, "newcomers_purchases").change > 0.5


def test_spend_drifts_too(model, spending, data) -> None:
    cheaper = {**data, "holdout_money": 0.7 * data["holdout_money"]}
    found = parameter_drift(model, cheaper, horizon=QUARTER, spending=spending)
    assert found.moved == ("spend",)
    assert named(found, "order_value").change == pytest.approx(-0.3, abs=0.1)
    alone = parameter_drift(spending, cheaper)
    assert alone.alarm
    assert [one.name for one in alone.findings] == ["order_value"]
    assert alone.findings[0].observed == named(found, "order_value").observed
    assert not parameter_drift(spending, data).alarm


def test_a_small_change_is_real_but_can_wait(spending) -> None:
    drawn = np.random.default_rng(5).normal(30.0, 0.1, 299)
    for observed, refit, advice in ((30.9, False, "can wait"), (33.0, True, "Fit the model again")):
        table = Counted(("order_value",), np.concatenate([[observed], drawn])[:, None])
        found = drift.judged(spending, table, 0.05)
        assert found.alarm
        assert found.refit is refit
        assert advice in found.sentence
        assert found.findings[0].change == pytest.approx(observed / 30.0 - 1, abs=2e-3)


def test_a_summary_brings_known_and_new_customers_and_their_spend() -> None:
    orders = shop_orders(1500)
    window = kp.ObservationWindow("2022-12-31", "2023-03-31", unit="week")
    summary = kp.summarise(orders, window)
    model, spending = kp.NBD().fit(summary), kp.GammaGamma().fit(summary)
    tables = len(summary.engine.rows("SHOW TABLES"))
    found = parameter_drift(model, summary, spending=spending)
    assert len(summary.engine.rows("SHOW TABLES")) == tables
    assert {one.name for one in found.findings} >= {"purchases", "newcomers_returning", "order_value"}
    total = summary.engine.row(f"SELECT sum(holdout_frequency) FROM {summary.name}")[0]
    assert named(found, "purchases").observed == total
    later = kp.summarise(orders, kp.ObservationWindow(end="2023-03-31", unit="week"))
    new = later.engine.row(
        f"SELECT sum(frequency), count(CASE WHEN frequency > 0 THEN 1 END) FROM {later.name} "
        "WHERE first_day > DATE '2022-12-31'"
    )
    assert (named(found, "newcomers_purchases").observed, named(found, "newcomers_returning").observed) == new
    # Customers leave, which NBD does not know of.
    assert found.alarm
    assert "dropout" in found.moved
    with pytest.raises(ConfigError, match="goes on"):
        parameter_drift(model, later)


def test_covariates_count(data) -> None:
    rng = np.random.default_rng(6)
    channel = rng.choice(["ads", "shop"], data["T"].size)
    with_channel = {**data, "channel": channel}
    model = kp.NBD(covariates=kp.Covariates(purchase=["channel"])).fit(with_channel, unit="week")
    found = parameter_drift(
        model, with_channel, horizon=QUARTER, newcomers={**with_channel, "weight": channel == "ads"}
    )
    assert named(found, "newcomers_purchases").observed == data["frequency"][channel == "ads"].sum()
    with pytest.raises(InputError, match="channel"):
        parameter_drift(model, with_channel, horizon=QUARTER, newcomers=newcomers(THETA))


def test_large_stores_are_judged_by_a_sample(model, data, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drift_period, "SAMPLE", 200)
    found = parameter_drift(model, data, horizon=QUARTER)
    assert named(found, "active_customers").observed <= 200
    assert not found.alarm
    weight = np.array([3.0, 0.0, 2.0])
    assert drift_period.customers_of(weight).tolist() == [0, 0, 0, 2, 2]


def test_a_model_from_a_file_says_the_same(model, data, tmp_path) -> None:
    loaded = kp.load_model(model.save(tmp_path / "model.json"))
    ours, theirs = (parameter_drift(one, data, horizon=QUARTER) for one in (model, loaded))
    assert theirs.p_value == pytest.approx(ours.p_value, abs=0.02)
    days = {**data, "recency": data["recency"] * 7, "T": data["T"] * 7}
    assert parameter_drift(model, days, horizon=QUARTER, unit="day").p_value == pytest.approx(ours.p_value, abs=0.02)


def test_many_checks_are_each_stricter(model, data) -> None:
    one, twelve = (parameter_drift(model, data, horizon=QUARTER, checks=checks) for checks in (1, 12))
    assert one.threshold == pytest.approx(0.05)
    assert 1 - (1 - twelve.threshold) ** 12 == pytest.approx(0.05)


def test_nobody_came_back(model) -> None:
    few = {"frequency": [0.0] * 300, "recency": [0.0] * 300, "T": [4.0] * 300, "holdout_frequency": [0.0] * 300}
    found = parameter_drift(model, few, horizon=QUARTER)
    assert found.alarm
    assert named(found, "purchases").change == -1.0
    json.dumps(found.to_dict(), allow_nan=False)


def test_the_part_that_moved_is_told_from_three_counts() -> None:
    class Told:
        def __init__(self, name: str, change: float) -> None:
            self.name, self.change = name, change

    rate = [Told("purchases", -0.25), Told("active_customers", -0.13), Told("purchases_per_active_customer", -0.13)]
    gone = [Told("purchases", -0.25), Told("active_customers", -0.25), Told("purchases_per_active_customer", 0.0)]
    assert moved_parts(rate, rate) == ("purchase rate",)
    assert moved_parts(gone[:2], gone) == ("dropout",)
    assert moved_parts([Told("unevenness", 0.5)], gone) == ("heterogeneity",)


def test_what_cannot_be_asked(model, spending, data) -> None:
    for wrong, match in (
        ({"false_alarms": 5}, "one in twenty"),
        ({"checks": 0}, "at least once"),
        ({"checks": 1000}, "Check less often"),
        ({"horizon": None}, "how long ago"),
        ({"spending": model}, "judged by a fitted GammaGamma"),
    ):
        with pytest.raises(ConfigError, match=match):
            parameter_drift(model, data, **{"horizon": QUARTER, **wrong})
    with pytest.raises(ConfigError, match="Both models are of spend"):
        parameter_drift(spending, data, spending=spending)
    with pytest.raises(NotFittedError):
        parameter_drift(kp.BGNBD(), data, horizon=QUARTER)
    contracts = ShiftedBetaGeometric().fit({"age": [0, 1, 2], "survivors": [100, 60, 45]}, unit="year")
    with pytest.raises(ConfigError, match=r"Ask `keepers\.contract_drift"):
        parameter_drift(contracts, data, horizon=QUARTER)
    with pytest.raises(ConfigError, match="single fitted model of buying"):
        parameter_drift(kp.Stack([model, kp.NBD().fit(data, unit="week")], [0.5, 0.5]), data, horizon=QUARTER)
    lacking = {name: column for name, column in data.items() if name != "holdout_frequency"}
    with pytest.raises(InputError, match="lacks holdout_frequency"):
        parameter_drift(model, lacking, horizon=QUARTER)
    with pytest.raises(InputError, match="impossible in 1 rows"):
        parameter_drift(model, {**data, "holdout_frequency": [-1, *data["holdout_frequency"][1:]]}, horizon=QUARTER)
    nothing = {"frequency": [0.0], "recency": [0.0], "T": [4.0], "holdout_frequency": [0.0], "weight": [0.0]}
    with pytest.raises(InputError, match="no customer"):
        parameter_drift(model, nothing, horizon=QUARTER)
