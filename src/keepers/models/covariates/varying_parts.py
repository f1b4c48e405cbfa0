"""Which covariates vary in time in each process, as numbers; apart from what is computed with them, which is much."""

from __future__ import annotations

import numpy as np

from keepers.domain.cells import FloatArray
from keepers.domain.errors import ConfigError
from keepers.models.covariates.specification import Covariates
from keepers.models.covariates.varying import TimeVarying
from keepers.summaries.varying import DAYS, PATH, START, sum_of


def varying_attributes(covariates: Covariates, every_day: bool) -> tuple[str, ...]:
    """Attributes that a model with these covariates needs of each customer; the days of all purchases perhaps."""
    if not covariates.varies:
        return ()
    sums = tuple(sum_of(name) for name in covariates.varying_of("purchase"))
    return (START, PATH, *sums, *((DAYS,) if every_day else ()))


def standard(covariates: Covariates, process: str) -> tuple[FloatArray, FloatArray]:
    """Centre and spread of the covariates of a process, shape (k,) each; zeros and ones are left as they are."""
    names = covariates.varying_of(process)
    values = chosen(covariates, process)
    flat = values.reshape(values.shape[0] * values.shape[1], len(names))
    plain = np.isin(flat, (0.0, 1.0)).all(axis=0)
    spread = flat.std(axis=0)
    if np.any(spread == 0):
        raise ConfigError(
            f"`{names[int(np.argmin(spread))]}` never changes, so it says nothing. Leave it out, or take it for a "
            "column of the customers."
        )
    return np.where(plain, 0.0, flat.mean(axis=0)), np.where(plain, 1.0, spread)


def paths(covariates: Covariates) -> TimeVarying:
    """The covariates that vary in time, of covariates that have some."""
    assert covariates.varying is not None
    return covariates.varying


def chosen(covariates: Covariates, process: str) -> FloatArray:
    """Values of the covariates of a process in every period of every path, shape (paths, periods, k)."""
    varying = paths(covariates)
    return np.asarray(varying.values[..., [varying.names.index(name) for name in covariates.varying_of(process)]])
