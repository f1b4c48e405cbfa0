"""Models of spend whose parts are fitted on their own, or some of whose parameters are held where they mean nothing."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from keepers.domain.cells import FloatArray
from keepers.domain.errors import FitError
from keepers.domain.outcome import FitOutcome
from keepers.models.covariates.answers import CustomerMix
from keepers.models.covariates.coded import CodedModel
from keepers.models.covariates.encoding import Coding
from keepers.models.covariates.priors import with_coefficients
from keepers.models.evidence import Evidence
from keepers.models.posterior import Posterior
from keepers.models.priors import ParameterPrior, Prior
from keepers.models.spend.spend_effects import mix_given

NIL = 1e-13
"""Stands for zero where a logarithm is taken, and for the variance of what is held."""


class PartwiseModel(CodedModel):
    """A model whose posterior is put together: a normal in the logarithms of all parameters, and in coefficients."""

    covariate_example: ClassVar[str] = 'Covariates(spend=["channel"])'

    @property
    def mean_spend_(self) -> float:
        """Expected value of an order of a customer not yet known; with covariates, of one like those of the fit."""
        return self._mean_of(self.mix_)

    def expected_spend_new_customer(self, attributes: Any = None) -> float:
        """Expected value of an order of a customer of whom no order is known.

        Parameters
        ----------
        attributes : dict or frame, optional
            With covariates, who it is, such as ``{"channel": "ads"}``, or several customers whose mean is wanted; one
            like those of the fit if left out.
        """
        if attributes is None or self.coding_ is None:
            return self._mean_of(self.mix_)
        return self._mean_of(mix_given(self.coding_, attributes))

    @abstractmethod
    def _mean_of(self, mix: CustomerMix | None) -> float:
        """Expected value of an order of new customers; of all where there are no covariates."""

    def _coded_as(self, known: CodedModel) -> None:
        """Count columns as a model of a part does, and take its customers for those of the whole."""
        self.coding_, self.mix_ = None, known.mix_
        if known.coding_ is not None:
            found = known.coding_
            self.coding_ = Coding.arranged(found.covariates, found.codes, self.symbols, self.covariate_shifts)

    def _belief(self, prior: Prior | None, symbols: tuple[str, ...], rescuing: bool) -> ParameterPrior | None:
        """A prior of some of the parameters and of all coefficients."""
        own = None if self.covariates is None else self.covariates.prior
        many = 0 if self.coding_ is None else len(self.coding_.names)
        return with_coefficients(prior, symbols, np.ones(len(symbols)), own, many, rescuing)

    @property
    def _stretch(self) -> FloatArray:
        """What coefficients per standard deviation are multiplied with, shape (k,)."""
        return np.empty(0) if self.coding_ is None else self.coding_.coefficient_scale

    def _unscaled(self, known: Posterior, money: FloatArray) -> Posterior:
        """A posterior of coefficients as they are, and of money in the unit of the data, from one as fitted.

        `money` is what that unit adds to the logarithms of all symbols.
        """
        first = len(known.parameters) - self._stretch.size
        free = [self.symbols.index(name) for name in known.parameters[:first]]
        added = np.concatenate([money[free], np.zeros(self._stretch.size)])
        return known.shifted(added, np.concatenate([np.ones(first), self._stretch]))

    def _whole(self, known: Posterior, held: Mapping[str, float]) -> Posterior:
        """A posterior of some parameters and of coefficients among all; the others are held at a value."""
        names = self.parameter_names
        places = [names.index(name) for name in known.parameters]
        mean, covariance = np.zeros(len(names)), np.diag(np.full(len(names), NIL))
        for symbol, value in held.items():
            mean[names.index(symbol)] = np.log(max(value, NIL))
        mean[places], covariance[np.ix_(places, places)] = known.mean, known.covariance
        return Posterior(names, mean, covariance, known.prior_share)

    def _compose(
        self,
        posterior: Posterior,
        log_likelihood: float,
        outcome: FitOutcome,
        customers: float,
        prior: Prior | None,
    ) -> None:
        """Take over what the parts have found, in the units of the data."""
        theta = posterior.natural(posterior.mean)
        slope = np.where(np.arange(theta.size) < len(self.symbols), theta, 1.0)
        self._evidence = None
        self.posterior_ = self.laplace_ = posterior
        self.covariance_ = np.outer(slope, slope) * posterior.covariance
        self.parameters_ = dict(zip(self.parameter_names, theta.tolist(), strict=True))
        spread = np.sqrt(np.diag(self.covariance_))
        self.standard_errors_ = dict(zip(self.parameter_names, spread.tolist(), strict=True))
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
