"""What is known of leads as columns of a design: levels of words, steps of numbers, and whether anything was said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keepers.acquisition.leads.table import LeadTable
from keepers.domain.cells import FloatArray, IntArray

_MOST_LEVELS = 24
_FEWEST = 5
"""Leads of a level of its own; rarer ones are one level together."""
_STEPS = (0.2, 0.4, 0.6, 0.8)
_SPREAD = 0.5
"""A column of words of whose rows fewer have a level that comes again tells nothing of others."""

OTHER, MISSING = "any other", "not given"


@dataclass(frozen=True, eq=False)
class Coding:
    """How one column becomes levels.

    Attributes
    ----------
    name : str
    levels : tuple of str
        In words; of numbers in rising order. The last one may be `MISSING`.
    words : tuple of str
        Levels of a column of words that are told apart.
    edges : array or None
        Of a column of numbers: a number belongs to the first level whose edge is not below it.
    """

    name: str
    levels: tuple[str, ...]
    words: tuple[str, ...] = ()
    edges: FloatArray | None = None

    @property
    def ordered(self) -> bool:
        """Whether levels are numbers."""
        return self.edges is not None

    @property
    def has_missing(self) -> bool:
        """Whether some rows say nothing."""
        return self.levels[-1] == MISSING

    @property
    def width(self) -> int:
        """Columns of the design."""
        return len(self.levels) - (1 if self.ordered else 0)

    def codes(self, column: NDArray[Any] | None, size: int) -> IntArray:
        """The level of each row, shape (n,); a column that is not there says nothing."""
        last = len(self.levels) - 1
        if column is None:
            return np.full(size, last, dtype=np.int64)
        if self.edges is not None:
            if column.dtype.kind != "f":
                return np.full(size, last, dtype=np.int64)
            code = np.searchsorted(self.edges, column, side="left")
            top = last - self.has_missing
            return np.where(np.isnan(column), last, np.minimum(code, top)).astype(np.int64)
        place = {word: code for code, word in enumerate(self.words)}
        rest = self.levels.index(OTHER) if OTHER in self.levels else last
        return np.array([last if v is None else place.get(str(v), rest) for v in column.tolist()], dtype=np.int64)

    def matrix(self, codes: IntArray) -> FloatArray:
        """The design of levels, shape (n, width): one column a level, or one a step from number to number."""
        levels = np.arange(len(self.levels))
        if not self.ordered:
            return np.asarray((codes[:, None] == levels[None, :]).astype(np.float64))
        numbers = levels[1 : len(levels) - self.has_missing]
        silent = (codes == len(levels) - 1) & self.has_missing
        steps = ((codes[:, None] >= numbers[None, :]) & ~silent[:, None]).astype(np.float64)
        return np.column_stack([steps, silent.astype(np.float64)]) if self.has_missing else steps


@dataclass(frozen=True, eq=False)
class LeadDesign:
    """The design of all columns, centred on the leads that it was made of, so that the constant is an average lead.

    Attributes
    ----------
    codings : tuple of Coding
    centre : array, shape (k - 1,)
    groups : array of int, shape (k - 1,)
        The column of the table that each column of the design belongs to: a position in `codings`.
    """

    codings: tuple[Coding, ...]
    centre: FloatArray
    groups: IntArray

    @property
    def names(self) -> tuple[str, ...]:
        """Columns of the table that are used."""
        return tuple(coding.name for coding in self.codings)

    def codes(self, table: LeadTable) -> IntArray:
        """The level of every lead in every column, shape (n, columns)."""
        if not self.codings:
            return np.zeros((table.size, 0), dtype=np.int64)
        return np.column_stack([one.codes(table.columns.get(one.name), table.size) for one in self.codings])

    def matrix(self, codes: IntArray) -> FloatArray:
        """The design of levels, shape (n, k), the constant first."""
        parts = [one.matrix(codes[:, place]) for place, one in enumerate(self.codings)]
        told = np.hstack(parts) - self.centre if parts else np.zeros((codes.shape[0], 0))
        return np.hstack([np.ones((codes.shape[0], 1)), told])

    def words(self, codes: IntArray, place: int) -> NDArray[Any]:
        """What each lead says in a column, in words."""
        return np.array(self.codings[place].levels, dtype=object)[codes[:, place]]


def lead_design(table: LeadTable, left_out: Sequence[str] = ()) -> LeadDesign:
    """A design of every column that tells leads apart, except those that are left out.

    Days are never used: most of them are written later. A column of words needs levels that come again.
    """
    codings = [
        found
        for name, column in table.columns.items()
        if name not in left_out and (found := code_column(name, column)) is not None
    ]
    design = LeadDesign(tuple(codings), np.zeros(0), np.zeros(0, dtype=np.int64))
    groups = np.repeat(np.arange(len(codings)), [one.width for one in codings])
    codes = design.codes(table)
    parts = [one.matrix(codes[:, place]) for place, one in enumerate(codings)]
    centre = np.hstack(parts).mean(axis=0) if parts and table.size else np.zeros(groups.size)
    return LeadDesign(tuple(codings), centre, groups.astype(np.int64))


def code_column(name: str, column: NDArray[Any]) -> Coding | None:
    """How a column becomes levels; None where it is of days, or tells none from others."""
    if column.dtype.kind == "M":
        return None
    return _numbers(name, column) if column.dtype.kind == "f" else _words(name, column)


def _numbers(name: str, column: FloatArray) -> Coding | None:
    known = column[np.isfinite(column)]
    missing = (MISSING,) if known.size < column.size else ()
    if not known.size:
        return None
    edges = np.unique(np.quantile(known, _STEPS, method="lower"))
    edges = edges[edges < known.max()]
    if not edges.size and not missing:
        return None
    bins = np.searchsorted(edges, known, side="left")
    spans = [(known[bins == b].min(), known[bins == b].max()) for b in range(edges.size + 1)]
    said = tuple(_span(low, high) for low, high in spans)
    return Coding(name, (*said, *missing), edges=np.append(edges, np.inf))


def _span(low: float, high: float) -> str:
    one, other = f"{low:,.6g}", f"{high:,.6g}"
    return one if one == other else f"{one} to {other}"


def _words(name: str, column: NDArray[Any]) -> Coding | None:
    words, counts = np.unique(np.array([str(v) for v in column.tolist() if v is not None]), return_counts=True)
    silent = column.size - int(counts.sum())
    common = np.argsort(-counts, kind="stable")[:_MOST_LEVELS]
    common = common[counts[common] >= _FEWEST]
    if not words.size or counts[common].sum() < _SPREAD * counts.sum():
        # Names and free texts; that anything was said may still tell.
        if silent < _FEWEST or column.size - silent < _FEWEST:
            return None
        return Coding(name, (OTHER, MISSING))
    kept = tuple(str(word) for word in words[np.sort(common)])
    rest = (OTHER,) if counts.sum() > counts[common].sum() else ()
    missing = (MISSING,) if silent else ()
    levels = (*kept, *rest, *missing)
    return Coding(name, levels, words=kept) if len(levels) > 1 else None
