"""One origin of a backtest: what was known at the cut, what followed, and the forecasts that were graded there."""

from __future__ import annotations

import contextlib
import copy
import datetime as dt
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np

from keepers.data.engine import quoted, template
from keepers.domain.errors import FitError, InputError
from keepers.domain.money import Margin
from keepers.domain.time import Horizon, ObservationWindow, TimeUnit
from keepers.evaluation.baselines import CohortMean, PreviousPeriod
from keepers.evaluation.grading import CountGrade, Forecaster, grade_purchases
from keepers.evaluation.outcomes import Outcomes
from keepers.models.buying import BuyingModel
from keepers.summaries.acquisition import with_covariates
from keepers.summaries.clocked import by_clock
from keepers.summaries.opportunities import summarise_opportunities
from keepers.summaries.opportunity_periods import shifted_end
from keepers.summaries.purchases import PurchaseSource
from keepers.summaries.summary import Summary, summarise
from keepers.valuation.season import clock_of

FEWEST_CUSTOMERS = 30
FEWEST_PURCHASES = 10

_PACKAGE = "keepers.evaluation.sql"


@runtime_checkable
class Candidate(Forecaster, Protocol):
    """A model of buying or a naive rule that learns from histories alone."""

    def fit(self, data: Any) -> Any:
        """Learn from histories; gives itself back."""


@dataclass(eq=False)
class Origin:
    """A cut in the past.

    Attributes
    ----------
    window : ObservationWindow
        Its cut and the end of its holdout.
    summary : Summary
        Customers as known at the cut, with what they did in the holdout.
    outcomes, sample : Outcomes
        Their histories and purchases; and a sample for whole distributions.
    recent : str or None
        Table of what each customer bought in a time as long as the holdout before the cut.
    fitted : dict of str to Forecaster
        Models and rules fitted on what was known at the cut.
    grades : dict of str to CountGrade
        How they did.
    """

    window: ObservationWindow
    summary: Summary
    outcomes: Outcomes
    sample: Outcomes
    recent: str | None = None
    fitted: dict[str, Forecaster] = field(default_factory=dict)
    grades: dict[str, CountGrade] = field(default_factory=dict)

    @property
    def cut(self) -> dt.date:
        """Last day of the calibration."""
        return self.summary.calibration_end

    @property
    def horizon(self) -> Horizon:
        """Length of the holdout."""
        return self.outcomes.horizon

    def grade(self, name: str, candidate: Forecaster, near: Forecaster | None = None) -> None:
        """Fit a copy of a candidate to what was known at the cut and hold its forecast against what followed.

        The same candidate as it was fitted `near` by, at another cut, says where the search begins.

        Raises
        ------
        FitError
            If the fit has no maximum or its predictions are not numbers.
        """
        fitted: Forecaster
        if isinstance(candidate, CohortMean):
            fitted = CohortMean().fit(self.outcomes.cells, self.previous())
        elif isinstance(candidate, Candidate):
            gaps = candidate.gaps if isinstance(candidate, BuyingModel) else None
            known = self.outcomes.cells if gaps is None else self.summary.cells(gaps)
            fitted = _begun(candidate, near).fit(known)
        else:
            fitted = candidate
        if isinstance(fitted, BuyingModel) and not fitted.outcome_.usable:
            raise FitError(fitted.outcome_.value)
        self.grades[name] = grade_purchases(fitted, self.outcomes, self.sample)
        self.fitted[name] = fitted

    def grade_fitted(self, name: str, fitted: Forecaster) -> None:
        """Hold the forecast of what is fitted already against what followed."""
        self.grades[name] = grade_purchases(fitted, self.outcomes, self.sample)
        self.fitted[name] = fitted

    def previous(self) -> PreviousPeriod:
        """What customers of each age did in the time before the cut that is as long as the holdout."""
        # Rounded as the summary rounds `T_days`, so that a customer of the same age stands in the same group later.
        age = (
            f"round((T - {self.horizon.length!r}) * {self.horizon.unit.days!r})"
            if self.summary.facts.opportunities
            else f"T_days - {round(self.horizon.days)}"
        )
        rows = self.summary.engine.columns(
            template(_PACKAGE, "cohorts").format(recent=quoted(self.recent_purchases()), age=age)
        )
        numbers = {name: np.asarray(column, dtype=np.float64) for name, column in rows.items()}
        return PreviousPeriod(
            numbers["age_days"], numbers["purchases"], numbers["customers"], numbers["money"], self.horizon
        )

    def recent_purchases(self) -> str:
        """The table of what each customer bought in that time, made when first asked for."""
        if self.recent is None:
            engine = self.summary.engine
            if self.summary.facts.opportunities:
                after = shifted_end(self.cut, -round(self.horizon.length), self.summary.unit)
            else:
                after = self.cut - dt.timedelta(days=round(self.horizon.days))
            days = self.summary.purchase_days_sql(after=after)
            name = engine.new_name("recent")
            sql = template(_PACKAGE, "recent").format(purchase_days=days, summary=quoted(self.summary.name))
            self.recent = engine.create(name, sql)
        return self.recent

    def drop(self) -> None:
        """Forget the tables of the origin."""
        for name in (self.summary.name, self.summary.gaps_made, *self.summary.tables_kept.values(), self.recent):
            if name is not None:
                self.summary.engine.drop(name)


def _begun(candidate: Any, near: Any) -> Any:
    """A copy to be fitted, which begins where the same model ended at another cut."""
    if isinstance(candidate, BuyingModel) and type(near) is type(candidate) and not candidate.pooled:
        return candidate.near(near)
    return copy.copy(candidate)


def open_origin(
    orders: PurchaseSource,
    window: ObservationWindow,
    margin: Margin,
    covariates: Any = None,
    opportunity: TimeUnit | None = None,
    season: bool = False,
) -> Origin | str:
    """See the orders as they were known at a cut; or the sentence that says why nothing can be graded there.

    With a season models count time by the store's clock, where one was certain on the day of the cut.
    """
    cut = window.calibration_end
    try:
        if opportunity is None:
            summary = summarise(orders, window, margin)
        else:
            summary = summarise_opportunities(orders, window, opportunity, margin)
    except InputError:
        return f"Nobody who can be named had bought anything by {cut}."
    if season and opportunity is None:
        with contextlib.suppress(InputError, FitError):
            summary = by_clock(summary, clock_of(summary))
    if covariates is not None:
        summary = with_covariates(summary, orders, covariates)
    horizon = summary.holdout
    assert horizon is not None
    outcomes = outcomes_of(summary, horizon)
    if outcomes.customers < FEWEST_CUSTOMERS or outcomes.total < FEWEST_PURCHASES:
        summary.engine.drop(summary.name)
        customers, purchases = round(outcomes.customers), round(outcomes.total)
        return (
            f"On {cut}, {customers} customer{'s were' if customers != 1 else ' was'} known and made {purchases} "
            f"purchase{'s' if purchases != 1 else ''} in the days after it that a test would predict, too little to "
            f"grade a model: {FEWEST_CUSTOMERS} customers and {FEWEST_PURCHASES} purchases are needed."
        )
    return Origin(window, summary, outcomes, outcomes.sample())


def outcomes_of(summary: Summary, horizon: Horizon) -> Outcomes:
    """Histories and what followed, grouped in the engine."""
    sql = template(_PACKAGE, "outcomes").format(summary=quoted(summary.name), key=", ".join(summary.key))
    rows = summary.engine.columns(sql)
    days = summary.unit.days
    kind = [rows["pattern"]] if "pattern" in rows else []
    table = np.column_stack(
        [rows["frequency"], rows["recency_days"] / days, rows["T_days"] / days, *kind, rows["holdout_frequency"]]
    ).astype(np.float64)
    weight = rows["customers"].astype(np.float64)
    return Outcomes.of_sorted(table, weight, summary.unit, horizon, summary.attributes(), summary.calendar)
