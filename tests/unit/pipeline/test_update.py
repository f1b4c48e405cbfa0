"""An update of a result is what a run over all files would have given, with the models of the earlier run."""

from __future__ import annotations

import csv
import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from keepers.data.engine import Engine, literal
from keepers.domain.errors import InputError
from keepers.domain.money import Margin
from keepers.domain.time import weeks
from keepers.models.catalogue import load_model
from keepers.pipeline.live_values import Meaning
from keepers.pipeline.options import RunOptions
from keepers.pipeline.run import run
from keepers.pipeline.serving import serve_result
from keepers.pipeline.update import update
from keepers.storage.live_lists import Filter
from keepers.storage.state import State
from shop import shop_orders

CUT = "2023-04-01"
HISTORY = "customer_key, first_order_date, last_order_date, orders, revenue, frequency, recency_days, age_days"
VALUES = (
    "probability_alive, expected_orders, clv_predicted_26w, clv_predicted_26w_low, clv_predicted_26w_high, clv_tier"
)


def options(into: Path, **more: Any) -> RunOptions:
    """A lean run that keeps its orders."""
    lean = {"model": "bg-nbd", "backtest": False, "report": False, "csv": False, "keep": True}
    return RunOptions(into=into, margin=Margin(0.5), horizon=weeks(26), **{**lean, **more})


def rows(folder: Path, columns: str) -> list[tuple[Any, ...]]:
    """Columns of the customers of a result."""
    engine = Engine()
    file = literal(str(folder / "customers.parquet"))
    return engine.rows(f"SELECT {columns} FROM read_parquet({file}) ORDER BY customer_key")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files of a shop with names, refunds and cancellations: all orders, those up to a day, and an overlapping rest."""
    folder = tmp_path_factory.mktemp("shop")
    orders = shop_orders(customers=400, seed=3)
    told = orders.engine.rows(f"SELECT customer_key, day, amount FROM {orders.name} ORDER BY day, customer_key, amount")
    head = ["Order", "Customer ID", "Email", "Date", "Total", "Refunded", "Refunded on", "Cancelled on"]
    files = {name: [head] for name in ("all", "first", "rest")}
    for number, (key, day, amount) in enumerate(told):
        back = ["", ""] if number % 17 else [f"{float(amount) / 2:.2f}", "2023-05-01"]
        gone = "2023-04-20" if number % 41 == 5 else ""
        row = [f"N{number}", key, f"{key}@shop.example", day.isoformat(), f"{amount:.2f}"]
        late = [*row, *(back if number % 17 == 0 and day.isoformat() < "2023-05-01" else ["", ""]), ""]
        late[-1] = gone if gone > day.isoformat() else ""
        early = [*row, "", "", ""]
        files["all"].append(late)
        if day.isoformat() <= CUT and number % 29:
            files["first"].append(early)
        if day.isoformat() > "2023-03-01" or number % 29 == 0 or late[5:] != early[5:]:
            files["rest"].append(late)
    for name, lines in files.items():
        with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(lines)
    return folder


def test_an_update_is_a_run_over_all_files(shop: Path, tmp_path: Path) -> None:
    run([str(shop / "first.csv")], options(tmp_path / "result"))
    kept = load_model(tmp_path / "result" / "model-buying.json").parameters_
    added = update(tmp_path / "result", [str(shop / "rest.csv")], options(tmp_path / "new")).summary
    whole = run([str(shop / "first.csv"), str(shop / "rest.csv")], options(tmp_path / "whole")).summary
    assert rows(tmp_path / "new", HISTORY) == rows(tmp_path / "whole", HISTORY)
    assert rows(tmp_path / "whole", HISTORY) == rows(
        run([str(shop / "all.csv")], options(tmp_path / "all")).folder, HISTORY
    )
    assert {name: added["store"][name] for name in whole["store"] if name != "name"} == {
        name: value for name, value in whole["store"].items() if name != "name"
    }
    told = added["update"]
    assert told["new"] > 0
    assert told["changed"] > 0
    assert told["repeated"] > 0
    assert told["late"] > 0
    assert told["fitted_to"] == CUT
    assert not told["refitted"]
    assert added["models"]["buying"]["parameters"] == pytest.approx(kept)
    assert json.loads((tmp_path / "new" / "summary.json").read_text()) == added
    # In place, and fitted again: now every number is that of the run over all files.
    again = update(tmp_path / "result", [str(shop / "rest.csv")], options(tmp_path / "result"), refit=True).summary
    assert again["update"]["days_since_fit"] == 0
    assert again["models"]["buying"]["parameters"] == pytest.approx(whole["models"]["buying"]["parameters"], rel=1e-6)
    for ours, theirs in zip(rows(tmp_path / "result", VALUES), rows(tmp_path / "whole", VALUES), strict=True):
        assert ours[:-1] == pytest.approx(theirs[:-1], rel=1e-5)
    # The same delivery again changes nothing.
    third = update(tmp_path / "result", [str(shop / "rest.csv")]).summary["update"]
    assert (third["new"], third["changed"], third["customers_touched"]) == (0, 0, 0)
    assert (third["updates_since_run"], third["fitted_to"]) == (2, again["store"]["last_day"])


def test_an_update_knows_all_horizons_that_the_run_knew(shop: Path, tmp_path: Path) -> None:
    run([str(shop / "first.csv")], options(tmp_path / "result", result_columns="all"))
    update(tmp_path / "result", [str(shop / "rest.csv")], options(tmp_path / "new"))
    with State(tmp_path) as state:
        serve_result(state, tmp_path / "new", 0, dt.datetime(2023, 7, 1, tzinfo=dt.UTC))
        with state.reading() as books:
            generation = books.live.current()
            assert generation is not None
            told = Meaning.from_dict(generation.settings)
            assert [one.name for one in told.reaches] == ["3m", "26w", "5y", "infinite"]
            sums = {one.name: books.lists(generation.number, one).totals(Filter()).value for one in told.reaches}
    names = ("clv_predicted_3m", "clv_predicted_26w", "clv_lifetime", "clv_infinite")
    engine = Engine()
    file = literal(str(tmp_path / "new" / "customers.parquet"))
    found = engine.row(f"SELECT {', '.join(f'sum({name})' for name in names)} FROM read_parquet({file})")
    assert list(sums.values()) == pytest.approx([float(one) for one in found], rel=1e-9)
    assert sorted(sums.values()) == list(sums.values())
    # Added to again, it still does.
    update(tmp_path / "new", [str(shop / "rest.csv")], options(tmp_path / "again"))
    assert rows(tmp_path / "again", ", ".join(names)) == rows(tmp_path / "new", ", ".join(names))


def test_an_update_needs_a_result_that_kept_its_orders(shop: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no result of Keepers"):
        update(tmp_path / "nothing", [str(shop / "rest.csv")])
    run([str(shop / "first.csv")], options(tmp_path / "bare", keep=False))
    before = sorted(path.name for path in (tmp_path / "bare").iterdir())
    with pytest.raises(InputError, match="--keep"):
        update(tmp_path / "bare", [str(shop / "rest.csv")])
    assert sorted(path.name for path in (tmp_path / "bare").iterdir()) == before
