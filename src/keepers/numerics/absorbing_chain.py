"""Absorbing Markov chains of contacts, solved by linear algebra: what is lost when a channel is taken out.

States are the last k channels of a visitor; from each the walk goes on to the next contact, to conversion or to
nothing. With Q the chances among states, q those of the first contact and r what is earned on leaving a state by
conversion, the expected gain of a visitor is ``q' (I - Q)^-1 r``. Without channel c the states that end in it lead
nowhere; the removal effect is the part of the gain that is lost. Both sides of the system are solved, so that the exact
derivative of every removal effect by the weight of every path is there too, and with it what the paths that happened to
be seen leave unsure.

Source: Anderl, Becker, von Wangenheim, Schumann (2016), "Mapping the customer journey: Lessons learned from graph-based
online attribution modeling", International Journal of Research in Marketing 33.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import splu

from keepers.numerics.path_rules import FloatArray, IntArray, PathArrays

_BACK_OFF = 4.0
"""Visits' worth of the shorter memory that a state starts from, where memories are compared on unseen paths."""
_HELD_OUT = 0.25
MOST_MEMORY = 3


@dataclass(frozen=True, slots=True, eq=False)
class Visits:
    """How often each path was walked: with a conversion at its end, and with none.

    Parameters
    ----------
    conversions, nulls : arrays, shape (paths,)
        Visitors.
    """

    conversions: FloatArray
    nulls: FloatArray

    @property
    def all(self) -> FloatArray:
        """Visitors of each path."""
        return self.conversions + self.nulls


@dataclass(frozen=True, slots=True, eq=False)
class Removal:
    """What is lost without each channel.

    Parameters
    ----------
    effect : array, shape (channels,)
        Part of the gain that is lost, in [0, 1]; zero for a channel on no path.
    by_draw : array, shape (draws, channels)
        The same under drawn worths of the paths.
    covariance : array, shape (channels, channels)
        Of the effects, for the paths that happened to be seen.
    """

    effect: FloatArray
    by_draw: FloatArray
    covariance: FloatArray


@dataclass(frozen=True, eq=False)
class Chain:
    """The chain of paths with a memory of `order` contacts.

    Parameters
    ----------
    paths : PathArrays
        Distinct paths.
    visits : Visits
        How often each was walked.
    order : int
        Contacts that are remembered.
    """

    paths: PathArrays
    visits: Visits
    order: int = 1

    @cached_property
    def state(self) -> IntArray:
        """State of each contact, shape (n,), numbered from 0."""
        return np.unique(memories(self.paths, self.order), return_inverse=True)[1].ravel().astype(np.int64)

    @property
    def states(self) -> int:
        """Number of states."""
        return int(self.state.max()) + 1

    @cached_property
    def channel_of(self) -> IntArray:
        """The channel that each state ends in."""
        found = np.zeros(self.states, dtype=np.int64)
        found[self.state] = self.paths.channel
        return found

    @cached_property
    def _weight(self) -> FloatArray:
        return np.asarray(self.visits.all[self.paths.path])

    @cached_property
    def _times(self) -> FloatArray:
        """How often each state was visited."""
        return np.bincount(self.state, self._weight, self.states).astype(np.float64)

    @cached_property
    def _last(self) -> IntArray:
        return self.paths.start[1:] - 1

    @cached_property
    def _onward(self) -> IntArray:
        """Contacts that another one follows."""
        follows = np.ones(self.paths.channel.size, dtype=bool)
        follows[self._last] = False
        return np.flatnonzero(follows)

    @cached_property
    def moves(self) -> sparse.csr_array:
        """Chances of going from state to state, shape (states, states)."""
        at = self._onward
        pair = (self.state[at], self.state[at + 1])
        count = sparse.csr_array((self._weight[at], pair), shape=(self.states, self.states))
        return sparse.csr_array(sparse.diags_array(1.0 / self._times) @ count)

    @cached_property
    def begin(self) -> FloatArray:
        """Chance that a path begins in each state."""
        first = np.bincount(self.state[self.paths.start[:-1]], self.visits.all, self.states)
        return np.asarray(first / self.visits.all.sum())

    def gain(self, worth: FloatArray) -> FloatArray:
        """What a visit of each state earns by ending there, shape (states,) or (draws, states).

        `worth` is what all conversions of each path bring, shape (paths,) or (draws, paths).
        """
        ends = sparse.csr_array(
            (1.0 / self._times[self.state[self._last]], (np.arange(self.paths.paths), self.state[self._last])),
            shape=(self.paths.paths, self.states),
        )
        return np.asarray(worth @ ends)

    def removal(self, worth: FloatArray, draws: FloatArray | None = None) -> Removal:
        """Removal effects of all channels.

        Parameters
        ----------
        worth : array, shape (paths,)
            What the conversions of each path bring: their number, or money.
        draws : array, shape (draws, paths), optional
            The same under draws.
        """
        channels = self.paths.channels
        gain = self.gain(worth)
        drawn = np.zeros((0, self.states)) if draws is None else self.gain(draws)
        whole = float(worth.sum() / self.visits.all.sum())
        whole_drawn = np.zeros(0) if draws is None else draws.sum(axis=1) / self.visits.all.sum()
        effect, by_draw = np.zeros(channels), np.zeros((len(drawn), channels))
        if whole == 0.0:
            return Removal(effect, by_draw, np.zeros((channels, channels)))
        influence = np.zeros((2, channels, self.paths.paths))
        everything = self._influence(*self._solved(np.ones(self.states, dtype=bool), gain), worth, whole)
        for channel in np.unique(self.paths.channel):
            allowed = self.channel_of != channel
            visits, ahead = self._solved(allowed, gain)
            left = float(visits @ gain)
            effect[channel] = 1.0 - left / whole
            by_draw[:, channel] = 1.0 - np.divide(drawn @ visits, whole_drawn, out=np.ones_like(whole_drawn),
                                                  where=whole_drawn != 0)  # fmt: skip
            own = self._influence(visits, ahead, worth, left)
            influence[:, channel] = -own / whole + left / whole**2 * everything
        won, lost = influence
        covariance = (won * self.visits.conversions) @ won.T + (lost * self.visits.nulls) @ lost.T
        return Removal(np.clip(effect, 0.0, 1.0), np.clip(by_draw, 0.0, 1.0), covariance)

    def _solved(self, allowed: NDArray[np.bool_], gain: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Expected visits of each state and the gain ahead of it, on ways through allowed states alone."""
        keep = sparse.diags_array(allowed.astype(np.float64))
        system = sparse.csc_array(sparse.eye_array(self.states) - keep @ self.moves @ keep)
        factors = splu(system)
        visits = factors.solve(self.begin * allowed, "T") * allowed  # type: ignore[call-overload]
        return visits, factors.solve(gain * allowed) * allowed

    def _influence(self, visits: FloatArray, ahead: FloatArray, worth: FloatArray, whole: float) -> FloatArray:
        """Derivative of the expected gain by one more visitor of each path who converts, and by one who does not."""
        share = np.divide(visits, self._times, out=np.zeros_like(visits), where=self._times > 0)
        at = self._onward
        steps = share[self.state[at]] * (ahead[self.state[at + 1]] - ahead[self.state[at]])
        path = self.paths.path
        along = np.bincount(path[at], steps, self.paths.paths).astype(np.float64)
        end = self.state[self._last]
        along -= share[end] * ahead[end]
        along += (ahead[self.state[self.paths.start[:-1]]] - whole) / self.visits.all.sum()
        each = np.divide(worth, self.visits.conversions, out=np.zeros_like(worth), where=self.visits.conversions > 0)
        return np.stack([along + share[end] * each, along])


def memories(paths: PathArrays, order: int) -> IntArray:
    """A number for the last `order` channels at each contact, shape (n,); shorter at the beginning of a path."""
    place, found = paths.place, np.zeros(paths.channel.size, dtype=np.int64)
    for back in range(order):
        before = np.zeros_like(found)
        there = place >= back
        before[there] = paths.channel[np.flatnonzero(there) - back] + 1
        found += before * (paths.channels + 1) ** back
    return found


def choose_order(paths: PathArrays, visits: Visits, rng: np.random.Generator, most: int = MOST_MEMORY) -> int:
    """The memory, from 1 to `most` contacts, under which paths that were held out are most likely.

    A quarter of the visitors is held out; chances of the rest start from those of the shorter memory with the weight
    of a few visits, so that a transition never seen is not impossible. A longer memory must be better by more than its
    standard error.
    """
    held = Visits(_thinned(visits.conversions, rng), _thinned(visits.nulls, rng))
    rest = Visits(visits.conversions - held.conversions, visits.nulls - held.nulls)
    if held.all.sum() < 1 or rest.all.sum() < 1:
        return 1
    likelihood = [_log_likelihood(paths, rest, order) for order in range(1, most + 1)]
    best = 1
    for order in range(2, most + 1):
        better = likelihood[order - 1] - likelihood[best - 1]
        gain = float(np.sum(better[0] * held.conversions + better[1] * held.nulls))
        noise = float(np.sqrt(np.sum(better[0] ** 2 * held.conversions + better[1] ** 2 * held.nulls)))
        if gain > noise:
            best = order
    return best


def _thinned(count: FloatArray, rng: np.random.Generator) -> FloatArray:
    return rng.binomial(np.rint(count).astype(np.int64), _HELD_OUT).astype(np.float64)


def _log_likelihood(paths: PathArrays, visits: Visits, order: int) -> FloatArray:
    """Log-likelihood of each path with a conversion and without, shape (2, paths), chances taken from `visits`."""
    channels, size = paths.channels, paths.channel.size
    weight = visits.all[paths.path]
    last = paths.start[1:] - 1
    following = np.full(size, channels, dtype=np.int64)
    onward = np.ones(size, dtype=bool)
    onward[last] = False
    at = np.flatnonzero(onward)
    following[at] = paths.channel[at + 1]
    # Ends: `channels` is conversion and `channels + 1` is nothing; the first step has a memory of nothing.
    chance = np.full(size, 1.0 / (channels + 2))
    ends = np.full((2, paths.paths), 1.0 / (channels + 2))
    for memory in range(order + 1):
        state = np.unique(memories(paths, memory), return_inverse=True)[1].ravel() if memory else np.zeros(size, int)
        times = np.bincount(state, weight)
        step = state[at] * (channels + 2) + following[at]
        known, which = np.unique(step, return_inverse=True)
        seen = np.bincount(which.ravel(), weight[at], known.size)[which.ravel()]
        new = chance.copy()
        new[at] = (seen + _BACK_OFF * chance[at]) / (times[state[at]] + _BACK_OFF)
        end = state[last]
        for row, count in enumerate((visits.conversions, visits.nulls)):
            total = np.bincount(end, count, times.size)[end]
            ends[row] = (total + _BACK_OFF * ends[row]) / (times[end] + _BACK_OFF)
        chance = new
    along = np.bincount(paths.path[at], np.log(chance[at]), paths.paths)
    # The first contact is the same for every memory.
    return np.asarray(along + np.log(ends))
