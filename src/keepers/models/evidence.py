"""What a fit was made from, kept for whoever asks more of the posterior than its normal approximation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from keepers.models.priors import ParameterPrior
from keepers.numerics.evaluation import Evaluation
from keepers.numerics.optimise import LOG_BOUND, walled

FloatArray = NDArray[np.float64]
Likelihood = Callable[[FloatArray, int], Evaluation]
"""Log-likelihood at log parameters, with derivatives up to the order asked for."""


@dataclass(frozen=True, slots=True, eq=False)
class Resampling:
    """How the same question would be asked of other customers.

    Parameters
    ----------
    weight : array, shape (n,)
        Customers behind each row of the data.
    reweighted : callable
        The log-likelihood of the rows with other weights.
    simulated : callable or None
        The log-likelihood of as many customers drawn from the model at log parameters, each seen for as long (or for
        as many orders) as one of the data; None where the data do not tell how long each was seen.
    """

    weight: FloatArray
    reweighted: Callable[[FloatArray], Likelihood]
    simulated: Callable[[FloatArray, np.random.Generator], Likelihood] | None


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """Likelihood and prior of a fitted model, in the coordinates of its posterior.

    Parameters
    ----------
    likelihood : callable
        The log-likelihood of all data at the fit's own log parameters.
    prior : ParameterPrior or None
        The prior that was used in the end.
    shift : array, shape (d,)
        What was added to the fit's log parameters since: a change of units.
    stretch : array, shape (d,)
        What they were multiplied with before: ones, except for coefficients of covariates.
    resampling : Resampling, optional
        How to ask other customers.
    """

    likelihood: Likelihood
    prior: ParameterPrior | None
    shift: FloatArray
    resampling: Resampling | None = None
    stretch: FloatArray | float = 1.0

    def shifted(self, by: FloatArray, times: FloatArray | float = 1.0) -> Evidence:
        """The evidence on parameters whose logarithms are `times` as large, and then larger by `by`."""
        return replace(self, shift=self.shift * times + by, stretch=self.stretch * times)

    def log_posterior(self, point: FloatArray, order: int, likelihood: Likelihood | None = None) -> Evaluation:
        """Logarithm of likelihood times prior at a point, up to a constant, with derivatives.

        A flat direction without a prior has no end; soft walls, the same as those of the search, bound it.

        Parameters
        ----------
        point : array, shape (d,)
            In the coordinates of the posterior.
        order : int
            0 for the value alone, 1 with gradient, 2 with Hessian.
        likelihood : callable, optional
            That of other customers, in place of the data's own.
        """
        at = (point - self.shift) / self.stretch
        # Far out, where a search may probe, a likelihood may overflow; the value then says so.
        with np.errstate(all="ignore"):
            value = (likelihood or self.likelihood)(at, order)
        found = walled(value if self.prior is None else value + self.prior.evaluate(at), at, LOG_BOUND)
        slope = np.ones(at.size) / self.stretch
        return Evaluation(found.value, found.gradient * slope, found.hessian * np.outer(slope, slope))
