"""Covariates of spend that vary in time: what Gamma-Gamma needs of orders by week, and of the calendar ahead."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from keepers.data.engine import quoted
from keepers.domain.attributes import Attributes
from keepers.domain.cells import FloatArray, IntArray, SpendCells
from keepers.domain.errors import ConfigError, InputError
from keepers.domain.time import parse_day
from keepers.models.covariates.answers import attributes_of, pattern_of
from keepers.models.covariates.coded import CodedModel
from keepers.models.covariates.varying import WEEK
from keepers.models.covariates.varying_parts import standard
from keepers.models.evidence import Resampling
from keepers.models.frames import table_giver
from keepers.models.spend.spend_effects import moves
from keepers.models.spend.spend_rows import SpendRows, SpendToFit, kinds_of_rows, spend_rows, summary_columns
from keepers.summaries.summary import Summary
from keepers.summaries.varying import PATH

if TYPE_CHECKING:
    from keepers.models.covariates.specification import Covariates
    from keepers.models.spend.forecast import SpendQuestion
    from keepers.models.spend.spend_course import SpendCourse
    from keepers.numerics.evaluation import Evaluation
    from keepers.numerics.likelihoods.timed_gamma_gamma import TimedOrders
    from keepers.summaries.spend_in_time import Periods


@dataclass(frozen=True, eq=False)
class TimedLikelihood:
    """The log-likelihood in log parameters, scaled coefficients of columns, and scaled coefficients of time.

    Parameters
    ----------
    orders : TimedOrders
        Covariates counted in standard deviations about their centre.
    cells : SpendCells
        A row for each customer, with attributes.
    design, offset : arrays, shape (patterns, c), (patterns,)
        How coefficients move log gamma of each pattern, and by how much it is moved anyway.
    """

    orders: TimedOrders
    cells: SpendCells
    design: FloatArray
    offset: FloatArray
    rough: tuple[Any, ...] = ()

    def __call__(self, point: FloatArray, order: int) -> Evaluation:
        """Evaluate at log parameters followed by coefficients."""
        from keepers.numerics.likelihoods import timed_gamma_gamma

        theta = np.concatenate([np.exp(point[:3]), point[3:]])
        return timed_gamma_gamma.log_likelihood_sum(theta, self.orders, *self._by_row, order)

    @cached_property
    def _by_row(self) -> tuple[FloatArray, FloatArray]:
        pattern = pattern_of(self.cells)
        return self.design[pattern], self.offset[pattern]

    @property
    def resampling(self) -> Resampling:
        """How the same would be asked of other customers."""
        return Resampling(
            self.cells.weight,
            lambda weight: replace(self, orders=self.orders.weighed(weight), cells=replace(self.cells, weight=weight)),
            None,
        )


@dataclass(frozen=True, eq=False)
class TimedSpend:
    """What a fit takes of a summary's orders.

    Parameters
    ----------
    found : SpendToFit
        Customers with their plain mean spend, who was left out.
    orders : TimedOrders
        Of the same customers, money as it is.
    share : float
        Part of the customers whose orders these are.
    """

    found: SpendToFit
    orders: TimedOrders
    share: float


class InTimeModel(CodedModel):
    """A model of spend that knows covariates which vary in time.

    Attributes
    ----------
    within_ : float or None
        The shape of a customer's orders among themselves, given the effects of time; None without covariates of time.
    """

    varying_processes: ClassVar[tuple[str, ...]] = ("spend",)

    include_first: bool
    within_: float | None = None
    now_: dt.date | None = None
    past_: FloatArray | None = None

    @property
    def needed_attributes(self) -> tuple[str, ...]:
        """Columns that data must have besides orders; each customer's path where paths differ."""
        if self.covariates is None:
            return ()
        own = self.varying_coefficients and _paths(self.covariates).keys is not None
        return (*self.covariates.columns, *((PATH,) if own else ()))

    def _timed(self, data: Any) -> TimedSpend:
        """Orders by week."""
        from keepers.numerics.likelihoods.timed_gamma_gamma import TimedOrders
        from keepers.summaries.spend_in_time import spend_weeks

        assert self.covariates is not None
        if not isinstance(data, Summary):
            raise InputError(
                "Covariates of spend that vary in time need single orders. Make a summary of them with "
                "`keepers.summarise(orders)`."
            )
        weeks = spend_weeks(data, self.include_first, self._periods, self.covariates.columns)
        if not weeks.amount.size:
            which = "an order" if self.include_first else "a repeat order"
            raise InputError(f"No customer has {which} with money above zero, so there is no spend to model.")
        starts = np.flatnonzero(np.concatenate(([True], weeks.customer[1:] != weeks.customer[:-1])))
        centre, spread = standard(self.covariates, "spend")
        z = ((self._values - centre) / spread)[weeks.path, weeks.period]
        x, logs, money = (np.add.reduceat(one, starts) for one in (weeks.orders, weeks.logs, weeks.amount))
        seen = np.add.reduceat(weeks.orders[:, None] * z, starts, axis=0)
        orders = TimedOrders(weeks.amount, z, starts, x, logs, seen, np.ones(x.size))
        table = weeks.attributes or Attributes({})
        pattern = np.zeros(x.size, dtype=np.int64) if weeks.pattern is None else weeks.pattern[starts]
        there, place = np.unique(pattern, return_inverse=True)
        table = table.take(there) if weeks.pattern is not None else table
        cells = SpendCells(x, money / x, np.ones(x.size), None, place.ravel(), table)
        column = summary_columns(self.include_first)[0]
        bought = data.engine.row(f"SELECT count(*) FROM {quoted(data.name)} WHERE {column} > 0")[0]
        missing = 0.0 if weeks.share < 1 else max(float(bought) - cells.customers, 0.0)
        self.now_ = data.calibration_end + dt.timedelta(days=1)
        self.past_ = np.asarray((seen * spread).sum(axis=0) / x.sum())
        return TimedSpend(SpendToFit(cells, missing, 0.0), orders, weeks.share)

    def _timed_likelihood(self, timed: TimedSpend, scale: float) -> tuple[FloatArray, TimedLikelihood]:
        """Scale of each coefficient, and the log-likelihood with money counted in a unit of `scale`."""
        assert self.covariates is not None
        cells = timed.found.cells
        self.coding_ = self.mix_ = None
        coding = self._learn_patterns(attributes_of(cells), pattern_of(cells), cells.weight)
        design, offset = moves(coding, attributes_of(cells))
        stretch = np.concatenate([coding.coefficient_scale, 1.0 / standard(self.covariates, "spend")[1]])
        orders = timed.orders.in_money(scale)
        return stretch, TimedLikelihood(orders, cells, design * coding.coefficient_scale, offset)

    def _level_means(self, timed: TimedSpend) -> FloatArray:
        """Mean spend of each customer of the fit without the effects of time; `within_` follows from the same."""
        from keepers.numerics.likelihoods import timed_gamma_gamma

        assert self.covariates is not None
        delta = self._delta * standard(self.covariates, "spend")[1]
        self.within_ = timed_gamma_gamma.scatter_within(timed.orders, delta)
        return np.asarray(timed.orders.sums(delta)[1] / timed.orders.x)

    def _known_rows(self, data: Any) -> SpendRows:
        """Orders and mean spend of customers, the effects of time taken out."""
        if not self.varying_coefficients:
            return spend_rows(data, self.include_first, self.needed_attributes)
        if not isinstance(data, Summary):
            return spend_rows(_renamed(data, self.include_first), self.include_first, self.needed_attributes)
        orders, _ = summary_columns(self.include_first)
        number = "(summary.frequency + 1)" if self.include_first else f"summary.{orders}"
        listed = "".join(f", summary.{quoted(name)}" for name in self.needed_attributes)
        rows = data.engine.columns(
            f'SELECT summary.{data.engine.row_number(data.name)} AS "row", CAST({number} AS DOUBLE) AS x, '
            f"coalesce(spend.level, CAST('nan' AS DOUBLE)) AS m{listed} FROM {quoted(data.name)} AS summary "
            f"LEFT JOIN {quoted(self._levels(data))} AS spend ON spend.customer_key = summary.customer_key "
            "ORDER BY summary.rowid"
        )
        x, m = (np.asarray(rows[name], dtype=np.float64) for name in ("x", "m"))
        known = (x > 0) & np.isfinite(m)
        give = table_giver(data.engine, data.name, rows["row"])
        money = np.where(known, np.maximum(m, 0.0), 0.0)
        return SpendRows(np.where(known, x, 0.0), money, give, *kinds_of_rows(rows, x.size, self.needed_attributes))

    def _time_factor(self, rows: SpendCells, data: Any, on: dt.date | str | None) -> FloatArray:
        """By what orders of each row are dearer on a day: the first one after the data, if none is named."""
        if not self.varying_coefficients:
            if on is not None:
                raise ConfigError("`on` is for covariates of spend that vary in time, and the model has none.")
            return np.ones(rows.size)
        day = self._first_day(data) if on is None else parse_day(on, "on")
        paths = _paths(self._known_covariates)
        place = (day - paths.start).days // WEEK
        if not 0 <= place < self._effects.shape[1] and (place < 0 or paths.keys is None):
            raise ConfigError(
                f"The covariates of spend reach from {paths.start} to {paths.end}, and {day} is outside. Make them "
                "longer, for both fit and predictions."
            )
        return np.asarray(self._effects[self._path_of(rows), min(place, self._effects.shape[1] - 1)])

    def _course(self, question: SpendQuestion) -> SpendCourse | None:
        """The effects ahead of the cells of a question; None without covariates of time."""
        if not self.varying_coefficients:
            return None
        from keepers.models.spend.spend_course import SpendCourse

        covariates, paths = self._known_covariates, _paths(self._known_covariates)
        assert self.past_ is not None
        start = (self._first_day(question.summary) - paths.start).days
        z = self._values - standard(covariates, "spend")[0]
        return SpendCourse(
            question.buying, question.cells, question.horizon, self._effects, z, self.past_,
            self._path_of(question.cells), start, WEEK, paths.keys is not None,
        )  # fmt: skip

    def _levels(self, summary: Summary) -> str:
        """The table of customers' means without the effects of time."""
        from keepers.summaries.spend_in_time import levels_in_time

        return levels_in_time(summary, self.include_first, self._periods, self._effects, repr(self._delta.tolist()))

    def _first_day(self, data: Any) -> dt.date:
        if isinstance(data, Summary):
            return data.calibration_end + dt.timedelta(days=1)
        assert self.now_ is not None
        return self.now_

    def _path_of(self, rows: Any) -> IntArray:
        if _paths(self._known_covariates).keys is None:
            return np.zeros(rows.size, dtype=np.int64)
        return np.asarray(attributes_of(rows).columns[PATH], dtype=np.float64).astype(np.int64)[pattern_of(rows)]

    @property
    def _known_covariates(self) -> Covariates:
        assert self.covariates is not None
        return self.covariates

    @property
    def _periods(self) -> Periods:
        from keepers.summaries.spend_in_time import Periods

        paths = _paths(self._known_covariates)
        return Periods(paths.start, WEEK, paths.values.shape[1], paths.keys)

    @property
    def _values(self) -> FloatArray:
        paths = _paths(self._known_covariates)
        places = [paths.names.index(name) for name in self._known_covariates.varying_of("spend")]
        return np.asarray(paths.values[..., places])

    @property
    def _delta(self) -> FloatArray:
        return np.array([self.parameters_[name] for name in self.varying_coefficients])

    @property
    def _effects(self) -> FloatArray:
        """By what orders are dearer in each week of each path, shape (paths, weeks)."""
        return np.asarray(np.exp((self._values - standard(self._known_covariates, "spend")[0]) @ self._delta))

    def _timed_settings(self) -> dict[str, Any]:
        if self.now_ is None or self.past_ is None or not self.varying_coefficients:
            return {}
        return {"in_time": {"within": self.within_, "now": self.now_.isoformat(), "past": self.past_.tolist()}}

    def _restore_timed(self, settings: Mapping[str, Any]) -> None:
        saved = settings.get("in_time")
        if saved is not None:
            self.within_, self.now_ = float(saved["within"]), dt.date.fromisoformat(saved["now"])
            self.past_ = np.array(saved["past"], dtype=np.float64)


def _paths(covariates: Covariates) -> Any:
    assert covariates.varying is not None
    return covariates.varying


def _renamed(data: Any, include_first: bool) -> Any:
    """A frame's `level` under the name that Gamma-Gamma's rows have."""
    if isinstance(data, dict) and "level" in data:
        return {**data, summary_columns(include_first)[1]: data["level"]}
    return data
