"""An update of a result with subscribers: what a run over all files would have given, or words."""

from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from keepers.cli.show import _lines
from keepers.data.engine import Engine, literal
from keepers.domain.errors import InputError
from keepers.pipeline.options import RunOptions
from keepers.pipeline.run import run
from keepers.pipeline.update import update
from subscribers import subscribers

CUT = "2025-03-31"
HEADER = ["id", "Customer ID", "Customer Name", "Customer Email", "Plan", "Interval", "Amount", "Currency", "Status",
          "Created (UTC)", "Start Date (UTC)", "Ended At (UTC)"]  # fmt: skip
VALUES = "email, name, plan, tenure, renewal_probability, clv_predicted_12m, clv_predicted_12m_low, mrr, state"
NOW = dt.datetime(2025, 7, 2, 9, 0, tzinfo=dt.UTC)


def options(into: Path) -> RunOptions:
    """A lean run that keeps what an update needs."""
    return RunOptions(into=into, model="bg-nbd", backtest=False, report=False, csv=False, keep=True)


def values(folder: Path) -> list[tuple[Any, ...]]:
    engine = Engine()
    file = literal(str(folder / "subscribers.parquet"))
    return engine.rows(f"SELECT {VALUES} FROM read_parquet({file}) ORDER BY email")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Orders, contracts as they were known at a day, and a later export of those that changed or are new."""
    home = tmp_path_factory.mktemp("shop")
    rng = np.random.default_rng(8)
    days = np.datetime64("2023-07-01") + rng.integers(0, 700, 400)
    with (home / "orders.csv").open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["customer", "date", "amount", "currency"])
        out.writerows([f"c{who}", day, "20.00", "USD"] for who, day in zip(rng.zipf(1.7, 400) % 90, days.astype(str)))
    known = subscribers(160, seed=4)
    files: dict[str, list[list[Any]]] = {"first": [HEADER], "later": [HEADER]}
    rows = zip(*(known[name] for name in ("customer_key", "plan", "amount", "started_on", "ended_on")), strict=True)
    for key, plan, amount, start, end in rows:
        own = [
            f"sub_{key}",
            f"cus_{key}",
            f"Person {key}",
            f"{key}@mail.example",
            plan,
            "month",
            f"{amount:.2f}",
            "usd",
        ]
        later = [
            *own,
            "canceled" if end else "active",
            f"{start} 10:00",
            f"{start} 10:00",
            f"{end} 10:00" if end else "",
        ]
        if start <= CUT:
            gone = end is not None and end <= CUT
            files["first"].append(later if gone else [*own, "active", f"{start} 10:00", f"{start} 10:00", ""])
        if start > CUT or (end or "") > CUT:
            files["later"].append(later)
    for name, lines in files.items():
        with (home / f"{name}.csv").open("w", newline="", encoding="utf-8") as out_file:
            csv.writer(out_file).writerows(lines)
    return home


def test_subscribers_are_those_of_a_run_over_all_files(shop: Path, tmp_path: Path) -> None:
    orders, first, later = (str(shop / f"{name}.csv") for name in ("orders", "first", "later"))
    run([orders, first], options(tmp_path / "result"), now=lambda: NOW)
    whole = run([orders, first, later], options(tmp_path / "whole"), now=lambda: NOW).summary
    before = values(tmp_path / "result")
    added = update(tmp_path / "result", [later], options(tmp_path / "new"), refit=True, now=lambda: NOW).summary
    found, wanted = values(tmp_path / "new"), values(tmp_path / "whole")
    assert len(found) == len(wanted) > len(before)
    for ours, theirs in zip(found, wanted, strict=True):
        assert ours[:3] == theirs[:3]
        assert ours[3:-1] == pytest.approx(theirs[3:-1], rel=1e-6, nan_ok=True)
        assert ours[-1] == theirs[-1]
    contracts = added["update"]["contracts"]
    assert contracts["delivered"] == contracts["new"] + contracts["changed"] > contracts["changed"] > 0
    assert added["update"]["remarks"] == []
    for name in ("customers", "active", "ended", "mrr", "last_day"):
        assert added["subscriptions"][name] == whole["subscriptions"][name], name
    assert any("new contract" in line for line in _lines(added))
    # Without new contracts they are valued at the new last day, with the model that is there.
    more = tmp_path / "more.csv"
    more.write_text("customer,date,amount,currency\nc1,2025-08-15,10.00,USD\n")
    third = update(tmp_path / "new", [str(more)], now=lambda: dt.datetime(2025, 9, 1, tzinfo=dt.UTC)).summary
    assert third["subscriptions"]["last_day"] == "2025-08-15"
    assert third["subscriptions"]["customers"] == added["subscriptions"]["customers"]
    assert third["models"]["contract"]["parameters"] == pytest.approx(added["models"]["contract"]["parameters"])
    assert values(tmp_path / "new")[0][1].startswith("Person")


def test_a_result_without_contracts_says_what_it_does_with_them(shop: Path, tmp_path: Path) -> None:
    run([str(shop / "orders.csv")], options(tmp_path / "result"), now=lambda: NOW)
    told = update(tmp_path / "result", [str(shop / "later.csv")], now=lambda: NOW).summary
    assert told["subscriptions"] is None
    (remark,) = told["update"]["remarks"]
    assert remark.startswith("The new files hold ")
    assert "the result keeps none to which they could be added" in remark
    assert remark in _lines(told)
    assert told["update"]["contracts"]["delivered"] == 0


def test_subscriptions_alone_are_run_again(shop: Path, tmp_path: Path) -> None:
    alone = RunOptions(into=tmp_path / "alone", model="shifted-beta-geometric", backtest=False, report=False)
    run([str(shop / "first.csv")], alone, now=lambda: NOW)
    with pytest.raises(InputError, match="of subscriptions alone"):
        update(tmp_path / "alone", [str(shop / "later.csv")], now=lambda: NOW)
