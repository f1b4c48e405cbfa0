"""A regularised regression on splines: additive, robust to wild columns, its penalty chosen without another sample.

Each column becomes a straight line and hinges at its quantiles, after its tails are drawn in; what is missing is the
median with a mark of its own. The penalty is chosen by generalised cross-validation (Golub, Heath, Wahba 1979,
Technometrics 21) from one eigendecomposition.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from keepers.domain.cells import FloatArray

_KNOTS = (0.2, 0.4, 0.6, 0.8)
_TAILS = (0.005, 0.995)
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


def spline_basis(rows: FloatArray) -> SplineBasis:
    """Learn ends, knots and scale of every column; columns without any value count for nothing."""
    known = np.isfinite(rows)
    some = known.any(axis=0)
    filled = np.where(known, rows, np.nan)
    filled[:, ~some] = 0.0
    low, high = np.nanquantile(filled, _TAILS, axis=0)
    median = np.nanmedian(filled, axis=0)
    clean = np.clip(np.where(known & some, rows, median), low, high)
    knots = tuple(
        np.array([knot for knot in np.unique(np.quantile(column, _KNOTS)) if column.min() < knot < column.max()])
        for column in clean.T
    )
    marked = np.flatnonzero(some & ~known.all(axis=0)).astype(np.float64)
    raw = SplineBasis(low, high, median, knots, marked, np.zeros(1), np.ones(1))
    basis = _raw(raw, rows)
    scale = basis.std(axis=0)
    return SplineBasis(low, high, median, knots, marked, basis.mean(axis=0), np.where(scale > 1e-12, scale, np.inf))


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
        return np.asarray(self.basis(rows) @ self.coefficients + self.intercept, dtype=np.float64)


def fit_spline_ridge(rows: FloatArray, outcome: FloatArray, basis: SplineBasis | None = None) -> SplineRidge:
    """Fit the regression.

    Parameters
    ----------
    rows : array, shape (n, p)
        Columns, NaN where nothing is known.
    outcome : array, shape (n,)
    basis : SplineBasis, optional
        Learned from rows without looking at outcomes; from these rows if left out.

    >>> x = np.linspace(-2.0, 2.0, 400)[:, None]
    >>> fitted = fit_spline_ridge(x, np.abs(x[:, 0]))
    >>> bool(np.abs(fitted.predict(x) - np.abs(x[:, 0])).mean() < 0.1)
    True
    """
    basis = spline_basis(rows) if basis is None else basis
    design = basis(rows)
    center = design.mean(axis=0)
    design = design - center
    size, mean = outcome.size, float(outcome.mean())
    rest = outcome - mean
    values, vectors = np.linalg.eigh(design.T @ design / size)
    values = np.maximum(values, 0.0)
    projected = vectors.T @ (design.T @ rest) / size
    total = float(rest @ rest) / size
    best, chosen = np.inf, float(_PENALTIES[-1])
    for penalty in _PENALTIES:
        shrunk = projected / (values + penalty)
        explained = float((2.0 * projected * shrunk - values * shrunk**2).sum())
        free = 1.0 - (1.0 + float((values / (values + penalty)).sum())) / size
        score = (total - explained) / free**2 if free > 0.0 else np.inf
        if score < best:
            best, chosen = score, float(penalty)
    coefficients = vectors @ (projected / (values + chosen))
    return SplineRidge(basis, coefficients, mean - float(center @ coefficients), chosen)
