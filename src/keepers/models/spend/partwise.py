"""Models of spend whose parts are fitted on their own, or some of whose parameters are held where they mean nothing."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from keepers.domain.cells import FloatArray
from keepers.domain.errors import ConfigError, FitError
from keepers.domain.outcome import FitOutcome
from keepers.models.base import Model, PriorChoice
from keepers.models.covariates.specification import Covariates
from keepers.models.evidence import Evidence
from keepers.models.posterior import Posterior
from keepers.models.priors import Prior


class PartwiseModel(Model):
    """A model whose posterior is put together: a normal in the logarithms of all parameters."""

    without_covariates: ClassVar[str]
    """Why the model takes no covariates, in a sentence."""

    def __init__(self, prior: PriorChoice = "auto", covariates: Covariates | None = None) -> None:
        super().__init__(prior)
        if covariates is not None:
            raise ConfigError(
                f"{self.name} takes no covariates. {self.without_covariates} Use GammaGamma(covariates=...), or fit "
                f"{self.name} to each kind of customer on its own."
            )

    def _compose(
        self,
        posterior: Posterior,
        log_likelihood: float,
        outcome: FitOutcome,
        customers: float,
        prior: Prior | None,
    ) -> None:
        """Take over what the parts have found, in the units of the data."""
        theta = np.exp(posterior.mean)
        self._evidence = None
        self.posterior_ = self.laplace_ = posterior
        self.covariance_ = np.outer(theta, theta) * posterior.covariance
        self.parameters_ = dict(zip(self.symbols, theta.tolist(), strict=True))
        spread = np.sqrt(np.diag(self.covariance_))
        self.standard_errors_ = dict(zip(self.symbols, spread.tolist(), strict=True))
        self.log_likelihood_, self.outcome_ = log_likelihood, outcome
        self.n_customers_, self.prior_ = customers, prior

    def _hold(self, values: dict[str, float]) -> None:
        """Say of parameters that they were not estimated but held at a value."""
        for symbol, value in values.items():
            place = self.symbols.index(symbol)
            self.parameters_[symbol], self.standard_errors_[symbol] = value, 0.0
            self.covariance_[place, :] = self.covariance_[:, place] = 0.0

    def _kept_evidence(self) -> Evidence:
        if self._evidence is None and self.fitted:
            raise FitError(
                f"{self.name} is put together from parts that were fitted on their own, so that there is no joint "
                "likelihood to sample from. Use `posterior_`."
            )
        return super()._kept_evidence()


def padded(known: Posterior, symbols: tuple[str, ...], held: FloatArray) -> Posterior:
    """A posterior with further parameters at the end that are held, their logarithms given."""
    size = len(symbols)
    covariance = np.diag(np.full(size, 1e-13))
    first = known.mean.size
    covariance[:first, :first] = known.covariance
    return Posterior(symbols, np.concatenate([known.mean, held]), covariance, known.prior_share)
