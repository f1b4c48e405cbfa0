"""One origin of a backtest of contracts: which ran at a cut, which were renewed afterwards, and the forecasts."""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from keepers.data.engine import quoted, template
from keepers.data.table import Table
from keepers.domain.cells import FloatArray
from keepers.domain.errors import ConfigError, FitError, InputError
from keepers.domain.time import Horizon, ObservationWindow, TimeUnit, calendar_shift, whole_calendar_periods
from keepers.evaluation.calibration import coverage, pit_histogram, ranked_probability_score
from keepers.evaluation.contract_baselines import ChurnRule, PastChurn
from keepers.evaluation.contract_candidates import ContractCandidate
from keepers.evaluation.grading import CountGrade
from keepers.evaluation.metrics import calibration_groups, measure
from keepers.models.contractual.answering import answering
from keepers.models.contractual.contract import ContractModel
from keepers.models.contractual.known import attributes_known
from keepers.numerics.likelihoods import contract_outlook as outlook
from keepers.summaries.calendar_periods import whole_periods
from keepers.summaries.life_table import life_table
from keepers.summaries.purchases import day_literal
from keepers.summaries.subscriptions import SubscriptionSummary, summarise_subscriptions

FEWEST_CONTRACTS = 30
FEWEST_ENDINGS = 5

_PACKAGE = "keepers.evaluation.sql"
_LONGEST = {TimeUnit.DAY: 180, TimeUnit.WEEK: 52, TimeUnit.MONTH: 12, TimeUnit.YEAR: 3}


@dataclass(frozen=True, eq=False)
class ContractOutcomes:
    """Contracts that ran at the cut, those alike together; arrays of shape (n,).

    Parameters
    ----------
    plan : array of str
    whole, tenure : arrays
        Age at the cut, in whole periods and exactly.
    lasted : array
        Renewals that followed in the holdout, from 0 to `periods`.
    weight : array
        Contracts alike.
    periods : int
        Length of the holdout.
    known : mapping of str to array
        What else was known of the contracts that a model may ask for.
    """

    plan: np.ndarray
    whole: FloatArray
    tenure: FloatArray
    lasted: FloatArray
    weight: FloatArray
    periods: int
    known: Mapping[str, np.ndarray] = field(default_factory=dict)

    @property
    def contracts(self) -> float:
        """How many ran at the cut."""
        return float(self.weight.sum())

    @property
    def endings(self) -> float:
        """How many of them ended in the holdout."""
        return float(self.weight[self.lasted < self.periods].sum())


@dataclass(eq=False)
class ContractOrigin:
    """A cut in the past.

    Attributes
    ----------
    window : ObservationWindow
        Its cut and the end of its holdout.
    summary : SubscriptionSummary
        Contracts as known at the cut.
    outcomes : ContractOutcomes
        What became of those that ran.
    horizon : Horizon
        Length of the holdout in calendar periods.
    fitted : dict of str to model
        Models fitted on what was known at the cut.
    ahead : dict of str to array, shape (n, periods)
        The chances that each row of the outcomes outlasts 1, 2, ... periods, by each forecast.
    grades : dict of str to CountGrade
        How the forecasts did, in renewals a contract.
    """

    window: ObservationWindow
    summary: SubscriptionSummary
    outcomes: ContractOutcomes
    horizon: Horizon
    lately: float | None
    fitted: dict[str, ContractModel] = field(default_factory=dict)
    ahead: dict[str, FloatArray] = field(default_factory=dict)
    grades: dict[str, CountGrade] = field(default_factory=dict)

    def grade(self, candidate: ContractCandidate) -> None:
        """Fit a copy of a model to what was known at the cut and hold its forecast against what followed.

        Raises
        ------
        FitError
            If the fit has no maximum or its predictions are not numbers.
        """
        fitted = copy.copy(candidate.model).fit(self.summary, by=candidate.by, pooled=candidate.by is not None)
        if not fitted.outcome_.usable:
            raise FitError(fitted.outcome_.value)
        self.fitted[candidate.name] = fitted
        self._grade(candidate.name, chances_ahead(fitted, self.outcomes))

    def grade_rule(self, rule: ChurnRule) -> None:
        """The same for a naive rule."""
        table = life_table(self.summary.contract_cells(whole=True).values())
        past = PastChurn(table, self.lately, self.outcomes.periods)
        steps = np.arange(1.0, self.outcomes.periods + 1.0)
        self._grade(type(rule).__name__, rule.ahead(past, self.outcomes.whole, steps))

    def _grade(self, name: str, ahead: FloatArray) -> None:
        if not np.all(np.isfinite(ahead)):
            raise FitError(f"{int(np.sum(~np.isfinite(ahead)))} chances of renewal of {name} are not numbers.")
        self.ahead[name] = ahead
        self.grades[name] = grade_renewals(ahead, self.outcomes)

    def drop(self) -> None:
        """Forget the tables of the origin."""
        for name in (self.summary.name, self.summary.facts.spells):
            self.summary.engine.drop(name)


def chances_ahead(model: ContractModel, outcomes: ContractOutcomes) -> FloatArray:
    """Chance that each contract outlasts 1, 2, ... further periods, each plan answered by its own fit."""
    steps = np.arange(1.0, outcomes.periods + 1.0)
    age = outcomes.whole if model.family.DISCRETE else outcomes.tenure
    attributes, pattern = attributes_known(model.covariates, outcomes.known)
    ahead = np.empty((age.size, steps.size))
    for plan in np.unique(outcomes.plan):
        some = np.flatnonzero(outcomes.plan == plan)
        for fit, alike in answering(model.fit_of(str(plan)), some, age, attributes, pattern, float(steps[-1])):
            ages, index = np.unique(age[alike], return_inverse=True)
            found = [outlook.survival(fit.law, fit.theta, ages, float(step)) for step in steps]
            ahead[alike] = np.column_stack(found)[index.ravel()]
    return ahead


def grade_renewals(ahead: FloatArray, outcomes: ContractOutcomes) -> CountGrade:
    """Grade forecasts of how many renewals follow: as counts from none to all that come up in the holdout.

    The ranked probability score is then the sum over the coming renewals of the squared distance between the chance of
    still running and whether the contract did (the integrated Brier score).
    """
    kept = np.concatenate([np.ones((ahead.shape[0], 1)), ahead, np.zeros((ahead.shape[0], 1))], axis=1)
    table = np.maximum(-np.diff(kept, axis=1), 0.0)
    cumulative = np.minimum(np.cumsum(table, axis=1), 1.0)
    rows, counts = np.arange(ahead.shape[0]), outcomes.lasted.astype(np.int64)
    at = cumulative[rows, counts]
    below = np.clip(at - table[rows, counts], 0.0, 1.0)
    scores = ranked_probability_score(table, outcomes.lasted)
    expected = ahead.sum(axis=1)
    return CountGrade(
        metrics=measure(expected, outcomes.lasted, outcomes.weight),
        groups=calibration_groups(expected, outcomes.lasted, outcomes.weight),
        coverage=coverage(below, at, outcomes.weight),
        pit=pit_histogram(below, at, outcomes.weight),
        score=float(np.average(scores, weights=outcomes.weight)),
        below=below,
        at=at,
        scores=scores,
        weight=outcomes.weight,
    )


def plan_contract_cuts(
    first: dt.date, last: dt.date, unit: TimeUnit, origins: int, periods: int | None
) -> tuple[tuple[tuple[dt.date, dt.date], ...], int, str | None]:
    """Cuts with the ends of their holdouts, earliest first; the holdout's periods; and a sentence where cuts are few.

    A holdout is a third of the span and at most a year (three of annual contracts); holdouts may overlap by half, and
    before a cut lies at least half a holdout.
    """
    if origins < 1:
        raise ConfigError(f"`origins` is {origins}; a backtest needs at least 1.")
    span = whole_calendar_periods(first, last, unit)
    length = min(max(round(span / 3), 1), _LONGEST[unit]) if periods is None else periods
    room = span - length - max(length // 2, 1)
    words = f"{span} {unit.value}{'s'[: span != 1]}"
    if room < 0:
        why = (
            f"The contracts span {words}, too short to hide some of them and predict the rest: a backtest of "
            f"{length} {unit.value}{'s'[: length != 1]} needs {length + max(length // 2, 1)} {unit.value}s."
        )
        return (), length, why
    step = max(length // 2, 1)
    count = min(origins, 1 + room // step)
    remark = None
    if count < origins:
        remark = f"The contracts span {words}, which allows {count} of the {origins} origins asked for."
    ends = [calendar_shift(last, -step * back, unit) for back in reversed(range(count))]
    cuts = [calendar_shift(last, -step * back - length, unit) for back in reversed(range(count))]
    return tuple(zip(cuts, ends, strict=True)), length, remark


def open_contract_origin(
    table: Table,
    cut: dt.date,
    end: dt.date,
    periods: int,
    unit: TimeUnit,
    attributes: Any = None,
    columns: Sequence[str] = (),
    **settings: Any,
) -> ContractOrigin | str:
    """See the contracts as they were known at a cut, and what followed; or say why nothing can be graded there.

    Parameters
    ----------
    table : Table
        The contracts.
    cut, end : date
        Last day that forecasts know, and the last day of the holdout.
    periods : int
        Length of the holdout.
    unit : TimeUnit
        Calendar period.
    attributes : frame or Table, optional
        What is known of customers from the start, a row each, for models with covariates.
    columns : sequence of str
        Columns of the summary, or of these, that models ask for.
    settings
        `grace` and `observed_from`, as for `summarise_subscriptions`.
    """
    try:
        known = summarise_subscriptions(table, ObservationWindow(calibration_end=cut), unit, **settings)
    except InputError:
        return f"No contract of anybody who can be named was paid for by {cut}."
    if attributes is not None:
        known = known.with_columns(attributes)
    later = summarise_subscriptions(table, ObservationWindow(calibration_end=end), unit, **settings)
    engine = known.engine
    rows = engine.columns(
        template(_PACKAGE, "contract_outcomes").format(
            known=quoted(known.name), later=quoted(later.name), cut=day_literal(cut), end=day_literal(end),
            periods=periods, unit=unit.value, whole=whole_periods(day_literal(cut), "later.ended_on", unit),
            further="".join(f", known.{quoted(name)} AS known_{place}" for place, name in enumerate(columns)),
        )
    )  # fmt: skip
    for name in (later.name, later.facts.spells):
        engine.drop(name)
    numbers = {name: np.asarray(rows[name], dtype=np.float64) for name in ("periods", "tenure", "lasted", "contracts")}
    outcomes = ContractOutcomes(
        np.asarray(rows["plan"]).astype(str), numbers["periods"], numbers["tenure"],
        np.minimum(numbers["lasted"], periods), numbers["contracts"], periods,
        {name: rows[f"known_{place}"] for place, name in enumerate(columns)},
    )  # fmt: skip
    origin = ContractOrigin(
        ObservationWindow(cut, end, unit), known, outcomes, Horizon(periods, unit), _lately(known, cut, periods, unit)
    )
    if outcomes.contracts < FEWEST_CONTRACTS or outcomes.endings < FEWEST_ENDINGS:
        origin.drop()
        contracts, endings = round(outcomes.contracts), round(outcomes.endings)
        return (
            f"On {cut}, {contracts:,} contract{' ran' if contracts == 1 else 's ran'} and {endings:,} of them ended in "
            f"the {Horizon(periods, unit)} that followed, too little to grade a model: {FEWEST_CONTRACTS} contracts "
            f"and {FEWEST_ENDINGS} endings are needed."
        )
    return origin


def _lately(known: SubscriptionSummary, cut: dt.date, periods: int, unit: TimeUnit) -> float | None:
    before = day_literal(calendar_shift(cut, -periods, unit))
    ran, ended = known.engine.row(
        f"SELECT count(*), count(*) FILTER (ended) FROM {quoted(known.name)} "
        f"WHERE started_on <= {before} AND (ended_on IS NULL OR ended_on > {before})"
    )
    return None if not ran else float(ended) / float(ran)
