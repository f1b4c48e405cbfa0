"""What a model of buying needs in order to have covariates; a family declares only which parameters they move."""

from __future__ import annotations

import copy
from abc import abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from keepers.domain.attributes import Attributes
from keepers.domain.errors import InputError
from keepers.models.by_clock import asked_by_clock, calendar_of, later
from keepers.models.covariates.answers import (
    CustomerMix,
    answer,
    answer_new,
    answer_plain,
    attributes_of,
    draw_new,
    pattern_of,
)
from keepers.models.covariates.coded import CodedModel
from keepers.models.covariates.encoding import pattern_weights
from keepers.models.covariates.specification import PROCESSES
from keepers.models.covariates.varying_parts import standard, varying_attributes
from keepers.models.frames import attributes_given
from keepers.numerics.patterns import PatternedLikelihood
from keepers.summaries.varying import PATH, START

if TYPE_CHECKING:
    from keepers.domain.cells import Cells, FloatArray, IntArray
    from keepers.domain.store_clock import Calendar, StoreClock
    from keepers.domain.time import TimeUnit
    from keepers.numerics.distinct import CellTables
    from keepers.numerics.likelihoods.family import BuyingFamily


class CovariateModel(CodedModel):
    """A model over a family of buying, whose customers may differ by covariates.

    Without covariates there is one pattern of customers; the same code serves both.
    """

    every_purchase: ClassVar[bool] = False
    """Whether covariates that vary in time need the moment of every purchase."""

    unit_: TimeUnit
    now_: float = 0.0
    calendar_: Calendar | None = None
    _near: tuple[tuple[str, ...], TimeUnit, FloatArray] | None = None

    def near(self, other: CovariateModel) -> Self:
        """A copy, not yet fitted, whose fit begins where another of the same model ended, on nearly the same customers.

        One search instead of several: the usual starts are searched only where it ends at an edge or fails.
        """
        begun = copy.copy(self)
        begun._near = (other.parameter_names, other.unit_, other.posterior_.mean)
        return begun

    def _take_near(self, unit: TimeUnit, log_scale: FloatArray, stretch: FloatArray) -> FloatArray | None:
        """Where this fit begins, as its search counts: parameters divided by exp(log_scale), coefficients by `stretch`.

        Said once, as the next fit may be of other customers.
        """
        near, self._near = self._near, None
        if near is None or near[:2] != (self.parameter_names, unit):
            return None
        symbols, coefficients = np.split(near[2], [log_scale.size])
        return np.concatenate([symbols - log_scale, coefficients / stretch])

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

    @property
    def clock_(self) -> StoreClock | None:
        """The store's clock by which the fit counts time; None is the calendar."""
        return None if self.calendar_ is None else self.calendar_.clock

    def by_clock(self, cells: Cells) -> Cells:
        """Histories with times as the law of the fit counts them: by the store's clock where it has one."""
        if self.calendar_ is None or self.calendar_.clock is None:
            return cells
        return cells.by_clock(self.calendar_.clock, self.calendar_.seen)

    def _on_clock(self, cells: Cells, length: FloatArray) -> FloatArray:
        """Lengths of time from now as the law of the fit counts them, by those on the calendar; in the model's unit."""
        if self.calendar_ is None or self.calendar_.clock is None:
            return length
        now, days = self.by_clock(cells).seen, self.unit_.days
        return np.asarray(self.calendar_.clock.passed(float(now), length * days) / days)

    def _on_calendar(self, cells: Cells, length: FloatArray) -> FloatArray:
        """The inverse of `_on_clock`."""
        if self.calendar_ is None or self.calendar_.clock is None:
            return length
        return np.asarray(later(self.calendar_.clock, float(self.by_clock(cells).seen), self.unit_.days, length))

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
        if self.calendar_ is None or self.calendar_.clock is None:
            return self._answer(question, theta, cells, *further)
        return asked_by_clock(
            self.calendar_.clock, self.calendar_.seen, question, cells, further,
            lambda read, on_clock: self._answer(question, theta, read, *on_clock),
        )  # fmt: skip

    def _answer(self, question: str, theta: FloatArray, cells: Cells, *further: Any) -> Any:
        """The same with all times as the law counts them."""
        if self.coding_ is None:
            return answer_plain(self.family, question, theta, cells, *further)
        if self.varying_coefficients:
            from keepers.models.covariates.clocked import answer_in_time

            return answer_in_time(self.family, self.coding_, question, theta, cells, *further)
        return answer(self.family, self.coding_, question, theta, cells, *further)

    def _to_fit(self, cells: Cells) -> Cells:
        """Histories as a fit counts them; their clock becomes the model's own.

        Models of opportunities count these, and covariates that vary in time say themselves what months do.
        """
        calendar = cells.calendar
        varies = bool(self.varying_coefficients)
        usable = calendar is not None and calendar.clock is not None and not calendar.clock.steady
        self.calendar_ = calendar if usable and not varies and not getattr(self, "discrete", False) else None
        return self.by_clock(cells)

    def answer_new(self, question: str, theta: FloatArray, *further: Any, attributes: Any = None) -> Any:
        """What the family answers about a new customer: with covariates one of `attributes`, else of the fit's mix."""
        if self.coding_ is None or self.mix_ is None:
            return getattr(self.family, question)(theta, *further)
        from keepers.models.covariates.coming import attributes_in_time, without_history

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
            from keepers.models.covariates.clocked import likelihood_of

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
        from keepers.models.covariates.coming import attributes_in_time, without_history

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
        from keepers.models.covariates.coming import attributes_in_time, draw_newcomers

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
        """Draw x and t_x of new customers of the ages and attributes of these, t_x as the law counts time."""
        cells = self.by_clock(cells)
        if self.coding_ is None:
            return self.family.sample_new(self._theta(), cells.T, rng)
        if cells.attributes is None or cells.pattern is None:
            raise InputError(
                f"The model has covariates, and the customers lack {', '.join(self.needed_attributes)}. Add these."
            )
        who, pattern, theta = cells.attributes, cells.pattern, self._theta()
        if self.varying_coefficients:
            from keepers.models.covariates.coming import draw_newcomers

            return draw_newcomers(self.family, self.coding_, theta, who, pattern, cells.T, self.unit_.days, False, rng)[
                :2
            ]
        return draw_new(self.family, self.coding_, theta, who, pattern, cells.T, rng)

    def _covariate_settings(self) -> dict[str, Any]:
        """What a saved model keeps of its covariates."""
        kept = super()._covariate_settings()
        if self.calendar_ is not None:
            kept = {**kept, "clock": self.calendar_.to_dict()}
        return {"covariates": {**kept["covariates"], "now": self.now_}} if kept and self.varying_coefficients else kept

    def _restore_covariates(self, settings: Mapping[str, Any]) -> None:
        """Take back what `_covariate_settings` gave."""
        super()._restore_covariates(settings)
        self.calendar_ = calendar_of(settings)
        self.now_ = float((settings.get("covariates") or {}).get("now", 0.0))
