"""What a model of contracts says before any contract is seen, which its prior says alone."""

from __future__ import annotations

from typing import Any, ClassVar, Protocol

import numpy as np

from keepers.domain.time import DEFAULT_HORIZON, Horizon
from keepers.models.prior_predictive import PriorPredictive, contracts_before_data, draw_parameters, prior_of
from keepers.models.priors import Prior
from keepers.numerics.likelihoods import contract_outlook as outlook
from keepers.numerics.likelihoods.contract_family import ContractFamily


class _Contracts(Protocol):
    """What is needed of a model."""

    family: ClassVar[ContractFamily]
    weak_prior: ClassVar[Prior]
    symbols: ClassVar[tuple[str, ...]]
    prior: Any

    def _drawn(self, law: Any, theta: Any, age: np.ndarray, rng: np.random.Generator) -> np.ndarray: ...


class BeforeData:
    """A model's question to its own prior."""

    def prior_predictive(
        self: _Contracts, horizon: Horizon = DEFAULT_HORIZON, draws: int = 1000, seed: int = 0
    ) -> PriorPredictive:
        """What the model's prior says of new contracts before any is seen, in sentences; no fit is needed.

        Parameters
        ----------
        horizon : Horizon
            How far to look.
        draws : int
            Draws from the prior: the one given to the model, or its weak one.
        seed : int
            Where chance starts.

        Examples
        --------
        >>> import keepers as kp
        >>> print(kp.ShiftedBetaGeometric().prior_predictive(kp.years(1)).sentences[0])
        With 80% probability between 8% and 90% of new contracts still run after 1 year.
        """
        prior, rng = prior_of(self.prior, self.weak_prior), np.random.default_rng(seed)
        length, zero = horizon.in_unit(prior.unit), np.zeros(1)
        return contracts_before_data(
            draw_parameters(prior, self.symbols, draws, rng),
            str(horizon),
            prior.unit.value,
            lambda theta: float(outlook.survival(self.family, theta.tolist(), zero, length)[0]),
            lambda theta, customers: self._drawn(self.family, theta.tolist(), np.zeros(customers), rng),
        )
