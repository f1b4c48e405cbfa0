"""summary.json: the whole run for programs, its keys described in the documentation of results."""

from __future__ import annotations

import datetime as dt
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keepers.data.format import Shape
from keepers.data.read import Dataset
from keepers.domain.errors import EngineError
from keepers.domain.time import Horizon
from keepers.domain.version import VERSION
from keepers.models.base import Model
from keepers.pipeline.insights import Insights
from keepers.pipeline.options import RunOptions
from keepers.pipeline.scoring import Scored

if TYPE_CHECKING:
    from keepers.pipeline.learned import LearnedRun
    from keepers.pipeline.subscriptions import ScoredSubscriptions
    from keepers.valuation.subscription_value import SubscriptionValues
    from keepers.valuation.values import Values

SCHEMA = 1
"""Raised when a key changes its meaning or goes."""

FILES = {
    "alerts.csv": "customers to look after now: why, what to do, by whom and until when",
    "budget.csv": "how to divide the money for marketing, a row a channel, for spreadsheets",
    "budget.parquet": "the same for programs, every digit",
    "attribution.csv": "what every method credits every channel with: customers, value, intervals, for spreadsheets",
    "attribution.parquet": "the same for programs, every digit",
    "channels.csv": "what customers of each channel, campaign and the like cost and bring, for spreadsheets",
    "channels.parquet": "the same for programs, every digit",
    "customers.csv": "a row a customer, for spreadsheets",
    "customers.parquet": "the same for programs, every digit",
    "kept": "orders, summaries and contracts; `keepers update` adds to orders",
    "leads.csv": "open leads, the most valuable first: chance, value, reasons, whose; for spreadsheets",
    "leads.parquet": "the same for programs, every digit",
    "model-buying.json": "the fitted model of buying",
    "model-contract.json": "the fitted model of contracts",
    "model-early.json": "the model that learned from first days",
    "model-learned.json": "the model that learned from features",
    "model-mix.json": "the mix with learned value that forecast best",
    "model-response.json": "how channels answer to money, for `keepers budget`",
    "model-spend.json": "the fitted model of spend",
    "segment_moves.csv": "how many customers went from which segment to which since an earlier run",
    "next_plans.csv": "what plan each subscriber may have next, for spreadsheets",
    "next_plans.parquet": "the same for programs, every digit",
    "next_products.csv": "what each customer may buy next, for spreadsheets",
    "next_products.parquet": "the same for programs, every digit",
    "offers.csv": "who gets which offer, for spreadsheets",
    "offers.parquet": "the same for programs, every digit",
    "report.html": "the report, one page that needs no network",
    "report.json": "what the report says, for the dashboard and the letters",
    "subscribers.csv": "a row a subscriber, for spreadsheets",
    "subscribers.parquet": "the same for programs, every digit",
    "summary.json": "this summary, for programs",
}
"""Files of a result and what is in them."""


def run_summary(
    dataset: Dataset,
    scored: Scored,
    found: Insights,
    options: RunOptions,
    now: dt.datetime,
    files: list[str],
    subscriptions: dict[str, Any] | None = None,
    learned: LearnedRun | None = None,
    keeping: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Everything a program may want to know of a run, as plain values.

    Infinite values are written as null beside a sentence that says so; there is no NaN.
    """
    summary, orders = scored.summary, dataset.orders
    counted, customers, repeaters, revenue = summary.engine.row(
        "SELECT sum(orders), count(*), count(*) FILTER (WHERE frequency > 0), sum(revenue) "
        f"FROM ({summary.sql}) AS customer"
    )
    plain: dict[str, Any] = _finite(
        {
            "keepers": {"version": VERSION, "schema": SCHEMA, "generated_at": now.isoformat(timespec="seconds")},
            "store": {
                "name": store_name(dataset, options),
                "simulated": options.simulated,
                "customers": int(customers),
                "repeat_customers": int(repeaters),
                "orders": int(counted),
                "revenue": None if revenue is None else float(revenue),
                "first_day": orders.first_day.isoformat(),
                "last_day": summary.calibration_end.isoformat(),
            },
            "horizon": _horizon(options.horizon),
            "also": None if options.also is None else _horizon(options.also),
            "money": None
            if not scored.values.has_money
            else money_of(scored.values, options, "customers who bought before"),
            "verdict": {**scored.verdict.to_dict(), "tested": scored.test is not None and bool(scored.test.rows)},
            "models": {role: _model(model) for role, model in found.models.items()},
            **found.to_dict(),
            "backtest": None if scored.test is None else scored.test.to_dict(),
            **({} if learned is None else {"learned": learned.to_dict()}),
            "subscriptions": subscriptions,
            "keeping": keeping,
            "data": dataset.reconciliation.to_dict(),
            "files": _listed(files),
        }
    )
    return plain


def subscription_run_summary(
    dataset: Dataset,
    scored: ScoredSubscriptions,
    subscriptions: dict[str, Any],
    options: RunOptions,
    now: dt.datetime,
    files: list[str],
    keeping: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """The same of a run on subscriptions alone: what is a shop's is null."""
    plain: dict[str, Any] = _finite(
        {
            "keepers": {"version": VERSION, "schema": SCHEMA, "generated_at": now.isoformat(timespec="seconds")},
            "store": {
                "name": store_name(dataset, options),
                "simulated": options.simulated,
                "customers": subscriptions["customers"],
                "repeat_customers": None,
                "orders": None,
                "revenue": subscriptions["revenue"],
                "first_day": scored.first_day.isoformat(),
                "last_day": scored.summary.facts.cut.isoformat(),
            },
            "horizon": _horizon(options.horizon),
            "also": None,
            "money": subscriptions["money"],
            "verdict": subscriptions["verdict"],
            "models": {"contract": _model(scored.model)},
            **dict.fromkeys(("activity", "equity", "at_risk", "tiers", "rfm", "levers", "new_customer", "season")),
            "formulas": [],
            "backtest": None,
            "subscriptions": subscriptions,
            "keeping": keeping,
            "data": dataset.reconciliation.to_dict(),
            "files": _listed(files),
        }
    )
    return plain


def _listed(files: list[str]) -> list[dict[str, str]]:
    return [{"name": name, "what": FILES.get(name, "")} for name in sorted({*files, "summary.json"})]


def write_summary(summary: dict[str, Any], path: Path) -> None:
    """Write the summary beside its place and put it there whole."""
    beside = path.with_name(f".{path.name}.part")
    try:
        beside.write_text(json.dumps(summary, indent=2, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        raise EngineError(f"{path} could not be written ({error.strerror}).") from error
    finally:
        beside.unlink(missing_ok=True)


def store_name(dataset: Dataset, options: RunOptions) -> str:
    """The store as its owner calls it, or the first file with orders; the first file where none has."""
    if options.name:
        return options.name
    first = sorted(dataset.sources, key=lambda source: source.recognition.format.shape is not Shape.SALES)
    return next((Path(source.name).name.split(".")[0] for source in first), "Your store")


def _horizon(horizon: Horizon) -> dict[str, Any]:
    return {"length": horizon.length, "unit": horizon.unit.value, "days": horizon.days, "text": str(horizon)}


def money_of(values: Values | SubscriptionValues, options: RunOptions, population: str) -> dict[str, Any]:
    """What money means in a run: currency, the five things, and a sentence."""
    return {
        "currency": values.currency,
        "basis": values.basis.value,
        "rates": dict(options.rates),
        "margin_rate": options.margin.rate,
        "margin_per_order": options.margin.per_order,
        "horizon": _horizon(options.horizon),
        "lifetime": _horizon(options.lifetime),
        "discount_annual": options.discount.annual,
        "acquisition_cost": "not deducted",
        "population": population,
        "meaning": values.meaning,
    }


def _model(model: Model) -> dict[str, Any]:
    unit = getattr(model, "unit_", None)
    return {
        "name": model.name,
        "title": model.title,
        "parameters": model.parameters_,
        "standard_errors": model.standard_errors_,
        "log_likelihood": model.log_likelihood_,
        "outcome": model.outcome_.name,
        "outcome_sentence": model.outcome_.value,
        "unit": None if unit is None else unit.value,
        "customers": model.n_customers_,
        "prior_share": model.posterior_.prior_share,
    }


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if hasattr(value, "item"):
        return _finite(value.item())
    return value
