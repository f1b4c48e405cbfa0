"""A run of a shop with a season: values follow it, and so do an update and the values of the running system."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from keepers.data.engine import Engine, literal
from keepers.domain.live import History
from keepers.domain.store_clock import StoreClock
from keepers.domain.time import months
from keepers.models.buying import BuyingModel
from keepers.models.catalogue import load_model
from keepers.pipeline.live_values import LiveValuer, meaning_of
from keepers.pipeline.options import RunOptions
from keepers.pipeline.run import run
from keepers.pipeline.update import update
from keepers.simulate import Behaviour, Store, StorePlan, simulate_store
from keepers.simulate.season import Season

LAW = Behaviour("pareto_nbd", {"r": 0.8, "alpha": 7.0, "s": 0.75, "beta": 15.0}, "week")
MONTHS = (0.7, 0.6, 0.7, 0.8, 0.8, 0.7, 0.6, 0.7, 1.0, 1.4, 2.0, 2.0)
CUT, LATER = dt.date(2026, 9, 30), dt.date(2026, 10, 20)
HORIZON = months(3)


def options(into: Path, **more: Any) -> RunOptions:
    lean: dict[str, Any] = {"model": "mbg-nbd", "report": False, "csv": False, "keep": True, "horizon": HORIZON}
    return RunOptions(into=into, **{**lean, **more})


@pytest.fixture(scope="module")
def shop() -> Store:
    return simulate_store(1500, 3, StorePlan(behaviour=LAW, season=Season(monthly=MONTHS)), end=LATER)


@pytest.fixture(scope="module")
def files(shop: Store, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shop")
    for name, condition in (("first", f"day <= DATE '{CUT}'"), ("rest", f"day > DATE '{CUT}'")):
        shop.engine.execute(
            'COPY (SELECT order_id AS "Order", customer_key AS Customer, day AS Date, amount AS Total '
            f"FROM {shop.tables['orders'].name} WHERE {condition}) TO {literal(str(folder / name))} (HEADER)"
        )
        (folder / name).rename(folder / f"{name}.csv")
    return folder


def rows(folder: Path, columns: str) -> list[tuple[Any, ...]]:
    file = literal(str(folder / "customers.parquet"))
    return Engine().rows(f"SELECT {columns} FROM read_parquet({file}) ORDER BY customer_key")


def test_values_follow_the_season_wherever_they_are_made(shop: Store, files: Path, tmp_path: Path) -> None:
    first = [str(files / "first.csv")]
    told = run(first, options(tmp_path / "result")).summary
    plain = run(first, options(tmp_path / "plain", season=False, keep=False)).summary
    assert told["season"]["used"]
    assert told["season"]["next_quarter"] > 1.4
    assert plain["season"] is None
    truth = float(shop.truth.customers.expected_purchases(HORIZON, at=CUT).sum())
    off, off_plain = (abs(one["activity"]["expected_orders"]["value"] / truth - 1.0) for one in (told, plain))
    assert off < 0.1
    assert off_plain > 0.25

    update(tmp_path / "result", [str(files / "rest.csv")], options(tmp_path / "new"))
    model = load_model(tmp_path / "new" / "model-buying.json")
    assert isinstance(model, BuyingModel)
    assert model.clock_ == StoreClock(tuple(told["season"]["factors"]))
    value = "clv_predicted_3m"
    history = "customer_key, first_order_date, last_order_date, frequency, orders, CAST(revenue AS DOUBLE)"
    listed = rows(tmp_path / "new", f"{history}, CAST({value} AS DOUBLE), probability_alive, expected_orders")
    ordered = [row for row in listed if row[2] > CUT][:60]
    assert len(ordered) > 30
    valuer = LiveValuer(tmp_path / "result", meaning_of(tmp_path / "result", (), value, 1.0))
    bought = shop.engine.columns(
        "SELECT customer_key, sum(amount) AS money, sum(amount) FILTER (day > first) AS later FROM (SELECT *, "
        f"min(day) OVER (PARTITION BY customer_key) AS first FROM {shop.tables['orders'].name}) AS o "
        "GROUP BY customer_key"
    )
    money = {key: (float(whole), float(later or 0)) for key, whole, later in zip(*bought.values(), strict=True)}
    histories = {}
    for key, came, last, again, orders, revenue, *_ in ordered:
        whole, later = money[key]
        histories[key] = History(
            came, last, again, later / again if again else None, whole / (again + 1), orders, revenue
        )
    live = valuer.value(histories, LATER)
    for key, *_, worth, alive, expected in ordered:
        assert live[key]["probability_alive"] == pytest.approx(alive)
        assert live[key]["expected_orders"] == pytest.approx(expected)
        assert float(live[key][value]) == pytest.approx(worth, rel=1e-6)

    # Fitted again, the clock stays; what an update tells of the months ahead is seen from its own day.
    again = update(tmp_path / "result", [str(files / "rest.csv")], options(tmp_path / "again"), refit=True).summary
    refitted = load_model(tmp_path / "again" / "model-buying.json")
    assert isinstance(refitted, BuyingModel)
    assert refitted.clock_ == model.clock_
    assert refitted.parameters_ != model.parameters_
    assert again["season"]["factors"] == told["season"]["factors"]
    assert again["season"]["next_quarter"] != told["season"]["next_quarter"] > 1.4
    assert np.isfinite(again["activity"]["expected_orders"]["value"])
