"""The subscribers of an earlier result with newer contracts, valued with the model that is there."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from keepers.data.read import Dataset
from keepers.data.table import Table
from keepers.domain.errors import InputError
from keepers.domain.time import TimeUnit
from keepers.evaluation.verdict import Trust, Verdict
from keepers.models.catalogue import load_model
from keepers.models.contractual.contract import ContractModel
from keepers.pipeline.options import RunOptions
from keepers.pipeline.subscription_run import subscription_summary
from keepers.pipeline.subscriptions import ScoredSubscriptions, score_again, write_subscribers
from keepers.pipeline.update_names import with_names

_MODEL = "model-contract.json"
_AGAIN = "Run `keepers run` over all files to value them."


@dataclass(frozen=True)
class UpdatedSubscribers:
    """What became of the subscribers.

    Attributes
    ----------
    scored : ScoredSubscriptions or None
        None where they are not valued.
    told : dict or None
        What the summary says of them.
    remark : str or None
        Why they are not valued, where there are any.
    """

    scored: ScoredSubscriptions | None = None
    told: dict[str, Any] | None = None
    remark: str | None = None


def update_subscribers(
    said: dict[str, Any] | None,
    place: Path,
    contracts: Table | None,
    dataset: Dataset,
    options: RunOptions,
    now: dt.datetime,
    refit: bool,
) -> UpdatedSubscribers:
    """Value the subscribers again; what cannot be done is said.

    Parameters
    ----------
    said : dict or None
        What the earlier result said of subscriptions.
    place : Path
        Its folder.
    contracts : Table or None
        All contracts as they are known now; None where the result kept none.
    dataset : Dataset
        What was delivered, with the orders of the whole base.
    options : RunOptions
    now : datetime
    refit : bool
        Fit the model again.
    """
    delivered = dataset.tables.get("subscriptions")
    if contracts is None:
        if delivered is not None:
            many = f"{len(delivered):,} contract{'s' if len(delivered) != 1 else ''}"
            return UpdatedSubscribers(
                remark=f"The new files hold {many}, and the result keeps none to which they could be added; they are "
                f"left out, since a part of the contracts would look like all of them. {_AGAIN}"
            )
        if said is not None:
            return UpdatedSubscribers(
                remark="The earlier result valued subscribers, but did not keep their contracts; they are left out. "
                + _AGAIN
            )
        return UpdatedSubscribers()
    if said is None or not (place / _MODEL).exists():
        return UpdatedSubscribers(
            remark=f"The earlier result has no model of contracts, so that subscribers are not valued. {_AGAIN}"
        )
    model = load_model(place / _MODEL)
    assert isinstance(model, ContractModel)
    verdict = Verdict(
        Trust(said["verdict"]["trust"]), said["verdict"]["sentence"], tuple(said["verdict"]["reservations"])
    )
    everything = replace(dataset, tables={**dataset.tables, "subscriptions": contracts})
    try:
        scored = score_again(
            everything, options, now, model, TimeUnit.parse(said["period"]), verdict, _error(said["backtest"]), refit,
            place / "subscribers.parquet",
        )  # fmt: skip
    except InputError as error:
        return UpdatedSubscribers(remark=f"The subscriptions could not be valued. {error}")
    engine = scored.values.engine
    named = with_names(engine, scored.values.name, scored.values.columns, dataset, place / "subscribers.parquet")
    name = engine.create(engine.new_name("subscribers"), f"{named} ORDER BY v.customer_key")
    scored = replace(scored, named=Table(engine, name))
    told = subscription_summary(scored, options)
    told["backtest"] = said["backtest"]
    told["verdict"]["tested"] = said["verdict"]["tested"]
    return UpdatedSubscribers(scored, told)


def write_updated(found: UpdatedSubscribers, folder: Path, csv: bool) -> None:
    """Write the subscribers and their model, where they are valued."""
    if found.scored is not None:
        write_subscribers(found.scored, folder, csv)
        found.scored.model.save(folder / _MODEL, corrected=False)


def _error(test: dict[str, Any] | None) -> float:
    """How far totals of renewals were off on unseen days, by what a result says of its backtest."""
    if test is None or test["winner"] is None:
        return 0.0
    errors = [row["total_error"] for row in test["rows"] if row["model"] == test["winner"]]
    known = [error for error in errors if error is not None]
    return float(np.sqrt(np.mean(np.square(known)))) if known else 0.0
