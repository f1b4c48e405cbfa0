"""The report's part about leads, put together from what a run has found."""

from __future__ import annotations

from typing import Any

import numpy as np

from keepers.acquisition.leads.hindsight import LeadTest
from keepers.acquisition.leads.scores import LeadScores
from keepers.acquisition.leads.steps import StepEffect
from keepers.domain.cells import FloatArray
from keepers.domain.decision import EvidenceGrade
from keepers.pipeline.leads import RankedLeads
from keepers.reports import leads as report
from keepers.reports.figures import Estimate, MoneyMeaning, Span
from keepers.reports.formatting import horizon

_ROWS = 20
_POINTS = 24
_DAYS = (0, 7, 14, 21, 30, 45, 60, 75, 90, 120, 150, 180, 270, 365)
_DRAWS, _SEED, _LEVEL = 200, 20261130, 0.8


def leads_content(ranked: RankedLeads | None) -> report.Leads | None:
    """Whom to call first; None where there are no leads or they could not be scored."""
    if ranked is None or ranked.scores is None:
        return None
    scores = ranked.scores
    rows, plan, money = scores.table.to_numpy(), scores.plan, scores.money
    chosen = plan.chosen
    days = np.array([day for day in _DAYS if day <= scores.within.days], dtype=np.float64)
    low, high = scores.conversion.average_band(days, _LEVEL, _DRAWS, _SEED)
    share = scores.conversion.average_curve(days)
    return report.Leads(
        rows=tuple(_row(rows, place, scores) for place in range(min(len(chosen), max(_ROWS, 0)))),
        open=len(chosen),
        leads=scores.leads.size,
        won=scores.conversion.won,
        week=None if money is None or not chosen.any() else _together(scores, rows, chosen),
        all_open=None if money is None else float(np.maximum(rows["expected_value"], 0.0).sum()),
        chosen=int(chosen.sum()),
        room=plan.room,
        capacity=tuple(plan.capacity.items()),
        from_pace=plan.from_pace,
        one_more=plan.one_more,
        leave_alone=plan.leave_alone,
        moved=int(plan.moved.sum()),
        cost=scores.cost,
        curve=_curve(rows) if money is not None and len(chosen) > 2 else None,
        ripening=report.Ripening(
            tuple(int(day) for day in days), tuple(share.tolist()), tuple(low.tolist()), tuple(high.tolist())
        ),
        leaks=tuple(leak.sentence for leak in scores.leaks),
        prior_share=scores.prior_share,
        test=None if scores.test is None else _test(scores.test),
        steps=tuple(_step(one) for one in ranked.steps),
        within=horizon(scores.within),
        of_deals=money is not None and money.of_deals,
        meaning=None if money is None else MoneyMeaning(
            money.basis, Span.PAST if money.horizon is None else money.horizon,
            "leads that become customers, from the first order on, times the chance that they do", False,
            money.discount, money.margin.rate,
        ),
        notes=ranked.notes,
    )  # fmt: skip


def _row(rows: dict[str, Any], place: int, scores: LeadScores) -> report.LeadRow:
    def money(name: str) -> float | None:
        value = float(rows[name][place])
        return None if np.isnan(value) else value

    expected = money("expected_value")
    person, owner = rows["assigned_to"][place], rows["owner"][place]
    reasons = scores.reasons[place]
    return report.LeadRow(
        name=str(rows["company"][place] or rows["lead_id"][place]),
        number=str(rows["lead_id"][place]),
        person=person,
        moved_from=owner if bool(scores.plan.moved[place]) else None,
        came=rows["came_on"][place].astype("datetime64[D]").item(),
        chance=Estimate(
            float(rows["probability"][place]), float(rows["probability_low"][place]),
            float(rows["probability_high"][place]),
        ),
        if_won=money("value_if_won"),
        expected=None if expected is None else Estimate(
            expected, money("expected_value_low"), money("expected_value_high")
        ),
        reasons=tuple(one.text for one in reasons if one.column != "owner"),
        owner=next((one.text for one in reasons if one.column == "owner"), None),
    )  # fmt: skip


def _together(scores: LeadScores, rows: dict[str, Any], chosen: Any) -> Estimate:
    """What the leads of this week bring together; what is not known of all of them is not known of their sum."""
    assert scores.value is not None
    value, conversion = scores.value, scores.conversion
    place = {name: row for row, name in enumerate(scores.leads.ids.tolist())}
    picked = np.array([place[name] for name in rows["lead_id"][chosen].tolist()], dtype=np.int64)
    codes = conversion.design.codes(scores.leads)[picked]
    matrix, age = conversion.design.matrix(codes), scores.leads.age[picked].astype(np.float64)
    points = conversion.fit.draws(_DRAWS, _SEED)
    ratios = value.fit.draws(_DRAWS, _SEED + 1)
    sums = [
        float(
            conversion.fit.converting(matrix, matrix[:, 1:], age, scores.within.days, point)
            @ (value.money.whole * value.fit.ratio(matrix, ratio))
        )
        for point, ratio in zip(points, ratios, strict=True)
    ]
    low, high = np.quantile(sums, ((1 - _LEVEL) / 2, (1 + _LEVEL) / 2)) - scores.cost * picked.size
    return Estimate(float(rows["expected_value"][chosen].sum()), float(low), float(high))


def _curve(rows: dict[str, Any]) -> report.Curve:
    value: FloatArray = rows["expected_value"].astype(np.float64)
    size = value.size
    calls = np.unique(np.round(np.linspace(1, size, min(_POINTS, size))).astype(np.int64))
    orders = {
        "by_value": np.argsort(-value, kind="stable"),
        "by_chance": np.argsort(-rows["probability"], kind="stable"),
        "newest": np.argsort(rows["age_days"], kind="stable"),
    }
    sums = {name: tuple(np.cumsum(value[order])[calls - 1].tolist()) for name, order in orders.items()}
    return report.Curve(tuple(int(one) for one in calls), **sums)


def _test(test: LeadTest) -> report.LeadTest:
    return report.LeadTest(
        leads=test.leads,
        won=test.won,
        predicted=test.predicted,
        days=test.days,
        error=test.calibration_error,
        by_chance=test.by_chance,
        groups=tuple((int(n), float(told), float(won)) for n, told, won in test.groups.tolist()),
        captured=tuple(report.Captured(one.order, Estimate(one.share, one.low, one.high)) for one in test.captured),
        gain=Estimate(test.gain, test.gain_low, test.gain_high) if test.captured else None,
    )


def _step(one: StepEffect) -> report.StepRow:
    return report.StepRow(
        one.step, one.kind, one.leads, one.without, Estimate(one.chance, one.chance_low, one.chance_high),
        None if np.isnan(one.value) else Estimate(one.value, one.value_low, one.value_high),
        one.evidence is EvidenceGrade.EXPERIMENTAL,
    )  # fmt: skip
