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
from keepers.models.covariates.specification import PROCESSES, Covariates
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

    varying_processes: ClassVar[tuple[str, ...]] = ()
    """Processes that covariates which vary in time may change: "purchase", "dropout"."""

    covariate_example: ClassVar[str] = 'Covariates(purchase=["channel"])'

    coding_: Coding | None = None
    mix_: CustomerMix | None = None

    def __init__(self, prior: PriorChoice = "auto", *, covariates: Covariates | None = None) -> None:
        super().__init__(prior)
        if covariates is not None and not isinstance(covariates, Covariates):
            raise ConfigError(f"`covariates` is {covariates!r}. Write for example covariates={self.covariate_example}.")
        if covariates is not None:
            check_carried(self, covariates)
        self.covariates = covariates

    @property
    def moved_symbols(self) -> tuple[str, ...]:
        """What covariates may move, in the order of a design's rows: the parameters, unless a model says otherwise."""
        return self.symbols

    @property
    def needed_attributes(self) -> tuple[str, ...]:
        """Columns that data must have besides the histories."""
        return () if self.covariates is None else self.covariates.columns

    @property
    def varying_coefficients(self) -> tuple[str, ...]:
        """Names of the coefficients of covariates that vary in time."""
        return () if self.covariates is None else self.covariates.varying_coefficients

    @property
    def parameter_names(self) -> tuple[str, ...]:
        """The symbols, and the coefficients of covariates where the model has them."""
        if self.coding_ is None:
            return self.symbols
        return (*self.symbols, *self.coding_.names, *self.varying_coefficients)

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
            coefficient_in_time(name, self.parameters_[name], self.standard_errors_[name])
            for name in self.varying_coefficients
        ]
        return (*coefficients(self.coding_, values, errors), *in_time)

    def _learn_patterns(self, attributes: Attributes, pattern: IntArray, weight: FloatArray) -> Coding:
        """Learn from customers with these patterns how columns become numbers, and who they are."""
        assert self.covariates is not None
        customers = pattern_weights(pattern, weight, attributes.size)
        self.coding_ = Coding.learn(self.covariates, attributes, customers, self.moved_symbols, self.covariate_shifts)
        self.mix_ = CustomerMix.of(attributes, customers)
        return self.coding_

    def _prior_with_coefficients(
        self, prior: Prior | None, divisors: FloatArray, rescuing: bool
    ) -> ParameterPrior | None:
        own = None if self.covariates is None else self.covariates.prior
        many = 0 if self.coding_ is None else len(self.coding_.names) + len(self.varying_coefficients)
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
        self.coding_ = Coding.from_dict(saved, self.moved_symbols, self.covariate_shifts)
        self.covariates = self.coding_.covariates
        columns = {name: plain_column(np.array(values)) for name, values in saved["mix"]["attributes"].items()}
        self.mix_ = CustomerMix(Attributes(columns), np.array(saved["mix"]["share"], dtype=np.float64))


def check_carried(model: CodedModel, covariates: Covariates) -> None:
    """Refuse covariates that vary in time where the model has no such process.

    Raises
    ------
    ConfigError
        That says which model has it.
    """
    for process in PROCESSES:
        names = covariates.varying_of(process)
        if not names or process in model.varying_processes:
            continue
        listed = f"`{process}` names {', '.join(names)}, which var{'ies' if len(names) == 1 else 'y'} in time"
        if process == "spend":
            raise ConfigError(
                f"{listed}, and {model.name} has no calendar of what orders are worth. Use GammaGamma; columns that do "
                "not vary stay as they are."
            )
        if process == "purchase":
            raise ConfigError(
                f"{listed}, and {model.name} has no clock of buying that could speed up and slow down. Use NBD, BGNBD, "
                "MBGNBD, BGCNBD, MBGCNBD, ParetoNBD or GGompertzNBD; columns that do not vary stay as they are."
            )
        if not model.covariate_shifts.get("dropout"):
            raise ConfigError(f"{listed}, but in {model.name} nobody leaves. Use ParetoNBD or GGompertzNBD.")
        raise ConfigError(
            f"{listed}, but in {model.name} the chance to leave is one number for each customer. Use ParetoNBD or "
            "GGompertzNBD, in which covariates of time move the risk of leaving at any moment."
        )
