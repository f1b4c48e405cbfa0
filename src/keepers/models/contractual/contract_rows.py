"""Contracts from cells, summaries, tables of survivors and users' frames, and results back in the kind that came."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from keepers.data.engine import Engine, quoted
from keepers.domain.attributes import Attributes
from keepers.domain.contracts import ContractCells, FloatArray, IntArray, check_contracts
from keepers.domain.errors import ConfigError, InputError
from keepers.domain.time import TimeUnit
from keepers.models.contractual.known import attributes_known, columns_needed, knowing, known_in_time
from keepers.models.contractual.survivors import cells_of_survivors
from keepers.models.covariates.specification import Covariates
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

    def contract_cells(self, whole: bool, columns: Sequence[str] = ()) -> dict[str, ContractCells]:
        """Distinct histories of each plan, ages in whole periods or exactly, told apart by further columns."""


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
    pattern, attributes : array of int, Attributes, optional
        What is known of each contract, where the model has covariates.
    """

    tenure: FloatArray
    ended: FloatArray
    wait: FloatArray
    plan: Column | None
    give: Give
    pattern: IntArray | None = None
    attributes: Attributes | None = None


def contracts_to_fit(
    data: Any, unit: TimeUnit | str | None, whole: bool, by: str | None, covariates: Covariates | None = None
) -> tuple[ContractCells, dict[str, ContractCells]]:
    """The cells of all contracts, and those of each plan where they are asked for.

    Raises
    ------
    InputError
        If columns are missing, values are impossible or there is no contract.
    """
    columns = columns_needed(covariates)
    if isinstance(data, ContractCells):
        if by is not None:
            raise ConfigError("Cells carry no plans. Fit a frame or a summary with `by`, or each plan's cells alone.")
        groups = {"": knowing(data, covariates)}
    elif isinstance(data, ContractSummary):
        if by not in (None, "plan"):
            raise ConfigError(f'A summary of subscriptions can be told apart by="plan", not by {by!r}.')
        groups = data.contract_cells(whole, columns)
        groups = {name: known_in_time(cells, covariates) for name, cells in groups.items()}
    else:
        groups = _groups_of_frame(data, _named_unit(unit), by, covariates)
    groups = {name: cells.merged() for name, cells in groups.items()}
    for cells in groups.values():
        check_contracts(cells, whole)
    together = _together(list(groups.values()))
    if not together.customers > 0:
        raise InputError("There is no contract in the data. Check the window: did any begin before its cut?")
    return together, (groups if by is not None else {})


def contract_rows(data: Any, unit: TimeUnit, whole: bool, covariates: Covariates | None = None) -> ContractRows:
    """The rows to predict for: cells, a summary, or a frame with `tenure`; `ended`, `plan`, `next_renewal` if any."""
    if isinstance(data, ContractCells):
        _same(data.unit, unit)
        check_contracts(data, whole)
        known = knowing(data, covariates)
        wait = np.zeros(data.size)
        return ContractRows(
            data.tenure, data.ended, wait, None, lambda _, values: values, known.pattern, known.attributes
        )
    if isinstance(data, ContractSummary):
        _same(data.unit, unit)
        return _of_summary(data, whole, covariates)
    columns = _columns(data)
    tenure = _numbers(columns, "tenure")
    ended = _numbers(columns, "ended") if "ended" in columns else np.zeros(tenure.shape)
    wait = _numbers(columns, "next_renewal") if "next_renewal" in columns else np.zeros(tenure.shape)
    check_contracts(ContractCells(np.zeros(tenure.shape), tenure, ended, np.ones(tenure.shape), unit), whole)
    plan = np.asarray(columns["plan"]).astype(str) if "plan" in columns else None
    attributes, pattern = attributes_known(covariates, columns)
    return ContractRows(tenure, ended, wait, plan, giver(data), pattern, attributes)


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


def _of_summary(summary: ContractSummary, whole: bool, covariates: Covariates | None) -> ContractRows:
    tenure = "periods" if whole else "tenure"
    further = [name for name in columns_needed(covariates) if name != "plan"]
    number = summary.engine.row_number(summary.name)
    rows = summary.engine.columns(
        f'SELECT {number} AS "row", {tenure} AS age_now, CAST(ended AS DOUBLE) AS has_ended, '
        f"next_renewal AS wait, plan{''.join(f', {quoted(name)}' for name in further)} FROM {quoted(summary.name)}"
    )
    age, ended, wait = (np.asarray(rows[name], dtype=np.float64) for name in ("age_now", "has_ended", "wait"))
    give = table_giver(summary.engine, summary.name, rows["row"])
    plan = np.asarray(rows["plan"]).astype(str)
    attributes, pattern = attributes_known(covariates, rows)
    return ContractRows(age, ended, np.nan_to_num(wait), plan, give, pattern, attributes)


def _groups_of_frame(
    data: Any, unit: TimeUnit, by: str | None, covariates: Covariates | None
) -> dict[str, ContractCells]:
    columns = _columns(data)
    size = len(next(iter(columns.values())))
    if by is None:
        group = np.full(size, "")
    elif by in columns:
        group = np.asarray(columns[by]).astype(str)
    else:
        raise InputError(f"The frame has no column {by!r} to tell plans apart (it has: {', '.join(columns)}).")
    attributes, pattern = attributes_known(covariates, columns)
    which = np.zeros(size, dtype=np.int64) if pattern is None else pattern

    def of(cells: ContractCells, own: IntArray) -> ContractCells:
        return cells if pattern is None else replace(cells, pattern=own, attributes=attributes)

    if "survivors" in columns:
        age, survivors = _numbers(columns, "age"), _numbers(columns, "survivors")
        cohort = np.asarray(columns["cohort"]).astype(str) if "cohort" in columns else np.full(size, "")
        found: dict[str, list[ContractCells]] = {}
        for name, alike in dict.fromkeys(zip(group.tolist(), which.tolist(), strict=True)):
            rows = (group == name) & (which == alike)
            cells = cells_of_survivors(age[rows], survivors[rows], cohort[rows], unit)
            found.setdefault(str(name), []).append(of(cells, np.full(cells.size, alike)))
        return {name: _together(parts) for name, parts in sorted(found.items())}
    tenure, ended = _numbers(columns, "tenure"), _numbers(columns, "ended")
    entry = _numbers(columns, "entry") if "entry" in columns else np.zeros(size)
    weight = _numbers(columns, "weight") if "weight" in columns else np.ones(size)
    return {
        str(name): of(ContractCells(entry[rows], tenure[rows], ended[rows], weight[rows], unit), which[rows])
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
    # Groups of one table share its patterns.
    told = groups[0].attributes
    pattern = None if told is None else np.concatenate([c.pattern for c in groups if c.pattern is not None])
    last = None if exact else since
    return ContractCells(entry, tenure, ended, weight, groups[0].unit, last, pattern, told).merged()


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
