"""How far predictions are from what happened: error of the total and of customers, ranking, groups by prediction."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from keepers.domain.cells import FloatArray
from keepers.domain.errors import InputError

TOP = 0.1
"""The share of customers that counts as the best."""


@dataclass(frozen=True, slots=True)
class Metrics:
    """What a set of predictions got right and wrong; purchases or money, as the predictions are.

    A measure that cannot be stated (nobody bought, or all bought the same) is None, never NaN.
    """

    customers: float
    predicted: float
    actual: float
    mae: float
    rmse: float
    gini: float | None
    top_share: float | None
    """Share of what was bought that came from the tenth of the customers with the highest predictions."""
    best_top_share: float | None
    """The share that the best tenth in hindsight bought: no prediction can capture more."""

    @property
    def total_error(self) -> float | None:
        """Predicted total over the actual one, less one: -0.12 says that the total came out 12% too low."""
        return self.predicted / self.actual - 1.0 if self.actual > 0 else None

    @property
    def top_capture(self) -> float | None:
        """What the predicted best tenth bought as a share of what the true best tenth bought."""
        if self.top_share is None or not self.best_top_share:
            return None
        return self.top_share / self.best_top_share

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers for a file."""
        return {**asdict(self), "total_error": self.total_error, "top_capture": self.top_capture}


@dataclass(frozen=True, slots=True)
class CalibrationGroup:
    """One group of customers with like predictions: what was predicted and what they did, each a mean a customer."""

    group: int
    customers: float
    predicted: float
    actual: float

    def to_dict(self) -> dict[str, float]:
        """Plain numbers for a file."""
        return asdict(self)


@dataclass(frozen=True, slots=True, eq=False)
class GainCurve:
    """Share of the actual total that comes from each share of the customers, taken in one order; ties as at random.

    Parameters
    ----------
    customers : array, shape (k + 1,)
        Cumulative share of customers, from 0 to 1, one step a tie.
    captured : array, shape (k + 1,)
        Cumulative share of the total; meaningless where the total is not positive.
    total : float
        The actual total.
    """

    customers: FloatArray
    captured: FloatArray
    total: float

    @classmethod
    def of(cls, key: FloatArray, actual: FloatArray, weight: FloatArray) -> GainCurve:
        """The curve of customers ordered by `key`, the highest first; `actual` is a mean a customer of the row."""
        order = np.argsort(-key)
        ordered = key[order]
        last = np.append(np.flatnonzero(ordered[1:] != ordered[:-1]), ordered.size - 1)
        customers = np.cumsum(weight[order])[last]
        captured = np.cumsum((weight * actual)[order])[last]
        total = float(captured[-1])
        return cls(
            np.concatenate([[0.0], customers / customers[-1]]),
            np.concatenate([[0.0], captured / (total or 1.0)]),
            total,
        )

    @property
    def gain(self) -> float:
        """Area between the curve and the diagonal."""
        return float(np.trapezoid(self.captured, self.customers)) - 0.5

    def share(self, of_customers: float) -> float | None:
        """Share of the total that the first customers account for; None where the total is not positive."""
        return float(np.interp(of_customers, self.customers, self.captured)) if self.total > 0 else None

    def gini(self, hindsight: GainCurve) -> float | None:
        """The gain as a share of that in the best order; None where that order gains nothing."""
        if self.total <= 0 or hindsight.customers.size < 3:
            return None
        return self.gain / hindsight.gain


def measure(predicted: ArrayLike, actual: ArrayLike, weight: ArrayLike | None = None) -> Metrics:
    """All measures of a set of point predictions at once.

    Parameters
    ----------
    predicted, actual : array, shape (n,)
        Expected and observed purchases, or value, of the holdout.
    weight : array, shape (n,), optional
        Customers that each row stands for; one each without it.

    Raises
    ------
    InputError
        Where columns differ in length, are empty, or hold a missing or infinite number.
    """
    predicted, actual, weight = checked(predicted, actual, weight)
    difference = predicted - actual
    return assemble(
        float(weight @ predicted),
        float(weight @ np.abs(difference)),
        float(weight @ difference**2),
        GainCurve.of(predicted, actual, weight),
        GainCurve.of(actual, actual, weight),
        float(weight.sum()),
    )


def assemble(
    predicted: float, absolute: float, squared: float, curve: GainCurve, hindsight: GainCurve, customers: float
) -> Metrics:
    """Measures from sums over customers and the curves of both orders."""
    return Metrics(
        customers=customers,
        predicted=predicted,
        actual=curve.total,
        mae=absolute / customers,
        rmse=math.sqrt(squared / customers),
        gini=curve.gini(hindsight),
        top_share=curve.share(TOP),
        best_top_share=hindsight.share(TOP),
    )


def normalised_gini(predicted: ArrayLike, actual: ArrayLike, weight: ArrayLike | None = None) -> float | None:
    """How well the predictions rank customers: 1 as well as hindsight, 0 no better than chance, below 0 worse.

    The area between the curve of captured purchases (customers from the highest prediction down) and the diagonal,
    as a share of the same area for the best order in hindsight. Equal predictions count as ordered at random. None
    where hindsight cannot rank either: nobody bought, or all bought the same.
    """
    predicted, actual, weight = checked(predicted, actual, weight)
    return GainCurve.of(predicted, actual, weight).gini(GainCurve.of(actual, actual, weight))


def top_share(
    predicted: ArrayLike, actual: ArrayLike, weight: ArrayLike | None = None, share: float = TOP
) -> float | None:
    """Share of the actual total that the customers with the highest predictions account for.

    Customers who tie at the border enter in proportion. None where the total is not positive.
    """
    return GainCurve.of(*checked(predicted, actual, weight)).share(share)


def calibration_groups(
    predicted: ArrayLike, actual: ArrayLike, weight: ArrayLike | None = None, groups: int = 10
) -> tuple[CalibrationGroup, ...]:
    """Customers in groups of equal size by prediction (group 1 the lowest), with the mean predicted and actual in each.

    A row that stands across a border is divided in proportion, so that groups are equal and ties need no coin.
    """
    predicted, actual, weight = checked(predicted, actual, weight)
    order = np.argsort(predicted)
    ordered = predicted[order]
    last = np.append(np.flatnonzero(ordered[1:] != ordered[:-1]), ordered.size - 1)
    knots, sums = (np.concatenate([[0.0], np.cumsum(column[order])[last]]) for column in (weight, weight * actual))
    borders = np.linspace(0.0, knots[-1], groups + 1)
    expected = np.concatenate([[0.0], np.cumsum(np.diff(knots) * ordered[last])])
    size = np.diff(borders)
    means = [np.diff(np.interp(borders, knots, column)) / size for column in (expected, sums)]
    return tuple(CalibrationGroup(i + 1, float(size[i]), float(means[0][i]), float(means[1][i])) for i in range(groups))


def checked(
    predicted: ArrayLike, actual: ArrayLike, weight: ArrayLike | None
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The three columns as flat floating point arrays, or an error that names the one that is wrong."""
    columns = {
        "predicted": np.asarray(predicted, dtype=np.float64),
        "actual": np.asarray(actual, dtype=np.float64),
    }
    size = columns["predicted"].shape
    columns["weight"] = np.ones(size) if weight is None else np.asarray(weight, dtype=np.float64)
    for name, column in columns.items():
        if column.ndim != 1 or column.shape != size:
            raise InputError(f"`{name}` must be a flat column as long as `predicted` {size}, not {column.shape}.")
        if not np.all(np.isfinite(column)):
            raise InputError(f"`{name}` has {int(np.sum(~np.isfinite(column)))} empty or infinite values.")
    if not columns["predicted"].size or columns["weight"].sum() <= 0:
        raise InputError("There are no customers to grade. A backtest needs customers seen before its cut.")
    return columns["predicted"], columns["actual"], columns["weight"]
