"""The integral on which every answer of the GGompertz/NBD model rests, with its derivatives, as moments of its nodes.

    F(x, t) = integral over v > t of f(v) (alpha + v)^-(r + x),
    H(x, t) = (r + x) integral over v > t of S(v) (alpha + v)^-(r + x + 1),

S and f being survival and density of a gamma-Gompertz lifetime. Integrands are taken in logarithms; nothing cancels.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from keepers.domain.cells import FloatArray
from keepers.numerics.ladders import LogIntegrand, PanelNodes, panel_nodes
from keepers.numerics.likelihoods import gamma_gompertz
from keepers.numerics.likelihoods.two_terms import TermTable

_CHUNK = 96


class Integral:
    """F (`leaves`) or H (not `leaves`) at pairs (x, t), times (alpha + t)^(r + x) to keep it in range.

    Parameters
    ----------
    theta : (r, alpha, b, s, beta)
        Positive parameters.
    x, t : arrays, shape (n,)
        Repeat purchases and the age from which the integral is taken.
    leaves : bool
        F where true, else H.
    """

    def __init__(
        self, theta: tuple[float, float, float, float, float], x: FloatArray, t: FloatArray, leaves: bool
    ) -> None:
        self.r, self.alpha, self.b, self.s, self.beta = theta
        self.shape, self.t, self.leaves = self.r + x, t, leaves
        self.age = self.alpha + t
        # From t on the remaining lifetime is of the same kind, which keeps digits where few reach t.
        self.later = gamma_gompertz.remaining(self.b, self.beta, t)
        self.constant = -self.shape * np.log(self.age) - self.s * gamma_gompertz.exposure(self.b, self.beta, t)

    def log_value(self) -> FloatArray:
        """Logarithm of the integral, shape (n,)."""
        result = np.empty(self.t.shape)
        for part, nodes in self._parts():
            result[part] = np.log(nodes.sums(nodes.weight * np.exp(self._log_integrand(part)(nodes.row, nodes.place))))
        return result + self.constant

    def table(self, order: int = 2) -> TermTable:
        """The logarithm with its exact derivatives, up to the order, in the logarithms of the parameters."""
        size = self.t.size
        logs, gradient, hessian = np.empty(size), np.empty((size, 5)), np.zeros((size, 5, 5))
        for part, nodes in self._parts():
            density = nodes.weight * np.exp(self._log_integrand(part)(nodes.row, nodes.place))
            total = nodes.sums(density)
            density /= total[nodes.row, None]
            slopes, curves = self._derivatives(part, nodes, order)
            mean = np.stack([nodes.sums(density * slope) for slope in slopes], axis=1)
            logs[part], gradient[part] = np.log(total), mean
            if order < 2:
                continue
            centred = [slope - mean[nodes.row, i, None] for i, slope in enumerate(slopes)]
            block = np.empty((total.size, 5, 5))
            for i in range(5):
                weighted = density * centred[i]
                for j in range(i + 1):
                    value = weighted * centred[j]
                    if (j, i) in curves:
                        value += density * curves[j, i]
                    block[:, i, j] = block[:, j, i] = nodes.sums(value)
            hessian[part] = block
        return TermTable(logs + self.constant, gradient, hessian)

    def _parts(self) -> Iterator[tuple[slice, PanelNodes]]:
        for start in range(0, self.t.size, _CHUNK):
            part = slice(start, start + _CHUNK)
            later, speed = self.later[part], np.maximum(self.shape[part], 1.0) / self.age[part]
            with np.errstate(over="ignore"):
                gone = self.age[part] * np.expm1(80.0 / self.shape[part])
            end = np.minimum(gone, gamma_gompertz.last_age(self.b, self.s, later))
            breaks = gamma_gompertz.breakpoints(self.b, self.s, later, speed, end)
            yield part, panel_nodes(self._log_integrand(part), breaks)

    def _log_integrand(self, part: slice) -> LogIntegrand:
        later, shape, age = self.later[part], self.shape[part], self.age[part]
        if self.leaves:
            return gamma_gompertz.log_leaving(self.b, self.s, later, shape, age)
        bought = np.log(shape / age)

        def logs(row: NDArray[np.intp], y: FloatArray) -> FloatArray:
            stays = -self.s * gamma_gompertz.exposure(self.b, later[row, None], y)
            return np.asarray(bought[row, None] + stays - (shape[row, None] + 1.0) * np.log1p(y / age[row, None]))

        return logs

    def _derivatives(
        self, part: slice, nodes: PanelNodes, order: int
    ) -> tuple[list[FloatArray], dict[tuple[int, int], FloatArray]]:
        """First and, at order 2, second derivatives of the log-integrand in the logs of (r, alpha, b, s, beta)."""
        r, alpha, b, s, beta = self.r, self.alpha, self.b, self.s, self.beta
        more = 1.0 if self.leaves else 0.0
        shape, row = self.shape[part], nodes.row
        p = shape[row, None] + 1.0 - more
        v = self.t[part][row, None] + nodes.place
        log_age = np.log(alpha + v)
        young = alpha / (alpha + v)
        age = b * v
        exposed, share, rest = gamma_gompertz.exposure_and_shares(b, beta, v)
        grown = age * share
        of_shape = 0.0 if self.leaves else (r / shape)[row, None]
        slopes = [
            of_shape - r * log_age,
            -p * young,
            more * (1.0 + age) - (s + more) * grown,
            more - s * exposed,
            -more - (s + more) * (rest - 1.0),
        ]
        if order < 2:
            return slopes, {}
        curve_b = grown * (1.0 + age * (1.0 - 1.0 / beta) * rest)
        curves = {
            (0, 0): (of_shape * (1.0 - of_shape)) - r * log_age,
            (0, 1): -r * young,
            (1, 1): -p * young * (1.0 - young),
            (2, 2): more * age - (s + more) * curve_b,
            (2, 3): -s * grown,
            (2, 4): (s + more) * grown * rest,
            (3, 3): -s * exposed,
            (3, 4): -s * (rest - 1.0),
            (4, 4): -(s + more) * rest * (1.0 - rest),
        }
        return slopes, curves
