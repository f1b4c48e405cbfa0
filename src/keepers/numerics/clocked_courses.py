"""The course of a clock or a risk over the moments at which customers may have left, and moments of its logarithm."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from keepers.numerics.clock import Clock, Reading
from keepers.numerics.clocked_pieces import Pieces
from keepers.numerics.leaving_risk import Risk

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def joined(inner: FloatArray, last: FloatArray) -> FloatArray:
    """All nodes of a row, shape (n, m q + 1, ...), the last being that of those who stay."""
    n, m, q = inner.shape[:3]
    return np.concatenate([inner.reshape(n, m * q, *inner.shape[3:]), last[:, None]], axis=1)


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """What is shown at the nodes of pieces and at the end; derivatives are in what the course depends on.

    Parameters
    ----------
    left, end : Reading
        At the begins of the pieces, shape (n, m), and at the end, shape (n,), since the first purchase.
    pace, values : arrays, shape (n, m), (n, m, k)
        Of the pieces.
    grown : tuple of arrays, shape (n, m, q)
        What is gained from a piece's begin to its nodes at pace one; derivatives in log b follow where there is a b.
    """

    left: Reading
    end: Reading
    pace: FloatArray
    values: FloatArray
    grown: tuple[FloatArray, ...]

    @classmethod
    def of_clock(
        cls, clock: Clock, pieces: Pieces, path: IntArray, start: FloatArray, T: FloatArray, since: FloatArray
    ) -> Course:
        """The course of a clock of buying."""
        whose = np.broadcast_to(path[:, None], pieces.begin.shape)
        born = clock.reading(path, start)
        since_born = Reading(born.value[:, None], born.first[:, None], born.second[:, None])
        pace, values = clock.pace(whose, pieces.middle)
        left, end = clock.reading(whose, pieces.begin) - since_born, clock.reading(path, start + T) - born
        return cls(left, end, pace, values, (since,))

    @classmethod
    def of_risk(
        cls, risk: Risk, pieces: Pieces, path: IntArray, start: FloatArray, T: FloatArray, since: FloatArray
    ) -> Course:
        """The course of a risk of leaving."""
        shape = pieces.begin.shape
        whose, came = np.broadcast_to(path[:, None], shape), np.broadcast_to(start[:, None], shape)
        age = pieces.begin - came
        pace, values = risk.pace(whose, pieces.middle)
        left, end = risk.reading(whose, came, age), risk.reading(path, start, T)
        return cls(left, end, pace, values, risk.within(age[..., None], since, 2))

    def shown(self) -> FloatArray:
        """Shape (n, m q + 1)."""
        inner: FloatArray = self.left.value[..., None] + self.pace[..., None] * self.grown[0]
        return joined(inner, self.end.value)

    def slopes(self) -> FloatArray:
        """First derivatives, shape (n, m q + 1, c)."""
        pace = self.pace[..., None]
        gained = (pace * self.grown[0])[..., None] * self.values[:, :, None, :]
        if len(self.grown) > 1:
            gained = np.concatenate([(pace * self.grown[1])[..., None], gained], axis=-1)
        gained += self.left.first[:, :, None, :]
        return joined(gained, self.end.first)

    def bends(self, weight: FloatArray) -> FloatArray:
        """Sums of second derivatives over the nodes with a weight each, shape (n, c, c)."""
        n, m, q = self.grown[0].shape
        inner = weight[:, :-1].reshape(n, m, q)
        total: FloatArray = np.einsum("nm,nmce->nce", inner.sum(axis=2), self.left.second)
        total += weight[:, -1, None, None] * self.end.second
        gained = [self.pace * (inner * part).sum(axis=2) for part in self.grown]
        b = len(self.grown) > 1
        total[:, b:, b:] += np.matmul((self.values * gained[0][..., None]).transpose(0, 2, 1), self.values)
        if b:
            crossed = np.einsum("nm,nmk->nk", gained[1], self.values)
            total[:, 0, 1:] += crossed
            total[:, 1:, 0] += crossed
            total[:, 0, 0] += gained[2].sum(axis=1)
        return total


class LogTerm:
    """The term -count log(scale + shown) of the integrand, with its moments.

    Derivatives are in (log shape, log scale, what the course depends on); count is shape plus something known.

    Parameters
    ----------
    course : Course
        Of the clock or the risk.
    shape, scale : arrays, shape (n,)
        r and alpha, or s and beta.
    count : array, shape (n, m q + 1) or (n, 1)
        r + x, or s, and one more for those who leave.
    """

    def __init__(self, course: Course, shape: FloatArray, scale: FloatArray, count: FloatArray) -> None:
        self._course, self._shape = course, shape[:, None]
        whole = scale[:, None] + course.shown()
        self._log, self._part, self._pull = np.log(whole), scale[:, None] / whole, count / whole
        self._count, self._inverse = count, 1.0 / whole
        self._moved = course.slopes()

    def slopes(self) -> FloatArray:
        """First derivatives at the nodes, shape (n, m q + 1, 2 + c)."""
        found = np.empty((*self._log.shape, 2 + self._moved.shape[-1]))
        found[..., 0], found[..., 1] = -self._shape * self._log, -self._count * self._part
        found[..., 2:] = -self._pull[..., None] * self._moved
        return found

    def bends(self, p: FloatArray) -> FloatArray:
        """Means of second derivatives over nodes with the shares p, shape (n, 2 + c, 2 + c)."""
        part, moved, shape = self._part, self._moved, self._shape
        size = 2 + moved.shape[-1]
        result = np.zeros((p.shape[0], size, size))
        result[:, 0, 0] = -(p * shape * self._log).sum(axis=1)
        result[:, 1, 1] = -(p * self._count * part * (1.0 - part)).sum(axis=1)
        result[:, 0, 1] = result[:, 1, 0] = -(p * shape * part).sum(axis=1)
        pulled = p * self._pull
        for place, weight in ((0, -p * shape * self._inverse), (1, pulled * part)):
            crossed = np.einsum("nm,nmc->nc", weight, moved)
            result[:, place, 2:] = result[:, 2:, place] = crossed
        result[:, 2:, 2:] = np.matmul((moved * (pulled * self._inverse)[..., None]).transpose(0, 2, 1), moved)
        result[:, 2:, 2:] -= self._course.bends(pulled)
        return result
