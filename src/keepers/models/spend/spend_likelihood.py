"""The likelihood of Gamma-Gamma in log parameters and scaled coefficients, and that of other customers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from keepers.domain.cells import FloatArray, SpendCells
from keepers.models.covariates.answers import pattern_of
from keepers.models.evidence import Resampling
from keepers.numerics.evaluation import Evaluation
from keepers.numerics.likelihoods import gamma_gamma
from keepers.numerics.likelihoods.gamma_gamma import ScaleShift

_ROUGH_ROWS = 10_000
_ROUGH_FROM = 50_000


@dataclass(frozen=True, eq=False)
class SpendLikelihood:
    """The log-likelihood of orders and mean spend.

    Parameters
    ----------
    cells : SpendCells
        The data.
    design, offset : arrays, shape (patterns, k), (patterns,), optional
        How coefficients move log gamma of each pattern, and by how much it is moved anyway.
    """

    cells: SpendCells
    design: FloatArray | None = None
    offset: FloatArray | None = None

    @cached_property
    def shift(self) -> ScaleShift | None:
        """How covariates move gamma, row by row."""
        if self.design is None or self.offset is None:
            return None
        return ScaleShift(pattern_of(self.cells), self.design, self.offset)

    def __call__(self, point: FloatArray, order: int) -> Evaluation:
        """Evaluate at log parameters followed by coefficients."""
        return gamma_gamma.log_likelihood_sum(_natural(point), self.cells, order, self.shift)

    @property
    def values(self) -> Callable[[FloatArray], FloatArray] | None:
        """The log-likelihood at many log parameters at once, shape (n, d) to (n,); None with covariates."""
        if self.design is not None:
            return None
        return lambda points: gamma_gamma.log_likelihood_sums(np.exp(points), self.cells)

    def of(self, cells: SpendCells) -> SpendLikelihood:
        """The same of other rows."""
        return replace(self, cells=cells)

    @property
    def rough(self) -> tuple[SpendLikelihood, ...]:
        """That of some of the rows, on which the starts compete, where there are many."""
        cells = self.cells
        if cells.size <= _ROUGH_FROM:
            return ()
        some = cells.take(np.sort(np.random.default_rng(cells.size).choice(cells.size, _ROUGH_ROWS, replace=False)))
        # Weights are raised so that the total stays.
        return (self.of(replace(some, weight=some.weight * (cells.customers / some.customers))),)

    @property
    def resampling(self) -> Resampling:
        """How the same would be asked of other customers."""
        return Resampling(
            self.cells.weight, lambda weight: self.of(replace(self.cells, weight=weight)), self._simulated
        )

    def _simulated(self, point: FloatArray, rng: np.random.Generator) -> SpendLikelihood:
        theta, cells = _natural(point), self.cells
        rows = np.repeat(np.arange(cells.size), np.rint(cells.weight).astype(np.intp))
        drawn = gamma_gamma.sample_new(theta[:3], cells.x[rows], rng)
        if self.shift is not None:
            drawn = drawn * self.shift.factors(theta[3:])[rows]
        some = replace(cells.take(rows), spread=None, weight=np.ones(rows.size))
        return self.of(replace(some, mean_spend=np.maximum(drawn, np.finfo(float).tiny)))


def _natural(point: FloatArray) -> FloatArray:
    return np.concatenate([np.exp(point[:3]), point[3:]])
