"""Weights with which the forecasts of several models, mixed, would have forecast best on days they had not seen.

The weights maximise the mean logarithm of the mixed probability of what each customer did (Yao, Vehtari, Simpson,
Gelman 2018, Bayesian Analysis 13, equation 4), which is concave in them: a few steps of Newton's method on the
simplex find it.
Whether mixing pays is judged on holdouts that had no part in the weights.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from keepers.domain.cells import FloatArray
from keepers.evaluation.grading import CountGrade
from keepers.models.buying import BuyingModel

LEAST_GAIN = 0.0005
"""A mix must be better by more than this in the mean logarithm, however many customers make the difference certain."""

_LEAST_PROBABILITY = 1e-12
_MOST_STEPS = 200
_SETTLED = 1e-9
_NO_WEIGHT = 1e-9


@dataclass(frozen=True, slots=True)
class Stacking:
    """What mixing the models would bring.

    Attributes
    ----------
    weights : dict of str to float
        Weight of each model by class; they sum to one.
    best : str
        The single model with the highest mean log score.
    gain, standard_error : float
        How much higher the mix's mean log score is than that model's, with weights from other holdouts, and its
        standard error, customer by customer.
    sentence : str
        In words.
    """

    weights: dict[str, float]
    best: str
    gain: float
    standard_error: float
    sentence: str

    @property
    def pays(self) -> bool:
        """Whether the mix beats the best single model by a standard error."""
        return self.gain > max(self.standard_error, LEAST_GAIN)

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and words for a file."""
        return {
            "weights": self.weights,
            "best": self.best,
            "gain": self.gain,
            "standard_error": self.standard_error,
            "pays": self.pays,
            "sentence": self.sentence,
        }


def stackable(model: BuyingModel) -> bool:
    """Whether a model may be a member: one that never loses a customer may not, since no holdout is long enough to
    contradict it, while values over years rest on it."""
    return not (model.pooled or model.discrete or model.infinite.get("median_lifetime") == "always")


def stack_weights(probabilities: FloatArray, weight: FloatArray) -> FloatArray:
    """Weights on the simplex that maximise the mean logarithm of the mixed probability.

    Parameters
    ----------
    probabilities : array, shape (n, m)
        Probability that each of m models gave to what happened in each row.
    weight : array, shape (n,)
        Customers that each row stands for.

    Returns
    -------
    array, shape (m,)

    Examples
    --------
    >>> found = stack_weights(np.array([[0.9, 0.1], [0.1, 0.9], [0.8, 0.2]]), np.ones(3))
    >>> [round(float(value), 3) for value in found]
    [0.678, 0.322]
    """
    some = np.maximum(probabilities, _LEAST_PROBABILITY)
    shares = weight / weight.sum()
    found = np.full(some.shape[1], 1.0 / some.shape[1])
    for _ in range(_MOST_STEPS):
        mixed = some @ found
        ratios = some / mixed[:, None]
        gradient = shares @ ratios
        # At the maximum no model's mean ratio is above one, and it is one for those with a weight.
        if gradient.max() - 1.0 < _SETTLED:
            break
        found = _step(found, gradient, (ratios * shares[:, None]).T @ ratios, some, shares)
    return found


def _step(
    found: FloatArray, gradient: FloatArray, curvature: FloatArray, some: FloatArray, shares: FloatArray
) -> FloatArray:
    """One step of Newton's method on the simplex, and where that gains nothing one of expectation and maximisation."""
    free = (found > _NO_WEIGHT) | (gradient > 1.0)
    size = int(free.sum())
    system = np.zeros((size + 1, size + 1))
    system[:size, :size] = curvature[np.ix_(free, free)] + 1e-12 * np.eye(size)
    system[size, :size] = system[:size, size] = 1.0
    move = np.zeros(found.size)
    move[free] = np.linalg.solve(system, np.append(gradient[free], 0.0))[:size]
    value = float(shares @ np.log(some @ found))
    down = move < 0
    longest = min(1.0, float(np.min(found[down] / -move[down], initial=np.inf)))
    for length in (longest, 0.5 * longest, 0.1 * longest):
        tried = np.maximum(found + length * move, 0.0)
        tried /= tried.sum()
        if float(shares @ np.log(np.maximum(some @ tried, _LEAST_PROBABILITY))) > value:
            kept = np.where(tried > _NO_WEIGHT, tried, 0.0)
            return np.asarray(kept / kept.sum())
    moved = found * gradient
    return np.asarray(moved / moved.sum())


def stacking(grades: Mapping[str, Sequence[CountGrade]], titles: Mapping[str, str]) -> Stacking | None:
    """Mix the models of a backtest; None where there are fewer than two.

    With several origins the mix is judged at each with the weights of the others; with one, half of the customers have
    the weights of the other half.

    Parameters
    ----------
    grades : mapping of str to sequence of CountGrade
        Of models, at the same origins in the same order.
    titles : mapping of str to str
        Their names for people.
    """
    if len(grades) < 2:
        return None
    names = list(grades)
    tables = [np.column_stack([some[k].at - some[k].below for some in grades.values()]) for k in _origins(grades)]
    customers = [next(iter(grades.values()))[k].weight for k in _origins(grades)]
    scores = [np.log(np.maximum(table, _LEAST_PROBABILITY)) for table in tables]
    means = np.mean([np.average(one, axis=0, weights=w) for one, w in zip(scores, customers, strict=True)], axis=0)
    best = int(np.argmax(means))
    gains, errors = [], []
    for k, (table, weight) in enumerate(zip(tables, customers, strict=True)):
        mixed = np.log(np.maximum(_unseen(tables, customers, k), _LEAST_PROBABILITY))
        gain = mixed - np.log(np.maximum(table[:, best], _LEAST_PROBABILITY))
        mean = float(np.average(gain, weights=weight))
        gains.append(mean)
        errors.append(float(np.sqrt(np.average((gain - mean) ** 2, weights=weight) / weight.sum())))
    whole = stack_weights(np.vstack(tables), np.concatenate([one / one.sum() for one in customers]))
    weights = dict(zip(names, whole.tolist(), strict=True))
    # Holdouts overlap, so errors of the origins are taken as wholly dependent.
    found = Stacking(weights, names[best], float(np.mean(gains)), float(np.mean(errors)), "")
    return Stacking(found.weights, found.best, found.gain, found.standard_error, _sentence(found, titles))


def _origins(grades: Mapping[str, Sequence[CountGrade]]) -> range:
    return range(len(next(iter(grades.values()))))


def _unseen(tables: Sequence[FloatArray], customers: Sequence[FloatArray], k: int) -> FloatArray:
    """Mixed probabilities at one origin, with weights that it had no part in."""
    others = [j for j in range(len(tables)) if j != k]
    if others:
        shares = np.concatenate([customers[j] / customers[j].sum() for j in others])
        return np.asarray(tables[k] @ stack_weights(np.vstack([tables[j] for j in others]), shares))
    found = np.empty(len(tables[k]))
    half = np.arange(len(found)) % 2 == 0
    for mine in (half, ~half):
        if mine.any() and (~mine).any():
            found[mine] = tables[k][mine] @ stack_weights(tables[k][~mine], customers[k][~mine])
        else:
            found[mine] = tables[k][mine].mean(axis=1)
    return found


def _sentence(found: Stacking, titles: Mapping[str, str]) -> str:
    parts = [
        f"{weight:.0%} {titles[name]}"
        for name, weight in sorted(found.weights.items(), key=lambda item: -item[1])
        if weight >= 0.01
    ]
    if len(parts) == 1:
        return f"Mixing the models brings nothing: all of the weight goes to {titles[found.best]}."
    mix = " and ".join([", ".join(parts[:-1]), parts[-1]])
    gained = f"{found.gain:+.4f} in the mean logarithm, standard error {found.standard_error:.4f}"
    if found.pays:
        return f"A mix of {mix} forecasts better than {titles[found.best]} alone ({gained})."
    return (
        f"A mix of {mix} forecasts no better than {titles[found.best]} alone, within what chance explains ({gained})."
    )
