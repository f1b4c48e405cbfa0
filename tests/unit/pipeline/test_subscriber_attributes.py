"""A run tells subscribers apart by channel and country where the holdout says that it pays, and an update keeps it."""

from __future__ import annotations

import csv
import datetime as dt
from dataclasses import replace
from pathlib import Path

import duckdb
import numpy as np
import pytest

import keepers as kp
from keepers.evaluation.contract_backtest import choose_subscription_model
from keepers.models.catalogue import load_model
from keepers.pipeline.options import RunOptions
from keepers.pipeline.run import RunResult, run
from keepers.pipeline.subscriber_attributes import subscriber_attributes
from subscribers import subscribers

NOW = dt.datetime(2025, 7, 2, 9, 0, tzinfo=dt.UTC)


def told(count: int, factor: float) -> tuple[dict, np.ndarray]:
    """Contracts of which those from ads end so many times as often, and the channel of each."""
    parts = [subscribers(count // 2, seed=seed, plans=(("plan", 10.0, one),)) for seed, one in ((1, 1.0), (2, factor))]
    keys = [f"{letter}{key}" for letter, part in zip("ab", parts, strict=True) for key in part["customer_key"]]
    table = {name: [*parts[0][name], *parts[1][name]] for name in parts[0]} | {"customer_key": keys}
    return table, np.repeat(["shop", "ads"], count // 2)


@pytest.mark.parametrize(("factor", "wins"), [(3.0, True), (1.0, False)])
def test_covariates_are_taken_where_they_forecast_better(factor, wins) -> None:
    table, channel = told(1600, factor)
    known = {"customer_key": table["customer_key"], "channel": channel}
    found = choose_subscription_model(table, models=[kp.ShiftedBetaGeometric()], origins=2, attributes=known)
    assert {row.model for row in found.backtest.rows} >= {"ShiftedBetaGeometric", "ShiftedBetaGeometric with channel"}
    assert (found.backtest.winner == "ShiftedBetaGeometric with channel") is wins
    assert (found.model.covariates is not None) is wins
    if wins:
        effect = found.model.parameters_["dropout:channel[shop]"]
        assert effect == pytest.approx(-np.log(factor), abs=0.35)


def test_a_model_with_covariates_of_its_own_competes_with_these() -> None:
    table, _ = told(800, 1.0)
    table["plan"] = ["small", "large"] * 400
    models = [kp.ShiftedBetaGeometric(), kp.BetaDiscreteWeibull(covariates=kp.Covariates(dropout=["plan"]))]
    found = kp.backtest_subscriptions(models, table, origins=1, by_plan=True)
    names = {row.model for row in found.rows if not row.baseline}
    assert names == {"ShiftedBetaGeometric", "ShiftedBetaGeometric by plan", "BetaDiscreteWeibull with plan"}


HEADER = ["id", "Customer ID", "Customer Email", "Plan", "Quantity", "Interval", "Amount", "Currency", "Status",
          "Created (UTC)", "Start Date (UTC)", "Canceled At (UTC)", "Ended At (UTC)"]  # fmt: skip
NAMED = ["customer_id", "first_name", "last_name"]


def write(file: Path, head: list[str], rows) -> str:
    with file.open("w", newline="", encoding="utf-8") as out:
        csv.writer(out).writerows([head, *rows])
    return str(file)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    """A run on contracts as Stripe exports them, beside a list of customers with their channels."""
    home = tmp_path_factory.mktemp("channels")
    table, channel = told(1200, 4.0)
    names = ("customer_key", "plan", "amount", "started_on", "ended_on")
    rows = [
        [f"sub_{key}", f"cus_{key}", f"{key}@mail.example", plan, 1, "month", f"{amount:.2f}", "usd",
         "canceled" if end else "active", f"{start} 10:00", f"{start} 10:00", *([f"{end} 10:00" if end else ""] * 2)]
        for key, plan, amount, start, end in zip(*(table[name] for name in names), strict=True)
    ]  # fmt: skip
    people = [
        [f"cus_{key}", "Ada", "Byron", f"{key}@mail.example", "DE", one, f"{day} 09:00"]
        for key, one, day in zip(table["customer_key"], channel, table["started_on"], strict=True)
    ]
    files = [
        write(home / "subscriptions.csv", HEADER, rows),
        write(home / "customers.csv", [*NAMED, "email", "country", "channel", "created_at"], people),
    ]
    return run(files, RunOptions(into=home / "result", model="shifted-beta-geometric"), now=lambda: NOW)


def test_a_run_knows_the_channel_of_its_subscribers(found: RunResult) -> None:
    model = load_model(found.folder / "model-contract.json")
    assert model.covariates is not None
    assert tuple(model.covariates.dropout) == ("channel",)
    sql = f"SELECT channel, avg(churn_probability) FROM '{found.folder}/subscribers.parquet' WHERE state <> 'ended'"
    churn = dict(duckdb.sql(f"{sql} GROUP BY 1").fetchall())
    assert len(churn) == 2
    assert churn["ads"] > 1.3 * min(churn.values())
    report = (found.folder / "report.html").read_text(encoding="utf-8")
    assert "dropout:channel" in report


def test_what_an_earlier_result_knew_of_customers_is_not_forgotten(found: RunResult) -> None:
    everything = kp.read(*(str(found.folder.parent / name) for name in ("subscriptions.csv", "customers.csv")))
    tables = {name: table for name, table in everything.tables.items() if name != "customers"}
    contracts = replace(everything, tables=tables)
    model = load_model(found.folder / "model-contract.json")
    table = contracts.tables["subscriptions"]
    assert subscriber_attributes(contracts, table) is None
    known = subscriber_attributes(contracts, table, model, found.folder / "subscribers.parquet")
    assert known is not None
    counts = dict(known.engine.rows(f"SELECT channel, count(*) FROM {known.name} GROUP BY 1"))
    assert set(counts.values()) == {600}
