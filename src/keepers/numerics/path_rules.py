"""How rules of attribution divide a path's worth over its contacts: first, last, linear, position, decay, Shapley."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

RULES = ("first", "last", "linear", "position", "decay", "shapley")
"""The rules by name."""

_ENDS = 0.4
"""Share of the first and of the last contact by position; what is left belongs to those between."""


@dataclass(frozen=True, slots=True, eq=False)
class PathArrays:
    """Paths of contacts, one after another.

    Parameters
    ----------
    channel : array of int, shape (n,)
        Channel of each contact, in the order of time within a path.
    start : array of int, shape (paths + 1,)
        Where each path begins in `channel`; the last entry is n. No path is empty.
    channels : int
        Number of channels.
    """

    channel: IntArray
    start: IntArray
    channels: int

    @property
    def paths(self) -> int:
        """Number of paths."""
        return int(self.start.size - 1)

    @property
    def length(self) -> IntArray:
        """Contacts of each path."""
        return np.diff(self.start)

    @property
    def path(self) -> IntArray:
        """The path of each contact."""
        return np.repeat(np.arange(self.paths), self.length)

    @property
    def place(self) -> IntArray:
        """Position of each contact in its path, from 0."""
        return np.arange(self.channel.size) - np.repeat(self.start[:-1], self.length)

    def by_channel(self, share: FloatArray, worth: FloatArray) -> FloatArray:
        """What each channel is credited with.

        Parameters
        ----------
        share : array, shape (n,)
            Share of each contact in its path.
        worth : array, shape (paths,) or (draws, paths)
            What each path is worth.

        Returns
        -------
        array, shape (channels,) or (draws, channels)
        """
        from scipy import sparse

        table = sparse.csr_array((share, (self.path, self.channel)), shape=(self.paths, self.channels))
        return np.asarray(worth @ table)


def contact_shares(paths: PathArrays, rule: str, age: FloatArray | None = None, half_life: float = 7.0) -> FloatArray:
    """The share of each contact in its path, adding up to one over a path.

    - ``first``, ``last``: all to one contact; ``linear``: the same to each.
    - ``position``: 40% each to the first and the last contact, 20% to those between; half and half where there are two.
    - ``decay``: by ``2^(-age / half_life)``.
    - ``shapley``: the Shapley value of the game in which a coalition of channels earns what paths bring that meet no
      other channel. The worth of a coalition is a sum of unanimity games, one a set of channels, so that the value is
      exact without any enumeration: each set divides its worth evenly (Shapley 1953; Zhao, Mahboobi, Bagheri 2018,
      "Shapley Value Methods for Attribution Modeling in Online Advertising", arXiv 1804.05327).

    Parameters
    ----------
    paths : PathArrays
        The paths.
    rule : str
        One of `RULES`.
    age : array, shape (n,), optional
        Time from each contact to the end of its path; needed for ``decay`` alone.
    half_life : float
        Time in which a contact loses half of its weight, in the unit of `age`.

    Examples
    --------
    >>> paths = PathArrays(np.array([0, 1, 0]), np.array([0, 3]), 2)
    >>> contact_shares(paths, "position").round(2).tolist()
    [0.4, 0.2, 0.4]
    >>> contact_shares(paths, "shapley").tolist()
    [0.25, 0.5, 0.25]
    """
    length = np.repeat(paths.length, paths.length)
    place = paths.place
    if rule == "first":
        return np.asarray(place == 0, dtype=np.float64)
    if rule == "last":
        return np.asarray(place == length - 1, dtype=np.float64)
    if rule == "linear":
        return np.asarray(1.0 / length)
    if rule == "position":
        middle = (1.0 - 2.0 * _ENDS) / np.maximum(length - 2, 1)
        ends = np.select([length == 1, length == 2], [1.0, 0.5], _ENDS)
        return np.asarray(np.where((place == 0) | (place == length - 1), ends, middle))
    if rule == "decay":
        if age is None:
            raise ValueError("Time decay needs the time from each contact to the end of its path.")
        # Relative to the youngest contact of the path, so that an old path does not vanish below the smallest number.
        youngest = np.repeat(np.minimum.reduceat(age, paths.start[:-1]), paths.length)
        weight = np.exp2(-(age - youngest) / half_life)
        return np.asarray(weight / np.repeat(np.add.reduceat(weight, paths.start[:-1]), paths.length))
    if rule == "shapley":
        pair = paths.path * paths.channels + paths.channel
        met, which, times = np.unique(pair, return_inverse=True, return_counts=True)
        different = np.bincount(met // paths.channels, minlength=paths.paths)
        return np.asarray(1.0 / (times[which] * different[paths.path]))
    raise ValueError(f"There is no rule {rule!r}. There are: {', '.join(RULES)}.")
