"""Acquisition in a run: what channels cost and bring, from spend, touches and leads beside the orders."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from keepers.acquisition.attribution.credits import Attribution
from keepers.acquisition.economics import asked, economics_by
from keepers.acquisition.marginal import Marginal
from keepers.acquisition.origins import DIMENSIONS
from keepers.acquisition.results import ChannelEconomics, columns_of
from keepers.acquisition.worth import DRAWS
from keepers.data.read import Dataset
from keepers.data.table import Table
from keepers.domain.errors import FitError, InputError
from keepers.domain.ports import Progress
from keepers.exports.files import write_csv_for_people
from keepers.pipeline.attribution import attributed, attribution_told
from keepers.pipeline.budgeting import Budgeted, budgeted
from keepers.pipeline.leads import RankedLeads, rank_leads
from keepers.pipeline.options import RunOptions
from keepers.pipeline.scoring import Scored
from keepers.valuation.equity import Interval

if TYPE_CHECKING:
    from keepers.pipeline.memory import Memory

_GROUPS = 12
"""Groups of a dimension with a model of their own; the others are valued together."""
_COUNTS = frozenset({"customers", "new_customers", "leads", "value_30d_customers", "value_90d_customers",
                     "value_365d_customers"})  # fmt: skip
_TEXTS = frozenset({"dimension", "label", "marginal_evidence", "currency", "basis"})


@dataclass(frozen=True, eq=False)
class Acquired:
    """What a run says of acquisition.

    Parameters
    ----------
    dataset : Dataset
        What was read, with one name for each channel.
    channels : ChannelEconomics or None
        What customers of each channel cost and bring.
    others : tuple of ChannelEconomics
        The same by campaign, landing page, first product, discount code and month, as far as they are known.
    notes : tuple of str
        What is missing, and which file would bring it.
    budget : Budgeted or None
        How channels answer to money, and what to spend.
    attribution : Attribution or None
        Which contacts brought customers, by all methods.
    leads : RankedLeads
        Which lead to call first.
    """

    dataset: Dataset
    channels: ChannelEconomics | None = None
    others: tuple[ChannelEconomics, ...] = ()
    notes: tuple[str, ...] = ()
    budget: Budgeted | None = None
    attribution: Attribution | None = None
    leads: RankedLeads = field(default_factory=RankedLeads)

    def to_dict(self) -> dict[str, Any]:
        """The part `acquisition` of summary.json."""
        return {
            "channels": None if self.channels is None else _channels(self.channels),
            "budget": None if self.budget is None else self.budget.to_dict(),
            "attribution": None if self.attribution is None else attribution_told(self.attribution),
            "leads": self.leads.to_dict(),
            "notes": list(self.notes),
        }


def acquire(
    dataset: Dataset,
    scored: Scored,
    options: RunOptions,
    folder: Path,
    memory: Memory | None,
    now: dt.datetime,
    progress: Progress,
) -> Acquired:
    """Say what channels cost and bring, and where money should go.

    Writes channels.parquet and, where wanted, channels.csv, and the files of the budget.
    """
    progress("Counting what channels cost and bring", None)
    question = asked(
        dataset, summary=scored.summary, horizon=options.horizon, lifetime=options.lifetime, discount=options.discount,
        rules=options.acquisition, channels=options.channels, rates=options.rates,
    )  # fmt: skip
    notes = list(question.notes)
    found: list[ChannelEconomics] = []
    for by in DIMENSIONS if options.report else DIMENSIONS[:1]:
        if not question.knows(by):
            continue
        try:
            found.append(economics_by(question, by, most=_GROUPS, draws=DRAWS if by == "channel" else DRAWS // 2))
        except (InputError, FitError) as error:
            notes.append(f"Customers by {by.replace('_', ' ')} could not be valued. {error}")
    channels = next((one for one in found if one.by == "channel"), None)
    if found:
        _write(found, dataset, options, folder)
    others = tuple(one for one in found if one is not channels)
    budget, more = budgeted(question.dataset, scored, channels, options, folder, memory, now, progress)
    attribution, said = attributed(question.dataset, scored, options, folder, progress)
    leads = rank_leads(question.dataset, scored, options, folder, progress)
    unscored = leads.notes if leads.scores is None else ()
    told = tuple(dict.fromkeys((*notes, *said, *more, *unscored)))
    return Acquired(question.dataset, channels, others, told, budget, attribution, leads)


def _write(found: list[ChannelEconomics], dataset: Dataset, options: RunOptions, folder: Path) -> None:
    rows = [(one.by, row) for one in found for row in one.rows]
    rows.append((found[0].by, found[0].total))
    columns = {
        name: _typed(name, column)
        for name, column in columns_of(rows, found[0].currency, found[0].basis).items()
    }  # fmt: skip
    engine = dataset.engine
    table = Table(engine, engine.from_columns(engine.new_name("channels"), columns))
    table.write_parquet(folder / "channels.parquet")
    if options.csv:
        money = [name for name in table.columns if _is_money(name)]
        write_csv_for_people(table, folder / "channels.csv", money=money)
    engine.drop(table.name)


def _typed(name: str, column: list[Any]) -> Any:
    """A column whose type does not depend on whether anything stands in it."""
    if name in _TEXTS:
        return np.array(column, dtype=object)
    if name in _COUNTS:
        return np.ma.masked_array([value or 0 for value in column], [value is None for value in column], dtype=np.int64)
    return np.array([np.nan if value is None else value for value in column], dtype=np.float64)


def _is_money(name: str) -> bool:
    shares = ("_share", "_conversion", "_probability", "_customers", "_ratio", "_months")
    told = any(part in name for part in shares) or name.startswith("ltv_cac")
    return name not in _TEXTS | _COUNTS and not told


def _channels(found: ChannelEconomics) -> dict[str, Any]:
    columns = found.to_columns()
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    return {
        "basis": found.basis.value,
        "currency": found.currency,
        "horizon_days": found.horizon.days,
        "lifetime_days": found.lifetime_horizon.days,
        "discount_annual": found.discount.annual,
        "costs_from": None if found.first is None else found.first.isoformat(),
        "costs_to": None if found.last is None else found.last.isoformat(),
        "targets": {
            "payback_months": found.rules.payback_months, "ratio": found.rules.ratio, "overhead": found.rules.overhead,
        },
        "told_by": found.told_by,
        "rows": rows[:-1],
        "total": rows[-1],
        "marginal": [
            _marginal(row.label, row.marginal) for row in found.rows if row.marginal is not None
        ],
        "claims": None if found.claims is None else {
            "all_orders": found.claims.all_orders,
            "rows": [
                {
                    "channel": one.channel, "conversions": one.conversions, "value": one.value, "orders": one.orders,
                    "revenue": one.revenue, "new_customers": one.new_customers, "ratio": one.ratio,
                    "a_customer": one.a_customer, "value_ratio": one.value_ratio,
                }
                for one in found.claims.rows
            ],
        },
        "quality": [
            {
                "channel": one.channel,
                "change_a_year": None if one.change is None else _interval(one.change),
                "quarters": [
                    {"from": quarter.start.isoformat(), "customers": quarter.customers, "plain": quarter.plain,
                     **_interval(quarter.value)}
                    for quarter in one.quarters
                ],
            }
            for one in found.quality
        ],
    }  # fmt: skip


def _marginal(label: str, found: Marginal | str) -> Mapping[str, Any]:
    if isinstance(found, str):
        return {"channel": label, "sentence": found}
    return {
        "channel": label, "weekly_spend": found.weekly_spend, "elasticity": _interval(found.elasticity),
        "cost": _interval(found.cost), "value_ratio": _interval(found.value_ratio), "prior_share": found.prior_share,
        "weeks": found.weeks, "evidence": found.evidence.value,
    }  # fmt: skip


def _interval(found: Interval) -> dict[str, float]:
    return {"value": float(found.value), "low": float(found.low), "high": float(found.high)}
