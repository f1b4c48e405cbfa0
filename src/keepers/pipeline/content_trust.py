"""The report's parts about trust: the verdict, the backtest, tracking, calibration and the fitted models."""

from __future__ import annotations

from typing import Any

from keepers.evaluation.baselines import CohortMean
from keepers.evaluation.contract_baselines import ChurnByAge, ConstantChurn, RecentChurn
from keepers.evaluation.results import Backtest
from keepers.evaluation.verdict import Trust
from keepers.evaluation.verdict import Verdict as Judged
from keepers.models.base import Model
from keepers.models.baselines import NaiveRate
from keepers.reports import content, evidence

_SENTENCES = {rule.__name__: rule.rule for rule in (NaiveRate, CohortMean, ConstantChurn, RecentChurn, ChurnByAge)}
MEASURE = "error of the predicted purchases a customer (ranked probability score)"


def verdict_content(
    model: Model, judged: Judged, test: Backtest | None, learned: tuple[str, ...] = ()
) -> content.Verdict:
    """Can you trust this: the first thing that the page says.

    Parameters
    ----------
    model : fitted model of buying
        The one whose numbers are shown.
    judged : Verdict
        What the backtest means.
    test : Backtest or None
        None where the model was named and nothing was tested.
    learned : tuple of str
        What the backtest says of learned value.
    """
    reservations = (*judged.reservations, *learned)
    if judged.trust is Trust.NONE:
        # The sentence says which tests fail; the report's own words do not.
        reservations = (judged.sentence, *reservations)
    if test is None or not test.rows:
        return content.Verdict(Trust.UNTESTED, model.title, reservations=(judged.sentence, *reservations))
    winner = next(one for one in test.standings() if one.chosen)
    rule = next((one for one in test.standings() if one.model == test.ranking.best_rule), None)
    return content.Verdict(
        trust=judged.trust,
        model=model.title,
        naive_rule=None if rule is None else _SENTENCES.get(rule.model, rule.title),
        improvement=test.ranking.improvement,
        measure=MEASURE,
        total_error=winner.total_error,
        coverage=next((one.plain for one in winner.coverage if one.level == 0.80), None),
        origins=len(test.windows),
        holdout=test.holdout,
        reservations=reservations,
    )


def backtest_content(test: Backtest) -> evidence.Backtest | None:
    """How every candidate did on unseen days."""
    if not test.rows or test.holdout is None:
        return None
    return evidence.Backtest(
        rows=tuple(
            evidence.BacktestRow(
                name=one.title,
                baseline=one.baseline,
                chosen=one.chosen,
                mae=one.mae,
                rmse=one.rmse,
                total_error=one.total_error,
                gini=one.gini,
                coverage=next((c.plain for c in one.coverage if c.level == 0.80), None),
                top_capture=one.top_capture,
                score=one.score,
            )
            for one in test.standings()
        ),
        origins=tuple(window.calibration_end for window in test.windows if window.calibration_end),
        holdout=test.holdout,
    )


def tracking_content(test: Backtest) -> evidence.Tracking | None:
    """Predicted and actual purchases over time."""
    found = test.tracking
    if found is None:
        return None
    return evidence.Tracking(
        unit=found.unit,
        points=tuple(evidence.TrackingPoint(p.day, p.actual, p.predicted) for p in found.points),
        calibration_end=found.calibration_end,
        model=found.model,
        seasonal=found.seasonal,
    )


def calibration_content(test: Backtest) -> evidence.Calibration | None:
    """Predicted and actual purchases by tenth of the customers."""
    if not test.groups or test.holdout is None:
        return None
    return evidence.Calibration(
        groups=tuple(
            evidence.CalibrationGroup(round(group.customers), group.predicted, group.actual) for group in test.groups
        ),
        holdout=test.holdout,
    )


def model_content(model: Model, role: str, remarks: tuple[str, ...] = ()) -> evidence.FittedModel:
    """One fitted model with its parameters."""
    known = model.outcome_.trustworthy_parameters
    posterior: Any = model.posterior_
    return evidence.FittedModel(
        name=model.title,
        role=role,
        outcome=model.outcome_.value,
        parameters=tuple(
            evidence.Parameter(symbol, value, model.standard_errors_.get(symbol) if known else None)
            for symbol, value in model.parameters_.items()
        ),
        log_likelihood=model.log_likelihood_,
        customers=round(model.n_customers_),
        unit=getattr(model, "unit_", None),
        prior_share=posterior.prior_share,
        remarks=remarks,
    )
