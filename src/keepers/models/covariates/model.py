"""What a model of buying needs in order to have covariates; a family declares only which parameters they move."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from keepers.domain.attributes import Attributes
from keepers.domain.cells import Cells, FloatArray, IntArray
from keepers.domain.errors import InputError
from keepers.domain.time import TimeUnit
from keepers.models.covariates.answers import (
    CustomerMix,
    answer,
    answer_new,
    answer_plain,
    attributes_of,
    draw_new,
    pattern_of,
)
from keepers.models.covariates.clocked import answer_in_time, likelihood_of, standard, varying_attributes
from keepers.models.covariates.coded import CodedModel
from keepers.models.covariates.coming import attributes_in_time, draw_newcomers, without_history
from keepers.models.covariates.encoding import pattern_weights
from keepers.models.covariates.specification import PROCESSES
from keepers.models.frames import attributes_given
from keepers.numerics.distinct import CellTables
from keepers.numerics.likelihoods.family import BuyingFamily
from keepers.numerics.patterns import PatternedLikelihood
from keepers.summaries.varying import PATH, START


class CovariateModel(CodedModel):
    """A model over a family of buying, whose customers may differ by covariates.

    Without covariates there is one pattern of customers; the same code serves both.
    """

    every_purchase: ClassVar[bool] = False
    """Whether covariates that vary in time need the moment of every purchase."""

    unit_: TimeUnit
    now_: float = 0.0

    @property
    @abstractmethod
    def family(self) -> BuyingFamily:
        """The likelihood and the answers; a class variable where it does not depend on what was fitted."""

    @property
    def needed_attributes(self) -> tuple[str, ...]:
        """Columns that data must have besides the histories."""
        if self.covariates is None:
            return ()
        return (*self.covariates.columns, *varying_attributes(self.covariates, self.every_purchase))

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
            return answer_plain(self.family, question, theta, cells, *further)
        if self.varying_coefficients:
            return answer_in_time(self.family, self.coding_, question, theta, cells, *further)
        return answer(self.family, self.coding_, question, theta, cells, *further)

    def answer_new(self, question: str, theta: FloatArray, *further: Any, attributes: Any = None) -> Any:
        """What the family answers about a new customer: with covariates one of `attributes`, else of the fit's mix."""
        if self.coding_ is None or self.mix_ is None:
            return getattr(self.family, question)(theta, *further)
        mix = self.mix_
        assert self.covariates is not None
        timed = bool(self.varying_coefficients)
        if attributes is not None:
            known = (
                attributes_in_time(self.covariates, attributes)
                if timed
                else attributes_given(attributes, self.covariates.columns)
            )
            table, pattern = known
            mix = CustomerMix.of(table, pattern_weights(pattern, np.ones(pattern.size), table.size))
        if not timed:
            return answer_new(self.family, self.coding_, question, theta, mix, *further)
        # Without a history: who makes the first purchase on a day, that of the end of the fit's data unless it is said.
        cells = without_history(self.covariates, mix.attributes, self.now_, self.unit_)
        return np.asarray(mix.share @ self.answer(question.removesuffix("_new"), theta, cells, *further))

    def _likelihood(self, cells: Cells, tables: CellTables, scale: float) -> tuple[FloatArray, Any]:
        """Scale of each coefficient, and the log-likelihood of cells in log parameters and scaled coefficients."""
        if self.varying_coefficients and self.coding_ is not None:
            spreads = [standard(self.coding_.covariates, process)[1] for process in PROCESSES]
            stretch = np.concatenate([self.coding_.coefficient_scale, 1.0 / np.concatenate(spreads)])
            return stretch, likelihood_of(self.family, self.coding_, cells, scale)
        stretch, design, offset = self._design(cells)
        return stretch, PatternedLikelihood(self.family, tables, pattern_of(cells), design * stretch, offset)

    def _learn(self, cells: Cells) -> None:
        """Learn from the customers how columns become numbers, and who they are."""
        self.coding_ = self.mix_ = None
        if self.covariates is not None:
            attributes = attributes_of(cells)
            self._learn_patterns(attributes, pattern_of(cells), cells.weight)
            if self.varying_coefficients:
                # Of those yet to come only columns and paths matter, not when the customers of the fit bought.
                kept = (*self.covariates.columns, PATH)
                who, which = Attributes.of_rows({name: attributes.columns[name] for name in kept})
                weight = pattern_weights(pattern_of(cells), cells.weight, attributes.size)
                self.mix_ = CustomerMix.of(who, pattern_weights(which, weight, who.size))
                latest = attributes.columns[START][pattern_of(cells)] + cells.T * cells.unit.days
                self.now_ = float(latest.max())

    def _design(self, cells: Cells) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Scale of each coefficient, and how coefficients and known effects move log parameters of each pattern."""
        if self.coding_ is None:
            return np.empty(0), np.zeros((1, len(self.symbols), 0)), np.zeros((1, len(self.symbols)))
        design, offset = self.coding_.design(attributes_of(cells))
        return self.coding_.coefficient_scale, design, offset

    def _patterns_of(self, attributes: Any, first: Any) -> tuple[IntArray | None, Attributes | None]:
        """Pattern of customers who first bought on these days, and the table of patterns; None without covariates."""
        if self.coding_ is None or self.covariates is None:
            return None, None
        if not self.varying_coefficients:
            table, pattern = attributes_given(attributes, self.needed_attributes, len(first))
            return pattern, table
        table, pattern = attributes_in_time(self.covariates, attributes, len(first), first)
        known = without_history(self.covariates, table, self.now_, self.unit_).attributes
        return pattern, known

    def _draw_new(
        self, T: FloatArray, attributes: Any, rng: np.random.Generator
    ) -> tuple[FloatArray, FloatArray, IntArray | None, Attributes | None]:
        """Draw x and t_x of new customers, with their attributes."""
        theta = self._theta()
        if self.coding_ is None or self.mix_ is None or self.covariates is None:
            return *self.family.sample_new(theta, T, rng), None, None
        if attributes is None:
            table, pattern = self.mix_.attributes, rng.choice(self.mix_.share.size, size=T.size, p=self.mix_.share)
        elif self.varying_coefficients:
            table, pattern = attributes_in_time(self.covariates, attributes, T.size)
        else:
            table, pattern = attributes_given(attributes, self.needed_attributes, T.size)
        if not self.varying_coefficients:
            x, t_x = draw_new(self.family, self.coding_, theta, table, pattern, T, rng)
            return x, t_x, pattern, table
        who = Attributes({START: np.full(table.size, self.now_), **table.columns})
        x, t_x, known = draw_newcomers(
            self.family, self.coding_, theta, who, pattern, T, self.unit_.days, self.every_purchase, rng
        )
        return x, t_x, np.arange(T.size), known

    def _draw_like(self, cells: Cells, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
        """Draw x and t_x of new customers of the ages and attributes of these."""
        if self.coding_ is None:
            return self.family.sample_new(self._theta(), cells.T, rng)
        if cells.attributes is None or cells.pattern is None:
            raise InputError(
                f"The model has covariates, and the customers lack {', '.join(self.needed_attributes)}. Add these."
            )
        who, pattern, theta = cells.attributes, cells.pattern, self._theta()
        if self.varying_coefficients:
            return draw_newcomers(self.family, self.coding_, theta, who, pattern, cells.T, self.unit_.days, False, rng)[
                :2
            ]
        return draw_new(self.family, self.coding_, theta, who, pattern, cells.T, rng)

    def _covariate_settings(self) -> dict[str, Any]:
        """What a saved model keeps of its covariates."""
        kept = super()._covariate_settings()
        return {"covariates": {**kept["covariates"], "now": self.now_}} if kept and self.varying_coefficients else kept

    def _restore_covariates(self, settings: Mapping[str, Any]) -> None:
        """Take back what `_covariate_settings` gave."""
        super()._restore_covariates(settings)
        self.now_ = float((settings.get("covariates") or {}).get("now", 0.0))
