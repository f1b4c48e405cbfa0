"""The report's parts about keeping customers, put together from what a run has found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from keepers.data.engine import quoted
from keepers.data.read import Dataset
from keepers.pipeline.content_groups import grouping
from keepers.pipeline.keeping import Division, Keeping, names_of
from keepers.pipeline.options import RunOptions
from keepers.reports import retention as report
from keepers.reports.figures import MoneyMeaning
from keepers.reports.formatting import days_long
from keepers.reports.groups import Grouping
from keepers.summaries.rfm_groups import GROUPS
from keepers.valuation.values import Values

if TYPE_CHECKING:
    from keepers.retention.risk import Risk
    from keepers.retention.warnings import EarlyWarnings, Warned

_LISTED = 50
_DIVISIONS = {"rfm": "RFM group", "behaviour": "behaviour segment", "tier": "tier"}


def warnings_content(
    found: Keeping, dataset: Dataset, options: RunOptions, meaning: MoneyMeaning | None
) -> tuple[report.Warnings, ...]:
    """Who is about to leave: one part of customers, one of subscribers."""
    return tuple(_warnings(one, found, dataset, options, meaning) for one in found.warnings)


def segments_content(
    values: Values,
    found: Keeping,
    dataset: Dataset,
    meaning: MoneyMeaning | None,
    lifetime: MoneyMeaning | None,
    past: MoneyMeaning | None,
) -> report.Segments | None:
    """Customers by behaviour, how they moved, how they are served; None where the segments are not made."""
    rule = found.behaviour
    if rule is None:
        return None
    behaviour = grouping(values, "behaviour_segment", rule.rules(), rule.sentence, meaning, past)
    return report.Segments(
        behaviour,
        tuple(_moves(one, values, behaviour) for one in found.moves),
        tuple(
            report.ServiceRow(
                one.tier, one.level, one.words, one.customers, one.value, one.expected_loss, one.cost_each, one.gain,
                one.affordable,
            )
            for one in found.service
        ),
        referrals=_referrals(found, dataset, lifetime),
    )  # fmt: skip


def _referrals(found: Keeping, dataset: Dataset, meaning: MoneyMeaning | None) -> report.Referrals | None:
    known = found.referrals
    if known is None:
        return None
    names = names_of(dataset, [one.customer_key for one in known.top])
    return report.Referrals(
        known.referrers,
        known.brought,
        known.total,
        known.counted_twice,
        known.incentives,
        tuple(
            report.ReferrerRow(
                names.get(one.customer_key, one.customer_key),
                one.own,
                one.brought,
                one.referred,
                one.so_far,
                one.customer_key,
            )
            for one in known.top
        ),
        meaning,
    )


def promises_content(found: Keeping, meaning: MoneyMeaning | None) -> tuple[report.Promise, ...]:
    """Earlier scores, the newest first."""
    labels = ("least", "second fifth", "middle", "fourth fifth", "most")
    return tuple(
        report.Promise(
            published=one.grade.scored_on,
            until=one.grade.until,
            whole=one.grade.whole,
            model=one.model,
            customers=one.grade.customers,
            orders_said=one.grade.orders_said or 0.0,
            orders_got=round(one.grade.orders_got or 0.0),
            value_said=one.grade.said,
            value_got=one.grade.got,
            inside=one.grade.coverage,
            left_said=one.grade.left_said,
            left_got=one.grade.left_got,
            groups=tuple(
                report.PromiseRow(label, round(group.customers), group.predicted, group.actual)
                for label, group in zip(labels, one.grade.groups)
            ),
            meaning=None if one.grade.said is None else meaning,
        )
        for one in found.promises
    )


def _warnings(
    found: EarlyWarnings, kept: Keeping, dataset: Dataset, options: RunOptions, meaning: MoneyMeaning | None
) -> report.Warnings:
    facts = found.facts
    top = found.top(_LISTED)
    open_now = [one for one in kept.alerts or () if one.proposal.kind == facts.kind]
    keys = [*(one.customer_key for one in top), *(one.proposal.customer_key for one in open_now)]
    names = names_of(dataset, keys)
    customers, loss, warned = found.engine.row(
        "SELECT count(*), sum(expected_loss), count(*) FILTER (churn_probability - usual_probability >= 0.1) "
        f"FROM {quoted(found.name)}"
    )
    long = days_long(facts.horizon.days)
    return report.Warnings(
        event=f"no order within {long}" if facts.kind == "customer" else f"the end within {long}",
        horizon=facts.horizon,
        customers=int(customers),
        warned=int(warned),
        whose=facts.kind,
        causes=_causes(found),
        rows=tuple(_row(one, names) for one in top),
        expected_loss=float(loss) if facts.has_money and loss is not None else None,
        meaning=meaning if facts.has_money else None,
        test=_test(facts.risk),
        alerts=tuple(
            report.AlertRow(
                one.number,
                names.get(one.proposal.customer_key, one.proposal.customer_key),
                one.proposal.action,
                one.owner,
                one.due_on,
                one.raised_on,
                one.proposal.expected_loss,
                one.proposal.customer_key,
            )
            for one in open_now
        ),
        remembers=options.project is not None,
    )


def _causes(found: EarlyWarnings) -> tuple[report.CauseRow, ...]:
    reasons = found.facts.reasons
    columns = ", ".join(
        f"count(*) FILTER (cause = '{one.key}' AND churn_probability - usual_probability >= 0.1), sum(loss_{one.key})"
        for one in reasons
    )
    counted = found.engine.row(f"SELECT {columns} FROM {quoted(found.name)}")
    rows = [
        report.CauseRow(
            one.label,
            one.meaning,
            int(counted[2 * place]),
            float(counted[2 * place + 1] or 0.0) if found.facts.has_money else None,
        )
        for place, one in enumerate(reasons)
    ]
    return tuple(
        sorted((row for row in rows if row.customers), key=lambda row: (-(row.expected_loss or 0), -row.customers))
    )


def _row(one: Warned, names: Mapping[str, str]) -> report.WarnedRow:
    above = sum(part.risk for part in one.parts) or 1.0
    return report.WarnedRow(
        names.get(one.customer_key, one.customer_key),
        one.reason,
        one.churn_probability,
        one.usual_probability,
        one.value_at_stake,
        one.expected_loss,
        tuple((part.reason.label, part.risk / above) for part in one.parts),
        one.customer_key,
    )


def _test(risk: Risk) -> report.WarningTest | None:
    test = risk.test
    if test is None:
        return None
    rows = [report.RankRow("these warnings", True, test.own.precision, test.own.auc)]
    rows += [report.RankRow(name, False, one.precision, one.auc) for name, one in test.rivals.items()]
    return report.WarningTest(test.customers, test.base_rate, tuple(rows), test.calibration)


def _moves(found: Division, values: Values, behaviour: Grouping) -> report.Moves:
    if found.name == "rfm":
        rule = values.facts.rfm
        order = list(GROUPS[rule.grid]) if rule is not None else []
    elif found.name == "behaviour":
        order = [row.name for row in behaviour.rows]
    else:
        order = [name for name, _ in values.facts.tiers.tiers]
    there = {name for move in found.moves for name in (move.before, move.now) if name}
    names = [name for name in order if name in there] + sorted(there - set(order))
    place = {name: position for position, name in enumerate(names)}
    counts = [[0] * len(names) for _ in names]
    came, gone = [0] * len(names), [0] * len(names)
    for move in found.moves:
        if move.before and move.now:
            counts[place[move.before]][place[move.now]] += move.customers
        elif move.now:
            came[place[move.now]] += move.customers
        elif move.before:
            gone[place[move.before]] += move.customers
    return report.Moves(
        _DIVISIONS[found.name], found.since, tuple(names), tuple(map(tuple, counts)), tuple(came), tuple(gone)
    )
