"""A run on subscriptions alone, and what summary.json says of subscriptions in any run."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keepers.data.engine import quoted
from keepers.data.read import Dataset
from keepers.data.staged_folder import MARK
from keepers.domain.ports import Progress
from keepers.pipeline.keeping import look_after
from keepers.pipeline.kept import keep_contracts
from keepers.pipeline.next_plan_list import next_plans_told
from keepers.pipeline.options import RunOptions
from keepers.pipeline.plans_made import plans_made, plans_made_told
from keepers.pipeline.subscriptions import (
    ScoredSubscriptions,
    refuse_without_orders,
    score_subscriptions,
    write_subscribers,
)
from keepers.pipeline.summary_file import money_of, subscription_run_summary, write_summary
from keepers.valuation.churn_rates import churn_rates
from keepers.valuation.mrr_history import MrrMonth, mrr_history, mrr_movement
from keepers.valuation.recurring_revenue import Movements, gross_revenue_retention, net_revenue_retention, quick_ratio

if TYPE_CHECKING:
    from keepers.pipeline.memory import Memory


def subscription_run(
    dataset: Dataset,
    options: RunOptions,
    folder: Path,
    progress: Progress,
    now: Callable[[], dt.datetime],
    memory: Memory | None = None,
) -> dict[str, Any]:
    """Value the subscribers and write everything into the folder; gives the summary back."""
    refuse_without_orders(dataset, options)
    scored = score_subscriptions(dataset, options, now(), progress)
    assert scored is not None
    scored = replace(scored, made=plans_made(scored.values, memory, now(), options.time_zone))
    progress("Writing results", None)
    write_subscribers(scored, folder, options.csv)
    kept = look_after(dataset, None, scored, None, options, memory, folder, now(), progress)
    scored.model.save(folder / "model-contract.json", corrected=options.report)
    if options.kept and dataset.engine.is_embedded:
        keep_contracts(dataset, options, folder)
    if options.report:
        from keepers.pipeline.content import subscription_report
        from keepers.reports.page import write_report

        present = {path.name for path in folder.iterdir()}
        said = subscription_report(dataset, scored, options, now(), present, kept)
        write_report(said, folder / "report.html")
        if memory is not None:
            memory.describe(said)
    told = subscription_summary(scored, options)
    names = sorted(path.name for path in folder.iterdir())
    summary = subscription_run_summary(dataset, scored, told, options, now(), names, kept.to_dict())
    write_summary(summary, folder / MARK)
    return summary


def subscription_summary(scored: ScoredSubscriptions, options: RunOptions) -> dict[str, Any]:
    """Everything a program may want to know of subscriptions, as plain values."""
    summary, values, engine = scored.summary, scored.values, scored.summary.engine
    states = dict(engine.rows(f"SELECT state, count(*) FROM {quoted(summary.name)} WHERE latest GROUP BY state"))
    at_risk, historic, revenue = engine.row(
        f"SELECT sum(money_at_risk), sum(clv_historic), sum(revenue) FROM {quoted(values.name)}"
    )
    months = mrr_history(summary)
    equity = scored.equity
    plans = engine.rows(
        "SELECT plan, count(*), count(*) FILTER (NOT ended), sum(mrr) FILTER (state IN ('active', 'past_due')) "
        f"FROM {quoted(summary.name)} GROUP BY plan ORDER BY 3 DESC, 2 DESC, 1"
    )
    tested = scored.test is not None and bool(scored.test.rows)
    return {
        "customers": sum(states.values()),
        **{name: int(states.get(name, 0)) for name in ("active", "past_due", "paused", "ended")},
        "period": summary.unit.value,
        "last_day": summary.facts.cut.isoformat(),
        "model": scored.model.title,
        "mrr": months[-1].movements.end if months else None,
        "recurring_revenue": _ratios(scored, months) if months else None,
        "revenue": None if revenue is None else float(revenue),
        "equity": None
        if equity is None
        else {
            "total": asdict(equity.total),
            "lifetime": asdict(equity.lifetime),
            "if_nobody_left": equity.certain,
            "historic": float(historic or 0.0),
        },
        "money_at_risk": None if equity is None else float(at_risk or 0.0),
        "expected_endings": {
            "within_days": scored.soon.within.days,
            "contracts": asdict(scored.soon.contracts),
            "mrr": None if scored.soon.mrr is None else asdict(scored.soon.mrr),
        },
        "median_tenure": float(scored.model.median_tenure_new_customer()),
        "plans": [
            {
                "plan": str(plan),
                "contracts": int(count),
                "running": int(runs),
                "mrr": None if mrr is None else float(mrr),
            }
            for plan, count, runs, mrr in plans
        ],
        "mrr_movements": [
            {
                "month_to": month.day.isoformat(),
                "customers": month.customers,
                **{name: getattr(month.movements, name) for name in _MOVED},
                "end": month.movements.end,
            }
            for month in months
        ],
        "money": money_of(values, options, "customers who subscribed before") if values.has_money else None,
        "next_plans": next_plans_told(scored.plans),
        "plans_made": plans_made_told(scored.made),
        "remarks": list(values.remarks),
        "verdict": {**scored.verdict.to_dict(), "tested": tested},
        "backtest": None if scored.test is None else scored.test.to_dict(),
    }


def _ratios(scored: ScoredSubscriptions, months: tuple[MrrMonth, ...]) -> dict[str, Any]:
    """Retention of revenue over the last year at most, and churn a month; null where it cannot be told."""
    over = min(len(months), 12)
    moved = mrr_movement(scored.summary, over)
    known = moved is not None and moved.start > 0
    last = months[-over:]
    summed = (sum(getattr(month.movements, name) for month in last) for name in _MOVED[1:])
    churn = churn_rates(scored.summary, months)
    return {
        "over_months": over,
        "net_retention": net_revenue_retention(moved) if moved is not None and known else None,
        "gross_retention": gross_revenue_retention(moved) if moved is not None and known else None,
        "quick_ratio": quick_ratio(Movements(last[0].movements.start, *summed)),
        "logo_churn_a_month": churn.logo,
        "revenue_churn_a_month": churn.revenue,
        "revenue_loss_a_month": churn.lost,
        "churn_over_months": churn.months,
    }


_MOVED = ("start", "new", "reactivation", "expansion", "contraction", "churned")
