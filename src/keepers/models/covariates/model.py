"""What a model of buying needs in order to have covariates; a family declares only which parameters they move."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from keepers.domain.attributes import Attributes, plain_column
from keepers.domain.cells import Cells, FloatArray, IntArray
from keepers.domain.errors import ConfigError
from keepers.models.base import Model, PriorChoice
from keepers.models.covariates.answers import CustomerMix, answer, answer_new, attributes_of, draw_new, pattern_of
from keepers.models.covariates.coefficients import Coefficient, coefficients
from keepers.models.covariates.encoding import Coding, Shifts, pattern_weights
from keepers.models.covariates.priors import with_coefficients
from keepers.models.covariates.specification import Covariates
from keepers.models.frames import attributes_given
from keepers.models.priors import ParameterPrior, Prior
from keepers.numerics.likelihoods.family import BuyingFamily


class CovariateModel(Model):
    """A model over a family of buying, whose customers may differ by covariates.

    Without covariates there is one pattern of customers; the same code serves both.

    Attributes
    ----------
    coding_ : Coding or None
        How columns become numbers; None without covariates.
    mix_ : CustomerMix or None
        Who the customers of the fit were.
    """

    covariate_shifts: ClassVar[Shifts] = {}
    """By process, the parameters whose logarithm moves by so many times gamma z."""

    coding_: Coding | None = None
    mix_: CustomerMix | None = None

    def __init__(self, prior: PriorChoice = "auto", *, covariates: Covariates | None = None) -> None:
        super().__init__(prior)
        if covariates is not None and not isinstance(covariates, Covariates):
            raise ConfigError(
                f'`covariates` is {covariates!r}. Write for example covariates=Covariates(purchase=["channel"]).'
            )
        self.covariates = covariates

    @property
    @abstractmethod
    def family(self) -> BuyingFamily:
        """The likelihood and the answers; a class variable where it does not depend on what was fitted."""

    @property
    def needed_attributes(self) -> tuple[str, ...]:
        """Columns that data must have besides the histories."""
        return () if self.covariates is None else self.covariates.columns

    @property
    def parameter_names(self) -> tuple[str, ...]:
        """The symbols, and the coefficients of covariates where the model has them."""
        return self.symbols if self.coding_ is None else (*self.symbols, *self.coding_.names)

    @property
    def coefficients_(self) -> tuple[Coefficient, ...]:
        """What covariates do, each with its uncertainty and a sentence."""
        self._check_fitted()
        if self.coding_ is None:
            return ()
        names = self.coding_.names
        values = np.array([self.parameters_[name] for name in names])
        errors = np.array([self.standard_errors_[name] for name in names])
        return coefficients(self.coding_, values, errors)

    def answer(self, question: str, theta: FloatArray, cells: Cells, *further: Any) -> Any:
        """What the family answers to a question for each row of cells, were the parameters these.

        Parameters
        ----------
        question : str
            Name of a function of the family that takes theta, x, t_x, T and further arguments.
        theta : array, shape (d + k,)
            Parameters in the order of `parameter_names`.
        cells : Cells
            Histories in the model's unit, with attributes where the model has covariates.
        further : objects
            Further arguments.
        """
        if self.coding_ is None:
            return getattr(self.family, question)(theta, cells.x, cells.t_x, cells.T, *further)
        return answer(self.family, self.coding_, question, theta, cells, *further)

    def answer_new(self, question: str, theta: FloatArray, *further: Any, attributes: Any = None) -> Any:
        """What the family answers about a new customer: with covariates one of `attributes`, else of the fit's mix."""
        if self.coding_ is None or self.mix_ is None:
            return getattr(self.family, question)(theta, *further)
        mix = self.mix_
        if attributes is not None:
            table, pattern = attributes_given(attributes, self.needed_attributes)
            mix = CustomerMix.of(table, pattern_weights(pattern, np.ones(pattern.size), table.size))
        return answer_new(self.family, self.coding_, question, theta, mix, *further)

    def _learn(self, cells: Cells) -> None:
        """Learn from the customers how columns become numbers, and who they are."""
        self.coding_ = self.mix_ = None
        if self.covariates is not None:
            attributes = attributes_of(cells)
            weight = pattern_weights(pattern_of(cells), cells.weight, attributes.size)
            self.coding_ = Coding.learn(self.covariates, attributes, weight, self.symbols, self.covariate_shifts)
            self.mix_ = CustomerMix.of(attributes, weight)

    def _design(self, cells: Cells) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Scale of each coefficient, and how coefficients and known effects move log parameters of each pattern."""
        if self.coding_ is None:
            return np.empty(0), np.zeros((1, len(self.symbols), 0)), np.zeros((1, len(self.symbols)))
        design, offset = self.coding_.design(attributes_of(cells))
        return self.coding_.coefficient_scale, design, offset

    def _prior_with_coefficients(
        self, prior: Prior | None, divisors: FloatArray, rescuing: bool
    ) -> ParameterPrior | None:
        own = None if self.covariates is None else self.covariates.prior
        many = 0 if self.coding_ is None else len(self.coding_.names)
        return with_coefficients(prior, self.symbols, divisors, own, many, rescuing)

    def _patterns_of(self, attributes: Any, rows: int) -> tuple[IntArray | None, Attributes | None]:
        """Pattern of each of so many customers and the table of patterns; nothing without covariates."""
        if self.coding_ is None:
            return None, None
        table, pattern = attributes_given(attributes, self.needed_attributes, rows)
        return pattern, table

    def _draw_new(
        self, T: FloatArray, attributes: Any, rng: np.random.Generator
    ) -> tuple[FloatArray, FloatArray, IntArray | None, Attributes | None]:
        """Draw x and t_x of new customers, with their attributes."""
        theta = self._theta()
        if self.coding_ is None or self.mix_ is None:
            return *self.family.sample_new(theta, T, rng), None, None
        if attributes is None:
            table, pattern = self.mix_.attributes, rng.choice(self.mix_.share.size, size=T.size, p=self.mix_.share)
        else:
            table, pattern = attributes_given(attributes, self.needed_attributes, T.size)
        x, t_x = draw_new(self.family, self.coding_, theta, table, pattern, T, rng)
        return x, t_x, pattern, table

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
