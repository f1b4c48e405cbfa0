"""What an Erlang-k customer does next, as functions of scaled time; every k-th stage is a purchase.

A living customer j stages after the last purchase makes further stages as a Poisson process of rate ~ Gamma(n, A),
n = r + k x + j, A = alpha + T, and leaves at each purchase with p ~ Beta(a, b'), b' = b + x + chances, q = 1 - p. With
w = u / A for a time u from now, and the k-th roots rho of q, sums over stages become sums over roots:

    survival   S_j(w) = E p / (k q) sum over rho of rho^(j + 1) / (1 - rho) (1 + w (1 - rho))^-n,
    intensity  g_j(w) = E n / (k q) sum over rho of rho^(j + 1) (1 + w (1 - rho))^-(n + 1),
    pairs      h_j(w) = E 2 q dg_j/dq, by which E X(X - 1) is the integral of h.

The expectation is over p, by the rule of `beta_mixture`. For k = 1 these are the functions of `beta_geometric_future`.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import Flag, auto
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keepers.numerics.beta_mixture import BetaMixture

FloatArray = NDArray[np.float64]

_CHUNK = 300_000
_SMALL = 1 / 64
"""Below this q the sum over roots loses digits, and a few terms of the sum over purchases serve."""
_TERMS = 12
_FORGOTTEN = 50.0
"""A root that has fallen by exp(-50) is left out."""


class Wanted(Flag):
    """Functions besides the intensity, which is always made."""

    NOTHING = 0
    SURVIVAL = auto()
    PAIRS = auto()
    GRADIENT = auto()


@dataclass(frozen=True, slots=True, eq=False)
class Curves:
    """Functions of scaled time for each count x and phase j, shape (counts, k, size); `by_...` differentiate g.

    What was not wanted is zero.
    """

    survival: FloatArray
    intensity: FloatArray
    pairs: FloatArray
    by_n: FloatArray
    by_a: FloatArray
    by_b: FloatArray


def curves(
    k: int,
    s: FloatArray,
    w: FloatArray,
    mixture: BetaMixture,
    wanted: Wanted,
    mean_logs: tuple[FloatArray, FloatArray] | None = None,
) -> Curves:
    """The functions at the scaled times `w`.

    Parameters
    ----------
    k : int
        Stages a purchase.
    s : array, shape (counts,)
        r + k x.
    w : array, shape (size,)
        Scaled times, descending.
    mixture : BetaMixture
        The rule for p, a row a count.
    wanted : Wanted
        Which functions.
    mean_logs : arrays of shape (counts,), optional
        E log p and E log(1 - p), for derivatives.
    """
    result = Curves(*(np.zeros((s.size, k, w.size)) for _ in fields(Curves)))
    step = max(1, _CHUNK // (w.size * (mixture.nodes + 1)))
    for begin in range(0, s.size, step):
        part = slice(begin, begin + step)
        rule = BetaMixture(
            mixture.a, mixture.b[part], mixture.p[part], mixture.q[part], mixture.log_p[part], mixture.log_q[part],
            mixture.weight[part], mixture.take_low[part], mixture.take_high[part],
        )  # fmt: skip
        logs = None if mean_logs is None else (mean_logs[0][part], mean_logs[1][part])
        _fill(result, part, k, s[part], w, rule, wanted, logs)
    return result


def _fill(
    result: Curves,
    part: slice,
    k: int,
    s: FloatArray,
    w: FloatArray,
    rule: BetaMixture,
    wanted: Wanted,
    mean_logs: tuple[FloatArray, FloatArray] | None,
) -> None:
    # The last node is p = 0, whose value the rule may take off.
    blank = np.zeros((s.size, 1))
    # Far out, where exp(-log q) would overflow, nodes are either of no weight or replaced below.
    log_q = np.concatenate([np.maximum(rule.log_q, -600.0), blank], axis=1)
    p = np.concatenate([rule.p, blank], axis=1)
    roots = [_root(k, number, s, w, log_q) for number in range(k // 2 + 1)]
    share = np.exp(-log_q)[:, None, :] / k
    small = [(row, rule.q[row] < _SMALL) for row in np.flatnonzero(rule.b < 2)]
    for j in range(k):
        n = (s + j)[:, None, None]
        survival, intensity, pairs, by_n = (np.zeros((s.size, w.size, log_q.shape[1])) for _ in range(4))
        for root in roots:
            # root.power is rho^(j + 1) E^-(n + 1), with E = 1 + w (1 - rho).
            soon = root.soon
            intensity[:, soon] += root.power.real * root.times
            if Wanted.SURVIVAL in wanted:
                survival[:, soon] += (root.power * root.growth / root.away[:, None, :]).real * root.times
            if Wanted.PAIRS in wanted:
                turned = root.power * (root.turn * ((n + 1) * w[None, soon, None]) - (k - 1 - j))
                pairs[:, soon] += turned.real * root.times
            if Wanted.GRADIENT in wanted:
                by_n[:, soon] += (root.power * (1 - n * root.log_growth)).real * root.times
            root.power *= root.turn
        survival *= p[:, None, :] * share
        intensity *= n * share
        pairs *= 2 * n / k * share
        by_n *= share
        none = np.zeros((s.size, w.size))
        ends = {"survival": none.copy(), "intensity": none.copy(), "by_n": none.copy()}
        for row, places in small:
            by_purchase = _by_purchase(k, j, float(s[row]), w)
            powers = rule.q[row, places] ** np.arange(_TERMS)[:, None]
            for values, name in ((survival, "survival"), (intensity, "intensity"), (by_n, "by_n")):
                values[row][:, :-1][:, places] = by_purchase[name].T @ powers
                ends[name][row] = by_purchase[name][0]
            counted = 2 * np.arange(_TERMS)[:, None] * powers
            pairs[row][:, :-1][:, places] = by_purchase["intensity"].T @ counted
        survival[:, :, -1] = 1.0
        if Wanted.SURVIVAL in wanted:
            result.survival[part, j] = _expectation(rule, survival, ends["survival"])[0]
        bought = _expectation(rule, intensity, ends["intensity"])
        result.intensity[part, j] = bought[0]
        if Wanted.PAIRS in wanted:
            result.pairs[part, j] = _expectation(rule, pairs, none)[0]
        if mean_logs is not None and Wanted.GRADIENT in wanted:
            result.by_n[part, j] = _expectation(rule, by_n, ends["by_n"])[0]
            result.by_a[part, j], result.by_b[part, j] = rule.derivatives(
                bought[1], bought[2], ends["intensity"], *mean_logs
            )


def _expectation(rule: BetaMixture, values: FloatArray, high: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """E of a function whose values at the nodes and, last, at p = 0 are given; what was summed; the value at p = 0."""
    low = np.ascontiguousarray(values[:, :, -1])
    reduced = rule.reduced(np.ascontiguousarray(values[:, :, :-1]), low, high)
    return rule.expectation(reduced, low, high), reduced, low


@dataclass(slots=True, eq=False)
class _Root:
    """One of the roots, standing for its conjugate too; `power` moves on from phase to phase by `turn`.

    The times up to which it matters are `soon`.
    """

    soon: slice
    away: NDArray[Any]
    growth: NDArray[Any]
    log_growth: NDArray[Any]
    turn: NDArray[Any]
    power: NDArray[Any]
    times: float


def _root(k: int, number: int, s: FloatArray, w: FloatArray, log_q: FloatArray) -> _Root:
    size = np.exp(log_q / k)
    turn = 2 * np.pi * number / k
    # 1 - rho without cancellation where rho is near 1.
    near = -np.expm1(log_q / k) + size * (2 * np.sin(turn / 2) ** 2)
    rho: NDArray[Any]
    away: NDArray[Any]
    soon = slice(_matters_from(turn, float(s.min()), w), None)
    w = w[soon]
    if number == 0 or 2 * number == k:
        # At p = 0 survival is one whatever the quotient; it must not be 0 / 0.
        rho, away = size * np.cos(turn), np.where(near == 0, np.finfo(float).tiny, near)
        step = w[None, :, None] * away[:, None, :]
        log_growth = np.log1p(step)
    else:
        rho, away = size * np.exp(1j * turn), near - 1j * size * np.sin(turn)
        step = w[None, :, None] * away[:, None, :]
        log_growth = 0.5 * np.log1p(2 * step.real + np.abs(step) ** 2) + 1j * np.arctan2(step.imag, 1 + step.real)
    power = rho[:, None, :] * np.exp(-(s + 1)[:, None, None] * log_growth)
    growth = 1 + step
    times = 1.0 if number == 0 or 2 * number == k else 2.0
    return _Root(soon, away, growth, log_growth, rho[:, None, :] / growth, power, times)


def _matters_from(turn: float, s: float, w: FloatArray) -> int:
    """The place in the descending times from which on a root is not negligible: later, the rhythm is forgotten."""
    if turn == 0:
        return 0
    least = np.abs(1 + w * (1 - np.exp(1j * turn)))
    if np.cos(turn) > 0:
        # Roots of smaller size may come nearer to the circle's centre, but not nearer than this.
        least = np.minimum(least, np.maximum(1.0, (1 + w) * abs(np.sin(turn))))
    return int(np.sum(s * np.log(least) > _FORGOTTEN))


def _by_purchase(k: int, j: int, s: float, w: FloatArray) -> dict[str, FloatArray]:
    """Coefficients of q^m, m = 0 .. 11, of the functions for one count, shape (12, size) each."""
    n, last = s + j, _TERMS * k
    stage = np.arange(last, dtype=np.float64)
    with np.errstate(divide="ignore"):
        log_part = np.log(w / (1 + w))
    chance = np.empty((last, w.size))
    logs = np.concatenate(([0.0], np.cumsum(np.log((n + stage[:-1]) / (stage[:-1] + 1)))))
    chance[0] = np.exp(-n * np.log1p(w))
    chance[1:] = np.exp(logs[1:, None] + stage[1:, None] * log_part - n * np.log1p(w))
    counted = np.concatenate([np.zeros((j, w.size)), chance])[:last]
    survival = counted.reshape(_TERMS, k, -1).sum(axis=1)
    # The m-th further purchase comes at stage (m + 1) k - j: n times NB(n + 1) at one stage less.
    before = np.arange(_TERMS) * k + (k - 1 - j)
    intensity = chance[before] * (n + before[:, None]) / (1 + w)
    slopes = np.cumsum(1 / (n + stage))[before][:, None] - np.log1p(w)
    return {"survival": survival, "intensity": intensity, "by_n": intensity * slopes}
