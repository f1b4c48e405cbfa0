"""Weights with which several forecasts of money, mixed, would have come nearest to what customers brought.

The mix is a sum of forecasts with weights that are not negative and sum to at most one, found by least squares on days
that no forecast had seen; errors count the less, the larger a value is expected to be, since its variance grows with
it. Whether mixing pays is judged on holdouts that had no part in the weights, customer by customer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keepers.domain.cells import FloatArray
from keepers.numerics.lasting import lasting_gap
from keepers.numerics.recalibration import Recalibration, recalibrate

LEAST_GAIN = 0.002
"""A mix must lower the error by more than this part, however many customers make the difference certain."""

_TIGHT = 1e4


@dataclass(frozen=True, slots=True, eq=False)
class ValueForecasts:
    """Forecasts of one holdout.

    Parameters
    ----------
    actual : array, shape (n,)
        What each customer brought.
    forecasts : dict of str to array of shape (n,)
        By name, in the same order of customers.
    customers : array, shape (n,), optional
        Their keys, where holdouts overlap.
    reach : float
        The time of the holdout over that of the history before it.
    """

    actual: FloatArray
    forecasts: dict[str, FloatArray]
    customers: NDArray[Any] | None = None
    reach: float = 0.5

    @property
    def table(self) -> FloatArray:
        """The forecasts as columns."""
        return np.column_stack(list(self.forecasts.values()))

    @property
    def weight(self) -> FloatArray:
        """One over the variance that a value of this size is taken to have, divided by the customers."""
        expected = np.maximum(self.table, 0.0).mean(axis=1) + max(float(self.actual.mean()), 1e-9)
        return np.asarray(1.0 / expected / self.actual.size)


@dataclass(frozen=True, slots=True, eq=False)
class ValueStacking:
    """What mixing forecasts of money brings.

    Attributes
    ----------
    weights : dict of str to float
        Of each forecast; none is negative and their sum is at most one.
    recalibration : Recalibration
        The map that makes the mix right by tenth, and in total as far as what it was off by is more than chance.
    best : str
        The single forecast with the smallest error, of those that the mix is held against.
    errors : dict of str to float
        Mean weighted squared error of each forecast.
    gain, standard_error : float
        How much smaller the mix's error is than that of the best, as a share, with weights from other holdouts; and
        its standard error.
    sentence : str
        In words.
    """

    weights: dict[str, float]
    recalibration: Recalibration
    best: str
    errors: dict[str, float]
    gain: float
    standard_error: float
    sentence: str

    @property
    def pays(self) -> bool:
        """Whether the mix beats the best single forecast by a standard error."""
        return self.gain > max(self.standard_error, LEAST_GAIN)

    def mixed(self, forecasts: Mapping[str, FloatArray]) -> FloatArray:
        """The recalibrated mix of forecasts, shape (n,)."""
        return self.recalibration(_mix(np.column_stack([forecasts[name] for name in self.weights]), self._vector))

    @property
    def _vector(self) -> FloatArray:
        return np.array(list(self.weights.values()))

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and words for a file."""
        return {
            "weights": self.weights,
            "recalibration": self.recalibration.to_dict(),
            "best": self.best,
            "errors": self.errors,
            "gain": self.gain,
            "standard_error": self.standard_error,
            "pays": self.pays,
            "sentence": self.sentence,
        }


def value_weights(table: FloatArray, actual: FloatArray, weight: FloatArray) -> FloatArray:
    """Weights of forecasts by weighted least squares, none negative, summing to at most one.

    Parameters
    ----------
    table : array, shape (n, m)
        Forecasts as columns.
    actual, weight : arrays, shape (n,)
        What happened, and how much each row counts.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> truth = rng.gamma(1.0, 10.0, 5000)
    >>> table = np.column_stack([truth + rng.normal(0, 5, 5000), truth + rng.normal(0, 5, 5000)])
    >>> [round(float(one), 1) for one in value_weights(table, truth, np.ones(5000))]
    [0.5, 0.5]
    """
    from scipy.optimize import nnls  # takes a quarter of a second to load, and most runs mix nothing

    root = np.sqrt(weight)[:, None]
    # Least squares need the triangle of the columns alone, which is as small as there are forecasts.
    triangle = np.asarray(np.linalg.qr(np.hstack([table, actual[:, None]]) * root, mode="r"))
    left, right = triangle[:, :-1], triangle[:, -1]
    found, _ = nnls(left, right)
    if found.sum() > 1.0:
        edge = _TIGHT * max(float(np.abs(triangle).max()), 1e-12)
        found, _ = nnls(np.vstack([left, np.full(table.shape[1], edge)]), np.append(right, edge))
        found = found / max(found.sum(), 1.0)
    return np.asarray(found)


def value_stacking(
    origins: Sequence[ValueForecasts], titles: Mapping[str, str], newcomers: frozenset[str] = frozenset()
) -> ValueStacking | None:
    """Mix forecasts of money; None where there are fewer than two.

    With several origins the mix is judged at each with the weights and the recalibration of the others; with one, each
    half of the customers has those of the other half.

    Parameters
    ----------
    origins : sequence of ValueForecasts
        One for each holdout, with the same forecasts.
    titles : mapping of str to str
        Their names for people.
    newcomers : frozenset of str
        Forecasts that enter by the mix alone: it is held against the best of the others.
    """
    names = list(origins[0].forecasts) if origins else []
    if len(names) < 2:
        return None
    parts = list(origins) if len(origins) > 1 else _halves(origins[0])
    errors = {name: float(np.mean([np.sum(_losses(one, one.forecasts[name])) for one in parts])) for name in names}
    best = min([name for name in names if name not in newcomers] or names, key=errors.__getitem__)
    gains, chances = [], []
    for k, one in enumerate(parts):
        weights, map_ = _learned([other for j, other in enumerate(parts) if j != k])
        saved = _losses(one, one.forecasts[best]) - _losses(one, map_(_mix(one.table, weights)))
        gains.append(float(saved.sum()))
        chances.append(float(np.sqrt(saved.size * saved.var())))
    weights, map_ = _learned(list(origins))
    scale = max(errors[best], 1e-300)
    # Holdouts overlap, so errors of the origins are taken as wholly dependent; halves of one holdout do not.
    chance = float(np.mean(chances)) / (np.sqrt(2.0) if len(origins) == 1 else 1.0)
    found = ValueStacking(
        dict(zip(names, weights.tolist(), strict=True)), map_, best, errors, float(np.mean(gains)) / scale,
        chance / scale, "",
    )  # fmt: skip
    return ValueStacking(
        found.weights, map_, best, errors, found.gain, found.standard_error, _sentence(found, titles)
    )  # fmt: skip


def _learned(parts: Sequence[ValueForecasts]) -> tuple[FloatArray, Recalibration]:
    table = np.vstack([one.table for one in parts])
    actual = np.concatenate([one.actual for one in parts])
    weights = value_weights(table, actual, np.concatenate([one.weight for one in parts]))
    if not weights.sum() > 0:
        weights = np.full(table.shape[1], 1.0 / table.shape[1])
    mix = _mix(table, weights)
    exact = recalibrate(mix, actual)
    expected, named = mix / weights.sum(), [one.customers for one in parts if one.customers is not None]
    customers = np.concatenate(named) if len(named) == len(parts) else None
    lasts = lasting_gap(expected, actual, customers, float(np.mean([one.reach for one in parts])))
    came = float(actual.sum())
    return weights, exact.times(float(np.exp(lasts)) * float(expected.sum()) / came) if came > 0 else exact


def _mix(table: FloatArray, weights: FloatArray) -> FloatArray:
    return np.asarray(np.maximum(table @ weights, 1e-9))


def _losses(one: ValueForecasts, predicted: FloatArray) -> FloatArray:
    return np.asarray(one.weight * (one.actual - predicted) ** 2)


def _halves(one: ValueForecasts) -> list[ValueForecasts]:
    """Every other customer; customers stand in the order of their keys, which says nothing of their value."""
    return [
        ValueForecasts(
            one.actual[side::2], {name: some[side::2] for name, some in one.forecasts.items()}, reach=one.reach
        )
        for side in (0, 1)
    ]


def _sentence(found: ValueStacking, titles: Mapping[str, str]) -> str:
    parts = [
        f"{weight:.0%} {titles[name]}"
        for name, weight in sorted(found.weights.items(), key=lambda item: -item[1])
        if weight >= 0.01
    ]
    mix = " and ".join([", ".join(parts[:-1]), parts[-1]]) if parts[1:] else "".join(parts)
    size = "smaller" if found.gain >= 0 else "larger"
    gained = f"squared error {abs(found.gain):.1%} {size}, standard error {found.standard_error:.1%}"
    if found.pays:
        return f"Of value, a mix of {mix} forecasts better than {titles[found.best]} alone ({gained})."
    return f"Of value, no mix forecasts better than {titles[found.best]} alone, beyond what chance explains ({gained})."
