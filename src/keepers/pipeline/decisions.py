"""Offers and drivers of a run: what experiments among the data have shown, and what is worth an experiment."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from keepers.data.engine import quoted
from keepers.data.read import Dataset
from keepers.data.table import Table
from keepers.domain.errors import InputError
from keepers.domain.ports import Progress
from keepers.exports.files import write_csv_for_people
from keepers.pipeline.memory import Memory
from keepers.pipeline.offers_made import offers_made, offers_made_told
from keepers.pipeline.options import RunOptions
from keepers.pipeline.recommending import recommend, recommended
from keepers.pipeline.rich import sells_more_than_one, tells_more
from keepers.pipeline.scoring import Scored
from keepers.retention.drivers import Driver
from keepers.retention.effects import OfferEffects, offer_effects
from keepers.retention.next_products import NextProducts
from keepers.retention.offer_record import OfferGrade
from keepers.retention.offers import OfferChoice, choose_offers
from keepers.retention.profit import ProfitCurve, profit_curve
from keepers.retention.trials import experiments
from keepers.retention.value_drivers import Drivers, value_drivers
from keepers.summaries.features import features_at

_MOST = 3
"""Experiments that are looked at, the latest ones."""


@dataclass(frozen=True, eq=False)
class Offered:
    """What an experiment has shown, and who gets what now."""

    effects: OfferEffects
    choice: OfferChoice
    curve: ProfitCurve


@dataclass(frozen=True, eq=False)
class Decided:
    """What a run says of offers and drivers."""

    offers: tuple[Offered, ...] = ()
    drivers: Drivers | None = None
    next: NextProducts | None = None
    notes: tuple[str, ...] = ()
    made: tuple[OfferGrade, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The parts of summary.json: `offers`, `offers_made`, `drivers` and `next_products`."""
        return {
            "offers": [_offered(one) for one in self.offers],
            "offers_made": offers_made_told(self.made),
            "drivers": _drivers(self.drivers),
            "next_products": recommended(self.next),
        }


def decide(
    dataset: Dataset,
    scored: Scored,
    options: RunOptions,
    folder: Path,
    memory: Memory | None,
    now: dt.datetime,
    progress: Progress,
) -> Decided:
    """Learn from experiments, choose offers for everybody who is a customer, say what drives value and what comes next.

    In a project the ledger keeps who was chosen and who was held out, and what came of earlier offers is said. Writes
    offers.parquet and, where wanted, offers.csv where there is an experiment; with a report the same of the next
    product of each customer, where it is known what they bought.
    """
    notes: list[str] = []
    offers: list[Offered] = []
    margin = options.margin if options.margin.rate is not None or options.margin.per_order else None
    names = experiments(dataset)[:_MOST]
    if names:
        progress("Learning from experiments", None)
        today = features_at(dataset, dataset.orders.last_day)
        for name in names:
            try:
                effects = offer_effects(dataset, name, margin=margin)
            except InputError as error:
                notes.append(f"The experiment “{name}” could not be used. {error}")
                continue
            offers.append(Offered(effects, choose_offers(effects, customers=today), profit_curve(effects)))
        today.engine.drop(today.name)
        if offers:
            _write(dataset, offers, options, folder)
    elif "treatments" in dataset.tables:
        notes.append(
            "Offers were made but nobody was held back, or too few: what they earned cannot be told from what "
            "customers would have bought anyway. Hold back a tenth of the customers, drawn by lot, next time."
        )
    made: tuple[OfferGrade, ...] = ()
    if memory is not None:
        made = offers_made(dataset, (one.choice for one in offers), margin, memory, now, options.time_zone)
    drivers = None
    if options.report and tells_more(dataset):
        progress("Asking what drives value", None)
        try:
            drivers = value_drivers(dataset, margin=margin, effects=offers[0].effects if offers else None)
        except InputError as error:
            notes.append(f"What drives value cannot be said yet. {error}")
    after = None
    if options.report and sells_more_than_one(dataset):
        progress("Looking for the next product", None)
        try:
            after = recommend(dataset, scored, margin, [one.choice for one in offers], options, folder)
        except InputError as error:
            notes.append(str(error))
    return Decided(tuple(offers), drivers, after, tuple(notes), made)


def _write(dataset: Dataset, offers: list[Offered], options: RunOptions, folder: Path) -> None:
    """One row a customer and experiment, the latest experiment first."""
    parts: dict[str, list[Any]] = {}
    for one in offers:
        choice, trial = one.choice, one.effects.trial
        arms = np.array(["nothing", *trial.arms[1:]], dtype=object)
        columns = {
            "customer_key": choice.keys.astype(object),
            "experiment": np.full(choice.keys.size, trial.name, dtype=object),
            "offer": arms[choice.arm],
            "held_out": choice.held_out,
            "expected_gain": choice.gain,
            "expected_outlay": choice.outlay,
            "leave_alone": choice.leave_alone,
            "evidence": np.full(choice.keys.size, one.effects.evidence.value, dtype=object),
        }
        for name, column in columns.items():
            parts.setdefault(name, []).append(column)
    engine = dataset.engine
    name = engine.from_columns(engine.new_name("offers"), {key: np.concatenate(some) for key, some in parts.items()})
    table = Table(engine, name)
    table.write_parquet(folder / "offers.parquet")
    if options.csv:
        money = ("expected_gain", "expected_outlay")
        write_csv_for_people(table, folder / "offers.csv", order_by="expected_gain", money=money)
    engine.execute(f"DROP TABLE {quoted(name)}")


def _offered(one: Offered) -> dict[str, Any]:
    trial, choice = one.effects.trial, one.choice
    return {
        "experiment": trial.name,
        "from": None if trial.day is None else trial.day.isoformat(),
        "days": trial.days,
        "customers": trial.size,
        "evidence": one.effects.evidence.value,
        "basis": trial.basis.value,
        "effects": [
            {
                "offer": effect.offer, "customers": effect.customers, "gain": effect.gain, "low": effect.low,
                "high": effect.high, "level": effect.level,
            }
            for effect in one.effects.mean_effects()
        ],
        "personalised": choice.verdict.ships,
        "verdict": choice.verdict.sentence(trial.currency),
        "chosen": {
            name: int(np.count_nonzero(choice.treated & (choice.arm == place)))
            for place, name in enumerate(trial.arms) if place
        },
        "held_out": int(choice.held_out.sum()),
        "leave_alone": int(choice.leave_alone.sum()),
        "gain_a_customer": {
            "mean": choice.gain_a_customer, "low": choice.low_a_customer, "high": choice.high_a_customer,
        },
        "problems": list(one.effects.problems),
    }  # fmt: skip


def _drivers(found: Drivers | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "customers": found.customers,
        "sample": found.sample,
        "age_days": found.age,
        "horizon_days": found.horizon,
        "basis": found.basis.value,
        "predictive": [_driver(one) for one in found.predictive],
        "adjusted": [_driver(one) for one in found.adjusted],
        "experimental": [_driver(one) for one in found.experimental],
        "proposals": [
            {
                "driver": one.driver.key, "customers_a_group": one.plan.customers_an_arm, "days": one.plan.days,
                "finds": one.plan.smallest_gain, "could_earn": one.could_earn, "possible": one.plan.is_possible,
                "test": one.driver.test, "without": one.customers,
                "sentence": one.sentence(found.currency),
            }
            for one in found.proposals
        ],
    }  # fmt: skip


def _driver(one: Driver) -> dict[str, Any]:
    return {
        "key": one.key, "label": one.label, "grade": one.grade.value, "gain": one.gain,
        "low": one.low if math.isfinite(one.low) else None, "high": one.high if math.isfinite(one.high) else None,
        "customers": one.customers, "without": one.without, "plain_difference": one.naive, "stability": one.stability,
        "robustness": one.robustness, "certain": one.is_certain, "problems": list(one.problems),
    }  # fmt: skip
