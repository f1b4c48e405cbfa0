"""Whether contracts still end as the model of the newest run says, by what sources and uploads hold of them since."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

from keepers.data.engine import quoted
from keepers.data.read import Dataset
from keepers.data.staged_folder import MARK
from keepers.data.table import Table
from keepers.domain.errors import ConfigError, InputError
from keepers.domain.time import TimeUnit
from keepers.evaluation.contract_drift import contract_drift
from keepers.evaluation.drift import ParameterDrift
from keepers.models.catalogue import load_model
from keepers.models.contractual.contract import ContractModel
from keepers.pipeline.project import Project
from keepers.pipeline.sources_of_now import sources_of_now
from keepers.pipeline.subscriber_attributes import subscriber_attributes

FALSE_ALARMS = 0.05
_CHECKS = {TimeUnit.WEEK: 13, TimeUnit.MONTH: 3, TimeUnit.YEAR: 1}
"""Looks of a quarter that can find something new: contracts are judged by whole periods of renewals."""

_MODEL = "model-contract.json"
_SUBSCRIBERS = "subscribers.parquet"


def has_contracts(folder: Path) -> bool:
    """Whether a folder of results has a model of contracts."""
    return (folder / _MODEL).exists()


def contracts_since(project: Project, folder: Path, today: dt.date) -> ParameterDrift:
    """Judge the model of contracts of a folder of results by the contracts that the project's sources hold now.

    Contracts are known up to the day on which the last of them began: a list that is older than today would else look
    as if nobody had left since.

    Parameters
    ----------
    project : Project
        With its sources and uploads; events name no contracts.
    folder : Path
        Of the results that are served.
    today : date
        In the business's time zone; the day is not over and is left out.

    Raises
    ------
    InputError
        If no period of renewals is over of which the sources tell, or they hold no contracts any more.
    ConfigError
        If the model cannot be judged.
    """
    said = json.loads((folder / MARK).read_text(encoding="utf-8"))["subscriptions"]
    fitted_on = dt.date.fromisoformat(said["last_day"])
    model = load_model(folder / _MODEL)
    if not isinstance(model, ContractModel) or model.unit_ not in _CHECKS:
        raise ConfigError("The run's model of contracts cannot be judged without a run.")
    with sources_of_now(project, folder) as (dataset, options):
        table = dataset.tables.get("subscriptions")
        if table is None:
            raise InputError("The sources hold no subscriptions any more.")
        return contract_drift(
            model,
            table,
            fitted_on,
            _known_until(table, fitted_on, today),
            attributes=_attributes(dataset, table, model, folder),
            false_alarms=FALSE_ALARMS,
            checks=_CHECKS[model.unit_],
            observed_from=options.observed_from,
        )


def _known_until(table: Table, fitted_on: dt.date, today: dt.date) -> dt.date:
    last = table.engine.row(f"SELECT max(started_on) FROM {quoted(table.name)} WHERE started_on < DATE '{today}'")[0]
    if last is None or last <= fitted_on:
        raise InputError(f"No contract is known that began after {fitted_on}, the last day of the run.")
    known: dt.date = last
    return known


def _attributes(dataset: Dataset, table: Table, model: ContractModel, folder: Path) -> Table | None:
    if model.coding_ is None:
        return None
    return subscriber_attributes(dataset, table, model, folder / _SUBSCRIBERS)
