"""What lies ahead of contracts of given ages: survival, tenure, discounted tenure, for one set of parameters or many.

Parameters are numbers, or columns of posterior draws of shape (D, 1); answers have shape (n,) or (D, n).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from keepers.domain.cells import FloatArray
from keepers.numerics.likelihoods.contract_ages import by_age
from keepers.numerics.likelihoods.contract_family import Columns, ContractLaw
from keepers.numerics.likelihoods.contract_integrals import double_exponential, integral_without_end
from keepers.numerics.likelihoods.contract_pace import Paced
from keepers.numerics.quadrature import legendre

_AHEAD = 200
"""Renewals summed one by one before the sum's rest is taken as an integral."""
_CHUNK = 4_000_000
_ROUNDING = 1e-9
_NODES = 12
_LONGEST = 2.0**52


def survival(family: ContractLaw, theta: Columns, age: FloatArray, later: FloatArray | float) -> FloatArray:
    """Probability that contracts that run at these ages still run `later` periods after.

    In a discrete family the age counts renewals, and a contract is lost at a renewal: part of a period loses nobody.
    """
    step = _whole(later) if family.DISCRETE else later
    return np.exp(family.log_retention(theta, age, age + step))


def median_residual(family: ContractLaw, theta: Columns, age: FloatArray) -> FloatArray:
    """The time after which half of contracts that run at these ages have ended; in a discrete family whole periods."""

    def lost(step: FloatArray) -> NDArray[np.bool_]:
        return np.asarray(family.log_retention(theta, age, age + step) <= np.log(0.5))

    shape = np.broadcast_shapes(np.shape(age), *(np.shape(value) for value in theta))
    high = np.ones(shape)
    low = np.zeros(shape)
    for _ in range(1200):
        short = ~lost(high) & (high < (_LONGEST if family.DISCRETE else 1e300))
        if not short.any():
            break
        low, high = np.where(short, high, low), np.where(short, 2.0 * high, high)
    beyond = ~lost(high)
    for _ in range(60):
        middle = np.floor(0.5 * (low + high)) if family.DISCRETE else 0.5 * (low + high)
        over = lost(middle)
        low, high = np.where(over, low, middle), np.where(over, middle, high)
        if family.DISCRETE and np.all(high - low <= 1):
            break
    return np.where(beyond, np.inf, high)


def residual_tenure(family: ContractLaw, theta: Columns, age: FloatArray, cap: float | None = None) -> FloatArray:
    """Expected time that contracts of these ages still last, the current period of a discrete family in full.

    Infinite without a cap where survival falls off no faster than 1 / t.
    """
    return _flow(family, theta, age, 0.0, cap)


def discounted_tenure(
    family: ContractLaw,
    theta: Columns,
    age: FloatArray,
    delta: float,
    horizon: float | None = None,
    wait: FloatArray | float = 0.0,
) -> FloatArray:
    """Expected periods still to come, each discounted to now.

    In a discrete family these are renewals: the first comes `wait` periods from now, and each counts at its own time.
    With wait 0 and no horizon it is the discounted expected residual lifetime of Fader and Hardie (2010, equation 6).
    In a continuous family the time flows, and `wait` says nothing.

    Parameters
    ----------
    age : array, shape (n,)
    delta : float
        Continuous discount rate a period.
    horizon : float, optional
        Periods from now that count; without end otherwise.
    wait : float or array, shape (n,)
        Periods until the next renewal.
    """
    if not family.DISCRETE:
        return _flow(family, theta, age, delta, horizon)
    wait = np.broadcast_to(np.asarray(wait, dtype=np.float64), np.shape(age))
    later = np.exp(delta * (1.0 - wait))
    if horizon is None:
        return np.asarray(later * (_renewals(family, theta, age, delta) - 1.0))
    count = np.where(horizon >= wait - _ROUNDING, np.floor(horizon - wait + _ROUNDING) + 1.0, 0.0)
    # The first term is one but for rounding.
    return np.maximum(later * (_first(family, theta, age, delta, count + 1.0) - 1.0), 0.0)


def _flow(family: ContractLaw, theta: Columns, age: FloatArray, delta: float, cap: float | None) -> FloatArray:
    if not family.DISCRETE:
        changes = _changes(family)
        if changes.size:
            return _in_pieces(family, theta, age, delta, cap, changes)

        def ask(ages: FloatArray) -> FloatArray:
            if cap is None:
                return integral_without_end(family, theta, ages, delta)
            return _integral(family, theta, ages, delta, cap)

        # Parameters of each row's own would be asked with the wrong ages.
        shared = all(np.ndim(value) == 0 or np.shape(value)[-1] == 1 for value in theta)
        return by_age(ask, age) if shared else ask(age)
    if cap is None:
        return _renewals(family, theta, age, delta)
    full = _whole(cap)
    periods = _first(family, theta, age, delta, np.full(np.shape(age), full))
    part = max(cap - full, 0.0)
    return np.asarray(periods + part * np.exp(-delta * full) * survival(family, theta, age, full))


def _changes(family: ContractLaw) -> FloatArray:
    """Ages at which covariates change, if any do."""
    return family.pace.edges if isinstance(family, Paced) else np.empty(0)


def _in_pieces(
    family: ContractLaw, theta: Columns, age: FloatArray, delta: float, cap: float | None, changes: FloatArray
) -> FloatArray:
    """What `_flow` asks for where covariates change with age: piece by piece, and then without further change."""
    ages, index = np.unique(age, return_inverse=True)
    node, weight = legendre(_NODES)
    found = []
    for one in ages:
        end = np.inf if cap is None else one + cap
        bounds = np.concatenate([[one], changes[(changes > one) & (changes < end)]])
        here, total = bounds[:1], np.zeros(1)
        if bounds.size > 1:
            # Age to a power is smooth but for age zero, which the first piece may begin with.
            total = _integral(family, theta, here, delta, float(bounds[1] - one))
            width = np.diff(bounds[1:])
            later = (bounds[1:-1, None] + width[:, None] * node - one).ravel()
            terms = np.exp(family.log_retention(theta, here, one + later) - delta * later)
            total = total + np.asarray(terms @ (width[:, None] * weight).ravel())[..., None]
        last = bounds[-1:]
        kept = np.exp(family.log_retention(theta, here, last) - delta * (last - here))
        rest = (
            integral_without_end(family, theta, last, delta)
            if cap is None
            else _integral(family, theta, last, delta, float(end - last[0]))
        )
        found.append(total + kept * rest)
    shape = np.broadcast_shapes((1,), *(np.shape(value) for value in theta))
    return np.concatenate([np.broadcast_to(total, shape) for total in found], axis=-1)[..., index.ravel()]


def _renewals(family: ContractLaw, theta: Columns, age: FloatArray, delta: float) -> FloatArray:
    """Sum of e^(-delta k) S(age + k) / S(age) over k = 0, 1, ... for whole ages.

    The sum beyond the last age and some two hundred renewals is an integral with the first terms of Euler and
    Maclaurin; from there it is carried backwards, age by age.
    """
    last = int(np.ceil(max(np.max(age, initial=0.0), np.max(_changes(family), initial=0.0)))) + _AHEAD
    ages = np.arange(last, dtype=np.float64)
    kept = np.exp(family.log_retention(theta, ages, ages + 1.0) - delta)
    end = np.array([float(last)])
    step = 0.5
    slope = -family.log_retention(theta, end, end + step) / step + delta
    with np.errstate(invalid="ignore"):
        ahead = integral_without_end(family, theta, end, delta) + 0.5 + slope / 12.0 - slope**3 / 720.0
    table = np.empty((*ahead.shape[:-1], last + 1))
    value = ahead[..., 0]
    table[..., last] = value
    for k in range(last - 1, -1, -1):
        value = 1.0 + kept[..., k] * value
        table[..., k] = value
    return np.asarray(table[..., age.astype(np.intp)])


def _first(family: ContractLaw, theta: Columns, age: FloatArray, delta: float, count: FloatArray) -> FloatArray:
    """The first `count` terms of the same sum."""
    last = int(np.max(age + np.maximum(count, 1.0), initial=0.0))
    ages = np.arange(last + 1, dtype=np.float64)
    log_terms = family.log_retention(theta, 0.0, ages) - delta * ages
    # Late terms of fast-ending contracts vanish in the sum from the start; taken from their own age they do not.
    if np.min(log_terms) < -30.0:
        return _first_slowly(family, theta, age, delta, count)
    sums = np.cumsum(np.exp(log_terms), axis=-1)
    begin = age.astype(np.intp)
    end = begin + count.astype(np.intp)
    upto = np.where(end > 0, sums[..., np.maximum(end - 1, 0)], 0.0)
    before = np.where(begin > 0, sums[..., np.maximum(begin - 1, 0)], 0.0)
    return np.asarray((upto - before) * np.exp(-log_terms[..., begin]))


def _first_slowly(family: ContractLaw, theta: Columns, age: FloatArray, delta: float, count: FloatArray) -> FloatArray:
    shape = np.broadcast_shapes(np.shape(age), *(np.shape(value) for value in theta))
    total = np.zeros(shape)
    for k in range(int(np.max(count, initial=0.0))):
        term = np.exp(family.log_retention(theta, age, age + k) - delta * k)
        total += np.where(k < count, term, 0.0)
        if np.max(term) < 1e-17:
            break
    return total


def _integral(family: ContractLaw, theta: Columns, age: FloatArray, delta: float, length: float) -> FloatArray:
    """The integral of e^(-delta s) S(age + s) / S(age) over s in (0, length]."""
    node, weight = double_exponential()
    draws = max((np.size(value) for value in theta), default=1)
    parts = []
    for ages in np.array_split(age, max(1, draws * age.size * node.size // _CHUNK)):
        deep = tuple(np.asarray(value)[..., None] if np.ndim(value) else value for value in theta)
        later = length * node
        terms = family.log_retention(deep, ages[:, None], ages[:, None] + later) - delta * later
        parts.append(length * (np.exp(terms) @ weight))
    return np.concatenate(parts, axis=-1)


def _whole(length: FloatArray | float) -> FloatArray:
    return np.asarray(np.floor(np.asarray(length, dtype=np.float64) + _ROUNDING))
