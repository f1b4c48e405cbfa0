"""A run that learns from features: new columns, the mix in place of the model's values where it forecasts better."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

import keepers as kp
from keepers.domain.errors import ConfigError
from keepers.evaluation import compare
from keepers.evaluation.value_stacking import ValueStacking
from keepers.pipeline import scoring
from keepers.pipeline.options import RunOptions
from keepers.simulate import Newsletters, StorePlan, simulate_store


def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    store = simulate_store(500, 3, StorePlan(people=True, newsletters=Newsletters()), start="2025-04-01")
    store.write(tmp_path / "files", only=("orders", "engagement"))
    monkeypatch.setattr(scoring, "competitor", lambda: kp.LearnedValue("hurdle", rounds=10, folds=2))
    monkeypatch.setattr(scoring, "early_competitor", lambda: kp.EarlyValue((7,), rounds=5))
    monkeypatch.setattr(ValueStacking, "pays", property(lambda _: True))
    choose = compare.choose_model
    monkeypatch.setattr(compare, "choose_model", lambda *a, **k: choose(*a, **{**k, "origins": 1}))
    options = RunOptions(into=tmp_path / "out", learned=True, csv=False, keep=False, model="mbg-nbd")
    return kp.run([str(tmp_path / "files")], options).summary


def test_the_mix_divides_the_total_of_the_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    summary = run(tmp_path, monkeypatch)
    file = tmp_path / "out" / "customers.parquet"
    total, own, low, high, learned_, missing = duckdb.sql(
        f"SELECT sum(clv_predicted_12m), sum(expected_orders * expected_order_value), sum(clv_predicted_12m_low), "
        f"sum(clv_predicted_12m_high), sum(clv_learned_12m), count(*) - count(clv_learned_12m_high) FROM '{file}'"
    ).fetchall()[0]
    equity: dict[str, dict[str, float]] = summary["equity"]  # type: ignore[assignment]
    assert total == pytest.approx(equity["total"]["value"], rel=1e-6)
    assert low < total < high
    # Within other horizons the mix is to the model as within this one, and totals stay.
    short, far, spread = duckdb.sql(
        f"SELECT sum(clv_predicted_3m), sum(clv_lifetime), stddev(clv_lifetime / clv_predicted_12m) FROM '{file}' "
        "WHERE clv_predicted_12m > 0"
    ).fetchall()[0]
    assert short == pytest.approx(equity["also"]["value"], rel=1e-6)
    assert far == pytest.approx(equity["lifetime"]["value"], rel=1e-6)
    assert spread < 2.0
    assert missing == 0
    by_orders, apart = duckdb.sql(
        f"SELECT sum(clv_by_orders_12m), max(abs(clv_by_orders_12m - clv_predicted_12m)) FROM '{file}' "
        "WHERE clv_by_orders_12m_low <= clv_by_orders_12m_high"
    ).fetchall()[0]
    assert by_orders == pytest.approx(total, rel=1e-6)
    assert apart > 1.0
    assert 0.5 < learned_ / own < 2.0
    ranked = duckdb.sql(
        f"SELECT max(abs(clv_percentile - p)) FROM (SELECT clv_percentile, 100 * percent_rank() OVER "
        f"(ORDER BY clv_predicted_12m) AS p FROM '{file}')"
    ).fetchall()[0][0]
    assert ranked < 0.5
    told: dict[str, object] = summary["learned"]  # type: ignore[assignment]
    assert told["used"] is True
    weights: list[dict[str, Any]] = told["importance"]  # type: ignore[assignment]
    assert all(one["meaning"] or one["feature"].startswith("model_") for one in weights)
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "learned value" in page
    assert "their total stays that of the model of buying" in page
    kept = kp.load_model(tmp_path / "out" / "model-learned.json")
    assert isinstance(kept, kp.LearnedValue)
    assert "open_90d" in " ".join(kept.feature_names) or "session_90d" in kept.feature_names

    check_first_days(file, tmp_path / "out" / "model-early.json", told["early"], page)


def check_first_days(file: Path, model: Path, told: Any, page: str) -> None:
    """Newcomers, and only they, have what their first year will have brought: at least what it has brought by day 7."""
    new, said, old, total, wrong = duckdb.sql(
        "SELECT count(*) FILTER (age_days < 365), count(clv_early_12m) FILTER (age_days < 365), "
        "count(clv_early_12m) FILTER (age_days > 366), sum(clv_early_12m), count(*) FILTER (clv_early_day <> 7 OR "
        f"clv_early_12m < 0 OR clv_early_12m_low > clv_early_12m_high) FROM '{file}'"
    ).fetchall()[0]
    assert 0 < said <= new
    assert old == wrong == 0
    assert told["newcomers"] == said
    assert told["expected"] == pytest.approx(total)
    assert 0 < told["spent"] < told["expected"]
    assert [one["age_days"] for one in told["ages"]] == [one["age_days"] for one in told["backtest"]["ages"]] == [7]
    assert told["sentences"][1].startswith("Learned on ")
    assert "early value" in page
    assert told["sentences"][0][:30] in page
    assert isinstance(kp.load_model(model), kp.EarlyValue)


def test_it_needs_files_and_a_backtest() -> None:
    with pytest.raises(ConfigError, match="--learned"):
        RunOptions(learned=True, backtest=False, model="mbg-nbd")
