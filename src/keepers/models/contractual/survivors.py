"""Tables of survivors as contracts: how many of a cohort still are customers at each age."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from keepers.domain.contracts import ContractCells, FloatArray
from keepers.domain.errors import InputError
from keepers.domain.time import TimeUnit


def cells_of_survivors(age: FloatArray, survivors: FloatArray, cohort: NDArray[Any], unit: TimeUnit) -> ContractCells:
    """The cells of cohorts of which the survivors were counted at some ages.

    A cohort first counted at an age above zero is left truncated there: who was lost before is not known, and the
    likelihood says so.

    Parameters
    ----------
    age : array, shape (n,)
        Ages at which survivors were counted; 0 is the start.
    survivors : array, shape (n,)
        How many there were.
    cohort : array, shape (n,)
        Which cohort a row belongs to.
    unit : TimeUnit
        Period of the ages.

    Raises
    ------
    InputError
        If survivors rise with age, or an age stands twice.
    """
    parts = []
    for name in np.unique(cohort):
        rows = np.flatnonzero(cohort == name)
        rows = rows[np.argsort(age[rows], kind="stable")]
        ages, counts = age[rows], survivors[rows]
        where = f"of cohort {name} " if str(name) else ""
        if not (np.all(np.isfinite(ages)) and np.all(np.isfinite(counts)) and np.all(counts >= 0)):
            raise InputError(f"The table of survivors {where}has empty, infinite or negative numbers. Leave them out.")
        if np.any(np.diff(ages) <= 0):
            twice = ages[1:][np.diff(ages) <= 0][0]
            raise InputError(
                f"The age {twice:g} stands twice in the table of survivors {where}".rstrip()
                + ". Name the cohorts in a column `cohort`, or the plans by `by`."
            )
        if np.any(np.diff(counts) > 0):
            first = int(np.argmax(np.diff(counts) > 0))
            raise InputError(
                f"Survivors {where}rise from {counts[first]:g} at age {ages[first]:g} to {counts[first + 1]:g} at age "
                f"{ages[first + 1]:g}. A cohort can only lose contracts; count those that came back as new ones."
            )
        lost = -np.diff(counts)
        parts.append(
            np.column_stack(
                [
                    np.full(ages.size, ages[0]),
                    np.append(ages[1:], ages[-1]),
                    np.append(np.ones(lost.size), 0.0),
                    np.append(lost, counts[-1]),
                    np.append(ages[:-1], ages[-1]),
                ]
            )
        )
    entry, tenure, ended, weight, since = np.concatenate(parts).T
    return ContractCells(entry, tenure, ended, weight, unit, since)
