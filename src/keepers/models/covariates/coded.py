"""What every model with covariates knows: how columns become numbers, who its customers were, what covariates do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from keepers.domain.attributes import Attributes, plain_column
from keepers.domain.cells import FloatArray, IntArray
from keepers.domain.errors import ConfigError
from keepers.models.base import Model, PriorChoice
from keepers.models.covariates.answers import CustomerMix
from keepers.models.covariates.coefficients import Coefficient, coefficient_in_time, coefficients
from keepers.models.covariates.encoding import Coding, Shifts, pattern_weights
from keepers.models.covariates.priors import with_coefficients
from keepers.models.covariates.specification import Covariates
from keepers.models.priors import ParameterPrior, Prior


class CodedModel(Model):
    """A model whose customers may differ by covariates.

    Attributes
    ----------
    coding_ : Coding or None
        How columns become numbers; None without covariates.
    mix_ : CustomerMix or None
        Who the customers of the fit were.
    """

    covariate_shifts: ClassVar[Shifts] = {}
    """By process, the parameters whose logarithm moves by so many times gamma z."""

    covariate_example: ClassVar[str] = 'Covariates(purchase=["channel"])'

    coding_: Coding | None = None
    mix_: CustomerMix | None = None

    def __init__(self, prior: PriorChoice = "auto", *, covariates: Covariates | None = None) -> None:
        super().__init__(prior)
        if covariates is not None and not isinstance(covariates, Covariates):
            raise ConfigError(f"`covariates` is {covariates!r}. Write for example covariates={self.covariate_example}.")
        self.covariates = covariates

    @property
    def needed_attributes(self) -> tuple[str, ...]:
        """Columns that data must have besides the histories."""
        return () if self.covariates is None else self.covariates.columns

    @property
    def varying_columns(self) -> tuple[str, ...]:
        """Covariates that vary in time."""
        return () if self.covariates is None else self.covariates.varying_columns

    @property
    def parameter_names(self) -> tuple[str, ...]:
        """The symbols, and the coefficients of covariates where the model has them."""
        varying = tuple(f"purchase:{name}" for name in self.varying_columns)
        return self.symbols if self.coding_ is None else (*self.symbols, *self.coding_.names, *varying)

    @property
    def coefficients_(self) -> tuple[Coefficient, ...]:
        """What covariates do, each with its uncertainty and a sentence."""
        self._check_fitted()
        if self.coding_ is None:
            return ()
        names = self.coding_.names
        values = np.array([self.parameters_[name] for name in names])
        errors = np.array([self.standard_errors_[name] for name in names])
        in_time = [
            coefficient_in_time(
                column, self.parameters_[f"purchase:{column}"], self.standard_errors_[f"purchase:{column}"]
            )
            for column in self.varying_columns
        ]
        return (*coefficients(self.coding_, values, errors), *in_time)

    def _learn_patterns(self, attributes: Attributes, pattern: IntArray, weight: FloatArray) -> Coding:
        """Learn from customers with these patterns how columns become numbers, and who they are."""
        assert self.covariates is not None
        customers = pattern_weights(pattern, weight, attributes.size)
        self.coding_ = Coding.learn(self.covariates, attributes, customers, self.symbols, self.covariate_shifts)
        self.mix_ = CustomerMix.of(attributes, customers)
        return self.coding_

    def _prior_with_coefficients(
        self, prior: Prior | None, divisors: FloatArray, rescuing: bool
    ) -> ParameterPrior | None:
        own = None if self.covariates is None else self.covariates.prior
        many = 0 if self.coding_ is None else len(self.coding_.names) + len(self.varying_columns)
        return with_coefficients(prior, self.symbols, divisors, own, many, rescuing)

    def _covariate_settings(self) -> dict[str, Any]:
        """What a saved model keeps of its covariates."""
        if self.coding_ is None or self.mix_ is None:
            return {}
        mix = {"attributes": self.mix_.attributes.to_dict(), "share": self.mix_.share.tolist()}
        return {"covariates": {**self.coding_.to_dict(), "mix": mix}}

    def _restore_covariates(self, settings: Mapping[str, Any]) -> None:
        """Take back what `_covariate_settings` gave."""
        saved = settings.get("covariates")
        if saved is None:
            return
        self.coding_ = Coding.from_dict(saved, self.symbols, self.covariate_shifts)
        self.covariates = self.coding_.covariates
        columns = {name: plain_column(np.array(values)) for name, values in saved["mix"]["attributes"].items()}
        self.mix_ = CustomerMix(Attributes(columns), np.array(saved["mix"]["share"], dtype=np.float64))
