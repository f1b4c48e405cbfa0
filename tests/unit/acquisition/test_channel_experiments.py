"""Experiments with channels: shares found again from people and places held back, and refusals in words."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from keepers.acquisition.attribution.experiments import ChannelExperiment, holdout_lift, lift_study, place_lift
from keepers.data.engine import Engine
from keepers.data.table import Table
from keepers.domain.errors import ConfigError, InputError

START = np.datetime64("2026-01-01")


def _source(orders: dict[str, Any], **others: dict[str, Any]) -> Any:
    engine = Engine()
    tables = {}
    for name, columns in {"orders": orders | {"counted": [True] * len(orders["day"])}, **others}.items():
        tables[name] = Table(engine, engine.from_columns(name, columns))
    return SimpleNamespace(engine=engine, tables=tables)


def test_people_held_back_tell_the_share_that_a_channel_brings() -> None:
    rng = np.random.default_rng(2)
    people = np.array([f"P{row:05d}" for row in range(20_000)], dtype=object)
    held = rng.random(20_000) < 0.3
    came = rng.random(20_000) < np.where(held, 0.06, 0.10)
    day = START + np.where(rng.random(20_000) < 0.02, -5, rng.integers(0, 30, 20_000))
    source = _source(
        {"customer_key": people[came], "day": day[came]},
        assignments={
            "customer_key": people, "experiment": np.full(20_000, "no ads", dtype=object), "held_out": held,
            "assigned_at": np.full(20_000, START.astype("datetime64[us]")),
        },
    )  # fmt: skip
    found = holdout_lift(source, "no ads", "paid social")
    assert found.share == pytest.approx(0.4, abs=3 * found.error)
    assert 0.02 < found.error < 0.05
    assert found.since == dt.date(2026, 1, 1)
    assert found.keys is not None
    assert found.keys == {str(key) for key in people[came & ~held & (day >= START)]}, "who had bought before is out"
    with pytest.raises(InputError, match="no experiment 'other'"):
        holdout_lift(source, "other", "paid social")


def test_places_where_a_channel_was_off_tell_its_share() -> None:
    rng = np.random.default_rng(7)
    days = np.arange(-84, 28)
    season = 1.0 + 0.3 * np.sin(days / 15)
    when, where = [], []
    for region, level, off in (("north", 20.0, True), ("south", 35.0, False), ("west", 15.0, False)):
        count = rng.poisson(level * season * np.where(off & (days >= 0), 0.7, 1.0))
        when.append(np.repeat(days, count))
        where += [region] * int(count.sum())
    day = START + np.concatenate(when)
    keys = np.array([f"C{row}" for row in range(day.size)], dtype=object)
    source = _source(
        {"customer_key": keys, "day": day}, customers={"customer_key": keys, "region": np.array(where, dtype=object)}
    )
    found = place_lift(source, "paid search", ["north"], dt.date(2026, 1, 1), dt.date(2026, 1, 28))
    assert found.share == pytest.approx(0.3, abs=2.5 * found.error)
    assert 0.02 < found.error < 0.08
    with pytest.raises(InputError, match="Too few new customers to compare places: 0 where paid search was off"):
        place_lift(source, "paid search", ["east"], dt.date(2026, 1, 1), dt.date(2026, 1, 28))
    with pytest.raises(ConfigError, match="country, region, city"):
        place_lift(source, "paid search", ["north"], dt.date(2026, 1, 1), dt.date(2026, 1, 28), by="planet")


def test_weeks_that_vary_more_than_chance_widen_the_interval() -> None:
    rng = np.random.default_rng(1)

    def error(noise: float) -> float:
        when, where = [], []
        for region in ("north", "south"):
            weekly = np.exp(noise * rng.standard_normal(16))
            count = rng.poisson(30.0 * np.repeat(weekly, 7))
            when.append(np.repeat(np.arange(-84, 28), count))
            where += [region] * int(count.sum())
        day = START + np.concatenate(when)
        keys = np.array([f"C{row}" for row in range(day.size)], dtype=object)
        table = {"customer_key": keys, "region": np.array(where, dtype=object)}
        source = _source({"customer_key": keys, "day": day}, customers=table)
        return place_lift(source, "ads", ["north"], dt.date(2026, 1, 1), dt.date(2026, 1, 28)).error

    assert error(0.4) > 3 * error(0.0)


def test_studies_of_others_are_taken_as_they_are_and_nonsense_is_refused() -> None:
    days = dt.date(2026, 3, 1), dt.date(2026, 3, 31)
    assert lift_study("ads", *days, 200, 40, 20, 60).share == 0.2
    with pytest.raises(ConfigError, match="ends differ"):
        lift_study("ads", *days, 200, 40, 40, 40)
    with pytest.raises(ConfigError, match="before it begins"):
        ChannelExperiment("ads", days[1], days[0], 0.2, 0.1)
    with pytest.raises(ConfigError, match="above zero"):
        ChannelExperiment("ads", *days, 0.2, 0.0)
