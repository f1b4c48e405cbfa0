"""The part of a backtest that is about money: spend models and naive rules, from the same origins."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from keepers.domain.errors import FitError, InputError
from keepers.evaluation.baselines import CohortMean, PastSpend
from keepers.evaluation.calibration import LEVELS
from keepers.evaluation.interval_report import IntervalReport, interval_reports
from keepers.evaluation.origin import Origin
from keepers.evaluation.results import BacktestRow
from keepers.evaluation.value_grading import ValueGrade, ValueHoldout
from keepers.evaluation.value_stacking import ValueStacking
from keepers.models.spend.fitting import goes_in_step
from keepers.models.spend.gamma_gamma import GammaGamma
from keepers.models.spend.in_step import spend_in_step
from keepers.numerics.conformal import central_share, conformal_level

NEGLIGIBLE = 0.005
"""Another model of spend must score better by more than this part to be taken in place of the first."""

TOLERATED = 0.03
"""Intervals that hold too little by no more than this are left as the model gives them."""


@dataclass(frozen=True, eq=False)
class ValueResult:
    """What a backtest found about money.

    Attributes
    ----------
    rows : tuple of BacktestRow
        One for each forecast and origin.
    chosen : str or None
        Name of the rows of the chosen models.
    spending : model or None
        The chosen spend model, not fitted.
    interval_levels : dict of float to float
        The nominal level for each level of an interval.
    intervals : tuple of IntervalReport
        What intervals of each level held, before and after.
    unbeaten_rule : str or None
        The naive rule that the chosen models do not beat, as it reads after "that".
    remarks : tuple of str
        Sentences that a person should know.
    stacking : ValueStacking or None
        What mixing learned value with the others would bring; None where nothing was learned.
    mixed : MixedValue or None
        The mix, with intervals that held on the days of the backtest.
    """

    rows: tuple[BacktestRow, ...] = ()
    chosen: str | None = None
    spending: Any | None = None
    interval_levels: dict[float, float] = field(default_factory=dict)
    unbeaten_rule: str | None = None
    intervals: tuple[IntervalReport, ...] = ()
    remarks: tuple[str, ...] = ()
    stacking: ValueStacking | None = None
    mixed: Any = None


def backtest_value(
    opened: Sequence[Origin],
    buying: str,
    title: str,
    spending: Sequence[Any],
    rules: Sequence[Any],
    in_step: bool = False,
) -> ValueResult:
    """Forecast money from every origin with the best model of buying and each model of spend.

    Parameters
    ----------
    opened : sequence of Origin
        With the model of buying fitted at each.
    buying, title : str
        Its class, and its name for people.
    spending : sequence of models of spend
        Not yet fitted; the first is taken where others forecast no better. One that is fitted together with buying,
        which takes longest, is judged at all origins only if it is better than the others at the newest.
    rules : sequence
        Naive rules; those that say nothing about money are passed over.
    in_step : bool
        Let spend in step with buying stand in for Gamma-Gamma, unless it forecasts worse by more than chance or next to
        nothing; and for another model where it forecasts better.
    """
    variants = {_name(buying, one): one for one in spending}
    grades: dict[str, list[ValueGrade]] = {name: [] for name in variants}
    naive: dict[type, list[ValueGrade]] = {}
    remarks: list[str] = []
    holdouts: list[ValueHoldout] = []
    competing = dict(variants)
    # The newest origin, which knows most, goes first: a costly model that is no better there is not asked again.
    for origin in reversed(opened):
        holdout = ValueHoldout(origin)
        holdouts.insert(0, holdout)
        for name, one in competing.items():
            try:
                grades[name].insert(0, holdout.grade_model(origin.fitted[buying], one))
            except (InputError, FitError) as error:
                remarks.append(f"Spend could not be graded from {origin.cut}: {error}")
        for rule, grade in _rules(holdout, origin, rules):
            naive.setdefault(rule, []).insert(0, grade)
        if origin is opened[-1] and len(opened) > 1:
            for name in _behind(variants, grades):
                del competing[name]
    whole = {name: some for name, some in grades.items() if len(some) == len(opened)}
    if not whole:
        return ValueResult(remarks=tuple(dict.fromkeys(remarks)))
    chosen = _best(whole)
    if in_step and goes_in_step(opened[-1].summary, opened[-1].fitted[buying]):
        model = spend_in_step(variants[chosen].include_first)
        name = _name(buying, model)
        try:
            whole[name] = [one.grade_model(one.origin.fitted[buying], model) for one in holdouts]
            variants[name] = model
            chosen = name if _stands_in(whole[name], whole[chosen], variants[chosen]) else chosen
        except (InputError, FitError) as error:
            remarks.append(f"Spend in step with buying could not be graded: {error}")
    rules_graded = {rule: some for rule, some in naive.items() if len(some) == len(opened)}
    rows = [
        _row(name, _title(title, variants[name]), False, origin, grade)
        for name, some in whole.items()
        for origin, grade in zip(opened, some, strict=True)
    ]
    rows += [
        _row(rule.__name__, _rule_text(rule, "title"), True, origin, grade)
        for rule, some in rules_graded.items()
        for origin, grade in zip(opened, some, strict=True)
    ]
    levels, repairs = _levels(whole[chosen])
    unbeaten, rivals = _against_rules(whole[chosen], rules_graded)
    return ValueResult(
        rows=tuple(rows),
        chosen=chosen,
        spending=variants[chosen],
        interval_levels=levels,
        intervals=interval_reports(whole[chosen], levels),
        unbeaten_rule=unbeaten,
        remarks=tuple(dict.fromkeys([*remarks, *rivals, *repairs])),
    )


def _rules(holdout: ValueHoldout, origin: Origin, rules: Sequence[Any]) -> list[tuple[type, ValueGrade]]:
    found: list[tuple[type, ValueGrade]] = []
    for rule in rules:
        if isinstance(rule, PastSpend):
            found.append((PastSpend, holdout.grade_past_spend()))
        fitted = origin.fitted.get(type(rule).__name__)
        if isinstance(fitted, CohortMean) and (grade := holdout.grade_cohort_mean(fitted)) is not None:
            found.append((CohortMean, grade))
    return found


def _behind(variants: dict[str, Any], grades: dict[str, list[ValueGrade]]) -> list[str]:
    """Models of spend that are fitted together with buying, which takes longest, and are no better than the others."""
    scores = {name: some[0].score for name, some in grades.items() if some and some[0].score is not None}
    costly = [name for name in scores if getattr(variants[name], "needs_buying", False)]
    quick = [scores[name] for name in scores if name not in costly]
    return [name for name in costly if quick and scores[name] >= min(quick)]


def _best(grades: dict[str, list[ValueGrade]]) -> str:
    """The first, unless another scores better by more than a negligible part."""
    scores = {name: _score(some) for name, some in grades.items()}
    first = next(iter(scores))
    best = min(scores, key=scores.__getitem__)
    return best if scores[best] < (1.0 - NEGLIGIBLE) * scores[first] else first


def _stands_in(joint: list[ValueGrade], best: list[ValueGrade], model: Any) -> bool:
    """Whether spend in step with buying is taken: for Gamma-Gamma unless it forecasts worse by more than chance or next
    to nothing, for other models where it forecasts better.
    """
    least = NEGLIGIBLE * _score(best)
    behind = _score(joint) - _score(best)
    if not isinstance(model, GammaGamma):
        return behind < -least
    gaps = [
        a.scores - b.scores for a, b in zip(joint, best, strict=True) if a.scores is not None and b.scores is not None
    ]
    # Holdouts overlap, so errors of the origins are taken as wholly dependent.
    return behind <= max(least, float(np.mean([gap.std() / math.sqrt(gap.size) for gap in gaps])))


def _score(grades: list[ValueGrade]) -> float:
    return float(np.mean([grade.score for grade in grades if grade.score is not None]))


def _against_rules(model: list[ValueGrade], rules: dict[type, list[ValueGrade]]) -> tuple[str | None, list[str]]:
    """The rule that is as good as the model by both errors, and sentences about those that are so by one.

    Neither error decides alone: a few large customers make the root mean square, and the mean absolute error is
    smallest for whoever predicts nothing for most.
    """
    unbeaten, sentences = None, []
    for rule, grades in rules.items():
        text = _rule_text(rule, "rule")
        square, absolute = (_mean(grades, error) <= _mean(model, error) for error in ("rmse", "mae"))
        if square and absolute:
            unbeaten = text
        elif square or absolute:
            better, worse = ("root mean square", "mean absolute") if square else ("mean absolute", "root mean square")
            sentences.append(
                f"In money, the naive rule that {text} has the smaller {better} error, the model the smaller {worse} "
                "error."
            )
    return unbeaten, sentences


def _levels(grades: list[ValueGrade]) -> tuple[dict[float, float], list[str]]:
    """Nominal levels whose intervals held what they promise, and sentences where these differ from the levels."""
    below = np.concatenate([grade.below for grade in grades if grade.below is not None])
    at = np.concatenate([grade.at for grade in grades if grade.at is not None])
    levels, sentences = {}, []
    for level in LEVELS:
        held = central_share(below, at, level)
        chance = 3.0 * math.sqrt(level * (1.0 - level) * len(grades) / below.size)
        levels[level] = level
        if held < level - max(TOLERATED, chance):
            levels[level] = conformal_level(below, at, level)
            sentences.append(
                f"On unseen days the model's {level:.0%} intervals of value held {held:.0%} of what customers brought; "
                f"they are widened so that they hold {level:.0%}."
            )
    return levels, sentences


def _mean(grades: list[ValueGrade], error: str) -> float:
    return float(np.mean([getattr(grade.metrics, error) for grade in grades]))


def _row(name: str, title: str, baseline: bool, origin: Origin, grade: ValueGrade) -> BacktestRow:
    return BacktestRow(
        model=name,
        title=title,
        baseline=baseline,
        of="value",
        origin=origin.cut,
        horizon=origin.horizon,
        metrics=grade.metrics,
        score=grade.score,
        coverage=grade.coverage,
        groups=grade.groups,
        pit=grade.pit,
    )


def _name(buying: str, spending: Any) -> str:
    columns = _columns(spending)
    settings = ["include_first=True"] if spending.include_first else []
    settings += [f"covariates={'+'.join(columns)}"] if columns else []
    return f"{buying}+{type(spending).__name__}" + (f"({', '.join(settings)})" if settings else "")


def _title(buying: str, spending: Any) -> str:
    columns = _columns(spending)
    first = ", first orders included" if spending.include_first else ""
    return f"{buying} and {spending.title}{first}" + (f", by {', '.join(columns)}" if columns else "")


def _columns(spending: Any) -> tuple[str, ...]:
    covariates = getattr(spending, "covariates", None)
    return () if covariates is None else tuple(covariates.spend)


def _rule_text(rule: type, what: str) -> str:
    return str(getattr(rule, what))
