"""A regularised regression on splines: additive, robust to wild columns, its penalty chosen without another sample.

Each column becomes a straight line and hinges at its quantiles, after its tails are drawn in; what is missing is the
median with a mark of its own. The penalty is chosen by generalised cross-validation (Golub, Heath, Wahba 1979,
Technometrics 21) from one eigendecomposition.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from keepers.domain.cells import FloatArray, IntArray

_KNOTS = (0.25, 0.5, 0.75)
_TAILS = (0.005, 0.995)
_AT_ONCE = 50_000
"""Rows whose basis is held together, so that memory does not grow with their number."""
_PENALTIES = np.logspace(-4.0, 4.0, 33)


@dataclass(frozen=True, eq=False)
class SplineBasis:
    """How columns become a basis; learned from the rows of a fit with `spline_basis`."""

    low: FloatArray
    high: FloatArray
    median: FloatArray
    knots: tuple[FloatArray, ...]
    marked: FloatArray
    mean: FloatArray
    scale: FloatArray

    def __call__(self, rows: FloatArray) -> FloatArray:
        """The basis of rows, shape (n, q), each column of mean 0 and variance 1 over the rows of the fit."""
        return (_raw(self, rows) - self.mean) / self.scale

    def moments(self, rows: FloatArray, outcome: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Mean and covariance of the basis over rows, and its covariance with a column of mean 0."""
        width = int(self.scale.size)
        total, squares, cross = np.zeros(width), np.zeros((width, width)), np.zeros(width)
        for start in range(0, rows.shape[0], _AT_ONCE):
            some = slice(start, start + _AT_ONCE)
            design = self(rows[some])
            total += design.sum(axis=0)
            squares += design.T @ design
            cross += design.T @ outcome[some]
        size = rows.shape[0]
        center = total / size
        return center, squares / size - np.outer(center, center), cross / size

    def columns(self) -> list[int]:
        """The column of the rows that each column of the basis is made of."""
        lines = list(range(self.low.size))
        hinges = [place for place, knots in enumerate(self.knots) for _ in knots]
        return [*lines, *hinges, *(int(place) for place in self.marked)]


def spline_basis(rows: FloatArray) -> SplineBasis:
    """Learn ends, knots and scale of every column; columns without any value count for nothing."""
    known = np.isfinite(rows)
    some = known.any(axis=0)
    ordered = np.sort(np.where(known, rows, np.nan), axis=0)
    counts = known.sum(axis=0)
    low, high, median = (_quantile(ordered, counts, share) for share in (*_TAILS, 0.5))
    knots = []
    for place, corners in enumerate(np.array([_quantile(ordered, counts, share) for share in _KNOTS]).T):
        inner = np.unique(corners)
        knots.append(inner[(inner > low[place]) & (inner < high[place])])
    marked = np.flatnonzero(some & ~known.all(axis=0)).astype(np.float64)
    raw = SplineBasis(low, high, median, tuple(knots), marked, np.zeros(1), np.ones(1))
    basis = _raw(raw, rows)
    scale = basis.std(axis=0)
    return SplineBasis(
        low, high, median, tuple(knots), marked, basis.mean(axis=0), np.where(scale > 1e-12, scale, np.inf)
    )


def _quantile(ordered: FloatArray, counts: IntArray, share: float) -> FloatArray:
    """A quantile of every column, its rows in order and what is missing at the end; 0 where all is missing."""
    place = share * np.maximum(counts - 1, 0)
    below = np.floor(place).astype(np.int64)
    above = np.minimum(below + 1, np.maximum(counts - 1, 0))
    columns = np.arange(ordered.shape[1])
    first, second = ordered[below, columns], ordered[above, columns]
    found = first + (place - below) * (second - first)
    return np.asarray(np.where(counts > 0, found, 0.0), dtype=np.float64)


def _raw(basis: SplineBasis, rows: FloatArray) -> FloatArray:
    known = np.isfinite(rows)
    clean = np.clip(np.where(known, rows, basis.median), basis.low, basis.high)
    parts = [clean]
    parts += [np.maximum(clean[:, [place]] - knots, 0.0) for place, knots in enumerate(basis.knots) if knots.size]
    marks = basis.marked.astype(np.int64)
    return np.hstack([*parts, (~known[:, marks]).astype(np.float64)])


@dataclass(frozen=True, eq=False)
class SplineRidge:
    """A fitted regression; `penalty` is what was chosen, per row."""

    basis: SplineBasis
    coefficients: FloatArray
    intercept: float
    penalty: float

    def predict(self, rows: FloatArray) -> FloatArray:
        """The mean of the outcome at rows, shape (n,)."""
        found = np.empty(rows.shape[0])
        for start in range(0, rows.shape[0], _AT_ONCE):
            some = slice(start, start + _AT_ONCE)
            found[some] = self.basis(rows[some]) @ self.coefficients + self.intercept
        return found


def fit_spline_ridge(
    rows: FloatArray, outcome: FloatArray, basis: SplineBasis | None = None, least: float = 0.0
) -> SplineRidge:
    """Fit the regression.

    Parameters
    ----------
    rows : array, shape (n, p)
        Columns, NaN where nothing is known.
    outcome : array, shape (n,)
    basis : SplineBasis, optional
        Learned from rows without looking at outcomes; from these rows if left out.
    least : float
        No smaller penalty is chosen.

    >>> x = np.linspace(-2.0, 2.0, 400)[:, None]
    >>> fitted = fit_spline_ridge(x, np.abs(x[:, 0]))
    >>> bool(np.abs(fitted.predict(x) - np.abs(x[:, 0])).mean() < 0.1)
    True
    """
    basis = spline_basis(rows) if basis is None else basis
    size, mean = outcome.size, float(outcome.mean())
    rest = outcome - mean
    center, values, vectors, projected = _axes(basis, rows, rest)
    total = float(rest @ rest) / size
    best, chosen = np.inf, float(_PENALTIES[-1])
    for penalty in _PENALTIES[least <= _PENALTIES]:
        shrunk = projected / (values + penalty)
        explained = float((2.0 * projected * shrunk - values * shrunk**2).sum())
        free = 1.0 - (1.0 + float((values / (values + penalty)).sum())) / size
        score = (total - explained) / free**2 if free > 0.0 else np.inf
        if score < best:
            best, chosen = score, float(penalty)
    coefficients = vectors @ (projected / (values + chosen))
    return SplineRidge(basis, coefficients, mean - float(center @ coefficients), chosen)


def _axes(
    basis: SplineBasis, rows: FloatArray, rest: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Mean of the basis, and variances, axes and covariances with the outcome along its principal axes."""
    size = rows.shape[0]
    if size >= basis.scale.size:
        center, moments, cross = basis.moments(rows, rest)
        values, vectors = np.linalg.eigh(moments)
        return center, np.maximum(values, 0.0), vectors, vectors.T @ cross
    # With fewer rows than columns the same axes are found among the rows, whose products are a smaller matrix.
    design = basis(rows)
    center = design.mean(axis=0)
    design = (design - center) / np.sqrt(size)
    values, left = np.linalg.eigh(design @ design.T)
    real = values > values[-1] * np.finfo(np.float64).eps * size
    values, left = values[real], left[:, real]
    lengths = np.sqrt(values)
    return center, values, design.T @ (left / lengths), lengths * (left.T @ rest) / np.sqrt(size)
