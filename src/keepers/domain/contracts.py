"""Contracts as models see them: how long each has lasted, whether it ended, and how many are alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from keepers.domain.attributes import Attributes
from keepers.domain.errors import InputError
from keepers.domain.time import TimeUnit

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class ContractCells:
    """Sufficient statistics of models of contracts, one row a distinct history.

    Parameters
    ----------
    entry : array, shape (n,)
        Age from which the contract was observed: contracts that ended younger than this could not have been seen (left
        truncation). 0 where it was observed from its start.
    tenure : array, shape (n,)
        Age at which the contract ended, or its age now (right censoring).
    ended : array, shape (n,)
        1 where it ended at `tenure`, 0 where it still runs. A contract of a discrete model that runs at age 3 was
        renewed three times; one that ended at age 3 was renewed twice, and not the third time.
    weight : array, shape (n,)
        Contracts that share the history.
    unit : TimeUnit
        Period of the ages.
    since : array, shape (n,), optional
        Last age at which an ended contract is known to have run, where its end is known only to lie in
        (since, tenure], as in a table of survivors. Equal to `tenure` where the moment is known.
    pattern : array of int, shape (n,), optional
        Row of each history's attributes, where a model has covariates.
    attributes : Attributes, optional
        The distinct patterns of attributes.
    """

    entry: FloatArray
    tenure: FloatArray
    ended: FloatArray
    weight: FloatArray
    unit: TimeUnit
    since: FloatArray | None = None
    pattern: IntArray | None = None
    attributes: Attributes | None = None

    def __post_init__(self) -> None:
        shape = np.shape(self.tenure)
        for name in ("entry", "tenure", "ended", "weight", "since"):
            given = getattr(self, name)
            if given is None:
                continue
            column = np.ascontiguousarray(given, dtype=np.float64)
            object.__setattr__(self, name, column)
            if column.ndim != 1 or column.shape != shape:
                raise InputError(f"`{name}` must be a flat column as long as `tenure` ({shape}), not {column.shape}.")
            if column.size and not np.all(np.isfinite(column)):
                raise InputError(f"`{name}` has {int(np.sum(~np.isfinite(column)))} empty or infinite values.")
        if self.pattern is not None:
            rows = 0 if self.attributes is None else self.attributes.size
            pattern = np.ascontiguousarray(self.pattern, dtype=np.int64)
            if pattern.shape != shape or np.any((pattern < 0) | (pattern >= rows)):
                raise InputError(f"`pattern` must name a row of the {rows} patterns of `attributes` for each contract.")
            object.__setattr__(self, "pattern", pattern)

    @property
    def size(self) -> int:
        """Number of distinct histories."""
        return int(self.tenure.size)

    @property
    def customers(self) -> float:
        """Number of contracts."""
        return float(self.weight.sum())

    @property
    def endings(self) -> float:
        """Number of contracts that ended."""
        return float(self.weight @ self.ended)

    def merged(self) -> ContractCells:
        """Equal histories made one, with the sum of their weights."""
        since = self.tenure if self.since is None else self.since
        pattern = np.zeros(self.size, dtype=np.int64) if self.pattern is None else self.pattern
        rows = np.column_stack([pattern, self.entry, self.tenure, self.ended, since])
        distinct, index = np.unique(rows, axis=0, return_inverse=True)
        weight = np.bincount(index.ravel(), weights=self.weight, minlength=len(distinct)).astype(np.float64)
        kept = weight > 0
        which, entry, tenure, ended, last = distinct[kept].T
        return ContractCells(
            entry, tenure, ended, weight[kept], self.unit, None if self.since is None else last,
            None if self.pattern is None else which.astype(np.int64), self.attributes,
        )  # fmt: skip

    def scaled(self, by: float) -> ContractCells:
        """The same with ages divided by a number."""
        since = None if self.since is None else self.since / by
        return replace(self, entry=self.entry / by, tenure=self.tenure / by, since=since)


def check_contracts(cells: ContractCells, whole: bool) -> None:
    """Refuse contracts that cannot be.

    Parameters
    ----------
    cells : ContractCells
        One row a history.
    whole : bool
        Whether ages must be whole periods, as discrete models need them.

    Raises
    ------
    InputError
        Naming the rule, the number of rows, the first of them and its value.
    """
    unit = f"{cells.unit.value}s"
    entry, tenure, ended = cells.entry, cells.tenure, cells.ended

    def refuse(wrong: NDArray[np.bool_], what: str, value: Callable[[int], str], hint: str) -> None:
        if wrong.any():
            count, row = int(wrong.sum()), int(np.argmax(wrong))
            rows = f"{count:,} row{'s'[: count > 1]}"
            raise InputError(f"{what} in {rows} (first: row {row + 1}, {value(row)}). {hint}")

    def age(row: int) -> str:
        return f"{tenure[row]:g} {unit}"

    refuse(~np.isin(ended, (0.0, 1.0)), "`ended` is neither 0 nor 1", lambda row: f"{ended[row]:g}", "1 says it ended.")
    refuse(cells.weight < 0, "`weight` is negative", lambda row: f"{cells.weight[row]:g}", "It counts contracts.")
    refuse(tenure < 0, "`tenure` is negative", age, "Leave out contracts that begin after the cut.")
    refuse(entry < 0, "`entry` is negative", lambda row: f"{entry[row]:g} {unit}", "Observed from the start is 0.")
    refuse(
        entry > tenure,
        "`entry` is larger than `tenure`",
        lambda row: f"{entry[row]:g} > {age(row)}",
        "A contract that ended before it could be observed is not in the data; leave it out.",
    )
    refuse(
        (ended > 0) & (tenure <= entry),
        "A contract ended at the age at which its observation began",
        age,
        "It must have lasted a little; for whole periods, a contract that was never renewed ended at 1.",
    )
    if cells.since is not None:
        refuse(
            (ended > 0) & (cells.since > tenure),
            "`since` is larger than `tenure`",
            lambda row: f"{cells.since[row]:g} > {age(row)}",  # type: ignore[index]
            "It is the last age at which the contract ran.",
        )
    if whole:
        ages = [entry, tenure] if cells.since is None else [entry, tenure, cells.since]
        broken = np.any([column != np.floor(column) for column in ages], axis=0)
        refuse(
            broken,
            "An age is not a whole number of periods",
            lambda row: f"{entry[row]:g} to {age(row)}",
            "Discrete models count renewals: round the tenure of ended contracts up and of running ones down, or use "
            "ExponentialGamma or WeibullGamma.",
        )
