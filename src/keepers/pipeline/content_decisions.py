"""The report's parts about offers and drivers, put together from what a run has found."""

from __future__ import annotations

import numpy as np

from keepers.domain.decision import EvidenceGrade
from keepers.pipeline.decisions import Decided, Offered
from keepers.pipeline.options import RunOptions
from keepers.reports import decisions as report
from keepers.reports.figures import Estimate, MoneyMeaning, Span
from keepers.retention.drivers import Driver
from keepers.retention.held_out import LEVEL
from keepers.retention.offer_record import OfferGrade
from keepers.retention.value_drivers import Drivers

_ROWS = 8


def offers_content(decided: Decided, options: RunOptions) -> report.Offers | None:
    """What experiments have shown and what offers have earned since; None where there was none."""
    if not decided.offers and not decided.made:
        return None
    graded = next((one for one in decided.made if one.basis is not None), None)
    meaning = None
    if graded is not None and graded.basis is not None:
        population = "All who were chosen for an offer, from the decision on, against those held out by lot"
        meaning = MoneyMeaning(graded.basis, Span.PAST, population, margin=options.margin.rate)
    experiments = tuple(_experiment(one, options) for one in decided.offers)
    return report.Offers(experiments, tuple(_made(one) for one in decided.made[:_ROWS]), meaning)


def _made(one: OfferGrade) -> report.OfferMade:
    earned = None if one.gain is None else Estimate(one.gain, one.low, one.high, LEVEL)
    return report.OfferMade(
        one.offer, one.experiment, one.first_day, one.last_day, one.treated, one.held_out, one.decision.expected_gain,
        earned, one.is_over, one.remark, one.given > 0,
    )  # fmt: skip


def drivers_content(decided: Decided, options: RunOptions) -> report.Drivers | None:
    """What drives value; None where it was not asked."""
    found = decided.drivers
    if found is None:
        return None
    return report.Drivers(
        predictive=tuple(_row(one) for one in found.predictive[:_ROWS]),
        adjusted=tuple(_row(one) for one in found.adjusted[:_ROWS]),
        experimental=tuple(_row(one) for one in found.experimental[:_ROWS]),
        proposals=tuple(
            report.Proposed(
                one.driver.label, one.driver.test, one.plan.customers_an_arm, one.plan.days, one.plan.smallest_gain,
                one.could_earn, one.customers, one.plan.is_possible,
            )
            for one in found.proposals
        ),
        age=found.age,
        horizon=found.horizon,
        customers=found.customers,
        meaning=_meaning(found, options),
    )  # fmt: skip


def _experiment(one: Offered, options: RunOptions) -> report.OfferExperiment:
    trial, choice = one.effects.trial, one.choice
    rows = tuple(
        report.OfferRow(
            effect.offer, effect.customers, Estimate(effect.gain, effect.low, effect.high, effect.level),
            int(np.count_nonzero(choice.treated & (choice.arm == place))),
        )
        for place, effect in enumerate(one.effects.mean_effects(), start=1)
    )  # fmt: skip
    verdict = choice.verdict
    curve = one.curve
    points = zip(curve.share, curve.profit, curve.low, curve.high, curve.at_random, strict=True)
    return report.OfferExperiment(
        name=trial.name,
        day=trial.day,
        days=trial.days,
        customers=trial.size,
        experimental=one.effects.evidence is EvidenceGrade.EXPERIMENTAL,
        rows=rows,
        personalised=verdict.ships,
        constant=verdict.constant if verdict.constant_is_proven else None,
        advantage=verdict.best.gain,
        advantage_low=verdict.weakest.low,
        best_single=verdict.constant,
        confidence=verdict.confidence,
        choosable=int(choice.keys.size),
        treated=int(choice.treated.sum()),
        held_out=int(choice.held_out.sum()),
        leave_alone=int(choice.leave_alone.sum()),
        gain=Estimate(choice.gain_a_customer, choice.low_a_customer, choice.high_a_customer, 0.9),
        curve=tuple(report.CurvePoint(*(float(value) for value in point)) for point in points),
        problems=one.effects.problems,
        meaning=MoneyMeaning(
            trial.basis,
            Span.PAST,
            f"{trial.size:,} customers of “{trial.name}”, {trial.days} days from the offer on",
            margin=options.margin.rate,
        ),
    )


def _row(one: Driver) -> report.DriverRow:
    return report.DriverRow(
        one.label, Estimate(one.gain, one.low, one.high, 0.9), one.customers, one.naive, one.stability, one.robustness,
        one.is_certain, one.problems,
    )  # fmt: skip


def _meaning(found: Drivers, options: RunOptions) -> MoneyMeaning:
    population = f"{found.customers:,} customers, in {found.horizon} days after their first {found.age}"
    return MoneyMeaning(found.basis, Span.PAST, population, margin=options.margin.rate)
