"""The next plan of each subscriber in a run: whether the data tell it, its files, and what is said of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from keepers.data.engine import Engine, literal
from keepers.data.read import Dataset
from keepers.data.table import Table
from keepers.domain.errors import FitError, InputError
from keepers.exports.files import write_csv_for_people
from keepers.reports import next_plans as report
from keepers.reports.figures import Estimate, MoneyMeaning
from keepers.valuation.subscription_value import SubscriptionValues

if TYPE_CHECKING:
    from keepers.retention.next_plans import NextPlans, PlanMove

FILE = "next_plans.parquet"
_LEVEL = 0.9
_STEPS = 12


def find_next_plans(dataset: Dataset, values: SubscriptionValues) -> NextPlans | None:
    """The next plans of today's subscribers; None where the data do not tell them."""
    if not values.has_money or len(values.facts.states.plans) < 2:
        return None
    from keepers.retention.next_plans import next_plans

    try:
        return next_plans(values, dataset if "treatments" in dataset.tables else None)
    except (InputError, FitError):
        return None


def write_next_plans(found: NextPlans, engine: Engine, folder: Path, csv: bool) -> None:
    """Write next_plans.parquet and, where wanted, next_plans.csv."""
    table = Table(engine, engine.from_columns(engine.new_name("next_plans"), found.to_columns()))
    table.write_parquet(folder / FILE)
    if csv:
        money = ("mrr", "expected_gain", "downgrade_at_stake")
        write_csv_for_people(table, folder / "next_plans.csv", order_by="expected_gain", money=money)
    engine.drop(table.name)


def next_plans_told(found: NextPlans | None) -> dict[str, Any] | None:
    """The part of summary.json."""
    if found is None:
        return None
    return {
        "subscribers": int(found.keys.size),
        "horizon_days": found.horizon.days,
        "periods_seen": found.ahead,
        "changes": [
            {
                "name": one.name, "seen": one.seen, "compared": one.compared,
                "gain": {"value": one.gain.value, "low": one.gain.low, "high": one.gain.high, "level": one.gain.level},
                "personal": one.personal, "proposed": one.proposed, "held_out": one.held_out,
                "expected_gain": float(found.expected_gain[_of(found, move) & found.proposed].sum()),
                "evidence": one.evidence, "problems": list(one.problems),
                "verdict": move.choice.verdict.sentence(_currency(found)),
            }
            for move, one in zip(found.moves, _changes(found), strict=True)
        ],
        "steps": [
            {"plan": one.plan, "next_plan": one.target, "change": one.kind, "subscribers": one.subscribers,
             "gain": one.gain}
            for one in _steps(found)
        ],
        "too_few": [{"change": kind, "seen": seen} for kind, seen in found.too_few],
        "downgrades": {
            "within_periods": found.soon, "expected": float(found.chance_down.sum()),
            "at_stake": float(found.at_stake.sum()),
        },
        "proposal": None
        if found.proposal is None
        else {
            "customers_a_group": found.proposal.customers_an_arm, "days": found.proposal.days,
            "finds": found.proposal.smallest_gain, "possible": found.proposal.is_possible,
        },
    }  # fmt: skip


def next_plans_content(found: NextPlans | None, meaning: MoneyMeaning | None) -> report.NextPlans | None:
    """What the report says; None where the data do not tell it."""
    if found is None or meaning is None:
        return None
    return report.NextPlans(
        subscribers=int(found.keys.size),
        changes=_changes(found),
        steps=_steps(found)[:_STEPS],
        too_few=found.too_few,
        down=float(found.chance_down.sum()),
        at_stake=float(found.at_stake.sum()),
        soon=found.soon,
        period=found.unit,
        ahead=found.ahead,
        horizon=found.horizon,
        meaning=meaning,
        proposal="" if found.proposal is None else found.proposal.sentence(_currency(found)),
    )


@dataclass(frozen=True, slots=True)
class OfferedPlan:
    """One plan that a run proposes: to whom, who is left alone as control, and what it should bring.

    Attributes
    ----------
    plan : str
    customers, held_out : tuple of str
    gain : float
        Of those to whom it is proposed.
    """

    plan: str
    customers: tuple[str, ...]
    held_out: tuple[str, ...]
    gain: float


def plans_offered(folder: Path, change: str) -> tuple[OfferedPlan, ...]:
    """The plans that a folder of results proposes for one kind of change, or by an experiment."""
    path = folder / FILE
    if not path.exists():
        return ()
    kept = f"change = {literal(change)} AND evidence = 'adjusted'"
    if change not in report.KINDS:
        kept = "evidence = 'experimental'"
    engine = Engine()
    try:
        rows = engine.rows(
            f"SELECT next_plan, customer_key, held_out, expected_gain FROM read_parquet({literal(str(path))}) "
            f"WHERE {kept} ORDER BY next_plan, customer_key"
        )
    finally:
        engine.close()
    found = []
    for plan in dict.fromkeys(row[0] for row in rows):
        own = [row for row in rows if row[0] == plan]
        given = tuple(str(key) for _, key, held, _ in own if not held)
        held = tuple(str(key) for _, key, held, _ in own if held)
        found.append(OfferedPlan(str(plan), given, held, float(sum(gain for *_, held, gain in own if not held))))
    return tuple(found)


def _of(found: NextPlans, move: PlanMove) -> Any:
    """Rows whose proposal is that of a move."""
    if move.kind in report.KINDS:
        return (found.move == move.kind) & (found.evidence == move.evidence.value)
    return found.evidence == move.evidence.value


def _changes(found: NextPlans) -> tuple[report.PlanChange, ...]:
    changes = []
    for move in found.moves:
        trial, rows = move.effects.trial, _of(found, move)
        seen = int((trial.arm > 0).sum())
        best = max(move.effects.mean_effects(_LEVEL), key=lambda one: one.gain)
        changes.append(
            report.PlanChange(
                name=move.kind,
                seen=seen,
                compared=trial.size - seen,
                gain=Estimate(best.gain, best.low, best.high, _LEVEL),
                proposed=int((rows & found.proposed).sum()),
                held_out=int((rows & found.held_out).sum()),
                personal=move.choice.verdict.ships,
                evidence=move.evidence.value,
                proven=move.choice.verdict.constant_is_proven,
                problems=move.effects.problems,
            )
        )
    return tuple(changes)


def _steps(found: NextPlans) -> tuple[report.PlanStep, ...]:
    rows = np.flatnonzero(found.proposed)
    ways = Counter((str(found.plan[row]), str(found.target[row]), str(found.move[row])) for row in rows)
    steps = []
    for (plan, target, kind), many in ways.most_common():
        own = rows[(found.plan[rows] == plan) & (found.target[rows] == target) & (found.move[rows] == kind)]
        steps.append(report.PlanStep(plan, target, kind, many, float(found.expected_gain[own].mean())))
    return tuple(steps)


def _currency(found: NextPlans) -> str:
    return "" if found.currency == "unspecified" else found.currency
