"""Customers who buy in a clock and leave by a risk that covariates drive: likelihood and derivatives.

Rates of buying are Gamma(r, alpha), levels of the risk of leaving Gamma(s, beta): Pareto/NBD where the risk is even
but for the covariates, GGompertz/NBD where it grows. The moment of leaving is integrated out, over the periods from
the last purchase to the end of observation, within each of which the covariates are constant. All terms are positive
and are added in logarithms (Bachmann, Meierer, Naef 2021, "The Role of Time-Varying Contextual Factors in Latent
Attrition Models for Customer Base Analysis").
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from keepers.numerics.clock import Clock
from keepers.numerics.clocked_courses import Course, LogTerm, joined
from keepers.numerics.clocked_draws import LeavingParameters
from keepers.numerics.clocked_likelihood import ClockedLikelihood, ClockedRows
from keepers.numerics.clocked_pieces import Pieces, alike
from keepers.numerics.evaluation import Evaluation
from keepers.numerics.leaving_risk import Risk
from keepers.numerics.likelihoods.family import BuyingFamily
from keepers.numerics.row_derivatives import rising_rows

FloatArray = NDArray[np.float64]


class LeavingLikelihood(ClockedLikelihood):
    """The log-likelihood in log parameters, coefficients that do not vary, those of buying, and those of leaving.

    Parameters
    ----------
    family : BuyingFamily
        `pareto_nbd` or `ggompertz_nbd`.
    rows : ClockedRows
        The customers.
    values : array, shape (p, m, k)
        Paths of the covariates of buying, see `Clock`.
    length : float
        Of a period, in the unit of the rows.
    leaving : array, shape (p, m, c)
        Paths of the covariates of leaving, which may be none (c = 0).
    """

    effort: ClassVar[float] = 100.0

    def __init__(
        self, family: BuyingFamily, rows: ClockedRows, values: FloatArray, length: float, leaving: FloatArray
    ) -> None:
        self.family, self.rows, self.length, self._values, self._leaving = family, rows, length, values, leaving
        self.size = rows.size
        self._places = LeavingParameters.of(family)

    def _of(self, rows: ClockedRows) -> LeavingLikelihood:
        return LeavingLikelihood(self.family, rows, self._values, self.length, self._leaving)

    def _clocks(self, point: FloatArray) -> tuple[Clock, Risk | None]:
        d, j = self.rows.design.shape[1:]
        k = self._values.shape[2]
        growth = self._places.growth(np.exp(point[:d]))
        clock = Clock(self._values, self.length, point[d + j : d + j + k])
        return clock, Risk(self._leaving, self.length, point[d + j + k :], growth)

    def __call__(self, point: FloatArray, order: int) -> Evaluation:
        """Evaluate at log parameters, then coefficients: those of customers, of buying, of leaving."""
        d, j = self.rows.design.shape[1:]
        k = self._values.shape[2]
        growth = self._places.growth(np.exp(point[:d]))
        total = Evaluation.of_value(0.0, point.size)
        begin, end = self.rows.start + self.rows.t_x, self.rows.start + self.rows.T
        for chosen in alike(self.length, begin, end):
            rows, values, leaving = self.rows.take(chosen).on_own_paths(self._values, self._leaving)
            clock = Clock(values, self.length, point[d + j : d + j + k], 2 if order else 0)
            risk = Risk(leaving, self.length, point[d + j + k :], growth, 2 if order else 0)
            total += self._of_rows(clock, risk, rows, point, order)
        return total

    def _of_rows(self, clock: Clock, risk: Risk, rows: ClockedRows, point: FloatArray, order: int) -> Evaluation:
        d, j = rows.design.shape[1:]
        k, c = self._values.shape[2], self._leaving.shape[2]
        of_buying = slice(d + j, d + j + k)
        own = np.exp(point[:d] + rows.offset + rows.design @ point[d : d + j])
        nodes = Leaving.of(clock, risk, rows, own, self._places)
        r, alpha, s, beta = own[:, 0], own[:, 1], own[:, self._places.s], own[:, self._places.beta]
        rising, rising1, rising2 = rising_rows(r, rows.x)
        value = nodes.log_total + rising + r * np.log(alpha) + s * np.log(beta)
        result = float(rows.weight @ (value + rows.seen @ point[of_buying]))
        if order == 0:
            return Evaluation.of_value(result, point.size)
        first, second = nodes.derivatives(clock, risk, rows, own, self._places)
        of_shape, of_stay = r * (rising1 + np.log(alpha)), s * np.log(beta)
        for place, scale, shape, moved in ((0, 1, r, of_shape), (self._places.s, self._places.beta, s, of_stay)):
            first[:, place] += moved
            first[:, scale] += shape
            second[:, place, place] += moved
            second[:, place, scale] += shape
            second[:, scale, place] += shape
        second[:, 0, 0] += r * r * rising2
        slope = np.zeros((rows.size, d + k + c, point.size))
        slope[:, np.arange(d), np.arange(d)] = 1.0
        slope[:, :d, d : d + j] = rows.design
        slope[:, np.arange(d, d + k + c), np.arange(d + j, d + j + k + c)] = 1.0
        gradient = np.einsum("nv,nvc->c", rows.weight[:, None] * first, slope)
        gradient[of_buying] += rows.weight @ rows.seen
        hessian = np.einsum("nvc,nve->ce", slope, np.matmul(rows.weight[:, None, None] * second, slope))
        return Evaluation(result, gradient, 0.5 * (hessian + hessian.T))


@dataclass(frozen=True, slots=True, eq=False)
class Leaving:
    """When customers may have left since their last purchase.

    Attributes
    ----------
    log_total : array, shape (n,)
        Logarithm of the integral over the moment of leaving, those who stay included.
    pieces : Pieces
        From the last purchase to the end.
    since, share : arrays, shape (n, m, q)
        Nodes since each piece's begin, and their shares of the integral.
    staying : array, shape (n,)
        Share of those alive at T, which is the probability of it.
    """

    log_total: FloatArray
    pieces: Pieces
    since: FloatArray
    share: FloatArray
    staying: FloatArray

    @classmethod
    def of(cls, clock: Clock, risk: Risk, rows: ClockedRows, own: FloatArray, places: LeavingParameters) -> Leaving:
        """The moments of rows with the parameters `own`, shape (n, d)."""
        r, alpha = own[:, 0, None], own[:, 1, None]
        s, beta = own[:, places.s, None], own[:, places.beta, None]
        count = r + rows.x[:, None]
        pieces = Pieces.of(clock, rows.path, rows.start + rows.t_x, rows.start + rows.T)
        whose = np.broadcast_to(rows.path[:, None], pieces.begin.shape)
        came = np.broadcast_to(rows.start[:, None], pieces.begin.shape)
        zero = clock.at(rows.path, rows.start)
        shown, age = pieces.shown - zero[:, None], pieces.begin - came
        risked, pace = risk.at(whose, came, age), risk.pace(whose, pieces.middle)[0]
        fall = count * pieces.speed / (alpha + shown) + (s + 1.0) * pace * np.exp(risk.log_base(age)) / (beta + risked)
        since, weight = pieces.nodes(fall, risk.growth or 0.0)
        bought = np.log((alpha + shown)[..., None] + pieces.speed[..., None] * since)
        stayed = np.log((beta + risked)[..., None] + pace[..., None] * risk.within(age[..., None], since)[0])
        leaves = np.log(pace)[..., None] + risk.log_base(age[..., None] + since)
        log_left = np.log(s)[..., None] + leaves - count[..., None] * bought - (s + 1.0)[..., None] * stayed
        at_end, risk_at_end = clock.at(rows.path, rows.start + rows.T) - zero, risk.at(rows.path, rows.start, rows.T)
        log_stay = -count[:, 0] * np.log(alpha[:, 0] + at_end) - s[:, 0] * np.log(beta[:, 0] + risk_at_end)
        top = np.maximum(log_left.max(axis=(1, 2)), log_stay)
        share = weight * np.exp(log_left - top[:, None, None])
        staying = np.exp(log_stay - top)
        total = share.sum(axis=(1, 2)) + staying
        return cls(top + np.log(total), pieces, since, share / total[:, None, None], staying / total)

    def derivatives(
        self, clock: Clock, risk: Risk, rows: ClockedRows, own: FloatArray, places: LeavingParameters
    ) -> tuple[FloatArray, FloatArray]:
        """Derivatives of `log_total` in own log parameters and coefficients: moments over the shares."""
        at = (self.pieces, rows.path, rows.start, rows.T, self.since)
        buying, leaving = Course.of_clock(clock, *at), Course.of_risk(risk, *at)
        p = joined(self.share, self.staying)
        gone = np.ones(p.shape)
        gone[:, -1] = 0.0
        r, s = own[:, 0], own[:, places.s]
        bought = LogTerm(buying, r, own[:, 1], (r + rows.x)[:, None])
        stayed = LogTerm(leaving, s, own[:, places.beta], s[:, None] + gone)
        d, k, c = own.shape[1], buying.values.shape[2], leaving.values.shape[2]
        grows = [] if places.b is None else [places.b]
        of_buying = np.array([0, 1, *range(d, d + k)])
        of_leaving = np.array([places.s, places.beta, *grows, *range(d + k, d + k + c)])
        slopes = np.zeros((*p.shape, d + k + c))
        slopes[..., of_buying], slopes[..., of_leaving] = bought.slopes(), stayed.slopes()
        # Those who leave do so at the risk of their moment: s h exp(gamma' z).
        slopes[..., places.s] += gone
        moved = np.broadcast_to(leaving.values[:, :, None, :], (*self.since.shape, c))
        slopes[:, :-1, d + k :] += moved.reshape(rows.size, p.shape[1] - 1, c)
        if places.b is not None:
            assert risk.growth is not None
            grown = risk.growth * (self.pieces.begin - rows.start[:, None])[..., None] + risk.growth * self.since
            slopes[:, :-1, places.b] += 1.0 + grown.reshape(rows.size, -1)
        first = np.einsum("nm,nmc->nc", p, slopes)
        second = np.matmul((p[..., None] * slopes).transpose(0, 2, 1), slopes) - first[:, :, None] * first[:, None, :]
        second[:, of_buying[:, None], of_buying] += bought.bends(p)
        second[:, of_leaving[:, None], of_leaving] += stayed.bends(p)
        if places.b is not None:
            second[:, places.b, places.b] += (self.share * grown).sum(axis=(1, 2))
        return first, second
