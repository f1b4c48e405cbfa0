"""Forecasts of money held against what customers brought: sums and ranks in the engine, distributions on a sample."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import numpy as np

from keepers.data.engine import literal, quoted, template
from keepers.domain.cells import Cells, FloatArray
from keepers.domain.money import DiscountRate
from keepers.evaluation.baselines import CohortMean
from keepers.evaluation.calibration import Coverage, coverage, pit_histogram
from keepers.evaluation.metrics import CalibrationGroup, GainCurve, Metrics, assemble, calibration_groups
from keepers.evaluation.origin import Origin
from keepers.evaluation.outcomes import SAMPLE
from keepers.models.spend.fitting import fit_spend
from keepers.numerics.likelihoods.signed_spend import SignedMoments
from keepers.valuation.cell_values import Buying, CellValues
from keepers.valuation.signed_intervals import STATES, quantiles, transform
from keepers.valuation.spend_forecast import SignedForecast, SpendForecast, spend_forecast

_PACKAGE = "keepers.evaluation.sql"
_UNDISCOUNTED = DiscountRate(0.0)
_QUANTILES = np.arange(0.05, 0.96, 0.05)


@dataclass(frozen=True, eq=False)
class ValueGrade:
    """How a forecast of money did in one holdout.

    Attributes
    ----------
    metrics : Metrics
        Errors of point predictions, over all customers, in money.
    groups : tuple of CalibrationGroup
        Tenths of the customers by prediction.
    score : float or None
        Mean quantile score over nineteen levels, twice, which approaches the ranked probability score; in money a
        customer. None for a rule that gives no distribution.
    coverage : tuple of Coverage
        Of intervals, at 80% and 95%; empty for a rule.
    pit : tuple of float
        Histogram of the randomised probability integral transform.
    below, at : arrays, shape (m,)
        The transform's range of each customer of the sample.
    predicted, scores : arrays, shape (m,)
        Expected value, and score, of each customer of the sample.
    """

    metrics: Metrics
    groups: tuple[CalibrationGroup, ...]
    score: float | None = None
    coverage: tuple[Coverage, ...] = ()
    pit: tuple[float, ...] = ()
    below: FloatArray | None = None
    at: FloatArray | None = None
    predicted: FloatArray | None = None
    scores: FloatArray | None = None


class ValueHoldout:
    """The money of one origin's holdout, against which forecasts are held.

    Parameters
    ----------
    origin : Origin
        With money.
    """

    def __init__(self, origin: Origin) -> None:
        self.origin = origin
        self.engine = origin.summary.engine
        self.factor = origin.summary.margin.factor
        self._hindsight: GainCurve | None = None
        self._values: CellValues | None = None
        self._expected: tuple[Any, FloatArray] | None = None

    def grade_model(self, buying: Any, spending: Any) -> ValueGrade:
        """Grade a model of buying with one of spend.

        Parameters
        ----------
        buying : fitted model
            Of buying, as known at the cut.
        spending : model
            Of spend; a copy is fitted to what was known at the cut.

        Raises
        ------
        InputError, FitError
            If nobody's spend is known or the fit has no maximum.
        """
        spending = fit_spend(copy.copy(spending), self.origin.summary, buying)
        valued, table, spend = self._valued(buying, spending)
        metrics, groups = self._measure(valued)
        below, at, predicted, scores = self._distribution(buying, spending, spend, table)
        self.engine.drop(table)
        held, shape = coverage(below, at), pit_histogram(below, at)
        return ValueGrade(metrics, groups, float(scores.mean()), held, shape, below, at, predicted, scores)

    def forecast(self, buying: Any, spending: Any) -> dict[str, Any]:
        """What a model of buying with one of spend expects of each customer, and what each brought.

        Returns
        -------
        dict
            Columns `customer_key`, `predicted` and `actual`, in the order of the keys.
        """
        spending = fit_spend(copy.copy(spending), self.origin.summary, buying)
        valued, table, _ = self._valued(buying, spending)
        found = self.engine.columns(f"SELECT * FROM ({valued}) AS valued ORDER BY customer_key")
        self.engine.drop(table)
        return dict(found)

    def _valued(self, buying: Any, spending: Any) -> tuple[str, str, SpendForecast]:
        """A query of every customer's forecast, the table of cells that it reads, and the forecast of spend."""
        origin, summary = self.origin, self.origin.summary
        cells = origin.outcomes.cells
        if self._expected is None or self._expected[0] is not buying:
            self._expected = buying, np.asarray(buying.expected_purchases(cells, origin.horizon))
        expected = self._expected[1]
        spend = spend_forecast(spending, cells, summary, buying, origin.horizon)
        days = cells.unit.days
        table = self.engine.from_columns(
            self.engine.new_name("cell_money"),
            {
                "frequency": cells.x.astype(np.int64),
                "recency_days": np.rint(cells.t_x * days).astype(np.int64),
                "T_days": np.rint(cells.T * days).astype(np.int64),
                **({} if cells.pattern is None else {"pattern": cells.pattern}),
                "factor": expected * spend.mean_factor * self.factor,
                **spend.columns,
            },
        )
        join = f"\n{spend.join}" if spend.join else ""
        valued = template(_PACKAGE, "value_by_model").format(
            scale=spend.scale,
            join=join,
            margin=repr(self.factor),
            summary=quoted(summary.name),
            cells=quoted(table),
            same_cell=summary.same_cell,
        )
        return valued, table, spend

    def grade_past_spend(self) -> ValueGrade:
        """Grade the rule that everybody spends what they spent in the period before."""
        return self._grade_rule("money")

    def grade_cohort_mean(self, rule: CohortMean) -> ValueGrade | None:
        """Grade the rule that customers spend what customers of the same age did; None where it has nobody to ask."""
        sql = rule.money_sql("T_days")
        return None if sql is None else self._grade_rule(sql)

    def _grade_rule(self, money: str) -> ValueGrade:
        factor, recent = repr(self.factor), quoted(self.origin.recent_purchases())
        valued = f"SELECT ({money}) * {factor} AS predicted, holdout_money * {factor} AS actual FROM {recent}"
        return ValueGrade(*self._measure(valued))

    def _measure(self, valued: str) -> tuple[Metrics, tuple[CalibrationGroup, ...]]:
        rows = self.engine.columns(template(_PACKAGE, "value_bins").format(valued=valued, key="predicted"))
        customers = rows["customers"].astype(np.float64)
        predicted, actual = rows["predicted"] / customers, rows["actual"] / customers
        if self._hindsight is None:
            best = self.engine.columns(template(_PACKAGE, "value_bins").format(valued=valued, key="actual"))
            size = best["customers"].astype(np.float64)
            self._hindsight = GainCurve.of(best["actual"] / size, best["actual"] / size, size)
        metrics = assemble(
            float(rows["predicted"].sum()),
            float(rows["absolute"].sum()),
            float(rows["squared"].sum()),
            GainCurve.of(predicted, actual, customers),
            self._hindsight,
            float(customers.sum()),
        )
        return metrics, calibration_groups(predicted, actual, customers)

    def _distribution(
        self, buying: Buying, spending: Any, forecast: SpendForecast, table: str
    ) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """Range of the transform, expected value and quantile score of each customer of the sample."""
        origin, summary = self.origin, self.origin.summary
        signed = isinstance(forecast, SignedForecast)
        share = min(1.0, SAMPLE / origin.outcomes.customers)
        threshold = literal("g" if share >= 1 else f"{int(share * 16**8):08x}")
        rows = self.engine.columns(
            template(_PACKAGE, "value_sample").format(
                key=", ".join(f"summary.{name}" for name in summary.key),
                same_cell=summary.same_cell,
                scale=forecast.scale,
                states="".join(f",\n    spend.{name}" for name in STATES) if signed else "",
                join=f"\n{forecast.join}" if forecast.join else "",
                summary=quoted(summary.name),
                cells=quoted(table),
                threshold=threshold,
            )
        )
        keys = np.column_stack([rows[name] for name in summary.key]).astype(np.float64)
        distinct, cell = np.unique(keys, axis=0, return_inverse=True)
        cells, spend = origin.outcomes.cells, forecast
        if len(distinct) < cells.size:
            days = summary.unit.days
            cells = Cells(
                distinct[:, 0],
                distinct[:, 1] / days,
                distinct[:, 2] / days,
                np.bincount(cell).astype(np.float64),
                summary.unit,
                pattern=distinct[:, 3].astype(np.int64) if "pattern" in summary.key else None,
                attributes=summary.attributes(),
                calendar=summary.calendar,
            )
            spend = spend_forecast(spending, cells, summary, buying, origin.horizon)
        values = CellValues(buying, cells, spend, origin.horizon, _UNDISCOUNTED, origin.horizon, self.factor)
        if self._values is not None and self._values.buying is buying:
            # The sample is always the same, so that what buying says of it serves every model of spend.
            values = self._values.with_spend(spend)
        self._values = values
        known_scale = rows["scale"].astype(np.float64)
        expected = values.money(values.predictions.expected_purchases)[cell] * known_scale
        actual = rows["holdout_money"] * self.factor
        shape = values.shape
        if shape is None:
            known = SignedMoments(*(rows[name].astype(np.float64) for name in STATES))
            below, at = transform(values.orders, cell, known, actual / self.factor)
            outcome = actual
        else:
            dearer = np.broadcast_to(spend.calendar(origin.horizon), cells.x.shape)
            scale = self.factor * known_scale * dearer[cell]
            below = shape.probability(cell, np.maximum(actual / scale, 0.0))
            at = below.copy()
            below[actual <= 0] = 0.0
            # What was returned beyond what was bought counts as nothing bought: values are never below zero.
            outcome = np.maximum(actual, 0.0)
        score = np.zeros(actual.size)
        for level in _QUANTILES:
            if shape is None:
                predicted = self.factor * quantiles(values.orders, cell, known, float(level))
            else:
                predicted = shape.quantile(float(level))[cell] * scale
            error = outcome - predicted
            score += 2.0 * np.where(error >= 0, level, level - 1.0) * error / _QUANTILES.size
        return below, at, expected, score
