"""Contracts from cells, summaries, tables of survivors and users' frames, and results back in the kind that came."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from keepers.data.engine import Engine, quoted
from keepers.domain.contracts import ContractCells, FloatArray, check_contracts
from keepers.domain.errors import ConfigError, InputError
from keepers.domain.time import TimeUnit
from keepers.models.contractual.survivors import cells_of_survivors
from keepers.models.frames import Give, frame_of, giver, table_giver

Column = NDArray[Any]


@runtime_checkable
class ContractSummary(Protocol):
    """A summary of subscriptions: a table of the engine, one row a contract, that can be grouped to cells."""

    engine: Engine
    name: str

    @property
    def unit(self) -> TimeUnit:
        """Period of its tenures."""

    def contract_cells(self, whole: bool) -> dict[str, ContractCells]:
        """Distinct histories of each plan, ages in whole periods or exactly."""


@dataclass(frozen=True, slots=True, eq=False)
class ContractRows:
    """Contracts to predict for.

    Parameters
    ----------
    tenure, ended : arrays, shape (n,)
        Age now or at the end, in the model's unit, and whether the contract ended.
    wait : array, shape (n,)
        Periods until the next renewal.
    plan : array, shape (n,), or None
        Plan of each.
    give : callable
        Hands results back under a name.
    """

    tenure: FloatArray
    ended: FloatArray
    wait: FloatArray
    plan: Column | None
    give: Give


def contracts_to_fit(
    data: Any, unit: TimeUnit | str | None, whole: bool, by: str | None
) -> tuple[ContractCells, dict[str, ContractCells]]:
    """The cells of all contracts, and those of each plan where they are asked for.

    Raises
    ------
    InputError
        If columns are missing, values are impossible or there is no contract.
    """
    if isinstance(data, ContractCells):
        if by is not None:
            raise ConfigError("Cells carry no plans. Fit a frame or a summary with `by`, or each plan's cells alone.")
        groups = {"": data}
    elif isinstance(data, ContractSummary):
        if by not in (None, "plan"):
            raise ConfigError(f'A summary of subscriptions can be told apart by="plan", not by {by!r}.')
        groups = data.contract_cells(whole)
    else:
        groups = _groups_of_frame(data, _named_unit(unit), by)
    groups = {name: cells.merged() for name, cells in groups.items()}
    for cells in groups.values():
        check_contracts(cells, whole)
    together = _together(list(groups.values()))
    if not together.customers > 0:
        raise InputError("There is no contract in the data. Check the window: did any begin before its cut?")
    return together, (groups if by is not None else {})


def contract_rows(data: Any, unit: TimeUnit, whole: bool) -> ContractRows:
    """The rows to predict for: cells, a summary, or a frame with `tenure`; `ended`, `plan`, `next_renewal` if any."""
    if isinstance(data, ContractCells):
        _same(data.unit, unit)
        check_contracts(data, whole)
        return ContractRows(data.tenure, data.ended, np.zeros(data.size), None, lambda _, values: values)
    if isinstance(data, ContractSummary):
        _same(data.unit, unit)
        return _of_summary(data, whole)
    columns = _columns(data)
    tenure = _numbers(columns, "tenure")
    ended = _numbers(columns, "ended") if "ended" in columns else np.zeros(tenure.shape)
    wait = _numbers(columns, "next_renewal") if "next_renewal" in columns else np.zeros(tenure.shape)
    check_contracts(ContractCells(np.zeros(tenure.shape), tenure, ended, np.ones(tenure.shape), unit), whole)
    plan = np.asarray(columns["plan"]).astype(str) if "plan" in columns else None
    return ContractRows(tenure, ended, wait, plan, giver(data))


def columns_given(data: Any, results: Mapping[str, FloatArray], give: Give) -> Any:
    """Several results handed back together: cells give a dict of arrays, everything else its own kind."""
    if isinstance(data, ContractCells):
        return dict(results)
    given, found = give, data
    for name, values in results.items():
        found = given(name, values)
        if isinstance(data, ContractSummary):
            given = table_giver(data.engine, found.name, np.arange(values.size))
        else:
            given = giver(found)
    return found


def _of_summary(summary: ContractSummary, whole: bool) -> ContractRows:
    tenure = "periods" if whole else "tenure"
    rows = summary.engine.columns(
        f'SELECT {summary.engine.row_number} AS "row", {tenure} AS tenure, CAST(ended AS DOUBLE) AS ended, '
        f"next_renewal, plan FROM {quoted(summary.name)}"
    )
    values = {name: np.asarray(rows[name], dtype=np.float64) for name in ("tenure", "ended", "next_renewal")}
    give = table_giver(summary.engine, summary.name, rows["row"])
    plan = np.asarray(rows["plan"]).astype(str)
    return ContractRows(values["tenure"], values["ended"], np.nan_to_num(values["next_renewal"]), plan, give)


def _groups_of_frame(data: Any, unit: TimeUnit, by: str | None) -> dict[str, ContractCells]:
    columns = _columns(data)
    size = len(next(iter(columns.values())))
    if by is None:
        group = np.full(size, "")
    elif by in columns:
        group = np.asarray(columns[by]).astype(str)
    else:
        raise InputError(f"The frame has no column {by!r} to tell plans apart (it has: {', '.join(columns)}).")
    if "survivors" in columns:
        age, survivors = _numbers(columns, "age"), _numbers(columns, "survivors")
        cohort = np.asarray(columns["cohort"]).astype(str) if "cohort" in columns else np.full(size, "")
        return {
            str(name): cells_of_survivors(age[rows], survivors[rows], cohort[rows], unit)
            for name in np.unique(group)
            for rows in [group == name]
        }
    tenure, ended = _numbers(columns, "tenure"), _numbers(columns, "ended")
    entry = _numbers(columns, "entry") if "entry" in columns else np.zeros(size)
    weight = _numbers(columns, "weight") if "weight" in columns else np.ones(size)
    return {
        str(name): ContractCells(entry[rows], tenure[rows], ended[rows], weight[rows], unit)
        for name in np.unique(group)
        for rows in [group == name]
    }


def _together(groups: list[ContractCells]) -> ContractCells:
    if len(groups) == 1:
        return groups[0]
    if not groups:
        raise InputError("There is no contract in the data. Check the window: did any begin before its cut?")
    exact = all(cells.since is None for cells in groups)
    entry, tenure, ended, weight, since = (
        np.concatenate(column)
        for column in zip(
            *((c.entry, c.tenure, c.ended, c.weight, c.tenure if c.since is None else c.since) for c in groups)
        )
    )
    return ContractCells(entry, tenure, ended, weight, groups[0].unit, None if exact else since).merged()


def _columns(data: Any) -> dict[str, Column]:
    if isinstance(data, dict):
        columns = {str(name): np.asarray(values) for name, values in data.items()}
    else:
        frame = frame_of(data)
        columns = {name: frame[name].to_numpy() for name in frame.columns}
    if not columns:
        raise InputError("The frame has no columns. Give `tenure` and `ended`, or `age` and `survivors`.")
    return columns


def _numbers(columns: Mapping[str, Column], name: str) -> FloatArray:
    if name not in columns:
        raise InputError(
            f"The frame lacks `{name}` (it has: {', '.join(columns)}). Contracts need `tenure` and `ended`, a table of "
            "survivors `age` and `survivors`; or make a summary with `keepers.summarise_subscriptions`."
        )
    try:
        return np.asarray(columns[name], dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError(f"`{name}` of the frame is not a column of numbers. Convert it first.") from None


def _named_unit(unit: TimeUnit | str | None) -> TimeUnit:
    if unit is None:
        raise ConfigError('A frame does not say its period. Add it, for example fit(frame, unit="month").')
    return TimeUnit.parse(unit)


def _same(given: TimeUnit, own: TimeUnit) -> None:
    if given is not own:
        raise ConfigError(
            f"The contracts are counted in {given.value}s, the model in {own.value}s, and calendar periods do not "
            f'convert. Make the summary with period="{own.value}", or fit the model to these contracts.'
        )
