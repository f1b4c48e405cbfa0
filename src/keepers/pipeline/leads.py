"""Leads in a run: which to call first, written for people and programs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from keepers.acquisition.leads.scores import LeadScores, score_leads
from keepers.acquisition.leads.steps import StepEffect, lead_steps
from keepers.data.read import Dataset
from keepers.domain.errors import FitError, InputError
from keepers.domain.ports import Progress
from keepers.exports.files import write_csv_for_people
from keepers.pipeline.options import RunOptions
from keepers.pipeline.scoring import Scored

_MONEY = ("value_if_won", "expected_value", "expected_value_low", "expected_value_high")


@dataclass(frozen=True, eq=False)
class RankedLeads:
    """What a run says of leads.

    Parameters
    ----------
    scores : LeadScores or None
        None where they could not be scored; `notes` say why.
    steps : tuple of StepEffect
        What e-mail sequences, offers and pages added.
    notes : tuple of str
    """

    scores: LeadScores | None = None
    steps: tuple[StepEffect, ...] = ()
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any] | None:
        """The part `acquisition.leads` of summary.json."""
        if self.scores is None:
            return None
        found = self.scores
        money, plan, fitted = found.money, found.plan, found.conversion
        return {
            "leads": found.leads.size,
            "won": fitted.won,
            "lost": fitted.lost,
            "open": len(found.table),
            "meaning": found.meaning,
            "within_days": found.within.days,
            "basis": None if money is None else money.basis.value,
            "currency": None if money is None else money.currency,
            "horizon_days": None if money is None or money.horizon is None else money.horizon.days,
            "discount_annual": None if money is None or money.discount is None else money.discount.annual,
            "customers_with_money": 0 if found.value is None else found.value.customers,
            "cost_of_a_lead": found.cost,
            "prior_share": None if np.isnan(found.prior_share) else found.prior_share,
            "evidence": "predictive",
            "this_week": {
                "room": plan.room,
                "from_pace": plan.from_pace,
                "capacity": plan.capacity,
                "chosen": int(plan.chosen.sum()),
                "moved": int(plan.moved.sum()),
                "one_more_is_worth": plan.one_more,
                "leave_alone": plan.leave_alone,
            },
            "left_out": [{"column": one.column, "kind": one.kind, "sentence": one.sentence} for one in found.leaks],
            "test": None if found.test is None else _test(found),
            "steps": [one.to_dict() for one in self.steps],
        }


def rank_leads(dataset: Dataset, scored: Scored, options: RunOptions, folder: Path, progress: Progress) -> RankedLeads:
    """Score the open leads; writes leads.parquet and, where wanted, leads.csv."""
    if "leads" not in dataset.tables:
        return RankedLeads(
            notes=(
                "There is no list of leads. If people ask before they buy, add the export of your CRM (HubSpot, "
                "Salesforce, Zoho, or any list with a lead’s id, day and stage) to see which to call first.",
            )
        )
    progress("Scoring leads", None)
    rules = options.leads
    until = options.as_of
    try:
        scores = score_leads(
            dataset, scored.values, until=until, cost=rules.cost, capacity=rules.capacity, may_move=rules.may_move,
            left_out=rules.left_out, tested=options.report,
        )  # fmt: skip
    except (InputError, FitError) as error:
        return RankedLeads(notes=(f"Leads could not be scored. {error}",))
    scores.table.write_parquet(folder / "leads.parquet")
    if options.csv:
        write_csv_for_people(scores.table, folder / "leads.csv", money=_MONEY)
    steps = lead_steps(dataset, scores) if options.report else ()
    return RankedLeads(scores, steps, scores.notes)


def _test(found: LeadScores) -> dict[str, Any]:
    test = found.test
    assert test is not None
    return {
        "cuts": [cut.isoformat() for cut in test.cuts],
        "days": test.days,
        "leads": test.leads,
        "won": test.won,
        "predicted": test.predicted,
        "calibration_error": test.calibration_error,
        "by_chance": test.by_chance,
        "groups": [{"leads": int(n), "predicted": p, "won": w} for n, p, w in test.groups.tolist()],
        "captured_by_top_tenth": [
            {"order": one.order, "share": one.share, "low": one.low, "high": one.high} for one in test.captured
        ],
        "value_over_chance": None
        if not test.captured
        else {"gain": test.gain, "low": test.gain_low, "high": test.gain_high},
    }
