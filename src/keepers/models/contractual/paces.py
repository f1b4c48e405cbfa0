"""From what is known of contracts to the pace at which each runs its risk of ending."""

from __future__ import annotations

import numpy as np

from keepers.domain.attributes import Attributes
from keepers.domain.cells import FloatArray, IntArray
from keepers.domain.time import TimeUnit
from keepers.models.covariates.clocked import check_reach
from keepers.models.covariates.encoding import Coding
from keepers.models.covariates.varying import WEEK, TimeVarying
from keepers.models.covariates.varying_parts import standard
from keepers.numerics.likelihoods.contract_clock import Paces
from keepers.numerics.likelihoods.contract_pace import Pace
from keepers.summaries.varying import PATH, START

PACE = "pace"
"""What covariates move: the logarithm of the risk of ending."""

_YEAR = 52
_YEARS_ON = 10
"""Years for which a calendar without end goes on as its last year did; from then on it is that year's mean."""


def paces_of(
    coding: Coding, attributes: Attributes, unit: TimeUnit, discrete: bool, until: FloatArray | None = None
) -> Paces:
    """The paces of patterns of contracts.

    Covariates that vary in time act on contracts that end at renewals by their values on the renewal's day, and on
    others at every moment.

    Parameters
    ----------
    coding : Coding
        Of the covariates that do not vary, and what varies.
    attributes : Attributes
        The patterns, with their places on the paths where covariates vary in time.
    unit : TimeUnit
        Period of the ages.
    discrete : bool
        Whether contracts end at renewals only.
    until : array, shape (p,), optional
        Ages of the patterns that matter; without them everything that is known ahead.
    """
    design, offset = coding.design(attributes)
    place = coding.symbols.index(PACE)
    steady, known = design[:, place], offset[:, place]
    varying = coding.covariates.varying
    if varying is None:
        return Paces(np.zeros((1, 0)), steady, np.zeros((attributes.size, 1, 0)), known)
    start, path = (np.asarray(attributes.columns[name], dtype=np.float64).astype(np.int64) for name in (START, PATH))
    edges, week = _steps(varying, start, unit, discrete, until)
    values = _values(varying, coding, path[:, None], week, until is None)
    return Paces(edges, steady, values, known)


def pace_of(paces: Paces, pattern: int) -> Pace:
    """The pace of one pattern."""
    varying = paces.varying[pattern]
    steady = np.broadcast_to(paces.steady[pattern], (len(varying), paces.steady.shape[1]))
    edges = paces.edges[0 if len(paces.edges) == 1 else pattern]
    return Pace(edges, np.concatenate([steady, varying], axis=1), np.full(len(varying), paces.offset[pattern]))


def spread_of(coding: Coding) -> FloatArray:
    """Standard deviations of the covariates that vary in time, in whose units their coefficients are sought."""
    return standard(coding.covariates, "dropout")[1] if coding.covariates.varies else np.empty(0)


def check_ahead(coding: Coding, attributes: Attributes, latest_age: FloatArray, unit: TimeUnit) -> None:
    """Refuse a question beyond the end of a calendar; ages of shape (p,) that the patterns will have reached."""
    varying = coding.covariates.varying
    if varying is not None and latest_age.size:
        start = np.asarray(attributes.columns[START], dtype=np.float64) / unit.days
        check_reach(varying, float((start + latest_age).max()), unit.days)


def _steps(
    varying: TimeVarying, start: IntArray, unit: TimeUnit, discrete: bool, until: FloatArray | None
) -> tuple[FloatArray, IntArray]:
    """Ages at which covariates change, (p, n) or (1, n), and the week whose values hold in each piece, (p, n + 1)."""
    weeks = varying.values.shape[1] + (_YEAR * _YEARS_ON if varying.keys is None else 0)
    if discrete:
        if until is None:
            count = int(np.ceil((weeks * WEEK - start.min()) / unit.days)) + 1
        else:
            count = max(int(np.max(until, initial=1.0)), 1)
        days = _renewals(varying, start, count + 1, unit)
        return np.arange(1.0, count + 1.0)[None], days // WEEK
    first = start // WEEK
    if until is None:
        count = max(weeks - int(first.min()), 1)
    else:
        count = int(np.max((start + until * unit.days) // WEEK - first, initial=0)) + 1
    ahead = np.arange(1, count + 1)
    edges = ((first[:, None] + ahead) * WEEK - start[:, None]) / unit.days
    return edges, first[:, None] + np.arange(count + 1)


def _renewals(varying: TimeVarying, start: IntArray, count: int, unit: TimeUnit) -> IntArray:
    """Days of the first renewals since the paths' start, shape (p, count)."""
    steps = np.arange(1, count + 1)
    if unit in (TimeUnit.DAY, TimeUnit.WEEK):
        return start[:, None] + steps * round(unit.days)
    origin = np.datetime64(varying.start, "D")
    began = origin + start
    month = began.astype("datetime64[M]")
    day = (began - month.astype("datetime64[D]")).astype(np.int64)
    target = month[:, None] + steps * (12 if unit is TimeUnit.YEAR else 1)
    first = target.astype("datetime64[D]")
    length = ((target + np.timedelta64(1, "M")).astype("datetime64[D]") - first).astype(np.int64)
    return np.asarray((first + np.minimum(day[:, None], length - 1) - origin).astype(np.int64))


def _values(varying: TimeVarying, coding: Coding, path: IntArray, week: IntArray, endless: bool) -> FloatArray:
    """Covariates of each piece less their means, shape (p, n + 1, m)."""
    chosen = [varying.names.index(name) for name in coding.covariates.varying_of("dropout")]
    values = varying.values[..., chosen] - standard(coding.covariates, "dropout")[0]
    last = values.shape[1]
    if varying.keys is not None or last < _YEAR:
        return np.asarray(values[path, np.minimum(week, last - 1)])
    again = np.where(week < last, week, last - _YEAR + (week - last) % _YEAR)
    found = values[path, again]
    if endless:
        found[:, -1] = values[path[:, 0], last - _YEAR :].mean(axis=1)
    return np.asarray(found)
