"""Learned value in a backtest: learned and judged at the same origins as the models of buying and the plain rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keepers.data.engine import quoted
from keepers.domain.cells import FloatArray
from keepers.domain.errors import FitError, InputError
from keepers.evaluation.calibration import Coverage, coverage, pit_histogram
from keepers.evaluation.metrics import calibration_groups, measure
from keepers.evaluation.origin import Origin
from keepers.evaluation.outcomes import SAMPLE
from keepers.evaluation.results import BacktestRow
from keepers.evaluation.spend_ratio import SpendRatio, ratio_at
from keepers.evaluation.value_backtest import ValueResult
from keepers.evaluation.value_grading import ValueHoldout
from keepers.evaluation.value_stacking import ValueForecasts, value_stacking
from keepers.models.learned.learned_value import LearnedValue
from keepers.models.learned.lessons import lesson_before, matched
from keepers.models.learned.mixed_value import MIX, MixedValue
from keepers.numerics.conformal_bins import ConformalBins, ZeroLognormal
from keepers.summaries.features import features_at

BUYING = "model of buying"
_QUANTILES = np.arange(0.05, 0.96, 0.05)


@dataclass(frozen=True, slots=True, eq=False)
class _Judged:
    """One origin: what customers brought, and what each forecast said, in the order of their keys."""

    actual: FloatArray
    forecasts: dict[str, FloatArray]
    laws: dict[str, tuple[ZeroLognormal, LearnedValue]]
    customers: NDArray[Any]
    reach: float

    @property
    def told(self) -> ValueForecasts:
        """What the mix is found from."""
        return ValueForecasts(self.actual, self.forecasts, self.customers, self.reach)


def with_learned(
    opened: Sequence[Origin], found: ValueResult, buying: str, learned: dict[str, LearnedValue], source: Any
) -> ValueResult:
    """Add learned value, the plain ratio rule and the mix of all to what a backtest found about money.

    At each origin a model learns from features and money that were known at the cut, see
    `keepers.models.learned.lessons`, and predicts from the features at the cut.

    Parameters
    ----------
    opened : sequence of Origin
        With the model of buying fitted at each.
    found : ValueResult
        What models of buying and spend did.
    buying : str
        The best model of buying.
    learned : dict of str to LearnedValue
        Not yet fitted.
    source : Dataset, Store or Orders
        What features are made of.
    """
    remarks: list[str] = []
    judged: list[_Judged] = []
    for origin in opened:
        try:
            judged.append(_judge(origin, found, buying, learned, source, remarks))
        except (InputError, FitError) as error:
            remarks.append(f"Learned value could not be graded from {origin.cut}: {error}")
            return replace(found, remarks=(*found.remarks, *dict.fromkeys(remarks)))
    titles = _titles(found, learned)
    names = list(judged[0].forecasts)
    stack = value_stacking([one.told for one in judged], titles, frozenset(learned))
    assert stack is not None
    rows = [
        _row(name, titles[name], name == SpendRatio.name, origin, one)
        for name in names
        if name != BUYING
        for origin, one in zip(opened, judged, strict=True)
    ]
    chosen, mix = found.chosen, _mixed(judged, stack.weights, stack.recalibration)
    if stack.pays:
        rows += [_mix_row(origin, one, _other(judged, k, mix)) for k, (origin, one) in enumerate(zip(opened, judged))]
        chosen = MIX
    elif stack.best == SpendRatio.name:
        remarks.append(f"In money, the plain rule that {SpendRatio.rule} has a smaller error than the models.")
    return replace(
        found,
        rows=(*found.rows, *rows),
        chosen=chosen,
        stacking=stack,
        mixed=mix,
        remarks=(*found.remarks, *dict.fromkeys(remarks)),
    )


def _judge(
    origin: Origin,
    found: ValueResult,
    buying: str,
    learned: dict[str, LearnedValue],
    source: Any,
    remarks: list[str],
) -> _Judged:
    holdout = ValueHoldout(origin)
    columns = holdout.forecast(origin.fitted[buying], found.spending)
    keys, actual = columns["customer_key"], np.asarray(columns["actual"], dtype=np.float64)
    past = origin.summary.engine.columns(
        f"SELECT money FROM {quoted(origin.recent_purchases())} AS recent ORDER BY customer_key"
    )["money"]
    ratio = ratio_at(origin)
    forecasts = {
        BUYING: np.asarray(columns["predicted"], dtype=np.float64),
        SpendRatio.name: np.maximum(past, 0.0) * (ratio.value * holdout.factor),
    }
    summary = origin.summary
    orders = summary.facts.source
    assert orders is not None
    lesson = lesson_before(source, orders, origin.cut, origin.horizon, summary.margin, clock=summary.facts.clock)
    if lesson.ahead.days < round(origin.horizon.days):
        remarks.append(
            f"Up to {origin.cut} there was no time for learned value to see {origin.horizon} ahead: it learned "
            f"{lesson.ahead}, stretched by {lesson.stretch:.2f}, the ratio that a model of buying expects."
        )
    features = features_at(source, origin.cut)
    laws = {}
    for name, one in learned.items():
        model = one.copy().fit_lesson(lesson, features)
        known, law = model.laws(features)
        places = matched(keys, known, np.arange(len(known), dtype=np.float64), -1.0).astype(np.intp)
        if (places < 0).any():
            raise InputError(f"{int((places < 0).sum()):,} customers have no features on {origin.cut}.")
        forecasts[name] = law.mean[places]
        laws[name] = ZeroLognormal(law.probability[places], law.mean[places], law.scale[places]), model
    features.engine.drop(features.name)
    history = (origin.cut - (getattr(orders, "first_day", None) or origin.cut)).days
    return _Judged(actual, forecasts, laws, keys, origin.horizon.days / max(history, 1))


def _titles(found: ValueResult, learned: dict[str, LearnedValue]) -> dict[str, str]:
    model = next((row.title for row in found.rows if row.model == found.chosen), BUYING)
    return {
        BUYING: model,
        SpendRatio.name: SpendRatio.title,
        **{name: one.title for name, one in learned.items()},
        MIX: "mix",
    }


def _row(name: str, title: str, baseline: bool, origin: Origin, one: _Judged) -> BacktestRow:
    if name not in one.laws:
        return _graded(name, title, baseline, origin, one.actual, one.forecasts[name], None)
    law, model = one.laws[name]
    return _graded(name, title, baseline, origin, one.actual, one.forecasts[name], (law, model.bins, model.stretch_))


def _mix_row(origin: Origin, one: _Judged, mix: MixedValue) -> BacktestRow:
    predicted = mix.value(one.forecasts)
    law = mix.law(one.forecasts, next(iter(one.laws.values()))[0])
    return _graded(MIX, mix.title, False, origin, one.actual, predicted, (law, mix.bins, 1.0))


def _graded(
    name: str,
    title: str,
    baseline: bool,
    origin: Origin,
    actual: FloatArray,
    predicted: FloatArray,
    law: tuple[ZeroLognormal, ConformalBins, float] | None,
) -> BacktestRow:
    score: float | None = None
    held: tuple[Coverage, ...] = ()
    pit: tuple[float, ...] = ()
    if law is not None:
        step = -(-actual.size // SAMPLE)
        score, low, high = _distribution(law, actual, slice(None, None, step))
        held, pit = coverage(low, high), pit_histogram(low, high)
    return BacktestRow(
        model=name,
        title=title,
        baseline=baseline,
        of="value",
        origin=origin.cut,
        horizon=origin.horizon,
        metrics=measure(predicted, actual),
        score=score,
        coverage=held,
        groups=calibration_groups(predicted, actual),
        pit=pit,
    )


def _distribution(
    law: tuple[ZeroLognormal, ConformalBins, float], actual: FloatArray, rows: slice
) -> tuple[float, FloatArray, FloatArray]:
    """Mean quantile score of a sample, and the ranges of its repaired transform."""
    whole, bins, stretch = law
    some = ZeroLognormal(whole.probability[rows], whole.mean[rows], whole.scale[rows])
    outcome, group_by = np.maximum(actual[rows], 0.0), some.mean / stretch
    below, at = bins.repaired(group_by, *some.transform(outcome))
    score = 0.0
    for level in _QUANTILES:
        error = outcome - some.quantile(bins.level(group_by, float(level)))
        score += float(np.mean(2.0 * np.where(error >= 0, level, level - 1.0) * error)) / _QUANTILES.size
    return score, below, at


def _mixed(judged: Sequence[_Judged], weights: dict[str, float], recalibration: Any) -> MixedValue:
    """The mix with intervals that held on the days of all given origins."""
    mix = MixedValue(weights, recalibration, None)
    means, below, at = [], [], []
    for one in judged:
        law = mix.law(one.forecasts, next(iter(one.laws.values()))[0])
        low, high = law.transform(one.actual)
        means.append(law.mean)
        below.append(low)
        at.append(high)
    return replace(mix, repair=ConformalBins.of(np.concatenate(means), np.concatenate(below), np.concatenate(at)))


def _other(judged: Sequence[_Judged], k: int, mix: MixedValue) -> MixedValue:
    """The mix as the other origins alone would have made it; with a single origin, as it is."""
    others = [one for j, one in enumerate(judged) if j != k]
    if not others:
        return mix
    names = list(others[0].forecasts)
    stack = value_stacking([one.told for one in others], {name: name for name in names})
    assert stack is not None
    return _mixed(others, stack.weights, stack.recalibration)
