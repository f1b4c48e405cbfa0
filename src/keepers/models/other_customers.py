"""How well customers whom a fit has not seen agree with it, and how well others like them would by chance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from keepers.numerics.evaluation import Evaluation

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class OtherCustomers:
    """Customers whom a fit has not seen, judged at its parameters.

    Parameters
    ----------
    evaluation : Evaluation
        Their log-likelihood at the fitted parameters, with its derivatives in the logarithms of the parameters.
    customers : float
        How many they are.
    simulated : callable
        The gradient, at the fitted parameters still, of as many customers observed for as long but drawn from the model
        at other parameters.
    """

    evaluation: Evaluation
    customers: float
    simulated: Callable[[FloatArray, np.random.Generator], FloatArray]
