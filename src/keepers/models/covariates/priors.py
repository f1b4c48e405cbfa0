"""The prior of a model's parameters and of its coefficients together."""

from __future__ import annotations

from typing import Literal

import numpy as np

from keepers.domain.cells import FloatArray
from keepers.models.priors import ParameterPrior, Prior

WEAK_SPREAD = 1.0
"""Standard deviation of a coefficient by the automatic prior: a factor of e per standard deviation of the column."""


def with_coefficients(
    prior: Prior | None,
    symbols: tuple[str, ...],
    divisors: FloatArray,
    own: float | Literal["auto"] | None,
    coefficients: int,
    rescuing: bool,
) -> ParameterPrior | None:
    """A normal prior of log parameters followed by coefficients; None where nothing is believed.

    Parameters
    ----------
    prior : Prior or None
        Of the parameters.
    symbols, divisors : tuple of str, array
        The parameters and the units that they are counted in.
    own : "auto", None or float
        Of the coefficients, as in `Covariates`.
    coefficients : int
        How many there are.
    rescuing : bool
        Whether the prior rescues a likelihood without a maximum; then coefficients get a belief whatever was asked.
    """
    strength = 0.0 if prior is None else prior.strength
    if isinstance(own, (int, float)):
        precision = 1.0 / own**2
    elif own == "auto" or rescuing:
        precision = strength / WEAK_SPREAD**2
    else:
        precision = 0.0
    if prior is None and (precision == 0.0 or coefficients == 0):
        return None
    if prior is None:
        base = ParameterPrior(np.zeros(len(symbols)), np.zeros(len(symbols)))
    else:
        base = prior.on(symbols, divisors)
    return ParameterPrior(
        np.concatenate([base.centre, np.zeros(coefficients)]),
        np.concatenate([base.precision, np.full(coefficients, precision)]),
        base.others,
        base.strength,
    )
