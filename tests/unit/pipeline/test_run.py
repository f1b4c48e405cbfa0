"""The main job on the CDNOW sample: what stands in the folder, and that it is what the library says."""

from __future__ import annotations

import datetime as dt
import json
import re
from pathlib import Path

import duckdb
import pytest

import keepers as kp
from keepers.data.read import read
from keepers.domain.errors import ConfigError, InputError
from keepers.domain.money import Margin
from keepers.models.buying import BuyingModel
from keepers.models.catalogue import model_class
from keepers.pipeline.options import MODELS, RunOptions
from keepers.pipeline.run import RunResult, run
from keepers.pipeline.summary_file import store_name


@pytest.fixture(scope="module")
def result(cdnow_path: Path, tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    """A whole run."""
    return run([str(cdnow_path)], RunOptions(into=tmp_path_factory.mktemp("run") / "result", margin=Margin(0.4)))


def test_the_folder_holds_what_is_promised(result: RunResult) -> None:
    assert sorted(path.name for path in result.folder.iterdir()) == [
        "alerts.csv",
        "customers.csv",
        "customers.parquet",
        "kept",
        "model-buying.json",
        "model-spend.json",
        "report.html",
        "report.json",
        "summary.json",
    ]
    assert sorted(result.folder.parent.iterdir()) == [result.folder]


def test_the_summary_is_true(result: RunResult) -> None:
    summary = json.loads((result.folder / "summary.json").read_text(encoding="utf-8"))
    assert summary == result.summary
    assert summary["store"]["customers"] == 2357
    assert summary["store"]["orders"] == 6919
    assert summary["store"]["revenue"] == pytest.approx(244_091.94)
    assert summary["money"]["margin_rate"] == 0.4
    assert summary["money"]["basis"] == "contribution margin"
    assert summary["backtest"]["winner"] == summary["models"]["buying"]["name"]
    total = duckdb.sql(f"SELECT sum(clv_predicted_12m) FROM '{result.folder}/customers.parquet'").fetchall()[0][0]
    assert summary["equity"]["total"]["value"] == pytest.approx(total, rel=1e-9)
    assert summary["equity"]["total"]["low"] < total < summary["equity"]["total"]["high"]
    assert summary["also"]["text"] == "3 months"
    for name, column in (("also", "clv_predicted_3m"), ("lifetime", "clv_lifetime")):
        query = f"SELECT sum({column}), sum({column}_low), sum({column}_high) FROM '{result.folder}/customers.parquet'"
        value, low, high = duckdb.sql(query).fetchall()[0]
        assert summary["equity"][name]["value"] == pytest.approx(value, rel=1e-6)
        assert low < value < high
    tiers = {row["name"]: row["customers"] for row in summary["tiers"]}
    assert sum(tiers.values()) == 2357
    assert {row["lever"] for row in summary["levers"]["rows"]} == {"retention", "order value", "order frequency"}


def test_values_are_those_of_the_library(result: RunResult, cdnow_path: Path) -> None:
    buying = kp.load_model(result.folder / "model-buying.json")
    spending = kp.load_model(result.folder / "model-spend.json")
    summary = kp.summarise(kp.read_orders(cdnow_path), margin=0.4)
    values = kp.lifetime_value(buying, spending, summary)
    file = f"{result.folder}/customers.parquet"
    known = dict(duckdb.sql(f"SELECT customer_key, clv_predicted_12m FROM '{file}'").fetchall())
    rows = values.engine.rows(f"SELECT customer_key, clv_predicted_12m FROM {values.name}")
    assert len(rows) == len(known)
    for key, value in rows:
        assert known[key] == pytest.approx(value, rel=1e-9)


def test_the_report_needs_no_network(result: RunResult) -> None:
    page = (result.folder / "report.html").read_text(encoding="utf-8")
    assert "Can you trust this?" in page
    assert not re.search(r"(?:src|href)=\"https?://", page)


def test_a_named_model_without_test_is_marked_so(cdnow_path: Path, tmp_path: Path) -> None:
    options = RunOptions(into=tmp_path / "quick", model="bg-nbd", backtest=False, report=False, csv=False)
    found = run([str(cdnow_path)], options)
    assert sorted(path.name for path in found.folder.iterdir()) == [
        "customers.parquet",
        "model-buying.json",
        "model-spend.json",
        "summary.json",
    ]
    assert found.summary["verdict"]["trust"] == "untested"
    assert found.summary["verdict"]["tested"] is False
    assert found.summary["backtest"] is None
    assert found.summary["at_risk"] is found.summary["tiers"] is found.summary["rfm"] is None
    assert found.report is None


def columns_of(found: RunResult) -> list[str]:
    return [row[0] for row in duckdb.sql(f"DESCRIBE FROM '{found.folder}/customers.parquet'").fetchall()]


def test_a_model_of_regular_buying_finds_the_times_between_purchases(cdnow_path: Path, tmp_path: Path) -> None:
    """k is chosen, not estimated: it is shown without a standard error."""
    options = RunOptions(into=tmp_path / "result", model="mbg-cnbd", backtest=False)
    found = run([str(cdnow_path)], options)
    buying = found.summary["models"]["buying"]
    assert buying["title"] == "MBG/CNBD-k"
    assert buying["parameters"]["k"] == 1
    assert "k" not in buying["standard_errors"]
    assert '<th scope="row">k</th>' in (found.folder / "report.html").read_text(encoding="utf-8")
    assert kp.load_model(found.folder / "model-buying.json").k_ == 1


def test_main_columns_and_all_of_them_say_the_same(cdnow_path: Path, tmp_path: Path) -> None:
    quick = {"model": "bg-nbd", "backtest": False, "report": False}
    main = run([str(cdnow_path)], RunOptions(into=tmp_path / "main", **quick))  # type: ignore[arg-type]
    whole = run([str(cdnow_path)], RunOptions(into=tmp_path / "all", result_columns="all", **quick))  # type: ignore[arg-type]
    names = [name for name in columns_of(main) if name != "clv_scored_at"]
    assert "clv_percentile" in names
    assert "rfm_group" not in names
    assert set(names) < set(columns_of(whole))
    query = f"SELECT {', '.join(names)} FROM '{{}}/customers.parquet' ORDER BY customer_key"
    assert duckdb.sql(query.format(main.folder)).fetchall() == duckdb.sql(query.format(whole.folder)).fetchall()
    assert whole.summary["tiers"][0]["customers"] > 0
    # Sums are added up in no fixed order.
    total, again = (one.summary["equity"]["total"]["value"] for one in (main, whole))
    assert total == pytest.approx(again, rel=1e-12)
    for key in ("mean", "median"):
        assert main.summary["equity"][key] == pytest.approx(whole.summary["equity"][key], rel=1e-12)
    assert main.summary["activity"] == whole.summary["activity"]
    assert main.summary["equity"]["lifetime"] is None


def test_columns_by_name(cdnow_path: Path, tmp_path: Path) -> None:
    wanted = ("clv_tier", "name", "probability_alive", "customer_key")
    quick = RunOptions(into=tmp_path / "few", model="nbd", backtest=False, report=False, result_columns=wanted)
    found = run([str(cdnow_path)], quick)
    assert columns_of(found) == ["customer_key", "probability_alive", "clv_tier"]
    assert found.summary["equity"] is None
    assert found.summary["money"] is not None
    lines = (found.folder / "customers.csv").read_text(encoding="utf-8-sig").splitlines()
    assert lines[0] == "customer_key,probability_alive,clv_tier"
    assert len(lines) == 2358


def test_a_report_needs_all_columns() -> None:
    with pytest.raises(ConfigError, match="--no-report"):
        RunOptions(result_columns="main")


def test_models_taken_unseen_are_what_a_run_needs() -> None:
    for name in MODELS:
        kind = model_class(name)
        assert issubclass(kind, BuyingModel)
        assert not kind.discrete


def test_an_untested_model_must_be_named() -> None:
    with pytest.raises(ConfigError, match="--model"):
        RunOptions(backtest=False)


def test_an_earlier_result_survives_bad_input(tmp_path: Path) -> None:
    into = tmp_path / "result"
    into.mkdir()
    (into / "summary.json").write_text("{}")
    empty = tmp_path / "empty.csv"
    empty.write_text("")
    with pytest.raises(InputError):
        run([str(empty)], RunOptions(into=into))
    assert (into / "summary.json").read_text() == "{}"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty.csv", "result"]


def test_everything_but_money_without_money(tmp_path: Path, cdnow_path: Path) -> None:
    file = tmp_path / "visits.csv"
    lines = [line.split() for line in cdnow_path.read_text().splitlines()]
    file.write_text("customer,date\n" + "".join(f"{part[1]},{part[2]}\n" for part in lines if part))
    found = run([str(file)], RunOptions(into=tmp_path / "result", model="mbg-nbd", backtest=False))
    assert found.summary["money"] is None
    assert found.summary["equity"] is None
    assert found.summary["activity"]["expected_orders"]["value"] > 1000
    assert found.report is not None


def test_the_data_seen_from_an_earlier_day(cdnow_path: Path, tmp_path: Path) -> None:
    options = RunOptions(
        into=tmp_path / "then", model="bg-nbd", backtest=False, report=False, as_of=dt.date(1997, 9, 30)
    )
    found = run([str(cdnow_path)], options)
    parameters = found.summary["models"]["buying"]["parameters"]
    assert found.summary["store"]["last_day"] == "1997-09-30"
    assert parameters == pytest.approx({"r": 0.2425945, "alpha": 4.4136022, "a": 0.7929219, "b": 2.4259062}, rel=1e-5)


def test_a_store_without_a_name_is_called_by_its_first_file_of_orders(tmp_path: Path) -> None:
    people, orders = tmp_path / "a_people.csv", tmp_path / "b_orders.csv"
    people.write_text("id,email,name\n1,a@example.com,Ann\n2,b@example.com,Bo\n", encoding="utf-8")
    orders.write_text("customer,date,amount\n1,2025-01-01,5\n2,2025-01-02,6\n1,2025-02-01,7\n", encoding="utf-8")
    assert store_name(read(tmp_path), RunOptions()) == "b_orders"
    assert store_name(read(people), RunOptions()) == "a_people"
    assert store_name(read(people), RunOptions(name="Ann's")) == "Ann's"
