"""Response curves that a media-mix library has learned, taken over for valuing and planning.

Any library that gives draws of a channel's steady response on a grid of spends will do: PyMC-Marketing and Meridian
give them as labelled arrays (xarray), others as plain ones. Each draw is described by the curve of the house, so that
carry-over, limits and risk are treated alike; where that cannot describe it well (a response that is convex at small
spends), it is refused.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from keepers.acquisition.response import ChannelResponse, ResponseCurves
from keepers.domain.cells import FloatArray
from keepers.domain.decision import EvidenceGrade
from keepers.domain.errors import InputError
from keepers.domain.money import MoneyBasis
from keepers.domain.time import Horizon
from keepers.numerics.response_curve import CurveDraws

_MISFIT = 0.05
"""Largest misfit, as a share of the largest response, with which a draw is taken over."""
_SHAPES = np.linspace(0.2, 1.0, 17)
_ROUNDS = 9


@dataclass(frozen=True, eq=False)
class OutsideCurve:
    """A channel's response as another library gives it.

    Parameters
    ----------
    spend : array, shape (g,)
        Money a week, ascending.
    response : array, shape (n, g)
        New customers a week that a steady spend brings, or their value, by draw.
    today : float
        Money a week that is spent now.
    half_life : float or array of shape (n,)
        Days after which half of the effect is left.
    worth : float or array of shape (n,)
        Value of a new customer; 1 where the response is a value already.
    seen : (float, float), optional
        Least and most money a week that the library saw; the grid's range without it.
    evidence : EvidenceGrade
        How the library knows.
    """

    spend: Any
    response: Any
    today: float
    half_life: Any = 2.0
    worth: Any = 1.0
    seen: tuple[float, float] | None = None
    evidence: EvidenceGrade = EvidenceGrade.ADJUSTED


def outside_curves(
    channels: Mapping[str, OutsideCurve],
    *,
    last_day: dt.date,
    horizon: Horizon,
    currency: str = "",
    basis: MoneyBasis = MoneyBasis.NET_REVENUE,
    discount: float = 0.0,
) -> ResponseCurves:
    """Take over another library's curves for `keepers.plan_budget`.

    Parameters
    ----------
    channels : mapping of str to OutsideCurve
        All with the same number of draws.
    last_day : date
        Last day of the data that the library saw.
    horizon, currency, basis, discount
        What the value is.

    Raises
    ------
    InputError
        Shapes differ, or a curve is not concave from the first cent.
    """
    if not channels:
        raise InputError("There is no channel among the curves.")
    found = tuple(_taken_over(name, one) for name, one in channels.items())
    if len({one.curve.count for one in found}) > 1:
        counts = ", ".join(f"{one.channel} {one.curve.count}" for one in found)
        raise InputError(f"All channels need the same number of draws, but have: {counts}.")
    return ResponseCurves(found, horizon, currency, basis, discount, last_day, last_day)


def labelled_curves(
    array: Any,
    *,
    spend: str | Mapping[str, Sequence[float]],
    channel: str = "channel",
    sample: Sequence[str] = ("chain", "draw", "sample"),
) -> dict[str, tuple[FloatArray, FloatArray]]:
    """Spends and responses by channel from a labelled array (`xarray.DataArray`) of a media-mix library.

    Parameters
    ----------
    array : DataArray
        With a dimension of channels, one of spends, and one or two of draws.
    spend : str or mapping of str to sequence
        The dimension of spends, whose coordinate is the money a week; or that money by channel, where the coordinate
        is something else (a multiplier, say).
    channel : str
        The dimension of channels.
    sample : sequence of str
        Dimensions of draws, as far as they are there.

    Returns
    -------
    dict of str to (array of shape (g,), array of shape (n, g))
        For `OutsideCurve`.
    """
    dims = tuple(getattr(array, "dims", ()))
    drawn = [name for name in sample if name in dims]
    rest = [name for name in dims if name not in drawn and name != channel]
    if channel not in dims or not drawn or len(rest) != 1:
        raise InputError(
            f"The array has the dimensions {', '.join(map(str, dims)) or 'none'}; needed are `{channel}`, one of "
            f"spends, and draws ({' or '.join(sample)})."
        )
    grid = rest[0]
    if isinstance(spend, str) and spend != grid:
        raise InputError(f"The dimension of spends is `{grid}`, not `{spend}`.")
    result = {}
    for label in array[channel].values.tolist():
        one = array.sel({channel: label}).transpose(*drawn, grid)
        money = array[grid].values if isinstance(spend, str) else spend[str(label)]
        result[str(label)] = (
            np.asarray(money, dtype=np.float64),
            np.asarray(one.values, dtype=np.float64).reshape(-1, one.sizes[grid]),
        )
    return result


def _taken_over(name: str, one: OutsideCurve) -> ChannelResponse:
    spend, response = np.asarray(one.spend, dtype=np.float64), np.asarray(one.response, dtype=np.float64)
    if spend.ndim != 1 or response.ndim != 2 or response.shape[1] != spend.size or spend.size < 4:
        raise InputError(
            f"The curve of `{name}` has spends {spend.shape} and responses {response.shape}; it needs at least 4 "
            "spends and a row of as many responses for each draw."
        )
    if (np.diff(spend) <= 0).any() or spend[0] < 0 or not np.isfinite(response).all() or response.min() < 0:
        raise InputError(f"The spends of `{name}` must ascend from zero or more, and its responses be zero or more.")
    ceiling, half, shape, misfit = _described(spend / 7.0, response / 7.0)
    if misfit > _MISFIT:
        raise InputError(
            f"The response of `{name}` is not concave from the first cent, or does not saturate: the closest such "
            f"curve is {misfit:.0%} of its largest response off. Plans by equal marginal value would be wrong for it."
        )
    count = ceiling.size
    curve = CurveDraws(
        np.broadcast_to(np.asarray(one.half_life, dtype=np.float64), count).copy(), half, shape, ceiling,
        np.zeros(count), np.ones(count),
    )  # fmt: skip
    return ChannelResponse(
        name, curve, np.full(count, one.today / 7.0), np.broadcast_to(np.asarray(one.worth, float), count).copy(),
        (np.zeros(1), np.zeros(1)), one.today, one.seen or (float(spend[0]), float(spend[-1])), 0, 0, 0.0, one.evidence,
        1.0, np.full(count, 0.03),
    )  # fmt: skip


def _described(spend: FloatArray, response: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray, float]:
    """Ceiling, half saturation and shape of each draw by least squares, and the largest misfit of the mean curve."""
    top = float(spend[-1])
    halves = top * np.exp(np.linspace(np.log(0.02), np.log(50.0), 40))
    shape, half = np.meshgrid(_SHAPES, halves, indexing="ij")
    best = _closest(spend, response, shape.ravel()[None, :], half.ravel()[None, :])
    width, step = (_SHAPES[1] - _SHAPES[0]), np.log(halves[1] / halves[0])
    for _ in range(_ROUNDS):
        offset = np.linspace(-1.0, 1.0, 5)
        more_shape, more_half = (part.ravel() for part in np.meshgrid(width * offset, step * offset, indexing="ij"))
        near = np.clip(best[1][:, None] + more_shape, 0.05, 1.0), best[2][:, None] * np.exp(more_half)
        best = _closest(spend, response, *near)
        width, step = width / 1.6, step / 1.6
    ceiling, shape_of, half_of = best
    raised = (spend[None, :] / half_of[:, None]) ** shape_of[:, None]
    fitted = ceiling[:, None] * raised / (1.0 + raised)
    largest = max(float(response.mean(axis=0).max()), 1e-300)
    return ceiling, half_of, shape_of, float(np.abs(fitted - response).mean(axis=0).max() / largest)


def _closest(
    spend: FloatArray, response: FloatArray, shape: FloatArray, half: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Of candidates, shape (n or 1, c), the one whose curve with its best ceiling lies closest to each draw."""
    raised = (spend / half[:, :, None]) ** shape[:, :, None]
    share = raised / (1.0 + raised)
    squares = np.maximum((share**2).sum(axis=2), 1e-300)
    along = np.matmul(share, response[:, :, None])[:, :, 0] if share.shape[0] > 1 else response @ share[0].T
    chosen = (along**2 / squares).argmax(axis=1)
    rows = np.arange(response.shape[0])
    pick = rows if shape.shape[0] > 1 else np.zeros_like(rows)
    ceiling = along[rows, chosen] / squares[pick, chosen]
    return ceiling, shape[pick, chosen], half[pick, chosen]
