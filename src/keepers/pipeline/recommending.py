"""The next product of each customer in a run: whether the data tell it, its files, and what is said of it."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from keepers.data.engine import quoted
from keepers.data.read import Dataset
from keepers.data.table import Table
from keepers.domain.money import Margin
from keepers.exports.files import write_csv_for_people
from keepers.pipeline.options import RunOptions
from keepers.pipeline.scoring import Scored
from keepers.reports.decisions import DriverRow
from keepers.reports.figures import Estimate, MoneyMeaning
from keepers.reports.recommendations import NextKind, PairRow, Recommendations
from keepers.retention.copurchases import LEVEL
from keepers.retention.next_products import NextProducts, next_products
from keepers.retention.offers import OfferChoice


def recommend(
    dataset: Dataset,
    scored: Scored,
    margin: Margin | None,
    choices: list[OfferChoice],
    options: RunOptions,
    folder: Path,
) -> NextProducts:
    """Find the next product of each customer and write next_products.parquet and, where wanted, next_products.csv."""
    found = next_products(
        dataset, margin=margin, buying=scored.values.facts.cells.buying, summary=scored.summary, tested=tuple(choices)
    )
    engine = dataset.engine
    table = Table(engine, engine.from_columns(engine.new_name("next_products"), found.to_columns()))
    table.write_parquet(folder / "next_products.parquet")
    if options.csv:
        money = ("expected_anyway", "expected_gain")
        write_csv_for_people(table, folder / "next_products.csv", order_by="expected_anyway", money=money)
    engine.execute(f"DROP TABLE {quoted(table.name)}")
    return found


def recommended(found: NextProducts | None) -> dict[str, Any] | None:
    """The part of summary.json."""
    if found is None:
        return None
    best, plan = found.personal.best, found.plan
    return {
        "customers": int(found.keys.size),
        "horizon_days": found.horizon.days,
        "level": found.level,
        "basis": found.basis.value,
        "personal": found.personal.ships,
        "advantage": {"over": best.constant, "gain": best.gain, "low": found.personal.weakest.low},
        "kinds": {kind.name: kind.customers for kind in _kinds(found)},
        "expected_anyway": float(np.nansum(found.expected_anyway)),
        "proven": int(found.proven.sum()),
        "held_out": int(found.held_out.sum()),
        "experiment": None if found.experiment is None else found.experiment.effects.trial.name,
        "pairs": [
            {
                "bought": one.bought, "next": one.next, "lift": one.lift, "low": one.low, "high": one.high,
                "customers": one.customers,
            }
            for one in found.pairs
        ],
        "adoptions": [
            {
                "category": one.label, "grade": one.grade.value, "gain": one.gain,
                "low": one.low if math.isfinite(one.low) else None,
                "high": one.high if math.isfinite(one.high) else None, "customers": one.customers,
                "certain": one.is_certain,
            }
            for one in found.adoptions
        ],
        "proposal": None
        if plan is None
        else {
            "customers_a_group": plan.customers_an_arm, "days": plan.days, "finds": plan.smallest_gain,
            "possible": plan.is_possible,
        },
    }  # fmt: skip


def recommendations_content(found: NextProducts | None, options: RunOptions) -> Recommendations | None:
    """What the report says; None where the data do not tell it."""
    if found is None:
        return None
    there = found.item >= 0
    best, plan = found.personal.best, found.plan
    anyway = found.expected_anyway[there & ~found.proven]
    population = f"{int(there.sum()):,} customers, each with one product that they do not have yet"
    return Recommendations(
        days=round(found.horizon.days),
        customers=int(found.keys.size),
        judged=found.personal.customers,
        personal=found.personal.ships,
        constant=best.constant,
        advantage=best.gain,
        advantage_low=found.personal.weakest.low,
        confidence=found.personal.confidence,
        proven=int(found.proven.sum()),
        experiment="" if found.experiment is None else found.experiment.effects.trial.name,
        kinds=_kinds(found),
        pairs=tuple(
            PairRow(one.bought, one.next, Estimate(one.lift, one.low, one.high, LEVEL), one.customers)
            for one in found.pairs
        ),
        adoptions=tuple(
            DriverRow(
                one.label, Estimate(one.gain, one.low, one.high, LEVEL), one.customers, one.naive, one.stability,
                one.robustness, one.is_certain, one.problems,
            )
            for one in found.adoptions
        ),
        anyway=float(np.nanmean(anyway)) if anyway.size else 0.0,
        group=None if plan is None else plan.customers_an_arm,
        finds=0.0 if plan is None else plan.smallest_gain,
        possible=plan is None or plan.is_possible,
        by_category=found.level == "category",
        meaning=MoneyMeaning(found.basis, found.horizon, population, margin=options.margin.rate),
    )  # fmt: skip


def _kinds(found: NextProducts) -> tuple[NextKind, ...]:
    """Kinds with their customers, the largest first."""
    names, counts = np.unique(found.kind[found.item >= 0].astype(str), return_counts=True)
    made = []
    for place in np.argsort(-counts, kind="stable"):
        those = found.kind == names[place]
        anyway = found.expected_anyway[those]
        most = int(np.bincount(found.item[those]).argmax())
        known = np.isfinite(anyway)
        total = float(anyway[known].sum()) if known.any() else None
        made.append(NextKind(str(names[place]), int(counts[place]), total, found.items[most].name))
    return tuple(made)
