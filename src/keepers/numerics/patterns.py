"""Customers with parameters of their own: any family's likelihood and answers where covariates move its parameters.

The log parameters of a pattern of covariates are u + D c: u shared, c the coefficients, D the pattern's design. A
family that knows one set of parameters serves all: its sums are taken pattern by pattern and put together by the chain
rule, which is exact because log parameters are linear in c. Without covariates there is one pattern, and nothing else.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from keepers.numerics.distinct import CellTables
from keepers.numerics.evaluation import Evaluation
from keepers.numerics.likelihoods.family import BuyingFamily
from keepers.numerics.row_derivatives import assembled

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

MOST_EXACT = 1_000
"""Patterns up to which every answer is computed for each pattern by itself; beyond, answers are interpolated."""

STEPS = {1: 0.1, 2: 0.15, 3: 0.15}
"""Spacing of the grid of log parameters by the number of parameters that covariates move."""

_ROWS_A_PATTERN = 150
"""Below so many rows a pattern the row-by-row likelihood is the faster."""
_ROW_CHUNK = 1 << 14


class PatternedLikelihood:
    """The log-likelihood of cells in (log parameters, coefficients).

    Parameters
    ----------
    family : BuyingFamily
        A family for shared parameters; it may have `log_likelihood_rows` for rows with parameters of their own.
    tables : CellTables
        All cells.
    pattern : array of int, shape (n,)
        Pattern of each.
    design, offset : arrays, shape (p, d, k), (p, d)
        How coefficients move the log parameters of each pattern, and by how much they are moved anyway.
    """

    effort: ClassVar[float] = 1.0
    """What a row costs, in rows of a closed form."""

    def __init__(
        self, family: BuyingFamily, tables: CellTables, pattern: IntArray, design: FloatArray, offset: FloatArray
    ) -> None:
        self.family = family
        self.size = tables.size
        self._d, self._k = design.shape[1:]
        self._tables, self._pattern, self._design, self._offset = tables, pattern, design, offset
        present = np.unique(pattern)
        by_row = getattr(family, "log_likelihood_rows", None)
        self._by_row = by_row if by_row is not None and 1 < present.size > tables.size / _ROWS_A_PATTERN else None
        self._groups: list[tuple[int, CellTables]] = []
        if present.size == 1:
            self._groups = [(int(present[0]), tables)]
        elif self._by_row is None:
            self._groups = [(int(pattern[rows[0]]), tables.take(rows)) for rows in groups_of(pattern)]

    def sample(self, customers: int) -> PatternedLikelihood:
        """The log-likelihood of so many customers drawn evenly over the rows, standing for all."""
        rows, weight = self._tables.sample_rows(customers)
        some = self._tables.take(rows, weight)
        return PatternedLikelihood(self.family, some, self._pattern[rows], self._design, self._offset)

    def reweighted(self, weight: FloatArray) -> PatternedLikelihood:
        """The log-likelihood of the rows with other numbers of customers."""
        tables = self._tables.reweighted(weight)
        return PatternedLikelihood(self.family, tables, self._pattern, self._design, self._offset)

    def simulated(self, point: FloatArray, rng: np.random.Generator) -> PatternedLikelihood:
        """The log-likelihood of as many customers of each age and pattern, drawn at log parameters and coefficients."""
        rows = np.repeat(np.arange(self.size), np.rint(self._tables.weight).astype(np.intp))
        ages, pattern = self._tables.T[rows], self._pattern[rows]
        thetas = np.exp(point[: self._d] + self._offset + self._design @ point[self._d :])
        x, t_x = answers(self.family.sample_new, thetas, pattern, (ages,), rng, exact=True)
        drawn, gaps = CellTables.of_rows(x, t_x, ages), getattr(self.family, "sample_log_gaps", None)
        if gaps is not None and hasattr(self.family, "knowing"):
            known = answers(gaps, thetas, pattern, (x, t_x, ages), rng, exact=True)
            drawn = CellTables(x, t_x, ages, np.ones(x.shape), known)
        return PatternedLikelihood(self.family, drawn, pattern, self._design, self._offset)

    @property
    def values(self) -> Callable[[FloatArray], FloatArray] | None:
        """The log-likelihood at many points at once, where the family has it and patterns are few."""
        together = getattr(self.family, "log_likelihood_sums", None)
        if together is None or self._by_row is not None:
            return None

        def sums(points: FloatArray) -> FloatArray:
            total = np.zeros(len(points))
            for pattern, tables in self._groups:
                moved = points[:, self._d :] @ self._design[pattern].T
                total += together(np.exp(points[:, : self._d] + self._offset[pattern] + moved), tables)
            return total

        return sums

    def __call__(self, point: FloatArray, order: int) -> Evaluation:
        """Evaluate at log parameters followed by coefficients."""
        if self._by_row is not None:
            return self._row_by_row(point, order)
        total = Evaluation.of_value(0.0, self._d + self._k)
        for pattern, tables in self._groups:
            design = self._design[pattern]
            logs = point[: self._d] + self._offset[pattern] + design @ point[self._d :]
            one = self.family.log_likelihood_sum(np.exp(logs), tables, order)
            if order == 0:
                total += Evaluation.of_value(one.value, self._d + self._k)
                continue
            crossed = one.hessian @ design
            total += assembled(one.value, one.gradient, one.gradient @ design, one.hessian, crossed, design.T @ crossed)
        return total

    def _row_by_row(self, point: FloatArray, order: int) -> Evaluation:
        assert self._by_row is not None
        tables, total = self._tables, Evaluation.of_value(0.0, self._d + self._k)
        for start in range(0, tables.size, _ROW_CHUNK):
            part = slice(start, start + _ROW_CHUNK)
            which = self._pattern[part]
            design = self._design[which]
            theta = np.exp(point[: self._d] + self._offset[which] + design @ point[self._d :]).T
            rows = self._by_row(theta, tables.x[part], tables.t_x[part], tables.T[part], order)
            if order == 0:
                total += Evaluation.of_value(float(tables.weight[part] @ rows.value), self._d + self._k)
            else:
                total += rows.shared(tables.weight[part], design)
        return total


def parameters_of_patterns(theta: FloatArray, design: FloatArray, offset: FloatArray) -> FloatArray:
    """Natural parameters of every pattern, shape (p, d), from natural ones followed by coefficients."""
    d = design.shape[1]
    return np.asarray(theta[:d] * np.exp(offset + design @ theta[d:]))


def answers(
    question: Callable[..., Any],
    theta: FloatArray,
    pattern: IntArray,
    columns: tuple[FloatArray, ...],
    *further: Any,
    exact: bool = False,
) -> Any:
    """A family's answer to a question for rows whose parameters go by pattern.

    Parameters
    ----------
    question : callable
        Of a family: `question(theta, *columns, *further)` gives an array of rows, or a tuple or dataclass of them.
    theta : array, shape (p, d)
        Natural parameters of each pattern.
    pattern : array of int, shape (n,)
        Pattern of each row.
    columns : tuple of arrays, shape (n,)
        What the question takes by row.
    further : objects
        What it takes besides.
    exact : bool
        Whether to ask pattern by pattern however many there are (random draws cannot be interpolated).

    Notes
    -----
    Beyond `MOST_EXACT` patterns answers are interpolated between a grid of log parameters, by cubics in each, where its
    points are fewer than the patterns. The error is below 1e-3 of the answer, as measured in
    `docs/decisions/0095-many-covariate-patterns.md`. Rows whose answer is infinite near by are asked exactly.
    """
    theta, place = np.unique(theta, axis=0, return_inverse=True)
    pattern = place.ravel()[pattern]
    if len(theta) == 1:
        return question(theta[0], *columns, *further)
    groups = groups_of(pattern)
    moved = np.flatnonzero(np.ptp(theta[np.unique(pattern)], axis=0) > 0)
    if not exact and len(groups) > MOST_EXACT and moved.size in STEPS:
        grid = _Grid.over(np.log(theta[:, moved])[pattern], STEPS[moved.size])
        if grid.size < len(groups):
            return _interpolated(question, theta, pattern, moved, grid, columns, *further)
    return _one_by_one(question, theta, groups, pattern, columns, *further)


def groups_of(pattern: IntArray) -> list[IntArray]:
    """Rows of each pattern that occurs."""
    order = np.argsort(pattern, kind="stable")
    cuts = np.flatnonzero(np.diff(pattern[order])) + 1
    return [rows for rows in np.split(order, cuts) if rows.size]


def _one_by_one(
    question: Callable[..., Any],
    theta: FloatArray,
    groups: list[IntArray],
    pattern: IntArray,
    columns: tuple[FloatArray, ...],
    *further: Any,
) -> Any:
    whole: list[FloatArray] = []
    found: Any = None
    for rows in groups:
        found = question(theta[pattern[rows[0]]], *(column[rows] for column in columns), *further)
        pieces = _pieces(found)
        if not whole:
            whole = [np.empty((pattern.size, *piece.shape[1:])) for piece in pieces]
        for target, piece in zip(whole, pieces, strict=True):
            target[rows] = piece
    return _like(found, whole) if groups else question(theta[0], *columns, *further)


@dataclass(frozen=True, eq=False)
class _Grid:
    """Points of a grid of log parameters around each row, with the weights of a cubic in each direction.

    Parameters
    ----------
    base, step : array of shape (q,), float
        The grid.
    shape : array of int, shape (q,)
        Its size in each direction.
    row, node, share : arrays, shape (m,)
        For each pair of a row and a point near it: both, and the weight of the point in the row's answer.
    """

    base: FloatArray
    step: float
    shape: IntArray
    row: IntArray
    node: IntArray
    share: FloatArray

    @classmethod
    def over(cls, logs: FloatArray, step: float) -> _Grid:
        """The grid for rows with these log parameters, shape (n, q)."""
        base = logs.min(axis=0)
        places = (logs - base) / step
        floor = np.floor(places).astype(np.int64)
        weights = _cubic(places - floor)
        shape = floor.max(axis=0) + 4
        stencils = list(itertools.product(range(4), repeat=logs.shape[1]))
        node = [np.ravel_multi_index(tuple((floor + stencil).T), tuple(shape)) for stencil in stencils]
        share = [np.prod([weights[one][:, axis] for axis, one in enumerate(stencil)], axis=0) for stencil in stencils]
        row = np.tile(np.arange(len(logs)), len(stencils))
        return cls(base, step, shape, row, np.concatenate(node).astype(np.int64), np.concatenate(share))

    @property
    def size(self) -> int:
        """Points near any row."""
        return int(np.unique(self.node).size)

    def point(self, node: int) -> FloatArray:
        """Natural parameters at a point."""
        at = np.array(np.unravel_index(node, tuple(self.shape))) - 1
        return np.asarray(np.exp(self.base + self.step * at))


def _interpolated(
    question: Callable[..., Any],
    theta: FloatArray,
    pattern: IntArray,
    moved: IntArray,
    grid: _Grid,
    columns: tuple[FloatArray, ...],
    *further: Any,
) -> Any:
    whole: list[FloatArray] = []
    low: list[FloatArray] = []
    high: list[FloatArray] = []
    found: Any = None
    for some in groups_of(grid.node):
        point = theta[0].copy()
        point[moved] = grid.point(int(grid.node[some[0]]))
        mine, share = grid.row[some], grid.share[some]
        found = question(point, *(column[mine] for column in columns), *further)
        pieces = _pieces(found)
        if not whole:
            whole = [np.zeros((pattern.size, *piece.shape[1:])) for piece in pieces]
            low, high = ([np.full(one.shape, bound) for one in whole] for bound in (np.inf, -np.inf))
        for number, piece in enumerate(pieces):
            with np.errstate(invalid="ignore"):
                whole[number][mine] += share.reshape(-1, *[1] * (piece.ndim - 1)) * piece
            low[number][mine] = np.minimum(low[number][mine], piece)
            high[number][mine] = np.maximum(high[number][mine], piece)
    # A cubic may pass a bound, a probability of zero or one, that its points do not.
    for piece, least, most in zip(whole, low, high, strict=True):
        above = least >= 0
        piece[above] = np.maximum(piece[above], 0.0)
        within = above & (most <= 1)
        piece[within] = np.minimum(piece[within], 1.0)
    odd = np.zeros(pattern.size, dtype=bool)
    for piece in whole:
        odd |= ~np.isfinite(piece.reshape(pattern.size, -1)).all(axis=1)
    if odd.any():
        left = np.flatnonzero(odd)
        some_columns = tuple(column[left] for column in columns)
        exact = _one_by_one(question, theta, groups_of(pattern[left]), pattern[left], some_columns, *further)
        for target, piece in zip(whole, _pieces(exact), strict=True):
            target[left] = piece
    return _like(found, whole)


def _cubic(place: FloatArray) -> list[FloatArray]:
    """Lagrange's weights of the points -1, 0, 1, 2 at places between 0 and 1."""
    t = place
    return [
        -t * (t - 1) * (t - 2) / 6,
        (t + 1) * (t - 1) * (t - 2) / 2,
        -(t + 1) * t * (t - 2) / 2,
        (t + 1) * t * (t - 1) / 6,
    ]


def _pieces(found: Any) -> list[FloatArray]:
    if is_dataclass(found):
        return [getattr(found, field.name) for field in fields(found)]
    return list(found) if isinstance(found, tuple) else [found]


def _like(found: Any, pieces: list[FloatArray]) -> Any:
    if is_dataclass(found) and not isinstance(found, type):
        return replace(found, **{field.name: piece for field, piece in zip(fields(found), pieces, strict=True)})
    return tuple(pieces) if isinstance(found, tuple) else pieces[0]
