"""What every fitted model has: parameters with their uncertainty, an outcome in words, and a place on disk."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from keepers.domain.errors import ConfigError, FitError, NotFittedError
from keepers.domain.outcome import FitOutcome
from keepers.models import persistence
from keepers.models.bootstrap import Kind, bootstrap
from keepers.models.evidence import Evidence
from keepers.models.fitting import Fit
from keepers.models.posterior import Posterior
from keepers.models.priors import Prior, automatic_strength

FloatArray = NDArray[np.float64]
PriorChoice = Prior | Literal["auto"] | None


class Model(ABC):
    """A parametric model of behaviour or spend.

    Attributes
    ----------
    parameters_ : dict of str to float
        The papers' symbols and their estimates: the maximum of likelihood times prior, over log parameters.
    standard_errors_ : dict of str to float
        Of the parameters themselves, from the curvature at the maximum.
    covariance_ : array, shape (d, d)
        Of the parameters themselves, in the order of `parameters_`.
    log_likelihood_ : float
        The log-likelihood at the estimates, without the prior.
    outcome_ : FitOutcome
        How the fit ended; its value is a sentence.
    posterior_ : Posterior
        What is known of the parameters.
    prior_ : Prior or None
        The prior that was used in the end; None where the fit is maximum likelihood.
    n_customers_ : float
        Customers behind the fit.
    laplace_ : Posterior
        The normal approximation at the fit, which stays where `posterior_` is replaced by draws of another method.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    symbols: ClassVar[tuple[str, ...]]
    weak_prior: ClassVar[Prior]
    prior_fades: ClassVar[bool] = True

    parameters_: dict[str, float]
    standard_errors_: dict[str, float]
    covariance_: FloatArray
    log_likelihood_: float
    outcome_: FitOutcome
    posterior_: Posterior
    prior_: Prior | None
    n_customers_: float
    _evidence: Evidence | None = None
    laplace_: Posterior

    def __init__(self, prior: PriorChoice = "auto") -> None:
        if not (prior is None or prior == "auto" or isinstance(prior, Prior)):
            raise ConfigError(
                f'`prior` is {prior!r}. Use "auto" (weak, and only while customers are few), None (maximum likelihood) '
                "or a Prior."
            )
        self.prior = prior

    @property
    def fitted(self) -> bool:
        """Whether `fit` has been called."""
        return hasattr(self, "parameters_")

    def __repr__(self) -> str:
        settings = "" if self.prior == "auto" else f"prior={'None' if self.prior is None else 'Prior(...)'}"
        if not self.fitted:
            return f"{self.name}({settings})"
        inside = ", ".join(f"{name}={value:.6g}" for name, value in self.parameters_.items())
        return (
            f"<{self.name}({settings}) fitted on {self.n_customers_:,.0f} customers: {inside}; "
            f"log-likelihood {self.log_likelihood_:.4f}; {self.outcome_.name.lower()}>"
        )

    def save(self, path: str | os.PathLike[str], *, corrected: bool = True) -> Path:
        """Write the fitted model to a JSON file; read it again with `keepers.load_model`.

        Parameters
        ----------
        path : path
            The file.
        corrected : bool
            Whether the posterior is to be compared with the likelihood first, and corrected, which takes as long as
            many fits; otherwise it is kept as it is, mostly the normal approximation.
        """
        return persistence.write(path, self.to_dict(corrected=corrected))

    def to_dict(self, *, corrected: bool = True) -> dict[str, Any]:
        """The fitted model as plain numbers and words, see `save`."""
        self._check_fitted()
        return {
            "model": self.name,
            "parameters": self.parameters_,
            "standard_errors": self.standard_errors_,
            "covariance": self.covariance_.tolist(),
            "log_likelihood": self.log_likelihood_,
            "outcome": self.outcome_.name,
            "n_customers": self.n_customers_,
            "prior": None if self.prior_ is None else self.prior_.to_dict(),
            "posterior": self.posterior_.to_dict(corrected=corrected),
            "laplace": None if self.posterior_ is self.laplace_ else self.laplace_.to_dict(corrected=corrected),
            "settings": self._settings(),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Model:
        """The fitted model that `to_dict` wrote."""
        model = cls._from_settings(data["settings"])
        names = model.parameter_names
        model.parameters_ = {name: float(data["parameters"][name]) for name in names}
        model.standard_errors_ = {name: float(data["standard_errors"][name]) for name in names}
        model.covariance_ = np.array(data["covariance"], dtype=float)
        model.log_likelihood_ = float(data["log_likelihood"])
        model.outcome_ = FitOutcome[data["outcome"]]
        model.n_customers_ = float(data["n_customers"])
        model.prior_ = None if data["prior"] is None else Prior.from_dict(data["prior"])
        model.posterior_ = Posterior.from_dict(names, data["posterior"])
        kept = data.get("laplace")
        model.laplace_ = model.posterior_ if kept is None else Posterior.from_dict(names, kept)
        return model

    def sample_posterior(
        self,
        draws: int = 1000,
        chains: int = 4,
        seed: int = 0,
        method: Literal["nuts", "laplace"] = "nuts",
        tune: int = 300,
    ) -> Posterior:
        """Sample the exact posterior of the parameters.

        `posterior_` is enough where its `diagnostic` says that it is reliable, and takes a hundredth of the time. Where
        it does not, or where somebody asks, this is the full posterior. `model.posterior_ = model.sample_posterior()`
        makes predictions and values use it.

        Parameters
        ----------
        draws, chains : int
            Draws kept a chain, and chains.
        seed : int
            Where chance starts; equal seeds give equal draws.
        method : {"nuts", "laplace"}
            The No-U-Turn sampler of nutpie, from the extra `bayes`; or Laplace's approximation with its importance
            correction, which needs no extra.
        tune : int
            Draws a chain that NUTS spends on tuning before; they are not kept.

        Raises
        ------
        MissingExtraError
            If nutpie is not installed; the text names the command.
        FitError
            If the model was read from a file, which does not hold the data.
        """
        self._theta()
        if method == "laplace":
            return self.posterior_.sampled(draws, chains, np.random.default_rng(seed))
        if method != "nuts":
            raise ConfigError(f'`method` is {method!r}; use "nuts" or "laplace". For resampling there is `bootstrap`.')
        from keepers.models.nuts import sample_nuts

        return sample_nuts(self._kept_evidence(), self.laplace_, draws, chains, tune, seed)

    def bootstrap(self, replicates: int = 200, seed: int = 0, kind: Kind = "customers") -> Posterior:
        """Fit the model again to customers drawn anew, to see how the estimates scatter.

        It does not trust the model's curvature. Where `posterior_` and this differ much, customers are not as the
        model says. Each search begins at the fit.

        Parameters
        ----------
        replicates : int
            Stores to draw, at least 20.
        seed : int
            Where chance starts.
        kind : {"customers", "parametric"}
            Draw customers of the data with replacement, or new ones from the fitted model, each seen for as long.

        Raises
        ------
        FitError
            If the model was read from a file, which does not hold the data, or hardly any resample has a maximum.
        """
        self._theta()
        return bootstrap(self._kept_evidence(), self.laplace_, replicates, kind, seed)

    def _kept_evidence(self) -> Evidence:
        if self._evidence is None:
            raise FitError(
                f"This {self.name} was read from a file, which keeps the estimates and not the data. "
                "Fit it again to the summary, then ask."
            )
        return self._evidence

    @abstractmethod
    def _settings(self) -> dict[str, Any]:
        """What the constructor was given and whatever else the model needs to predict."""

    @classmethod
    @abstractmethod
    def _from_settings(cls, settings: Mapping[str, Any]) -> Model:
        """A model, not yet fitted, from what `_settings` gave."""

    @property
    def parameter_names(self) -> tuple[str, ...]:
        """The symbols, and the coefficients of covariates where the model has them."""
        return self.symbols

    def _adopt(
        self,
        fit: Fit,
        log_scale: FloatArray,
        constant: float,
        customers: float,
        prior: Prior | None,
        coefficient_scale: FloatArray | None = None,
    ) -> None:
        """Take over a fit made with parameters divided by exp(log_scale) and a log-likelihood short of `constant`.

        Coefficients, which come last, were fitted divided by `coefficient_scale`.
        """
        names = self.parameter_names
        added = np.empty(0) if coefficient_scale is None else coefficient_scale
        by = np.concatenate([log_scale, np.zeros(added.size)])
        stretch = np.concatenate([np.ones(log_scale.size), added])
        self._evidence = fit.evidence.shifted(by, stretch)
        self.posterior_ = self.laplace_ = fit.posterior.shifted(by, stretch)
        theta = self.posterior_.natural(self.posterior_.mean)
        slope = np.where(np.arange(theta.size) < log_scale.size, theta, 1.0)
        self.covariance_ = np.outer(slope, slope) * self.posterior_.covariance
        self.parameters_ = dict(zip(names, theta.tolist(), strict=True))
        spread = np.sqrt(np.diag(self.covariance_))
        self.standard_errors_ = dict(zip(names, spread.tolist(), strict=True))
        self.log_likelihood_ = fit.log_likelihood + constant
        self.outcome_ = fit.outcome
        self.prior_ = prior
        self.n_customers_ = customers

    def _priors(self, informative_customers: float) -> tuple[Prior | None, Prior | None]:
        """The prior to begin with and the one to fall back to."""
        if self.prior is None:
            return None, None
        if isinstance(self.prior, Prior):
            return self.prior, None
        strength = automatic_strength(informative_customers) if self.prior_fades else 1.0
        return (self.weak_prior.with_strength(strength) if strength > 0 else None), self.weak_prior

    def _check_fitted(self) -> None:
        if not self.fitted:
            raise NotFittedError(self.name)

    def _theta(self) -> FloatArray:
        """Parameters in order, refused where the fit failed; coefficients of covariates come last."""
        self._check_fitted()
        if not self.outcome_.usable:
            raise FitError(
                f'{self.name} has no usable fit: {self.outcome_.value} Try a simpler model, more data, or prior="auto".'
            )
        return np.array([self.parameters_[name] for name in self.parameter_names])
