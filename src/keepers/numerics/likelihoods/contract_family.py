"""What a family of contract durations must say, and the likelihood of histories that follows from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from keepers.domain.cells import FloatArray
from keepers.domain.contracts import ContractCells
from keepers.numerics.distinct import distinct
from keepers.numerics.evaluation import Evaluation
from keepers.numerics.likelihoods.contract_risk import RiskParts

_TOGETHER = 1 << 15
"""Terms that are evaluated at once: their arrays stay near the processor."""

Columns = Sequence[FloatArray | float]
"""Natural, positive parameters in the order of the family's `PARAMETERS`: numbers, or draws in columns (D, 1)."""


@dataclass(frozen=True, slots=True, eq=False)
class Slopes:
    """A function of each row with its derivatives in the logarithms of the parameters.

    Parameters
    ----------
    value : array, shape (n,)
    gradient : array, shape (d, n)
    hessian : array, shape (d, d, n)
    """

    value: FloatArray
    gradient: FloatArray
    hessian: FloatArray

    def summed(self, weight: FloatArray) -> Evaluation:
        """The weighted sum over the rows."""
        return Evaluation(float(weight @ self.value), self.gradient @ weight, self.hessian @ weight)


class ContractLaw(Protocol):
    """How long contracts last, as far as answers need to know; ages are in periods of one unit.

    Everything follows from the probability of lasting beyond one age, given that the contract has lasted beyond an
    earlier one. A discrete family lets contracts end at whole ages alone: `stop` is then a whole number of renewals.
    """

    @property
    def PARAMETERS(self) -> tuple[str, ...]:
        """Symbols of the papers, in the order of `theta`."""

    @property
    def TIME_POWERS(self) -> Mapping[str, int]:
        """Parameters that change with the unit of time: doubling the unit divides them by 2 to this power."""

    @property
    def DISCRETE(self) -> bool:
        """Whether contracts end at renewals only."""

    @property
    def RISK(self) -> RiskParts:
        """Of what law of propensities and of what risk of age the family is made."""

    def log_retention(self, theta: Columns, start: FloatArray | float, stop: FloatArray | float) -> FloatArray:
        """log P(T > stop | T > start); broadcasts over columns of draws."""

    def tail(self, theta: Columns) -> FloatArray:
        """The power of age by which survival falls off in the end; expected tenure is infinite up to 1."""

    def residual(self, theta: Columns, age: FloatArray, draw: FloatArray, exponential: FloatArray) -> FloatArray:
        """Draw how long contracts of these ages will last in all, as a real number; a discrete family's is rounded up.

        Parameters
        ----------
        age : array, shape (n,)
        draw : array, shape (n,)
            From `rates`: how prone each contract is to end.
        exponential : array, shape (n,)
            Standard exponential.
        """

    def rates(self, theta: Columns, age: FloatArray, rng: np.random.Generator) -> FloatArray:
        """Draw how prone to end contracts are that have reached these ages."""


class ContractFamily(ContractLaw, Protocol):
    """A module of `keepers.numerics.likelihoods` about how long contracts last: a law that can be fitted."""

    def starts(self, rate: float) -> list[FloatArray]:
        """Logarithms of points from which a search begins, given the endings a period of observation."""

    def log_retention_slopes(self, theta: Columns, start: FloatArray, stop: FloatArray) -> Slopes:
        """log P(T > stop | T > start) of plain parameters, with derivatives."""

    def log_hazard(self, theta: Columns, age: FloatArray) -> FloatArray:
        """Logarithm of the rate of ending at an age above zero; of continuous families; broadcasts likewise."""

    def log_hazard_slopes(self, theta: Columns, age: FloatArray) -> Slopes:
        """The same of plain parameters, with derivatives."""


@dataclass(frozen=True, eq=False)
class ContractTables:
    """Histories taken apart into the distinct terms of their likelihood.

    The likelihood of a contract observed from age e is S(tenure) / S(e) while it runs, [S(since) - S(tenure)] / S(e)
    where it ended between two ages, and S(tenure) h(tenure) / S(e) where the moment of its end is known.

    Parameters
    ----------
    age, lived : arrays
        Distinct ages, and how many contracts are known to have outlived each, less those whose observation began there.
    start, stop, ended_between : arrays
        Distinct intervals, and how many contracts ended within each.
    moment, ended_at : arrays
        Distinct moments, and how many contracts ended at each.
    """

    age: FloatArray
    lived: FloatArray
    start: FloatArray
    stop: FloatArray
    ended_between: FloatArray
    moment: FloatArray
    ended_at: FloatArray

    @classmethod
    def of(cls, cells: ContractCells, discrete: bool) -> ContractTables:
        """The terms of cells; in a discrete family an ending is one between the last renewal and the next."""
        ended = cells.ended > 0
        since = cells.tenure if cells.since is None else np.where(ended, cells.since, cells.tenure)
        if discrete:
            since = np.where(ended & (since == cells.tenure), cells.tenure - 1.0, since)
        since = np.maximum(since, cells.entry)
        between, at = ended & (since < cells.tenure), ended & (since == cells.tenure)
        ages = distinct(np.concatenate([since, cells.entry]))
        lived = ages.sums(np.concatenate([cells.weight, -cells.weight]))
        kept = (lived != 0) & (ages.values > 0)
        pairs, index = np.unique(np.column_stack([since[between], cells.tenure[between]]), axis=0, return_inverse=True)
        counts = np.bincount(index.ravel(), weights=cells.weight[between], minlength=len(pairs)).astype(float)
        moments = distinct(cells.tenure[at])
        return cls(
            ages.values[kept], lived[kept], pairs[:, 0], pairs[:, 1], counts,
            moments.values, moments.sums(cells.weight[at]),
        )  # fmt: skip

    @property
    def size(self) -> int:
        """Terms of one evaluation."""
        return int(self.age.size + self.start.size + self.moment.size)


def log_likelihood_sum(family: ContractFamily, theta: Columns, tables: ContractTables, order: int = 2) -> Evaluation:
    """Log-likelihood of all contracts with exact derivatives in the logarithms of the parameters.

    Parameters
    ----------
    family : ContractFamily
    theta : sequence of float
        Natural parameters.
    tables : ContractTables
    order : int
        0 for the value alone; otherwise gradient and Hessian come with it.
    """
    if order == 0:
        return Evaluation.of_value(float(_sums(family, theta, tables)), len(family.PARAMETERS))
    total = family.log_retention_slopes(theta, np.zeros(tables.age.shape), tables.age).summed(tables.lived)
    if tables.start.size:
        kept_slopes = family.log_retention_slopes(theta, tables.start, tables.stop)
        total = total + of_ending(kept_slopes).summed(tables.ended_between)
    if tables.moment.size:
        total = total + family.log_hazard_slopes(theta, tables.moment).summed(tables.ended_at)
    return total


def log_likelihood_sums(family: ContractFamily, thetas: FloatArray, tables: ContractTables) -> FloatArray:
    """Log-likelihood of all contracts at many parameters, shape (D, d) to (D,); far quicker than one by one."""
    step = max(1, _TOGETHER // max(tables.size, 1))
    parts = [thetas[start : start + step] for start in range(0, len(thetas), step)]
    found = [_sums(family, [column[:, None] for column in part.T], tables) for part in parts]
    return np.concatenate([np.empty(0), *found])


def _sums(family: ContractFamily, theta: Columns, tables: ContractTables) -> FloatArray:
    """The log-likelihood of numbers as a number, of columns of draws as an array (D,)."""
    total = family.log_retention(theta, 0.0, tables.age) @ tables.lived
    if tables.start.size:
        kept = family.log_retention(theta, tables.start, tables.stop)
        total = total + np.log(-np.expm1(kept)) @ tables.ended_between
    if tables.moment.size:
        total = total + family.log_hazard(theta, tables.moment) @ tables.ended_at
    return np.asarray(total)


def of_ending(kept: Slopes) -> Slopes:
    """log(1 - e^l) of a log-probability l with its derivatives."""
    lost = -np.expm1(kept.value)
    first = -np.exp(kept.value) / lost
    second = first / lost
    outer = kept.gradient[:, None, :] * kept.gradient[None, :, :]
    return Slopes(np.log(lost), first * kept.gradient, first * kept.hessian + second * outer)


def stacked(first: Sequence[FloatArray], second: Sequence[Sequence[FloatArray]], value: FloatArray) -> Slopes:
    """Slopes from lists of columns; of the second derivatives the lower triangle is given."""
    size = len(first)
    rows = [[np.broadcast_to(second[max(i, j)][min(i, j)], value.shape) for j in range(size)] for i in range(size)]
    return Slopes(value, np.array([np.broadcast_to(column, value.shape) for column in first]), np.array(rows))
