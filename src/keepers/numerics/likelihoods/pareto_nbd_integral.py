"""The integral of two powers on which every answer of the Pareto/NBD model rests, with its derivatives.

It stands for the Gauss hypergeometric functions of the papers. Where A and B are of one size its value comes from
Gauss's continued fraction of the Euler-transformed function, whose coefficients are all positive. Everywhere else, and
for derivatives, it is integrated: in w = log(1 + y / min(A, B)) the integrand is smooth and log-concave whatever the
parameters, so that few Gauss-Legendre nodes suffice and the derivatives come as moments of the same nodes. Nothing
cancels in either way.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from keepers.domain.cells import FloatArray
from keepers.numerics.likelihoods.two_terms import TermTable
from keepers.numerics.quadrature import laguerre, legendre, panels

_DROP = 36.5
"""The integrand is followed until it has fallen by exp(-36.5), which is 1.4e-16."""

_RULES = ((20, 6.0, 3.5), (24, 13.5, 5.0), (32, 23.0, 8.0), (48, 47.0, 12.0), (64, 60.0, 0.0))
"""Nodes, and the effort or the length up to which they were measured to give the integral to 3e-13."""

_FRACTION_RATIO, _FRACTION_STEP = 64.0, 3
"""Ratio of A to B up to which the continued fraction is the faster; its length is rounded up to multiples of 3."""

_HARD_PANELS, _HARD_POINTS, _TAIL_POINTS = 6, 48, 12
_CHUNK = 1 << 14


def log_integral(p: FloatArray, q: FloatArray, A: FloatArray, B: FloatArray) -> FloatArray:
    """Logarithm of the integral of (A + y)^-p (B + y)^-q over y > 0.

    Relative error of the integral about 1e-13 for parameters from 0.01 to beyond 10,000.

    Parameters
    ----------
    p, q, A, B : array, shape (n,)
        Positive, with p + q > 1.

    Returns
    -------
    array, shape (n,)
    """
    result = np.empty(p.shape)
    ratio = np.maximum(A, B) / np.minimum(A, B)
    close = ratio <= _FRACTION_RATIO
    if close.all():
        return _log_fraction(p, q, A, B, ratio)
    result[close] = _log_fraction(p[close], q[close], A[close], B[close], ratio[close])
    apart = np.flatnonzero(~close)
    for part in _parts(p[apart], q[apart], A[apart], B[apart]):
        result[apart[part.rows]] = part.log_scale + np.log(part.density.sum(axis=1))
    return result


def integral_moments(p: FloatArray, q: FloatArray, A: FloatArray, B: FloatArray, order: int = 2) -> TermTable:
    """The integral of `log_integral` with its exact first and, at order 2, second derivatives in (p, A, q, B)."""
    size = p.size
    log_value, gradient, hessian = np.empty(size), np.empty((size, 4)), np.zeros((size, 4, 4))
    # The smaller of A and B comes first while the nodes are summed; the rows of the others are turned at the end.
    turned = A > B
    near, far = np.where(turned, q, p), np.where(turned, p, q)
    small, large = np.minimum(A, B), np.maximum(A, B)
    for part in _parts(p, q, A, B):
        rows = part.rows
        total = part.density.sum(axis=1)
        log_value[rows] = part.log_scale + np.log(total)
        density = part.density / total[:, None]
        # log((A + y) / A) and y / (A + y) rather than log(A + y) and 1 / (A + y): small where p is in the thousands,
        # so that their variances keep their digits.
        gap_small = part.growth / (1.0 + part.growth)
        gap_large = part.growth / (part.ratio[:, None] + part.growth)
        features = (part.w, gap_small, part.log_far, gap_large)
        weighted = [density * feature for feature in features]
        mean = [one.sum(axis=1) for one in weighted]
        for log_place, base in ((0, small[rows]), (2, large[rows])):
            place = log_place + 1
            gradient[rows, log_place] = -(np.log(base) + mean[log_place])
            gradient[rows, place] = -(near if place == 1 else far)[rows] * ((1.0 - mean[place]) / base)
        if order < 2:
            continue
        scale = (-np.ones(rows.size), near[rows] / small[rows], -np.ones(rows.size), far[rows] / large[rows])
        block = np.empty((rows.size, 4, 4))
        for i in range(4):
            for j in range(i + 1):
                second = np.einsum("ij,ij->i", weighted[i], features[j])
                block[:, i, j] = scale[i] * scale[j] * (second - mean[i] * mean[j])
                if i == j and i in (1, 3):
                    shape, size_of = (near[rows], small[rows]) if i == 1 else (far[rows], large[rows])
                    block[:, i, i] += shape / size_of**2 * (1.0 - 2.0 * mean[i] + second)
                block[:, j, i] = block[:, i, j]
        for log_place, base in ((0, small[rows]), (2, large[rows])):
            place = log_place + 1
            falling = (1.0 - mean[place]) / base
            block[:, log_place, place] -= falling
            block[:, place, log_place] -= falling
        hessian[rows] = block
    turn = [2, 3, 0, 1]
    gradient[turned] = gradient[turned][:, turn]
    hessian[turned] = hessian[turned][:, turn][:, :, turn]
    return TermTable(log_value, gradient, hessian)


def _log_fraction(p: FloatArray, q: FloatArray, A: FloatArray, B: FloatArray, ratio: FloatArray) -> FloatArray:
    """m^-near M^(1 - far) / (p + q - 1) 2F1(near, 1; p + q; 1 - M / m) with m < M the two of A and B."""
    a_smaller = A <= B
    near, far = np.where(a_smaller, p, q), np.where(a_smaller, q, p)
    smaller, larger = np.minimum(A, B), np.maximum(A, B)
    # Each pair of terms gains two factors of (sqrt(ratio) - 1) / (sqrt(ratio) + 1); 17.5 is half of -log(6e-16).
    with np.errstate(divide="ignore"):
        terms = np.ceil(17.5 / (2.0 * np.arctanh(1.0 / np.sqrt(ratio))) / _FRACTION_STEP).astype(np.intp) + 1
    fraction = np.empty(p.shape)
    for number in np.unique(terms):
        rows = np.flatnonzero(terms == number)
        a, f, c, z = near[rows], far[rows], p[rows] + q[rows], ratio[rows] - 1.0
        tail = np.ones(rows.size)
        for j in range(int(number) * _FRACTION_STEP, 0, -1):
            middle = c + (2 * j - 1)
            tail = 1.0 + z * (j * (f + (j - 1)) / ((middle - 1.0) * middle)) / tail
            tail = 1.0 + z * ((a + (j - 1)) * (c + (j - 2)) / ((middle - 2.0) * (middle - 1.0))) / tail
        fraction[rows] = tail
    return -near * np.log(smaller) + (1.0 - far) * np.log(larger) - np.log(p + q - 1.0) - np.log(fraction)


@dataclass(frozen=True)
class _Part:
    """Some rows at their nodes: integrand times weight over exp(log_scale), and what its derivatives are made of."""

    rows: np.ndarray
    log_scale: FloatArray
    density: FloatArray
    w: FloatArray
    growth: FloatArray
    log_far: FloatArray
    ratio: FloatArray


def _parts(p: FloatArray, q: FloatArray, A: FloatArray, B: FloatArray) -> Iterator[_Part]:
    a_smaller = A <= B
    ratio = np.where(a_smaller, B / A, A / B)
    near, far = np.where(a_smaller, p, q), np.where(a_smaller, q, p)
    peak_height, length = _extent(near, far, ratio)
    log_scale = np.log(np.minimum(A, B)) - p * np.log(A) - q * np.log(B) + peak_height
    log_ratio = np.log(ratio)
    effort = length * (0.8 + np.sqrt(log_ratio))
    rule = np.full(p.size, len(_RULES))
    for index in range(len(_RULES) - 1, -1, -1):
        _, most_effort, longest = _RULES[index]
        rule[(effort < most_effort) | (length < longest)] = index
    for index in np.unique(rule):
        chosen = np.flatnonzero(rule == index)
        hard = index == len(_RULES)
        nodes = _HARD_PANELS * _HARD_POINTS + _TAIL_POINTS if hard else _RULES[index][0]
        step = max(1, _CHUNK // nodes)
        for start in range(0, chosen.size, step):
            rows = chosen[start : start + step]
            k, m, f = ratio[rows, None], near[rows, None], far[rows, None]
            w, weight = _hard_nodes(length[rows], log_ratio[rows], m + f - 1.0) if hard else _nodes(length[rows], nodes)
            growth = np.expm1(np.minimum(w, 600.0))
            log_far = np.log1p(growth / k)
            if hard:
                log_far += np.maximum(w - 600.0, 0.0)
            density = np.exp(w - m * w - f * log_far - peak_height[rows, None]) * weight
            yield _Part(rows, log_scale[rows], density, w, growth, log_far, ratio[rows])


def _extent(near: FloatArray, far: FloatArray, ratio: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Height of the log-integrand in w at its peak, and the w at which it has fallen by `_DROP` from it."""
    excess = ratio - 1.0
    with np.errstate(divide="ignore", invalid="ignore"):
        # The slope 1 - near - far / (1 + excess exp(-w)) vanishes here; elsewhere the peak is at w = 0.
        peak = -np.log((far / (1.0 - near) - 1.0) / excess)
        rising = (near < 1.0) & (1.0 - near - far / ratio > 0.0)
    peak = np.where(rising, peak, 0.0)
    slow = 1.0 - near
    height = slow * peak - far * np.log1p(np.expm1(peak) / ratio)
    length = (far * np.log(ratio) + _DROP - height) / (near + far - 1.0)
    target = height - _DROP
    for _ in range(40):
        # Newton from the right on a concave function: it never passes the root, so stopping early is safe.
        shrunk = excess * np.exp(-length)
        level = (slow - far) * length + far * np.log(ratio) - far * np.log1p(shrunk)
        step = (level - target) / (slow - far / (1.0 + shrunk))
        length = length - step
        if not np.any(np.abs(step) > 0.02 * length):
            break
    return height, length


def _nodes(length: FloatArray, count: int) -> tuple[FloatArray, FloatArray]:
    node, weight = legendre(count)
    return length[:, None] * node, length[:, None] * weight


def _hard_nodes(length: FloatArray, log_ratio: FloatArray, decay: FloatArray) -> tuple[FloatArray, FloatArray]:
    # Beyond the turn at log(ratio) the integrand is exp(-decay w) to the last digit, and Laguerre's rule takes over.
    node, weight = panels(_HARD_PANELS, _HARD_POINTS)
    tail_node, tail_weight = laguerre(_TAIL_POINTS)
    end = np.minimum(length, log_ratio + _DROP)[:, None]
    return (
        np.concatenate([end * node, end + tail_node / decay], axis=1),
        np.concatenate([end * weight, tail_weight / decay], axis=1),
    )
