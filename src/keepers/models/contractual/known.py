"""What is known of contracts besides their ages, where a model has covariates: the columns, and when they change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from keepers.domain.attributes import Attributes
from keepers.domain.contracts import ContractCells, IntArray
from keepers.domain.errors import InputError
from keepers.models.covariates.coming import KEY, paths_of, starts_of
from keepers.models.covariates.specification import Covariates
from keepers.models.frames import attributes_given
from keepers.summaries.varying import PATH, START

STARTED = "started_on"
"""Column with the day on which a contract began, where covariates vary in time."""


def columns_needed(covariates: Covariates | None) -> tuple[str, ...]:
    """Columns that data must have besides the ages."""
    if covariates is None:
        return ()
    if covariates.varying is None:
        return covariates.columns
    return (*covariates.columns, STARTED, *(() if covariates.varying.keys is None else (KEY,)))


def attribute_names(covariates: Covariates) -> tuple[str, ...]:
    """Attributes that cells must carry: with covariates of time, where contracts stand on the paths."""
    return covariates.columns if covariates.varying is None else (*covariates.columns, START, PATH)


def attributes_known(
    covariates: Covariates | None, columns: Mapping[str, Any], now: float | None = None
) -> tuple[Attributes | None, IntArray | None]:
    """The patterns of what is known of contracts, and the pattern of each; nothing without covariates.

    Parameters
    ----------
    covariates : Covariates or None
    columns : mapping of str to columns
        With those needed; with `now`, the day of the beginning may be missing.
    now : float, optional
        Days from the start of the paths to the present, on which contracts begin that say no other day.

    Raises
    ------
    InputError
        If a column or a value is missing, or a contract began before the paths do.
    """
    if covariates is None:
        return None, None
    needed = [name for name in columns_needed(covariates) if name != STARTED or now is None or STARTED in columns]
    missing = [name for name in needed if name not in columns]
    if missing:
        raise InputError(
            f"The model needs {', '.join(missing)} of each contract (there is: {', '.join(map(str, columns))}). Add "
            "the column to the frame, or join it to a summary by `summary.with_columns(table)`."
        )
    plain = {name: columns[name] for name in covariates.columns}
    varying = covariates.varying
    if varying is not None:
        size = len(columns[needed[-1]]) if needed else 1
        began = starts_of(varying, columns[STARTED], STARTED, "began") if STARTED in needed else np.full(size, now)
        path = np.zeros(size) if varying.keys is None else paths_of(varying, columns[KEY])
        plain |= {START: began, PATH: path}
    return attributes_given(plain, tuple(plain))


def known_in_time(cells: ContractCells, covariates: Covariates | None) -> ContractCells:
    """Cells whose attributes are columns of a table, with their place on the paths in the days' stead."""
    if covariates is None or cells.attributes is None or cells.pattern is None:
        return cells
    table, pattern = attributes_known(covariates, cells.attributes.columns)
    assert pattern is not None
    return replace(cells, pattern=pattern[cells.pattern], attributes=table)


def knowing(cells: ContractCells, covariates: Covariates | None) -> ContractCells:
    """The cells with the attributes that a model needs and no others.

    Raises
    ------
    InputError
        If they carry none.
    """
    if covariates is None:
        return cells if cells.pattern is None else replace(cells, pattern=None, attributes=None)
    names = attribute_names(covariates)
    there = () if cells.attributes is None else cells.attributes.names
    missing = [name for name in names if name not in there]
    if missing or cells.attributes is None or cells.pattern is None:
        raise InputError(
            f"The model has covariates, and the cells lack {', '.join(missing)}. Fit and predict with a frame that has "
            "the columns, or with a summary of subscriptions."
        )
    table, pattern = Attributes.of_rows({name: cells.attributes.columns[name] for name in names})
    return replace(cells, pattern=pattern[cells.pattern], attributes=table)
