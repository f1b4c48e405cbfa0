"""From contracts to values: the summary, the model that the past has chosen, and what every subscriber is worth."""

from __future__ import annotations

import copy
import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from keepers.data.engine import quoted
from keepers.data.read import Dataset
from keepers.data.table import Table
from keepers.domain.errors import ConfigError, InputError
from keepers.domain.money import Margin
from keepers.domain.ports import Progress
from keepers.domain.time import Horizon, ObservationWindow, TimeUnit
from keepers.evaluation.verdict import Trust, Verdict
from keepers.exports.files import write_csv_for_people
from keepers.pipeline.next_plan_list import find_next_plans, write_next_plans
from keepers.pipeline.options import RunOptions
from keepers.pipeline.subscriber_attributes import subscriber_attributes
from keepers.summaries.subscriptions import SubscriptionSummary, billing_period, contract_span, summarise_subscriptions
from keepers.valuation.subscription_equity import Departures, SubscriptionEquity, departures, subscription_equity
from keepers.valuation.subscription_value import SubscriptionValues, subscription_value

if TYPE_CHECKING:
    from keepers.evaluation.results import Backtest
    from keepers.models.contractual.contract import ContractModel
    from keepers.retention.next_plans import NextPlans
    from keepers.retention.plan_record import PlanGrade

SOON = {
    TimeUnit.WEEK: Horizon(13, TimeUnit.WEEK),
    TimeUnit.MONTH: Horizon(3, TimeUnit.MONTH),
    TimeUnit.YEAR: Horizon(1, TimeUnit.YEAR),
}
"""How soon "may leave" is, by the period of renewals."""

_NO_MONEY = ("clv_percentile", "clv_basis", "clv_model_version", "clv_scored_at")


@dataclass(frozen=True)
class ScoredSubscriptions:
    """Everything that is known of the subscribers.

    Attributes
    ----------
    summary : SubscriptionSummary
        Contracts up to the last day.
    model : fitted model of contracts
    test : Backtest or None
        None where nothing was tested.
    verdict : Verdict
        How far the values can be trusted.
    values : SubscriptionValues
        A row a subscriber.
    named : Table
        The same with names in front.
    equity : SubscriptionEquity or None
        None without prices.
    soon : Departures
        Who is expected to leave soon.
    first_day : date
        The day on which the first contract began.
    plans : NextPlans or None
        The next plan of each subscriber, with a report and where the data tell it.
    made : tuple of PlanGrade
        What came of plans that were proposed earlier, in a project.
    """

    summary: SubscriptionSummary
    model: ContractModel
    test: Backtest | None
    verdict: Verdict
    values: SubscriptionValues
    named: Table
    equity: SubscriptionEquity | None
    soon: Departures
    first_day: dt.date
    plans: NextPlans | None = None
    made: tuple[PlanGrade, ...] = ()


def score_subscriptions(
    dataset: Dataset, options: RunOptions, now: dt.datetime, progress: Progress
) -> ScoredSubscriptions | None:
    """Value every subscriber; None where nothing that was read is a subscription.

    Raises
    ------
    InputError
        Where there are subscriptions, and none that can be valued.
    """
    table = dataset.tables.get("subscriptions")
    if table is None:
        return None
    progress("Summarising subscriptions", None)
    first, last = contract_span(table)
    cut = options.as_of or _last_day(dataset, last, now)
    model, summary, test, verdict = _model(dataset, table, cut, options, progress)
    progress("Valuing subscribers", None)
    return _valued(dataset, options, now, model, summary, test, verdict, _model_error(test), first)


def score_again(
    dataset: Dataset,
    options: RunOptions,
    now: dt.datetime,
    model: ContractModel,
    unit: TimeUnit,
    verdict: Verdict,
    model_error: float,
    refit: bool,
    earlier: Path | None = None,
) -> ScoredSubscriptions:
    """Value every subscriber with a model that is there already.

    Parameters
    ----------
    dataset : Dataset
        With all contracts.
    options : RunOptions
    now : datetime
    model : fitted model of contracts
    unit : TimeUnit
        Period of renewals, as the model counts it.
    verdict : Verdict
        What an earlier run said of the model.
    model_error : float
        How far its totals were off on unseen days, see `keepers.valuation.subscription_equity`.
    refit : bool
        Fit the model again.
    earlier : Path, optional
        The subscribers of the earlier result.

    Raises
    ------
    InputError
        Where no contract can be valued.
    """
    table = dataset.tables["subscriptions"]
    first, last = contract_span(table)
    cut = options.as_of or _last_day(dataset, last, now)
    window = ObservationWindow(calibration_end=cut)
    summary = summarise_subscriptions(table, window, unit, observed_from=options.observed_from)
    known = subscriber_attributes(dataset, table, model, earlier) if model.coding_ is not None else None
    if known is not None:
        summary = summary.with_columns(known)
    if refit:
        model = copy.copy(model).fit(summary)
    return _valued(dataset, options, now, model, summary, None, verdict, model_error, first)


def _valued(
    dataset: Dataset,
    options: RunOptions,
    now: dt.datetime,
    model: ContractModel,
    summary: SubscriptionSummary,
    test: Backtest | None,
    verdict: Verdict,
    model_error: float,
    first: dt.date,
) -> ScoredSubscriptions:
    margin = options.margin
    if margin.per_order:
        # Costs of orders say nothing of what a subscription leaves.
        margin = Margin()
    values = subscription_value(
        model, summary, options.horizon, options.discount, margin, lifetime=options.lifetime, scored_at=now,
        without_prices=True,
    )  # fmt: skip
    return ScoredSubscriptions(
        summary=summary,
        model=model,
        test=test,
        verdict=verdict,
        values=values,
        named=_named(dataset, values),
        equity=subscription_equity(values, model_error) if values.has_money else None,
        soon=departures(values, SOON[summary.unit]),
        first_day=first,
        plans=find_next_plans(dataset, values) if options.report else None,
    )


def _last_day(dataset: Dataset, last: dt.date, now: dt.datetime) -> dt.date:
    """The day on which contracts are seen: the last one of which anything is known, and not in the future."""
    orders = dataset.tables.get("orders")
    known = [last]
    if orders is not None and len(orders):
        known.append(dataset.orders.last_day)
    return min(max(known), now.date())


def _model(
    dataset: Dataset, table: Table, cut: dt.date, options: RunOptions, progress: Progress
) -> tuple[ContractModel, SubscriptionSummary, Backtest | None, Verdict]:
    named = options.contract_model
    if options.backtest:
        from keepers.evaluation.contract_backtest import choose_subscription_model

        found = choose_subscription_model(
            table, ObservationWindow(end=cut), models=None if named is None else [named],
            observed_from=options.observed_from, attributes=subscriber_attributes(dataset, table), progress=progress,
        )  # fmt: skip
        return found.model, found.summary, found.backtest, found.backtest.verdict_
    from keepers.models.contractual.shifted_beta_geometric import ShiftedBetaGeometric

    unit = billing_period(table)
    summary = summarise_subscriptions(
        table, ObservationWindow(calibration_end=cut), unit, observed_from=options.observed_from
    )
    model = (named or ShiftedBetaGeometric()).fit(summary)
    told = f"{model.title} was {'named by hand' if named else 'taken'} and not tested (--no-backtest)."
    return model, summary, None, Verdict(Trust.UNTESTED, told)


def _model_error(test: Backtest | None) -> float:
    """How far totals of renewals were off on unseen days: the root mean square over origins; 0 where nothing was."""
    if test is None or test.winner is None:
        return 0.0
    rows = [row for row in test.rows if row.model == test.winner]
    errors = [error for row in rows if (error := row.metrics.total_error) is not None]
    return float(np.sqrt(np.mean(np.square(errors)))) if errors else 0.0


def _named(dataset: Dataset, values: SubscriptionValues) -> Table:
    """The values with names and addresses in front, where they are known."""
    engine = values.engine
    persons = dataset.tables.get("persons")
    if persons is None:
        return Table(engine, values.name)
    rest = ", ".join(f"v.{quoted(name)}" for name in values.columns if name != "customer_key")
    sql = (
        f"SELECT v.customer_key, p.name, p.email, {rest} FROM {quoted(values.name)} AS v LEFT JOIN ("
        f"SELECT customer_key, max(name) AS name, max(email) AS email FROM {quoted(persons.name)} GROUP BY 1"
        ") AS p ON p.customer_key = v.customer_key ORDER BY v.customer_key"
    )
    return Table(engine, engine.create(engine.new_name("subscribers"), sql))


def write_subscribers(scored: ScoredSubscriptions, folder: Path, csv: bool) -> None:
    """Write the table for programs (Parquet) and, if wanted, for people (CSV, most valuable subscribers first)."""
    scored.named.write_parquet(folder / "subscribers.parquet")
    if scored.plans is not None:
        write_next_plans(scored.plans, scored.named.engine, folder, csv)
    if not csv:
        return
    money = [
        name
        for name in scored.named.columns
        if name in ("mrr", "revenue", "money_at_risk") or (name.startswith("clv_") and name not in _NO_MONEY)
    ]
    order = scored.values.value_column if scored.values.has_money else "renewal_probability"
    write_csv_for_people(scored.named, folder / "subscribers.csv", order_by=order, money=money)


def listed(table: Table, columns: str, where: str, order: str, limit: int) -> list[tuple[object, ...]]:
    """Rows of the table of subscribers, under the best name that is known of each."""
    present = set(table.columns)
    names = ", ".join([*(name for name in ("name", "email") if name in present), "customer_key"])
    return table.engine.rows(
        f"SELECT coalesce({names}) AS who, {columns} FROM {quoted(table.name)} WHERE {where} "
        f"ORDER BY {order}, customer_key LIMIT {int(limit)}"
    )


def refuse_without_orders(dataset: Dataset, options: RunOptions) -> None:
    """Refuse a model of buying where there is nothing to fit it to."""
    if options.model is not None and options.contract_model is None:
        raise ConfigError(
            f"{options.model} is a model of buying, and the files hold subscriptions alone. Leave --model out, or name "
            "a model of contracts, for example --model shifted-beta-geometric."
        )
    if "subscriptions" not in dataset.tables:
        raise InputError("There are no subscriptions among these files.")
