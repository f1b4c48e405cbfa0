"""Learned value in an updated result: said anew where orders tell everything, and else what the run said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

import keepers as kp
from keepers.data.engine import Engine, literal
from keepers.evaluation import compare
from keepers.evaluation.value_stacking import ValueStacking
from keepers.pipeline import scoring
from keepers.pipeline.learned import DIVIDED
from keepers.pipeline.learned_watch import last_day
from keepers.pipeline.options import RunOptions
from keepers.pipeline.update_learned import UNMIXED
from keepers.simulate import Newsletters, StorePlan, simulate_store
from keepers.summaries.features import features_at

CUT = "2026-07-31"
COLUMNS = "customer_key, clv_learned_12m, clv_learned_12m_low, clv_early_12m, clv_early_day"


def rows(folder: Path, columns: str, where: str = "TRUE") -> list[tuple[Any, ...]]:
    """Columns of customers of a result."""
    file = literal(str(folder / "customers.parquet"))
    return Engine().rows(f"SELECT {columns} FROM read_parquet({file}) WHERE {where}")


def made(home: Path, monkeypatch: pytest.MonkeyPatch, *files: str) -> Path:
    """A result of a run that learned, whose mix is used, and orders that came since."""
    store = simulate_store(400, 3, StorePlan(people=True, newsletters=Newsletters()), start="2025-01-01")
    store.write(home / "all", layout="csv", only=("orders", "engagement"))
    (home / "then").mkdir()
    orders = f"SELECT customer_id, left(date, 10) AS date, amount FROM read_csv('{home}/all/orders.csv', "
    orders += "all_varchar=true)"
    duckdb.sql(f"COPY (SELECT * FROM ({orders}) WHERE date <= '{CUT}') TO '{home}/then/orders.csv' (HEADER)")
    duckdb.sql(f"COPY (SELECT * FROM ({orders}) WHERE date > '{CUT}') TO '{home}/since.csv' (HEADER)")
    duckdb.sql(f"COPY ({orders}) TO '{home}/whole.csv' (HEADER)")
    if "engagement" in files:
        letters = f"SELECT * FROM read_csv('{home}/all/engagement.csv', all_varchar=true)"
        duckdb.sql(f"COPY ({letters} WHERE left(day, 10) <= '{CUT}') TO '{home}/then/engagement.csv' (HEADER)")
    monkeypatch.setattr(scoring, "competitor", lambda: kp.LearnedValue("hurdle", rounds=10, folds=2))
    monkeypatch.setattr(scoring, "early_competitor", lambda: kp.EarlyValue((7,), rounds=5))
    monkeypatch.setattr(ValueStacking, "pays", property(lambda _: True))
    choose = compare.choose_model
    monkeypatch.setattr(compare, "choose_model", lambda *a, **k: choose(*a, **{**k, "origins": 1}))
    options = RunOptions(
        into=home / "result", learned=True, csv=False, keep=True, model="mbg-nbd", report=False, season=False
    )
    kp.run([str(home / "then")], options)
    return home / "result"


def test_of_orders_alone_it_is_said_anew_and_divides_values(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result = made(tmp_path, monkeypatch)
    before = json.loads((result / "summary.json").read_text())["learned"]
    for times in range(2):
        added = kp.update(result, [str(tmp_path / "since.csv")], RunOptions(into=result, csv=times == 0)).summary
        orders = kp.read_orders(tmp_path / "whole.csv")
        day = orders.last_day
        model: Any = kp.load_model(result / "model-learned.json")
        asked = model.score(features_at(orders, day))
        found = {row[0]: row[1:] for row in rows(result, COLUMNS)}
        assert sorted(found) == sorted(asked["customer_key"])
        ratio = np.array([found[key][0] for key in asked["customer_key"]]) / asked["value"]
        assert ratio == pytest.approx(ratio[0], rel=1e-9)
        assert 0.9 < ratio[0] < 1.0
        early: Any = kp.load_model(result / "model-early.json")
        first = early.predict(orders)
        said = dict(zip(first["customer_key"], first["value"], strict=True))
        young = {key: row[2] for key, row in found.items() if row[2] is not None}
        assert len(young) == added["learned"]["early"]["newcomers"] > 0
        assert young == pytest.approx({key: said[key] for key in young})
        # Values are divided by the mix as in the run, and their total stays that of the models.
        total, by_orders, apart = rows(
            result,
            "sum(clv_predicted_12m), sum(clv_by_orders_12m), max(abs(clv_by_orders_12m - clv_predicted_12m))",
        )[0]
        assert total == pytest.approx(by_orders) == pytest.approx(added["equity"]["total"]["value"])
        assert apart > 1.0
        told = added["learned"]
        assert (told["used"], told["update"], told["as_of"]) == (True, "anew", day.isoformat())
        assert told["learned_on"] == before["learned_on"] < day.isoformat()
        assert told["sentences"] == before["sentences"]
        assert any(before["learned_on"] in one and "Learned value" in one for one in added["update"]["remarks"])
        _as_if_not_mixed(result)
        assert {"model-learned.json", "model-mix.json", "model-early.json"} <= {one["name"] for one in added["files"]}
    # The result of an earlier version, whose mix was not kept, after its first update.
    (result / "model-mix.json").unlink()
    told = kp.update(result, [str(tmp_path / "since.csv")], RunOptions(into=result, csv=False)).summary["learned"]
    assert (told["used"], told["unmixed"], told["update"]) == (False, True, "kept")
    assert not any(DIVIDED in one for one in told["sentences"])


def _as_if_not_mixed(result: Path) -> None:
    """As an update leaves a result where LightGBM was not installed."""
    said = json.loads((result / "summary.json").read_text())
    learned = said["learned"]
    learned |= {"used": False, "unmixed": True, "update": "kept"}
    learned["sentences"] = [one.replace(DIVIDED, UNMIXED) for one in learned["sentences"]]
    (result / "summary.json").write_text(json.dumps(said))


def test_what_rests_on_more_is_kept_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result = made(tmp_path, monkeypatch, "engagement")
    ran = json.loads((result / "summary.json").read_text())["store"]["last_day"]
    before = {row[0]: row[1:] for row in rows(result, COLUMNS)}
    for _ in range(2):
        added = kp.update(result, [str(tmp_path / "since.csv")], RunOptions(into=result, csv=False)).summary
        after = {row[0]: row[1:] for row in rows(result, COLUMNS)}
        old = {row[0] for row in rows(result, "customer_key", "age_days >= 365")}
        newcomers = after.keys() - before.keys()
        assert newcomers
        assert all(after[key] == (None,) * 4 for key in newcomers)
        assert all(after[key][:2] == before[key][:2] for key in before)
        assert all(after[key][2:] == ((None, None) if key in old else before[key][2:]) for key in before)
        told = added["learned"]
        assert (told["used"], told["unmixed"], told["update"], told["as_of"]) == (False, True, "kept", ran)
        assert not any("are divided by it" in one for one in told["sentences"])
        remarks = [one for one in added["update"]["remarks"] if one.startswith(f"Learned value is that of {ran}")]
        assert len(remarks) == 1
        assert "who has come since has none" in remarks[0]
        assert last_day(result).isoformat() == ran
