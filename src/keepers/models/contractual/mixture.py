"""A contract that begins now and may be any of several kinds: answers are those of the mixture of their laws."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from keepers.domain.cells import FloatArray
from keepers.models.contractual.questions import Question, survival_curve
from keepers.numerics.likelihoods import contract_outlook as outlook
from keepers.numerics.likelihoods.contract_family import Columns, ContractLaw


@dataclass(frozen=True, eq=False)
class Mixture:
    """Laws of contracts with their shares, which sum to one; all take the same parameters.

    Parameters
    ----------
    share : array, shape (p,)
    laws : tuple of ContractLaw
    """

    share: FloatArray
    laws: tuple[ContractLaw, ...]

    def survival(self, theta: Columns, age: FloatArray) -> FloatArray:
        """S(age) of a contract that begins now; of columns of draws shape (D, n)."""
        parts = [share * survival_curve(law, theta, age) for share, law in zip(self.share, self.laws, strict=True)]
        return np.asarray(sum(parts))

    def renewal(self, theta: Columns, age: FloatArray) -> FloatArray:
        """S(age) / S(age - 1); 1 at age 0."""
        before = np.maximum(age - 1.0, 0.0)
        if len(self.laws) == 1:
            return np.exp(self.laws[0].log_retention(theta, before, age))
        with np.errstate(invalid="ignore"):
            ratio = self.survival(theta, age) / self.survival(theta, before)
        return np.where(np.isfinite(ratio), ratio, 1.0)

    def mean(self, question: Question, theta: Columns) -> float:
        """The mean answer to a question of which means are answers."""
        zero = np.zeros(1)
        answers = [float(question.compute(law, theta, zero, zero)[0]) for law in self.laws]
        return float(sum(share * one for share, one in zip(self.share, answers, strict=True) if share > 0))

    def median(self, theta: Columns) -> float:
        """The age at which half of the contracts have ended; in discrete families a whole one."""
        zero = np.zeros(1)
        each = [float(outlook.median_residual(law, theta, zero)[0]) for law in self.laws]
        low, high = min(each), max(each)
        if low == high or not np.isfinite(low):
            return low
        whole = self.laws[0].DISCRETE
        # That of the mixture lies between its parts'; where some have none, ages are doubled until it is passed.
        if not np.isfinite(high):
            high = 2.0 * low
            while self.survival(theta, np.array([high]))[0] > 0.5:
                low, high = high, 2.0 * high
                if high > 2.0**52:
                    return float("inf")
        below = low - 1.0 if whole else low * (1.0 - 1e-12)
        for _ in range(100):
            middle = np.floor(0.5 * (below + high)) if whole else 0.5 * (below + high)
            if self.survival(theta, np.array([middle]))[0] <= 0.5:
                high = middle
            else:
                below = middle
            if high - below <= (1.0 if whole else 1e-13 * high):
                break
        return float(high)
