"""A run on subscriptions: alone, beside orders, without prices, and what cannot be valued."""

from __future__ import annotations

import csv
import datetime as dt
import json
import re
from pathlib import Path

import duckdb
import numpy as np
import pytest

import keepers as kp
from keepers.domain.errors import ConfigError, InputError
from keepers.domain.money import Margin
from keepers.pipeline.options import RunOptions
from keepers.pipeline.run import RunResult, run
from subscribers import subscribers

HEADER = ["id", "Customer ID", "Customer Name", "Customer Email", "Plan", "Quantity", "Interval", "Amount", "Currency",
          "Status", "Cancellation Reason", "Created (UTC)", "Start Date (UTC)", "Trial End (UTC)", "Canceled At (UTC)",
          "Ended At (UTC)"]  # fmt: skip
NOW = dt.datetime(2025, 7, 2, 9, 0, tzinfo=dt.UTC)


def write_subscriptions(path: Path, count: int = 900, currency: str = "usd", priced: bool = True) -> Path:
    """Contracts as Stripe exports them."""
    known = subscribers(count, seed=4)
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(HEADER)
        rows = zip(*(known[name] for name in ("customer_key", "plan", "amount", "started_on", "ended_on")), strict=True)
        for row, (key, plan, amount, start, end) in enumerate(rows):
            status = "canceled" if end else "past_due" if row % 40 == 7 else "active"
            reason = ("payment_failed" if row % 5 == 0 else "too expensive") if end else ""
            out.writerow(
                [f"sub_{key}", f"cus_{key}", f"Person {row}", f"{key}@mail.example", plan, 1, "month",
                 f"{amount:.2f}" if priced else "", currency, status, reason, f"{start} 10:00", f"{start} 10:00", "",
                 f"{end} 10:00" if end else "", f"{end} 10:00" if end else ""]
            )  # fmt: skip
    return path


def write_orders(path: Path) -> Path:
    """Orders of a small shop, in dollars."""
    rng = np.random.default_rng(8)
    days = np.datetime64("2023-07-01") + rng.integers(0, 720, 900)
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(["customer", "date", "amount", "currency"])
        for who, day in zip(rng.zipf(1.7, 900) % 250, days.astype(str), strict=True):
            out.writerow([f"c{who}", day, "20.00", "USD"])
    return path


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    """A run on subscriptions alone."""
    home = tmp_path_factory.mktemp("alone")
    options = RunOptions(into=home / "result", margin=Margin(0.8))
    return run([str(write_subscriptions(home / "subscriptions.csv"))], options, now=lambda: NOW)


@pytest.fixture(scope="module")
def beside(tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    """A run on a shop's orders and its subscriptions, quick, as `keepers demo` tests models of both elsewhere."""
    home = tmp_path_factory.mktemp("beside")
    files = [write_orders(home / "orders.csv"), write_subscriptions(home / "subscriptions.csv", 400)]
    options = RunOptions(into=home / "result", model="mbg-nbd", backtest=False)
    return run([str(file) for file in files], options, now=lambda: NOW)


def test_subscriptions_alone_need_no_orders(alone: RunResult) -> None:
    assert sorted(path.name for path in alone.folder.iterdir()) == [
        "alerts.csv", "kept", "model-contract.json", "report.html", "report.json", "subscribers.csv",
        "subscribers.parquet", "summary.json",
    ]  # fmt: skip
    summary = json.loads((alone.folder / "summary.json").read_text(encoding="utf-8"))
    assert summary == alone.summary
    assert summary["store"]["orders"] is None
    assert summary["store"]["customers"] == 900
    assert summary["verdict"]["trust"] in ("good", "caution")
    assert summary["verdict"]["tested"]
    assert summary["money"]["basis"] == "contribution margin"
    found = summary["subscriptions"]
    assert found["customers"] == found["active"] + found["past_due"] + found["paused"] + found["ended"] == 900
    assert found["past_due"] > 0
    assert found["backtest"]["rows"][0]["of"] == "renewals"


def test_values_are_those_of_the_library(alone: RunResult) -> None:
    model = kp.load_model(alone.folder / "model-contract.json")
    contracts = kp.read(str(alone.folder.parent / "subscriptions.csv")).tables["subscriptions"]
    summary = kp.summarise_subscriptions(contracts)
    values = kp.subscription_value(model, summary, margin=0.8)  # type: ignore[arg-type]
    file = f"{alone.folder}/subscribers.parquet"
    known = dict(duckdb.sql(f"SELECT customer_key, clv_predicted_12m FROM '{file}'").fetchall())
    rows = values.engine.rows(f"SELECT customer_key, clv_predicted_12m FROM {values.name}")
    assert len(rows) == len(known) == 900
    assert all(known[key] == pytest.approx(value, rel=1e-9, abs=1e-12) for key, value in rows)
    found = alone.summary["subscriptions"]
    total = found["equity"]["total"]
    assert total["value"] == pytest.approx(sum(known.values()), rel=1e-9)
    assert total["low"] < total["value"] < total["high"]
    at_risk = duckdb.sql(f"SELECT sum(money_at_risk) FROM '{file}'").fetchall()[0][0]
    assert found["money_at_risk"] == pytest.approx(at_risk)
    assert found["equity"]["if_nobody_left"] - at_risk == pytest.approx(total["value"], rel=1e-9)


def test_recurring_revenue_is_what_running_subscriptions_pay(alone: RunResult) -> None:
    known = subscribers(900, seed=4)
    running = sum(amount for amount, end in zip(known["amount"], known["ended_on"], strict=True) if end is None)
    found = alone.summary["subscriptions"]
    assert found["mrr"] == pytest.approx(running)
    assert sum(plan["mrr"] for plan in found["plans"]) == pytest.approx(running)
    for before, after in zip(found["mrr_movements"], found["mrr_movements"][1:], strict=False):
        assert after["start"] == pytest.approx(before["end"])


def test_the_people_have_names_and_the_best_come_first(alone: RunResult) -> None:
    with (alone.folder / "subscribers.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0])[:3] == ["customer_key", "name", "email"]
    assert rows[0]["name"].startswith("Person ")
    worth = [float(row["clv_predicted_12m"]) for row in rows]
    assert worth == sorted(worth, reverse=True)
    assert re.fullmatch(r"\d+\.\d{1,2}", rows[0]["mrr"])


def test_the_page_speaks_of_subscriptions_alone(alone: RunResult) -> None:
    page = (alone.folder / "report.html").read_text(encoding="utf-8")
    for words in (
        "Your 900 subscribers are expected to bring in the next 12 months",
        "How long do subscriptions last?",
        "Which subscribers may leave?",
        "Did the model predict what it could not see?",
        "renewals",
        "because a payment failed",
        'href="#staying"',
        "Contribution margin, 80% of net revenue · next 12 months · all 900 subscribers",
        "subscribers.csv",
    ):
        assert words in page, words
    for words in ("At risk</p>", "customers.csv", "No customer is at risk", "repeat purchases", "do not add them up"):
        assert words not in page, words
    assert not re.search(r"(?:src|href)=\"https?://", page)


def test_a_shop_with_subscriptions_has_both_values(beside: RunResult) -> None:
    names = {path.name for path in beside.folder.iterdir()}
    assert {"customers.parquet", "subscribers.parquet", "model-buying.json", "model-contract.json"} <= names
    summary = beside.summary
    assert summary["store"]["orders"] == 900
    assert summary["equity"]["total"]["value"] > 0
    assert summary["subscriptions"]["customers"] == 400
    assert {"buying", "spend", "contract"} == set(summary["models"])
    page = (beside.folder / "report.html").read_text(encoding="utf-8")
    assert "do not add them up" in page
    assert page.index('id="value"') < page.index('id="subscriptions"') < page.index('id="leaving"')
    assert page.index('id="leaving"') < page.index('id="method"')


def test_without_prices_everything_but_money_is_answered(tmp_path: Path) -> None:
    file = write_subscriptions(tmp_path / "subscriptions.csv", 300, priced=False)
    found = run([str(file)], RunOptions(into=tmp_path / "result"), now=lambda: NOW)
    subscriptions = found.summary["subscriptions"]
    assert subscriptions["equity"] is subscriptions["mrr"] is subscriptions["money"] is found.summary["money"] is None
    assert subscriptions["expected_endings"]["contracts"]["value"] > 0
    page = (found.folder / "report.html").read_text(encoding="utf-8")
    assert "The data name no prices" in page
    assert "least likely to stay" in page


def test_what_cannot_stand_together_is_said(tmp_path: Path) -> None:
    files = [write_orders(tmp_path / "orders.csv"), write_subscriptions(tmp_path / "subs.csv", 200, currency="eur")]
    quick = RunOptions(into=tmp_path / "result", model="bg-nbd", backtest=False)
    found = run([str(file) for file in files], quick, now=lambda: NOW)
    assert found.summary["subscriptions"] is None
    page = (found.folder / "report.html").read_text(encoding="utf-8")
    assert "The subscriptions are in EUR and the orders in USD" in page


def test_a_named_model_of_contracts_is_used(tmp_path: Path) -> None:
    file = write_subscriptions(tmp_path / "subscriptions.csv", 300)
    quick = RunOptions(into=tmp_path / "a", model="weibull-gamma", backtest=False, report=False, csv=False)
    found = run([str(file)], quick, now=lambda: NOW)
    assert sorted(path.name for path in found.folder.iterdir()) == [
        "model-contract.json", "subscribers.parquet", "summary.json",
    ]  # fmt: skip
    assert found.summary["verdict"]["trust"] == "untested"
    assert found.summary["models"]["contract"]["name"] == "WeibullGamma"
    with pytest.raises(ConfigError, match="is a model of buying, and the files hold subscriptions alone"):
        run([str(file)], RunOptions(into=tmp_path / "b", model="bg-nbd"))
    orders = write_orders(tmp_path / "orders.csv")
    with pytest.raises(ConfigError, match="is a model of contracts, and there are orders too"):
        run([str(orders), str(file)], RunOptions(into=tmp_path / "c", model="weibull-gamma", backtest=False))


def test_nothing_paid_for_yet_is_said(tmp_path: Path) -> None:
    file = tmp_path / "subscriptions.csv"
    row = ["sub_1", "cus_1", "Ann", "ann@mail.example", "small", "1", "month", "10.00", "usd", "trialing", "",
           "2025-06-25 10:00", "2025-06-25 10:00", "2025-07-09 10:00", "", ""]  # fmt: skip
    file.write_text(",".join(HEADER) + "\n" + ",".join(row) + "\n", encoding="utf-8")
    with pytest.raises(InputError, match="No contract of a known customer was paid for"):
        run([str(file)], RunOptions(into=tmp_path / "result"), now=lambda: NOW)
    assert not (tmp_path / "result").exists()


@pytest.mark.parametrize("count", [1, 12])
def test_a_handful_of_subscribers_is_answered(tmp_path: Path, count: int) -> None:
    file = write_subscriptions(tmp_path / "subscriptions.csv", count)
    found = run([str(file)], RunOptions(into=tmp_path / "result"), now=lambda: NOW)
    assert found.summary["verdict"]["trust"] == "untested"
    assert found.report is not None
