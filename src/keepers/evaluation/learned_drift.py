"""Whether a learned model still sees the customers it learned from, and whether learning anew would pay."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from keepers.domain.cells import FloatArray
from keepers.domain.errors import ConfigError, InputError
from keepers.models.learned.design import Design, design_of

MOST_ROWS = 4_000
"""Customers of each side that the test draws lots among; shares are of all."""

LARGE_SHIFT = 0.2
"""Population stability index from which a shift is called large, 0.1 being moderate, as is usual in credit scoring."""

_BINS, _GROUPS = 10, 5
_REPLICATES, _TAIL, _SEED = 199, 3, 20050514
_STRICTEST = 1e-3
_FEWEST = 30


@dataclass(frozen=True, slots=True)
class FeatureShift:
    """One feature, then and now.

    Attributes
    ----------
    feature : str
    stability_index : float
        Population stability index over tenths and what is unknown: 0 where nothing moved.
    p_value : float
        Chance that any of the features differs as much as this one while nothing has changed.
    sentence : str
        In words.
    """

    feature: str
    stability_index: float
    p_value: float
    sentence: str


@dataclass(frozen=True, slots=True)
class ValueDrift:
    """What became of predictions.

    Attributes
    ----------
    predicted, actual : float
        Totals.
    p_value : float
        Chance that total or any fifth is as far off while predictions are right.
    misjudged : float
        Money by which tenths of the customers, by prediction, were judged wrongly, beyond what chance explains.
    """

    predicted: float
    actual: float
    p_value: float
    misjudged: float


@dataclass(frozen=True, slots=True)
class DriftWatch:
    """The answer of `watch_drift`.

    Attributes
    ----------
    alarm : bool
        Whether customers or the truth of predictions changed, at the rate of false alarms that was asked for.
    retrain : bool
        Whether learning anew pays: there is an alarm, and what the stale model is expected to lose is more than the
        cost; without outcomes, whether there is an alarm.
    threshold : float
        Value of a p up to which the alarm is raised.
    shifts : tuple of FeatureShift
        All features, the most telling first.
    value : ValueDrift or None
        None without outcomes.
    expected_loss : float or None
        What a period with the stale model costs: money misjudged times the cost of misjudging.
    sentence : str
        All of this in words.
    """

    alarm: bool
    retrain: bool
    threshold: float
    shifts: tuple[FeatureShift, ...]
    value: ValueDrift | None
    expected_loss: float | None
    sentence: str

    def __str__(self) -> str:
        return self.sentence

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and words for a file."""
        return asdict(self)


def watch_drift(
    reference: Any = None,
    current: Any = None,
    *,
    predicted: ArrayLike | None = None,
    outcome: ArrayLike | None = None,
    reference_outcome: ArrayLike | None = None,
    false_alarms: float = 0.05,
    checks: int = 1,
    retraining_cost: float = 0.0,
    cost_of_error: float = 0.1,
    ignore: Sequence[str] = ("age_days",),
) -> DriftWatch:
    """Say whether customers differ from those a model learned from, whether it still predicts right, and what to do.

    All features are compared at once: each in tenths, what is unknown by itself. If nothing has changed, it is chance
    which customer stands on which side, so sides are drawn anew many times, and the feature that differs most is ranked
    among the most different ones of the draws. This is exact for any number of features and customers, and they share
    one rate of false alarms. With outcomes of those whose time is over, the truth of predictions, in total and by
    fifth, is tested as well (by studentised bootstrap), each with half of the rate.

    Compare like with like: customers of like ages, say those who came in a quarter, looked at 28 days later
    (`keepers.features_at_age`). Features that only grow are different a year later in any store.

    Parameters
    ----------
    reference, current : features or frames, optional
        Customers it learned from, and those of now; without them the truth of predictions alone is tested.
    predicted, outcome : array, shape (n,), optional
        Of customers whose time is over: what the model had said, and what they brought.
    reference_outcome : array, optional
        What customers of `reference` brought, to compare the base rate: shares that bought and money.
    false_alarms : float
        How likely a false alarm may be over all `checks`.
    checks : int
        How often the question will be asked.
    retraining_cost : float
        What learning anew costs, in money.
    cost_of_error : float
        What is lost for each unit of money by which a group of customers is judged wrongly: 0.1 for a tenth.
    ignore : sequence of str
        Features that are left out.

    Raises
    ------
    InputError
        If a side has fewer than 30 customers, or columns do not fit.

    References
    ----------
    Westfall, Young (1993), "Resampling-Based Multiple Testing". Yurdakul (2018), "Statistical Properties of Population
    Stability Index".

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> then, now = rng.normal(size=(400, 3)), rng.normal(size=(400, 3))
    >>> watch_drift(then, now).alarm, watch_drift(then, now + [0, 0, 1]).shifts[0].feature
    (False, 'feature_3')
    """
    if retraining_cost < 0 or cost_of_error < 0:
        raise ConfigError("`retraining_cost` and `cost_of_error` are money, zero or more.")
    if (predicted is None) != (outcome is None):
        raise ConfigError("`predicted` and `outcome` belong together; give both or neither.")
    if (reference is None) != (current is None) or (reference is None and predicted is None):
        raise ConfigError("Give customers of then and of now, or what was predicted and what came of it, or all four.")
    threshold = _threshold(false_alarms, checks, (reference is not None) + (predicted is not None))
    rng = np.random.default_rng(_SEED)
    replicates = max(_REPLICATES, round(_TAIL / threshold) - 1)
    shifts: tuple[FeatureShift, ...] = ()
    if reference is not None:
        then = design_of(reference)
        sides = _with_outcome(then, design_of(current, then), reference_outcome, outcome, ignore)
        shifts = _shifts(*sides, replicates, rng)
    value = None
    if predicted is not None and outcome is not None:
        value = _value_drift(_array(predicted, "predicted"), _array(outcome, "outcome"), replicates, rng)
    moved = [one for one in shifts if one.p_value <= threshold]
    wrong = value is not None and value.p_value <= threshold
    alarm = bool(moved) or wrong
    loss = None if value is None else cost_of_error * value.misjudged
    retrain = alarm and (loss is None or (wrong and loss > retraining_cost))
    customers = "" if reference is None else _customers_told(moved, false_alarms, checks)
    sentence = _sentence(customers, bool(moved), value, wrong, loss, retraining_cost, retrain)
    return DriftWatch(alarm, retrain, threshold, shifts, value, loss, sentence)


def _threshold(false_alarms: float, checks: int, tests: int) -> float:
    if not 0 < false_alarms < 1:
        raise ConfigError(f"`false_alarms` is {false_alarms!r}; it is a probability, 0.05 for one in twenty.")
    if checks < 1:
        raise ConfigError(f"`checks` is {checks!r}; the question is asked at least once.")
    threshold = float(-np.expm1(np.log1p(-false_alarms) / checks)) / tests
    if threshold < _STRICTEST:
        raise ConfigError(
            f"{checks:,} checks with {false_alarms:g} false alarms leave {threshold:.1g} for each test, fewer than one "
            "in a thousand, which draws do not tell. Check less often, or allow more false alarms."
        )
    return threshold


def _array(given: ArrayLike, name: str) -> FloatArray:
    found = np.asarray(given, dtype=np.float64)
    if found.ndim != 1 or not np.isfinite(found).all():
        raise InputError(f"`{name}` must be a flat column of numbers without empty ones.")
    return found


def _with_outcome(
    then: Design, now: Design, before: ArrayLike | None, after: ArrayLike | None, ignore: Sequence[str]
) -> tuple[Design, Design]:
    """Both sides without what is ignored, and with what they brought as one more column where both are known."""
    kept = [k for k, name in enumerate(then.names) if name not in ignore]
    names = tuple(then.names[k] for k in kept)
    sides = [then.X[:, kept], now.X[:, kept]]
    if before is not None and after is not None:
        columns = [_array(before, "reference_outcome"), _array(after, "outcome")]
        if all(len(side) == len(column) for side, column in zip(sides, columns, strict=True)):
            names = (*names, "money brought")
            sides = [np.column_stack([side, column]) for side, column in zip(sides, columns, strict=True)]
    fewest = min(map(len, sides))
    if fewest < _FEWEST or not names:
        raise InputError(f"One side has {fewest} customers; {_FEWEST} and a feature are needed to compare them.")
    levels = {name: some for name, some in then.levels.items() if name in names}
    return Design(sides[0], names, levels), Design(sides[1], names, levels)


def _shifts(then: Design, now: Design, replicates: int, rng: np.random.Generator) -> tuple[FeatureShift, ...]:
    samples = [_sample(side.X, rng) for side in (then, now)]
    pooled = np.vstack(samples)
    codes = [_edges(pooled[:, k], name in then.levels) for k, name in enumerate(then.names)]
    placed = [_place(pooled[:, k], edges) for k, edges in enumerate(codes)]
    sizes = [int(column.max()) + 1 for column in placed]
    starts = np.concatenate([[0], np.cumsum(sizes)])
    rows = np.tile(np.arange(len(pooled)), len(placed))
    columns = np.concatenate([column + start for column, start in zip(placed, starts[:-1], strict=True)])
    table = sparse.csr_matrix((np.ones(rows.size), (rows, columns)), shape=(len(pooled), int(starts[-1]))).T.tocsr()
    total = np.asarray(table.sum(axis=1)).ravel()
    share = len(samples[0]) / len(pooled)
    first = np.arange(len(pooled)) < len(samples[0])
    lots = np.column_stack([first, *(rng.permutation(first) for _ in range(replicates))]).astype(np.float64)
    away = (table @ lots - share * total[:, None]) ** 2 / np.maximum(share * (1 - share) * total, 1e-12)[:, None]
    sums = np.add.reduceat(away, starts[:-1], axis=0)
    # Statistics of features with few bins and with many are made alike before the largest is taken.
    centre, spread = sums.mean(axis=1, keepdims=True), sums.std(axis=1, keepdims=True)
    size = np.divide(sums - centre, spread, out=np.zeros_like(sums), where=spread > 1e-9)
    largest = size.max(axis=0)
    found = []
    for k, name in enumerate(then.names):
        index = _stability(_place(then.X[:, k], codes[k]), _place(now.X[:, k], codes[k]))
        p_value = float(np.mean(largest >= size[k, 0] - 1e-12))
        found.append(FeatureShift(name, index, p_value, _told(name, then, now, k, index)))
    return tuple(sorted(found, key=lambda one: (one.p_value, -one.stability_index)))


def _sample(X: FloatArray, rng: np.random.Generator) -> FloatArray:
    return X if len(X) <= MOST_ROWS else X[np.sort(rng.choice(len(X), MOST_ROWS, replace=False))]


def _edges(column: FloatArray, kinds: bool) -> FloatArray:
    known = column[~np.isnan(column)]
    if not known.size:
        return np.empty(0)
    if kinds:
        return np.unique(known)[:-1]
    inner = np.quantile(known, np.arange(1, _BINS) / _BINS)
    return np.unique(inner[inner < known.max()])


def _place(column: FloatArray, edges: FloatArray) -> NDArray[np.intp]:
    """Bin of each value; the last one is of what is unknown."""
    return np.where(np.isnan(column), edges.size + 1, np.searchsorted(edges, column, side="left"))


def _stability(then: NDArray[np.intp], now: NDArray[np.intp]) -> float:
    width = int(max(then.max(), now.max())) + 1
    shares = []
    for side in (then, now):
        counts = np.bincount(side, minlength=width) + 0.5
        shares.append(counts / counts.sum())
    return float(np.sum((shares[1] - shares[0]) * np.log(shares[1] / shares[0])))


def _told(name: str, then: Design, now: Design, k: int, index: float) -> str:
    how = "a large shift" if index >= LARGE_SHIFT else "a moderate shift" if index >= LARGE_SHIFT / 2 else "a small one"
    unknown = [float(np.isnan(side.X[:, k]).mean()) for side in (then, now)]
    if abs(unknown[1] - unknown[0]) > 0.1:
        return f"{name} is unknown of {unknown[1]:.0%} of the customers, {unknown[0]:.0%} before ({how})"
    if name in then.levels:
        return f"{name} is divided otherwise among its kinds ({how})"
    means = [float(np.nanmean(side.X[:, k])) if not np.isnan(side.X[:, k]).all() else 0.0 for side in (then, now)]
    return f"{name} is {means[1]:,.3g} on average, {means[0]:,.3g} before ({how})"


def _value_drift(predicted: FloatArray, outcome: FloatArray, replicates: int, rng: np.random.Generator) -> ValueDrift:
    if predicted.shape != outcome.shape or predicted.size < _FEWEST:
        raise InputError(
            f"`predicted` {predicted.shape} and `outcome` {outcome.shape} must be of the same customers, at least "
            f"{_FEWEST}."
        )
    order = np.argsort(predicted, kind="stable")
    left = (outcome - predicted)[order]
    groups = [np.arange(left.size), *np.array_split(np.arange(left.size), _GROUPS)]
    observed = np.array([_student(left[rows], None) for rows in groups])
    drawn = np.zeros((replicates, len(groups)))
    for k, rows in enumerate(groups):
        part = left[rows] - left[rows].mean()
        for number in range(replicates):
            drawn[number, k] = _student(part[rng.integers(0, part.size, part.size)], part)
    largest = np.append(np.abs(drawn).max(axis=1), np.abs(observed).max())
    tenths = np.array_split(left, 10)
    misjudged = 0.0
    for part in tenths:
        noise = math.sqrt(part.size) * float(part.std()) * math.sqrt(2 / math.pi)
        misjudged += max(abs(float(part.sum())) - noise, 0.0)
    p_value = float(np.mean(largest >= np.abs(observed).max()))
    return ValueDrift(float(predicted.sum()), float(outcome.sum()), p_value, misjudged)


def _student(some: FloatArray, whole: FloatArray | None) -> float:
    """Mean over its standard error; a draw without spread is measured by the spread of all."""
    spread = float(some.std()) or (float(whole.std()) if whole is not None else 0.0)
    mean = float(some.mean())
    if spread == 0.0:
        return 0.0 if mean == 0.0 else math.copysign(1e9, mean)
    return mean / spread * math.sqrt(some.size)


def _customers_told(moved: Sequence[FeatureShift], false_alarms: float, checks: int) -> str:
    over = "" if checks == 1 else f" over {checks} checks"
    if not moved:
        return f"Customers are like those it learned from (false alarms {false_alarms:.0%}{over})."
    first = "; ".join(one.sentence for one in moved[:3])
    more = "" if len(moved) <= 3 else f"; and {len(moved) - 3} more"
    return f"Customers differ from those it learned from: {first}{more} (false alarms {false_alarms:.0%}{over})."


def _sentence(
    customers: str,
    moved: bool,
    value: ValueDrift | None,
    wrong: bool,
    loss: float | None,
    cost: float,
    retrain: bool,
) -> str:
    if value is None:
        verdict = (
            "Whether that costs anything cannot be said without outcomes; learn anew when some are known."
            if moved
            else "There is no reason to learn anew."
        )
        return f"{customers} {verdict}"
    ratio = value.predicted / value.actual - 1.0 if value.actual > 0 else math.inf
    off = f"{abs(ratio):.0%} too {'high' if ratio > 0 else 'low'}" if math.isfinite(ratio) else "of nothing that came"
    told = (
        f"Predictions no longer hold: the total is {off}, and {value.misjudged:,.0f} of money is judged wrongly."
        if wrong
        else f"Predictions still hold, in total ({off}) and by group, within what chance explains."
    )
    told = f"{customers} {told}".lstrip()
    if loss is None or not wrong:
        return f"{told} Learning anew would bring nothing that can be seen yet."
    compared = f"a period with the stale model is expected to lose {loss:,.0f}, learning anew costs {cost:,.0f}"
    return f"{told} {'Learn anew' if retrain else 'Keep the model as it is'}: {compared}."
