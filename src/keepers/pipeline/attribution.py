"""Attribution in a run: which contacts brought customers, from touches beside the orders."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from keepers.acquisition.attribution.attribute import attribution_of
from keepers.acquisition.attribution.credits import Attribution, Credit
from keepers.acquisition.attribution.experiments import ChannelExperiment, holdout_lift, lift_study, place_lift
from keepers.data.read import Dataset
from keepers.data.table import Table
from keepers.domain.channel_trial import ChannelTrial
from keepers.domain.errors import KeepersError
from keepers.domain.ports import Progress
from keepers.exports.files import write_csv_for_people
from keepers.pipeline.insights import model_error
from keepers.pipeline.options import RunOptions
from keepers.pipeline.scoring import Scored

_TEXTS = ("method", "channel", "evidence")
_NO_TOUCHES = (
    "Which contacts brought customers cannot be told: there are no touches. A file with date, visitor or customer, and "
    "channel (of Google Analytics, Segment, or any list) brings it."
)
_MONEY = ("value", "value_low", "value_high", "lost_value")


def attributed(
    dataset: Dataset, scored: Scored, options: RunOptions, folder: Path, progress: Progress
) -> tuple[Attribution | None, tuple[str, ...]]:
    """Attribute customers and their value to contacts; writes attribution.parquet and, where wanted, attribution.csv.

    `dataset` has one name for each channel. Gives None where it cannot be told, and what a person should know.
    """
    if "touches" not in dataset.tables:
        return None, (_NO_TOUCHES,)
    progress("Following contacts to first orders", None)
    experiments, notes = _experiments(dataset, options.channel_trials)
    try:
        found = attribution_of(
            dataset, scored.values, look_back=int(options.acquisition.look_back_days), experiments=experiments,
            model_error=model_error(scored.test),
        )  # fmt: skip
    except KeepersError as error:
        return None, (*notes, f"Contacts could not be followed to first orders. {error}")
    _write(found, dataset, options, folder)
    return found, notes


def _experiments(
    dataset: Dataset, trials: Sequence[ChannelTrial]
) -> tuple[tuple[ChannelExperiment, ...], tuple[str, ...]]:
    """What experiments of the configuration have shown, and why some have not."""
    found, notes = [], []
    for trial in trials:
        try:
            found.append(_judged(dataset, trial))
        except KeepersError as error:
            notes.append(f"The experiment with {trial.channel} could not be used. {error}")
    return tuple(found), tuple(notes)


def _judged(dataset: Dataset, trial: ChannelTrial) -> ChannelExperiment:
    if trial.holdout is not None:
        return holdout_lift(dataset, trial.holdout, trial.channel)
    assert trial.since is not None
    assert trial.until is not None
    if trial.places:
        return place_lift(dataset, trial.channel, trial.places, trial.since, trial.until, trial.by)
    return lift_study(
        trial.channel, trial.since, trial.until, trial.customers, trial.brought, trial.brought_low, trial.brought_high
    )


def _write(found: Attribution, dataset: Dataset, options: RunOptions, folder: Path) -> None:
    columns: dict[str, Any] = {}
    for name, column in found.columns().items():
        if name in _TEXTS:
            columns[name] = np.array(column, dtype=object)
        else:
            columns[name] = np.array([np.nan if value is None else value for value in column], dtype=np.float64)
    engine = dataset.engine
    table = Table(engine, engine.from_columns(engine.new_name("attribution"), columns))
    table.write_parquet(folder / "attribution.parquet")
    if options.csv:
        write_csv_for_people(table, folder / "attribution.csv", money=_MONEY)
    engine.drop(table.name)


def attribution_told(found: Attribution) -> dict[str, Any]:
    """The part `acquisition.attribution` of summary.json."""
    return {
        "basis": found.basis.value,
        "currency": found.currency,
        "total": found.total,
        "customers": found.customers,
        "without_contact": found.unled,
        "ways_without_order": found.lost,
        "ways_unresolved": found.unresolved,
        "contacts_after_first_order": found.later,
        "customers_left_out": found.unseen,
        "from": None if found.since is None else found.since.isoformat(),
        "to": None if found.until is None else found.until.isoformat(),
        "look_back_days": found.look_back,
        "half_life_days": found.half_life,
        "markov_order": found.order,
        "methods": [
            {"method": method.name, "credits": [_credit(one) for one in method.credits]} for method in found.methods
        ],
        "notes": list(found.notes),
    }


def _credit(one: Credit) -> dict[str, Any]:
    return {
        "channel": one.channel, "customers": one.customers, "customers_low": one.customers_low,
        "customers_high": one.customers_high, "value": one.value, "value_low": one.value_low,
        "value_high": one.value_high, "share": one.share, "lost_customers": one.lost, "lost_value": one.lost_value,
        "evidence": one.evidence.value,
    }  # fmt: skip
