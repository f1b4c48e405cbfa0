"""The budget in a run: response curves, the plan, what would teach most, and what earlier plans earned."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from keepers.acquisition.budget import BudgetLimits, BudgetPlan, Figure, PlannedChannel, plan_budget
from keepers.acquisition.budget_experiment import ProposedExperiment, propose_spend_experiments
from keepers.acquisition.budget_questions import NextMoney, next_money
from keepers.acquisition.budget_record import PlannedAndDone, review, write_down
from keepers.acquisition.response import ResponseCurves, response_curves
from keepers.acquisition.response_file import FILE, save_curves
from keepers.acquisition.results import ChannelEconomics
from keepers.data.read import Dataset
from keepers.data.table import Table
from keepers.domain.acquisition import AcquisitionRules
from keepers.domain.errors import InputError
from keepers.domain.ports import Progress
from keepers.domain.time import Horizon, months
from keepers.exports.files import write_csv_for_people
from keepers.pipeline.options import RunOptions
from keepers.pipeline.scoring import Scored

if TYPE_CHECKING:
    from keepers.pipeline.memory import Memory

_DRAWS = 600
_ROUND = 1000.0
"""The more money that is asked about is about a tenth of the period's, as a round number, 1,000 at most."""


@dataclass(frozen=True, eq=False)
class Budgeted:
    """What a run says of the budget.

    Parameters
    ----------
    curves : ResponseCurves
        How channels answer to money.
    plan : BudgetPlan or None
        What to spend; None without money, or where nothing was spent lately.
    next : NextMoney or None
        Where more would go.
    experiments : tuple of ProposedExperiment
        What would teach most.
    kept : tuple of PlannedAndDone
        Earlier plans of the project.
    """

    curves: ResponseCurves
    plan: BudgetPlan | None = None
    next: NextMoney | None = None
    experiments: tuple[ProposedExperiment, ...] = ()
    kept: tuple[PlannedAndDone, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The part `budget` of summary.json."""
        plan = self.plan
        return {
            "curves": [
                {
                    "channel": one.channel, "spend_a_week": one.today, "weeks": one.weeks, "customers": one.customers,
                    "prior_share": one.prior_share, "evidence": one.evidence.value,
                    "customers_a_week": _at(one.customers_a_week([one.today])[:, 0]),
                    "cost_of_the_next_customer": _at(1.0 / one.marginal_customers([max(one.today, 0.01)])[:, 0]),
                }
                for one in self.curves.channels
            ],
            "plan": None if plan is None else {
                "starts_on": plan.starts_on.isoformat(), "days": round(plan.period.days),
                "recommended": plan.recommended, "today_a_week": plan.today, "planned_a_week": plan.planned,
                "gain": asdict(plan.gain), "probability": plan.probability, "shortfall": plan.shortfall,
                "multiplier": plan.multiplier, "gap": plan.gap, "spread": plan.spread,
                "evidence": plan.evidence.value, "value": plan.value_meaning, "currency": plan.currency,
                "channels": [_row(one) for one in plan.channels],
            },
            "next": None if self.next is None else asdict(self.next),
            "experiments": [
                {
                    "channel": one.channel, "today_a_week": one.today, "spend_a_week": one.spend,
                    "days": round(one.length.days), "worth": one.worth, "cost": one.cost,
                }
                for one in self.experiments
            ],
            "earlier": [
                {**asdict(one), "first_day": one.first_day.isoformat(), "last_day": one.last_day.isoformat()}
                for one in self.kept
            ],
        }  # fmt: skip


def budgeted(
    dataset: Dataset,
    scored: Scored,
    economics: ChannelEconomics | None,
    options: RunOptions,
    folder: Path,
    memory: Memory | None,
    now: dt.datetime,
    progress: Progress,
) -> tuple[Budgeted | None, tuple[str, ...]]:
    """Learn how channels answer to money and divide the budget; writes the curves, budget.parquet and budget.csv.

    Parameters
    ----------
    dataset : Dataset
        With one name for each channel.
    economics : ChannelEconomics, optional
        What channels cost and bring, whose values of new customers are used.
    memory : Memory, optional
        The project's, whose ledger keeps plans and what they earned.

    Returns
    -------
    Budgeted or None, and tuple of str
        What was found, and sentences about what was not.
    """
    if "spend" not in dataset.tables:
        return None, ()
    progress("Learning how channels answer to money", None)
    try:
        curves = response_curves(
            dataset, scored.values, economics=economics, business=options.acquisition.business,
            channels=options.channels, rates=options.rates, horizon=options.lifetime, draws=_DRAWS,
        )  # fmt: skip
    except InputError as error:
        return None, (f"There is no budget plan. {error}",)
    save_curves(curves, folder / FILE)
    if not curves.has_money:
        return Budgeted(curves), (*curves.notes, "There is no budget plan, because the orders carry no amounts.")
    limits = BudgetLimits(payback=payback_target(options.acquisition, curves))
    try:
        plan = plan_budget(curves, limits)
        more = next_money(curves, round_more(plan), limits)
        tests = propose_spend_experiments(curves, limits)[:1]
    except InputError as error:
        return Budgeted(curves), (*curves.notes, f"There is no budget plan. {error}")
    kept: tuple[PlannedAndDone, ...] = ()
    if memory is not None:
        with memory.state.reading() as books:
            kept = review(books.ledger, dataset, scored.summary, curves, options.rates)
        memory.do(lambda books: write_down(books.ledger, plan, kept, now))
    _write(plan, curves, dataset, options, folder)
    return Budgeted(curves, plan, more, tests, kept), curves.notes


def payback_target(rules: AcquisitionRules, curves: ResponseCurves) -> Horizon | None:
    """The time within which channels must be earned back, as far as the values look."""
    assert curves.horizon is not None
    target = months(rules.payback_months)
    return target if target.days <= curves.horizon.days else curves.horizon


def round_more(plan: BudgetPlan) -> float:
    """A tenth of the money of a plan's period as a round number, as the question where more would go."""
    tenth = 0.1 * plan.today * plan.period.days / 7.0
    size = 10.0 ** np.floor(np.log10(max(tenth, 1.0)))
    return float(min(size * max(round(tenth / size), 1), _ROUND)) if tenth < _ROUND else _ROUND


def _write(plan: BudgetPlan, curves: ResponseCurves, dataset: Dataset, options: RunOptions, folder: Path) -> None:
    """One row a channel."""
    rows = [
        {
            **_row(one),
            "starts_on": np.datetime64(plan.starts_on, "D"),
            "days": round(plan.period.days),
            "recommended": plan.recommended,
            "prior_share": curves[one.channel].prior_share,
            "evidence": curves[one.channel].evidence.value,
            "basis": curves.basis.value,
            "currency": curves.currency,
        }
        for one in plan.channels
    ]
    engine = dataset.engine
    columns = {name: np.array([row[name] for row in rows], dtype=_kind(rows[0][name])) for name in rows[0]}
    table = Table(engine, engine.from_columns(engine.new_name("budget"), columns))
    table.write_parquet(folder / "budget.parquet")
    if options.csv:
        money = [name for name in table.columns if "_a_week" in name or name.startswith(("value", "gain"))]
        write_csv_for_people(table, folder / "budget.csv", order_by="today_a_week", money=money)
    engine.drop(table.name)


def _kind(value: Any) -> Any:
    return object if isinstance(value, str) else None


def _row(one: PlannedChannel) -> dict[str, Any]:
    return {
        "channel": one.channel,
        "today_a_week": one.today,
        "planned_a_week": one.planned,
        **_named("customers_today", one.customers_today),
        **_named("customers", one.customers),
        **_named("value", one.value),
        **_named("gain", one.gain),
        **_named("value_of_last_unit", one.marginal),
        "limit": one.limit,
        "outside_of_what_was_seen": one.outside,
    }


def _named(name: str, found: Figure) -> dict[str, float]:
    return {name: found.value, f"{name}_low": found.low, f"{name}_high": found.high}


def _at(draws: Any) -> dict[str, float]:
    low, middle, high = np.quantile(draws, [0.1, 0.5, 0.9])
    return {"value": float(middle), "low": float(low), "high": float(high)}
