"""Whole numbers from the bytes of texts such as C00123, each proved to be written as its number would be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Whole = NDArray[np.int64]

MOST_DIGITS = 18
"""Digits that always fit into a whole number of eight bytes."""

_AT_ONCE = 1 << 15
"""So many texts stay in the processor's caches while they are read."""

_ZERO = np.uint8(ord("0"))


@dataclass(frozen=True, slots=True)
class Texts:
    """Texts one behind the other in memory; the nth is ``data[ends[n]:ends[n + 1]]``.

    Attributes
    ----------
    data : array of uint8
    ends : array of whole numbers, shape (n + 1,)
    """

    data: Bytes
    ends: NDArray[np.signedinteger]

    def __len__(self) -> int:
        return self.ends.size - 1


@dataclass(frozen=True, slots=True)
class Writing:
    """How numbers are written: some letters, zeros up to so many digits, and the number.

    Parameters
    ----------
    before : bytes
    least_digits : int
        1 where no zeros stand before a number.

    Examples
    --------
    >>> texts = Texts(np.frombuffer(b"C007C123", np.uint8), np.array([0, 4, 8]))
    >>> Writing(b"C", 3).numbers(texts).tolist()
    [7, 123]
    >>> Writing(b"C", 1).numbers(texts) is None
    True
    """

    before: bytes
    least_digits: int

    def numbers(self, texts: Texts) -> Whole | None:
        """The number of each text; None where one is written in another way, which would make two texts one number."""
        found = np.empty(len(texts), dtype=np.int64)
        for begin in range(0, found.size, _AT_ONCE):
            ends = texts.ends[begin : begin + _AT_ONCE + 1]
            if not self._read(texts.data, ends, found[begin : begin + _AT_ONCE]):
                return None
        return found

    def _read(self, data: Bytes, ends: NDArray[np.signedinteger], into: Whole) -> bool:
        """Read some texts; false where one is written in another way."""
        length = np.diff(ends)
        shortest, longest = int(length.min()), int(length.max())
        if shortest < len(self.before) + self.least_digits or longest > len(self.before) + MOST_DIGITS:
            return False
        if shortest == longest:
            return self._read_alike(data[ends[0] : ends[-1]].reshape(-1, longest), into)
        for one in np.unique(length):
            rows = np.flatnonzero(length == one)
            of_length = np.empty(rows.size, dtype=np.int64)
            if not self._read_alike(data[ends[rows, None] + np.arange(one)], of_length):
                return False
            into[rows] = of_length
        return True

    def _read_alike(self, texts: Bytes, into: Whole) -> bool:
        """Read texts of one length, one a row; false where one is written in another way."""
        by_place = np.ascontiguousarray(texts.T)
        letters, digits = by_place[: len(self.before)], by_place[len(self.before) :] - _ZERO
        # Whatever is no digit is more than nine, what stands before the digits having gone round.
        if (letters != np.frombuffer(self.before, np.uint8)[:, None]).any() or digits.max() > 9:
            return False
        if len(digits) > self.least_digits and not digits[0].all():
            return False
        into[:] = digits[0]
        for digit in digits[1:]:
            into *= 10
            into += digit
        return True
