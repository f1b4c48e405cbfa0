"""Response curves of a store whose truth is known, what is said where data are missing, and files of curves."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from advertised import curves, store, values
from keepers.acquisition.newcomer_worth import newcomer_worth
from keepers.acquisition.origins import origins
from keepers.acquisition.outside_curves import OutsideCurve, labelled_curves, outside_curves
from keepers.acquisition.response import SpendExperiment, response_curves
from keepers.acquisition.response_file import load_curves, save_curves
from keepers.acquisition.results import ChannelEconomics, Course, Economics
from keepers.acquisition.weekly import channel_weeks, demand_index, settled_orders, usual_arrivals
from keepers.data.read import Dataset
from keepers.data.table import Table
from keepers.domain.acquisition import AcquisitionRules
from keepers.domain.decision import EvidenceGrade
from keepers.domain.errors import ConfigError, InputError
from keepers.domain.money import annual_rate
from keepers.domain.time import Horizon, ObservationWindow, months
from keepers.summaries.summary import summarise
from keepers.valuation.equity import Interval


def with_tables(**tables: str | None) -> Dataset:
    """The store with some tables replaced by a query of them, or left out."""
    base = store()
    found = dict(base.tables)
    for name, sql in tables.items():
        if sql is None:
            del found[name]
        elif name == "orders":
            orders = base.orders
            view = base.engine.create_view(base.engine.new_name("changed"), sql.format(it=orders.name))
            found[name] = type(orders)(base.engine, view, currency=orders.currency, voids=False, uncounted=False)
        else:
            view = base.engine.create_view(base.engine.new_name("changed"), sql.format(it=found[name].name))
            found[name] = Table(base.engine, view)
    found.setdefault("orders", base.orders)
    if not isinstance(found["orders"], type(base.orders)):
        found["orders"] = base.orders
    return Dataset(base.engine, found, [], None)  # type: ignore[arg-type]


def test_weeks_count_what_was_spent_and_who_came() -> None:
    came = origins(store(), values().facts.summary).table.name
    weeks = channel_weeks(store(), values().facts.summary, came)
    assert weeks.channels == ("paid social", "paid search", "influencers")
    assert weeks.last_day == store().last_day
    assert weeks.weeks == 400 // 7
    truth = store().truth
    start = 400 - 7 * weeks.weeks
    for row, name in enumerate(weeks.channels):
        spent = truth.channels[name].daily_spend[start:400]
        assert weeks.daily_spend[row] == pytest.approx(spent, abs=0.005)
        place = truth.customers.channel_names.index(name)
        mine = truth.customers.start[truth.customers.channel == place]
        assert weeks.arrivals[row].sum() == np.sum(mine >= start)
    assert weeks.unnamed == 0


def test_the_truth_lies_in_the_bands() -> None:
    inside = []
    for one in curves().channels:
        truth = store().truth.channels[one.channel]
        spends = np.linspace(0.5, 1.5, 5) * one.today
        _, low, high = one.band(spends, 0.95)
        brought = [7 * truth.steady_arrivals(spend / 7) for spend in spends]
        inside += [bool(down <= true <= up) for down, true, up in zip(low, brought, high, strict=True)]
        assert one.evidence is EvidenceGrade.ADJUSTED
        assert 0 < one.prior_share < 1
    assert np.mean(inside) >= 0.8


def test_newcomers_are_worth_what_their_channel_brings() -> None:
    came = origins(store(), values().facts.summary).table.name
    names = ("paid search", "paid social", "influencers", "nobody")
    found = newcomer_worth(store(), values(), came, names)
    for row, name in enumerate(names[:3]):
        truth = store().truth.channels[name].new_customer_value(months(12), annual_rate(0.10))
        assert abs(np.log(found.mean[row] / truth)) < 2.6 * found.relative_error[row]
        assert found.relative_error[row] < 0.25
    # A channel without customers is worth what all are, and less certain than any other.
    assert found.customers[3] == 0
    assert found.relative_error[3] > found.relative_error[:3].max()
    drawn = found.draws(4000, np.random.default_rng(1))
    assert drawn.mean(axis=1) == pytest.approx(found.mean, rel=0.02)
    within = found.within(months(3))
    assert (within < found.mean).all()
    assert (within > found.course[:, 0]).all()


def table_of_channels(horizon: Horizon) -> ChannelEconomics:
    """What another look at the channels says: paid search is worth 200, nothing is known of the others."""
    row = Economics("paid search", 300, 300, None, 0.0, None, (), None, predicted=Interval(200.0, 180.0, 222.0),
        lifetime=Interval(400.0, 350.0, 457.0), course=Course(*(np.linspace(100.0, 250.0, 25),) * 3),
    )  # fmt: skip
    return ChannelEconomics(
        by="channel", rows=(row,), total=row, claims=None, quality=(), told_by={}, rules=AcquisitionRules(),
        basis=values().basis, currency="USD", horizon=horizon, lifetime_horizon=months(60), discount=annual_rate(0.1),
        first=None, last=None, notes=(),
    )  # fmt: skip


def test_values_of_the_channel_table_are_taken_over() -> None:
    found = response_curves(store(), values(), economics=table_of_channels(months(12)), draws=500)
    known, other = found["paid search"], found["paid social"]
    assert known.worth.mean() == pytest.approx(200.0, rel=0.02)
    assert np.log(known.worth).std() == pytest.approx(np.log(222 / 180) / 2 / 1.2816, rel=0.15)
    assert known.worth_within(months(6)) == pytest.approx(137.5, rel=0.01)
    ahead = response_curves(store(), values(), economics=table_of_channels(months(12)), horizon=months(60), draws=500)[
        "paid search"
    ]
    assert ahead.worth.mean() == pytest.approx(400.0, rel=0.02)
    assert ahead.worth_within(months(12)) == pytest.approx(175.0, rel=0.02)
    assert ahead.worth_within(months(60)) > 260.0
    assert other.worth.mean() == pytest.approx(curves()["paid social"].worth.mean(), rel=0.02)
    with pytest.raises(InputError, match="Make both alike"):
        response_curves(store(), values(), economics=table_of_channels(months(12)), horizon=months(6))


def test_demand_is_found_among_noise_and_not_where_there_is_none() -> None:
    rng = np.random.default_rng(1)
    weeks = np.arange(104)
    busy = np.exp(0.4 * np.sin(weeks / 52 * 2 * np.pi))
    usual = 80.0 * (1 + weeks / 100)
    found = demand_index(rng.poisson(usual * busy).astype(float), usual)
    assert np.corrcoef(np.log(found), np.log(busy))[0, 1] > 0.95
    even = np.full(104, 20.0)
    assert np.log(demand_index(rng.poisson(even).astype(float), even)).std() < 0.06
    assert demand_index(np.zeros(20), np.zeros(20)).tolist() == [1.0] * 20


def test_a_growing_base_that_buys_less_with_age_is_no_season() -> None:
    rng = np.random.default_rng(2)
    weeks, came = 60, np.linspace(20, 240, 60).round()
    busy = np.exp(0.3 * np.cos(np.arange(weeks) / 3.0))
    age = np.arange(weeks)[:, None] - np.arange(weeks)[None, :]
    rate = np.where(age > 0, 0.3 / (1 + np.maximum(age, 0)) ** 0.5, 0.0)
    orders = rng.poisson(came[None, :] * rate * busy[:, None]).astype(float)
    seen, usual = settled_orders(orders, came)
    known = usual > 100
    ratio = np.log(seen[known] / usual[known])
    assert np.corrcoef(ratio, np.log(busy[known]))[0, 1] > 0.9
    assert seen.sum() == pytest.approx(usual.sum())
    # Those who came within a month are not settled yet.
    assert seen[:4].sum() == 0


def test_customers_who_come_without_spend_have_a_trend() -> None:
    steady = usual_arrivals(20.0 * np.exp(np.linspace(0, 1, 52)))
    assert steady == pytest.approx(20.0 * np.exp(np.linspace(0, 1, 52)), rel=0.02)
    assert usual_arrivals(np.array([1.0, 0.0, 2.0])).tolist() == [1.0, 1.0, 1.0]


def test_an_experiment_raises_the_grade_and_narrows_the_band() -> None:
    plain = curves()["paid search"]
    gain = float(np.diff(plain.band([200.0, 400.0])[0])[0])
    known = response_curves(
        store(), values(), draws=500, experiments=[SpendExperiment("paid search", 200.0, 400.0, gain, 0.05 * gain)]
    )["paid search"]
    assert known.evidence is EvidenceGrade.EXPERIMENTAL
    spread = [np.diff(one.customers_a_week([200.0, 400.0]), axis=1).std() for one in (known, plain)]
    assert spread[0] < 0.5 * spread[1]
    with pytest.raises(ConfigError, match="no channel with spend"):
        response_curves(store(), values(), experiments=[SpendExperiment("radio", 0, 9, 1, 1)])


def test_few_weeks_give_wide_bands() -> None:
    until = store().last_day - dt.timedelta(days=84)
    short = with_tables(spend=f"SELECT * FROM {{it}} WHERE day > DATE '{until}'")
    found = response_curves(short, values(), draws=500)["paid search"]
    long = curves()["paid search"]
    wide, narrow = (np.ptp(np.log(one.band([300.0])[1:]), axis=0)[0] for one in (found, long))
    assert found.weeks == 12
    assert wide > 1.15 * narrow
    assert found.prior_share > long.prior_share


def test_what_is_missing_is_said() -> None:
    with pytest.raises(InputError, match="no marketing spend among the data"):
        response_curves(with_tables(spend=None), values())
    last = store().last_day
    with pytest.raises(InputError, match="5 more are needed"):
        response_curves(
            with_tables(spend=f"SELECT * FROM {{it}} WHERE day > DATE '{last - dt.timedelta(days=21)}'"), values()
        )
    strange = with_tables(spend="SELECT * REPLACE ('radio' AS channel) FROM {it}")
    with pytest.raises(InputError, match="Say in keepers"):
        response_curves(strange, values())
    some = with_tables(
        spend="SELECT * REPLACE (CASE channel WHEN 'influencers' THEN 'posters' ELSE channel END AS channel) FROM {it}"
    )
    found = response_curves(some, values(), draws=200)
    assert found.names == ("paid social", "paid search")
    assert any("posters cost" in note and "left out" in note for note in found.notes)


def test_spend_in_another_currency_is_converted_or_refused() -> None:
    foreign = with_tables(spend="SELECT * REPLACE ('EUR' AS currency, amount * 0.5 AS amount) FROM {it}")
    with pytest.raises(InputError, match="what one EUR is worth"):
        response_curves(foreign, values(), draws=200)
    found = response_curves(foreign, values(), rates={"EUR": 2.0}, draws=200)
    assert found["paid search"].today == pytest.approx(curves()["paid search"].today, rel=1e-3)


def test_old_spend_is_said_to_be_old() -> None:
    until = store().last_day - dt.timedelta(days=30)
    found = response_curves(with_tables(spend=f"SELECT * FROM {{it}} WHERE day <= DATE '{until}'"), draws=200)
    assert found.last_day == until
    assert any("30 days before the last order" in note for note in found.notes)


def test_what_happened_after_the_summary_is_not_looked_at() -> None:
    cut = store().last_day - dt.timedelta(days=100)
    summary = summarise(store().orders, ObservationWindow(end=cut))
    came = origins(store(), summary).table.name
    found = channel_weeks(store(), summary, came)
    assert found.last_day == cut
    assert found.weeks == 300 // 7


def test_without_channels_all_advertising_is_one() -> None:
    plain = with_tables(orders="SELECT * REPLACE (CAST(NULL AS VARCHAR) AS channel) FROM {it}")
    found = response_curves(plain, values(), draws=200)
    assert found.names == ("all advertising",)
    assert found.channels[0].today == pytest.approx(sum(one.today for one in curves().channels))
    assert any("taken as one" in note for note in found.notes)


def test_curves_come_back_from_their_file(tmp_path: Path) -> None:
    path = save_curves(curves(), tmp_path / "model-response.json")
    found = load_curves(path)
    assert found.names == curves().names
    assert found.horizon == curves().horizon
    for one, other in zip(found.channels, curves().channels, strict=True):
        assert one.band([100.0, 400.0]) == pytest.approx(other.band([100.0, 400.0]), rel=1e-4)
        assert one.worth == pytest.approx(other.worth, rel=1e-5)
    assert [entry.name for entry in tmp_path.iterdir()] == ["model-response.json"]
    with pytest.raises(InputError, match="Run `keepers run`"):
        load_curves(tmp_path / "none.json")
    (tmp_path / "other.json").write_text('{"kind": "something"}')
    with pytest.raises(InputError, match="Run `keepers run` again"):
        load_curves(tmp_path / "other.json")


def test_curves_of_another_library_are_taken_over() -> None:
    xarray = pytest.importorskip("xarray")
    spends = np.linspace(0.0, 1200.0, 30)
    ours = curves().channels
    array = xarray.DataArray(
        np.stack([one.customers_a_week(spends).reshape(2, 250, 30) for one in ours]),
        dims=("channel", "chain", "draw", "spend"),
        coords={"channel": [one.channel for one in ours], "spend": spends},
    )
    read = labelled_curves(array, spend="spend")
    found = outside_curves(
        {one.channel: OutsideCurve(*read[one.channel], one.today, 2.0, one.worth) for one in ours},
        last_day=curves().last_day, horizon=months(12),
    )  # fmt: skip
    for one, other in zip(found.channels, ours, strict=True):
        assert one.customers_a_week(spends) == pytest.approx(other.customers_a_week(spends), abs=0.1)
    with pytest.raises(InputError, match="dimensions"):
        labelled_curves(array.rename(channel="medium"), spend="spend")
    convex = np.tile(spends**3 / (spends**3 + 400.0**3), (5, 1))
    with pytest.raises(InputError, match="not concave"):
        outside_curves({"tv": OutsideCurve(spends, convex, 100.0)}, last_day=curves().last_day, horizon=months(12))


def test_without_money_there_are_curves_and_no_values() -> None:
    found = response_curves(store(), draws=200)
    assert not found.has_money
    assert np.isfinite(found.channels[0].band([100.0])).all()
    assert replace(found, notes=()).names == curves().names
