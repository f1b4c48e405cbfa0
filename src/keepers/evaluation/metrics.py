"""How far predictions are from what happened: error of the total and of customers, ranking, groups by prediction."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from keepers.domain.cells import FloatArray
from keepers.domain.errors import InputError


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
    customers = float(weight.sum())
    difference = predicted - actual
    return Metrics(
        customers=customers,
        predicted=float(weight @ predicted),
        actual=float(weight @ actual),
        mae=float(weight @ np.abs(difference)) / customers,
        rmse=math.sqrt(float(weight @ difference**2) / customers),
        gini=normalised_gini(predicted, actual, weight),
        top_share=top_share(predicted, actual, weight),
        best_top_share=top_share(actual, actual, weight),
    )


def normalised_gini(predicted: ArrayLike, actual: ArrayLike, weight: ArrayLike | None = None) -> float | None:
    """How well the predictions rank customers: 1 as well as hindsight, 0 no better than chance, below 0 worse.

    The area between the curve of captured purchases (customers from the highest prediction down) and the diagonal,
    as a share of the same area for the best order in hindsight. Equal predictions count as ordered at random. None
    where hindsight cannot rank either: nobody bought, or all bought the same.
    """
    predicted, actual, weight = checked(predicted, actual, weight)
    if float(weight @ actual) <= 0 or actual.min() == actual.max():
        return None
    return _gain(predicted, actual, weight) / _gain(actual, actual, weight)


def top_share(
    predicted: ArrayLike, actual: ArrayLike, weight: ArrayLike | None = None, share: float = 0.1
) -> float | None:
    """Share of the actual total that the customers with the highest predictions account for.

    Customers who tie at the border enter in proportion. None where the total is not positive.
    """
    predicted, actual, weight = checked(predicted, actual, weight)
    total = float(weight @ actual)
    if total <= 0:
        return None
    below, captured = _curve(predicted, actual, weight)
    return float(np.interp(share, below, captured))


def calibration_groups(
    predicted: ArrayLike, actual: ArrayLike, weight: ArrayLike | None = None, groups: int = 10
) -> tuple[CalibrationGroup, ...]:
    """Customers in groups of equal size by prediction (group 1 the lowest), with the mean predicted and actual in each.

    A row that stands across a border is divided in proportion, so that groups are equal and ties need no coin.
    """
    predicted, actual, weight = checked(predicted, actual, weight)
    order = np.argsort(predicted, kind="stable")
    ends = np.cumsum(weight[order])
    borders = np.linspace(0.0, ends[-1], groups + 1)
    knots = np.concatenate([[0.0], ends])
    sums = [
        np.diff(
            np.interp(borders, knots, np.concatenate([[0.0], np.cumsum(_shared(predicted, column, weight)[order])]))
        )
        for column in (predicted, actual)
    ]
    size = np.diff(borders)
    return tuple(
        CalibrationGroup(i + 1, float(size[i]), float(sums[0][i] / size[i]), float(sums[1][i] / size[i]))
        for i in range(groups)
    )


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


def _shared(key: FloatArray, column: FloatArray, weight: FloatArray) -> FloatArray:
    """Weighted values where rows of equal key share the mean of their tie."""
    _, tie = np.unique(key, return_inverse=True)
    size = np.bincount(tie, weight)
    mean = np.divide(np.bincount(tie, weight * column), size, out=np.zeros_like(size), where=size > 0)
    return np.asarray(weight * mean[tie])


def _curve(key: FloatArray, actual: FloatArray, weight: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Cumulative shares of customers and of the actual total, from the highest key down; one knot a distinct key."""
    _, tie = np.unique(-key, return_inverse=True)
    customers = np.cumsum(np.bincount(tie, weight))
    captured = np.cumsum(np.bincount(tie, weight * actual))
    return (
        np.concatenate([[0.0], customers / customers[-1]]),
        np.concatenate([[0.0], captured / captured[-1]]),
    )


def _gain(key: FloatArray, actual: FloatArray, weight: FloatArray) -> float:
    below, captured = _curve(key, actual, weight)
    return float(np.trapezoid(captured, below)) - 0.5
