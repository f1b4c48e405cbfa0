"""Regular buying in a clock that covariates drive: what the times between purchases add to the likelihood.

Every k-th stage is a purchase, and stages are a Poisson process in the clock's time. So (x, A(t_x), A(T)) take the
place of (x, t_x, T) as in `clocked_likelihood`, and times between purchases, whose density has a factor
d^(k - 1) / (k - 1)! (`likelihoods.erlang_likelihood`), are counted in that time too. They move with the coefficients,
so that the moment of every purchase is needed.
"""

from __future__ import annotations

import math

import numpy as np

from keepers.numerics.clock import Clock
from keepers.numerics.clocked_likelihood import ClockedLikelihood, ClockedRows, FloatArray
from keepers.numerics.evaluation import Evaluation
from keepers.numerics.likelihoods.erlang_beta_geometric import ErlangBetaGeometric


class StagedLikelihood(ClockedLikelihood):
    """The log-likelihood in log parameters, coefficients that do not vary, and coefficients of the clock.

    Parameters
    ----------
    family : ErlangBetaGeometric
        BG/CNBD-k or MBG/CNBD-k at one k.
    rows : ClockedRows
        The customers, with the ages at their purchases.
    values : array, shape (p, m, k)
        The paths, see `Clock`.
    length : float
        Of a period, in the unit of the rows.
    """

    def __init__(self, family: ErlangBetaGeometric, rows: ClockedRows, values: FloatArray, length: float) -> None:
        super().__init__(family, rows, values, length)
        self._staged = family

    def _of(self, rows: ClockedRows) -> StagedLikelihood:
        return StagedLikelihood(self._staged, rows, self._values, self.length)

    def _between(self, clock: Clock, rows: ClockedRows, before: int) -> Evaluation:
        size = before + self._values.shape[2]
        k = self._staged.k
        if k == 1:
            return Evaluation.of_value(0.0, size)
        assert rows.bought is not None
        owner, age = rows.bought.owner, rows.bought.age
        # From the purchase before, or from the first one.
        first = np.ones(owner.size, dtype=bool)
        first[1:] = owner[1:] != owner[:-1]
        ago = np.where(first, 0.0, np.concatenate([[0.0], age[:-1]])[: age.size])
        path, start = rows.path[owner], rows.start[owner]
        gap = clock.reading(path, start + age) - clock.reading(path, start + ago)
        weight = (k - 1) * rows.weight[owner]
        value = float(weight @ np.log(gap.value)) - float(rows.weight @ rows.x) * math.lgamma(k)
        slope = gap.first / gap.value[:, None]
        gradient, hessian = np.zeros(size), np.zeros((size, size))
        gradient[before:] = weight @ slope
        bent = np.einsum("n,nkl->kl", weight / gap.value, gap.second)
        hessian[before:, before:] = bent - (slope * weight[:, None]).T @ slope
        return Evaluation(value, gradient, hessian)
