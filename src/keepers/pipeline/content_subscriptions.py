"""The report's parts about subscriptions, put together from what a run has found."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from keepers.data.engine import quoted
from keepers.domain.cells import FloatArray
from keepers.domain.money import MoneyBasis
from keepers.domain.time import Horizon, TimeUnit
from keepers.pipeline.content_trust import backtest_content
from keepers.pipeline.content_value import estimate
from keepers.pipeline.next_plan_list import next_plans_content
from keepers.pipeline.options import RunOptions
from keepers.pipeline.plans_made import plans_made_content
from keepers.pipeline.subscriptions import ScoredSubscriptions, listed
from keepers.reports import subscriptions as report
from keepers.reports.figures import Estimate, MoneyMeaning, Span
from keepers.reports.groups import CohortMeasure, CohortRow, CohortTriangle
from keepers.summaries.life_table import life_table
from keepers.summaries.subscription_cohorts import SubscriptionCohort, subscription_cohorts
from keepers.valuation.churn_rates import churn_rates
from keepers.valuation.mrr_history import mrr_history, mrr_movement
from keepers.valuation.recurring_revenue import Movements, gross_revenue_retention, net_revenue_retention, quick_ratio

_LISTED = 50
_PLANS = 12
_ENOUGH = 20
"""Subscriptions that must have reached an age before its survival is counted."""
_AGES = {TimeUnit.WEEK: (52, 156), TimeUnit.MONTH: (24, 60), TimeUnit.YEAR: (6, 12)}
_YEAR = {TimeUnit.WEEK: 52, TimeUnit.MONTH: 12, TimeUnit.YEAR: 1}
_YOUNG = 3


def subscription_content(scored: ScoredSubscriptions, options: RunOptions, beside_orders: bool) -> report.Subscriptions:
    """Everything the report says of subscriptions."""
    summary, model, values = scored.summary, scored.model, scored.values
    customers, running = summary.engine.row(
        f"SELECT count(*), count(*) FILTER (NOT ended) FROM {quoted(summary.name)} WHERE latest"
    )
    kept, median = _kept(model, summary.unit)
    priced = values.has_money
    test = None if scored.test is None else backtest_content(scored.test)
    return report.Subscriptions(
        customers=int(customers),
        running=int(running),
        period=summary.unit,
        horizon=options.horizon,
        trust=scored.verdict.sentence,
        leaving=_leaving(scored, options),
        survival=_survival(scored),
        model=model.title,
        median_tenure=median,
        kept=kept,
        revenue=_revenue(scored) if priced else None,
        equity=_equity(scored, options, int(customers)) if priced else None,
        plans=_plans(scored),
        cohorts=_cohorts(scored),
        blind=_blind(scored),
        test=test,
        next_plans=next_plans_content(
            scored.plans, meaning(scored, options.horizon, "subscriptions that run", options) if priced else None
        ),
        plans_made=plans_made_content(scored.made),
        beside_orders=beside_orders,
    )


def meaning(scored: ScoredSubscriptions, horizon: Horizon | Span, population: str, options: RunOptions) -> MoneyMeaning:
    """The five things of a figure about subscriptions."""
    past = horizon is Span.PAST
    return MoneyMeaning(
        basis=scored.values.basis,
        horizon=horizon,
        population=population,
        discount=None if past else options.discount,
        margin=scored.values.facts.margin.rate,
    )


def _monthly(population: str) -> MoneyMeaning:
    return MoneyMeaning(MoneyBasis.NET_REVENUE, Span.A_MONTH, population)


def _equity(scored: ScoredSubscriptions, options: RunOptions, customers: int) -> report.SubscriptionEquity:
    found, values = scored.equity, scored.values
    assert found is not None
    historic, mean, returning = values.engine.row(
        f"SELECT coalesce(sum(clv_historic), 0), avg({quoted(values.value_column)}) FILTER (state <> 'ended'), "
        f"coalesce(sum({quoted(values.value_column)}) FILTER (state = 'ended'), 0) FROM {quoted(values.name)}"
    )
    everybody = f"all {customers:,} subscribers, former ones included"
    return report.SubscriptionEquity(
        total=estimate(found.total),
        meaning=meaning(scored, options.horizon, everybody, options),
        lifetime=estimate(found.lifetime),
        lifetime_meaning=meaning(scored, options.lifetime, everybody, options),
        historic=float(historic),
        historic_meaning=meaning(scored, Span.PAST, everybody, options),
        mean=None if mean is None else float(mean),
        returning=float(returning),
    )


def _revenue(scored: ScoredSubscriptions) -> report.Revenue:
    months = mrr_history(scored.summary)
    rows = tuple(
        report.RevenueMonth(
            month.day,
            month.customers,
            month.movements.new,
            month.movements.reactivation,
            month.movements.expansion,
            month.movements.contraction,
            month.movements.churned,
            month.movements.end,
        )
        for month in months
    )
    last = months[-12:]
    over = len(last)
    known = bool(last) and last[0].movements.start > 0
    moved = mrr_movement(scored.summary, over) if known else None
    year = moved if moved is not None and moved.start > 0 else None
    gained = Movements(
        last[0].movements.start if last else 0.0,
        *(
            sum(getattr(month.movements, name) for month in last)
            for name in ("new", "reactivation", "expansion", "contraction", "churned")
        ),
    )
    churn = churn_rates(scored.summary, months)
    return report.Revenue(
        now=rows[-1].end if rows else 0.0,
        meaning=_monthly("active and past-due subscriptions"),
        months=rows,
        net_retention=None if year is None else net_revenue_retention(year),
        gross_retention=None if year is None else gross_revenue_retention(year),
        quick_ratio=quick_ratio(gained) if last and math.isfinite(gained.start) else None,
        over=over,
        logo_churn=churn.logo,
        revenue_churn=churn.revenue,
        churn_months=churn.months,
        paused=float(
            scored.summary.engine.row(
                f"SELECT coalesce(sum(mrr), 0) FROM {quoted(scored.summary.name)} WHERE state = 'paused'"
            )[0]
        ),
    )


def _kept(model: Any, unit: TimeUnit) -> tuple[Estimate, float]:
    """Share of new subscriptions that outlast a year, and the median tenure."""
    year = _YEAR[unit]
    curve = model.retention_curve(year)
    share = Estimate(*(float(curve[name][year]) for name in ("survival", "survival_low", "survival_high")))
    return share, float(model.median_tenure_new_customer())


def _plans(scored: ScoredSubscriptions) -> tuple[report.PlanRow, ...]:
    summary, values = scored.summary, scored.values
    rows = summary.engine.rows(
        "SELECT plan, count(*), count(*) FILTER (NOT ended), sum(mrr) FILTER (state IN ('active', 'past_due')) "
        f"FROM {quoted(summary.name)} GROUP BY plan ORDER BY 3 DESC, 2 DESC, 1"
    )
    worth = dict(
        values.engine.rows(
            f"SELECT plan, sum({quoted(values.value_column)}) FILTER (state <> 'ended') FROM {quoted(values.name)} "
            "GROUP BY plan"
        )
    )
    if len(rows) < 2 and not values.has_money:
        return ()
    cells = summary.contract_cells(whole=scored.model.family.DISCRETE)
    found = []
    for number, (plan, contracts, running, mrr) in enumerate(rows):
        if number >= _PLANS:
            break
        # Without covariates: of a plan, whoever its customers are.
        own = type(scored.model)(scored.model.prior).fit(cells[str(plan)])
        kept, median = _kept(own if own.outcome_.usable else scored.model, summary.unit)
        found.append(
            report.PlanRow(
                str(plan),
                int(contracts),
                int(running),
                None if mrr is None else float(mrr),
                kept,
                median,
                None if worth.get(plan) is None else float(worth[plan]),
            )
        )
    return tuple(found)


def _survival(scored: ScoredSubscriptions) -> tuple[report.SurvivalPoint, ...]:
    counted = life_table(scored.summary.contract_cells(whole=True).values())
    known = counted.known_to(_ENOUGH)
    least, most = _AGES[scored.summary.unit]
    ages = min(max(round(1.5 * known), least), most)
    curve = scored.model.retention_curve(ages)
    observed = [1.0, *counted.survival[:known].tolist()]
    return tuple(
        report.SurvivalPoint(
            age,
            observed[age] if age < len(observed) else None,
            Estimate(*(float(curve[name][age]) for name in ("survival", "survival_low", "survival_high"))),
        )
        for age in range(ages + 1)
    )


def _blind(scored: ScoredSubscriptions) -> report.BlindTest | None:
    test = scored.test
    if test is None or test.tracking is None:
        return None
    points = tuple(report.BlindPoint(point.day, point.actual, point.predicted) for point in test.tracking.points)
    return report.BlindTest(points, test.tracking.model)


def _cohorts(scored: ScoredSubscriptions) -> CohortTriangle | None:
    """Share still subscribed by month of start and age; what is not over yet is forecast."""
    found = subscription_cohorts(scored.summary)
    if len(found) < 2:
        return None
    longest = max(cohort.mature for cohort in found)
    return CohortTriangle(
        CohortMeasure.RUNNING_SHARE, tuple(_cohort(scored, cohort, longest) for cohort in found if cohort.contracts)
    )


def _cohort(scored: ScoredSubscriptions, cohort: SubscriptionCohort, longest: int) -> CohortRow:
    size, ages = cohort.contracts, np.arange(1.0, longest + 1.0)
    running = np.pad(cohort.running, (0, max(longest - cohort.running.size, 0)))[:longest]
    observed = [float(share) if age <= cohort.mature else None for age, share in zip(ages, running / size, strict=True)]
    # Of those that run now, whoever is younger than an age is expected to reach it; who is older has.
    expected = np.zeros(longest)
    for age, count in zip(cohort.ages, cohort.alive, strict=True):
        ahead = np.maximum(ages - age, 0.0)
        expected += count * _chance(scored, float(age), ahead)
    gone = np.array([running[k] - cohort.alive[cohort.ages >= k + 1].sum() for k in range(longest)])
    share = (expected + np.maximum(gone, 0.0)) / size
    forecast = [None if age <= cohort.mature else float(min(one, 1.0)) for age, one in zip(ages, share, strict=True)]
    return CohortRow(cohort.month, size, tuple(observed), tuple(forecast))


def _chance(scored: ScoredSubscriptions, age: float, ahead: FloatArray) -> FloatArray:
    """Chance of a subscription of some months of age to run so many months more."""
    model, each = scored.model, TimeUnit.MONTH.days / scored.summary.unit.days
    start = np.floor(age * each + 1e-9) if model.family.DISCRETE else age * each
    later = np.floor((age + ahead) * each + 1e-9) - start if model.family.DISCRETE else ahead * each
    if model.coding_ is not None:
        begun = float(model.survival_new_customer(np.array([start]))[0])
        return np.asarray(model.survival_new_customer(start + later) / max(begun, 1e-300))
    return np.asarray(np.exp(model.family.log_retention(model._theta().tolist(), start, start + later)))


def _leaving(scored: ScoredSubscriptions, options: RunOptions) -> report.Leaving:
    values, soon, table = scored.values, scored.soon, quoted(scored.values.name)
    engine, priced = values.engine, values.has_money
    at_risk, certain = engine.row(
        f"SELECT coalesce(sum(money_at_risk), 0), coalesce(sum(clv_if_stays), 0) FROM {table} WHERE state <> 'ended'"
    )
    unit = scored.summary.unit.value
    young = f"in their first {_YOUNG} {unit}s, when most leave" if unit != "year" else "in their first year"
    groups = []
    for name, rule, where in (
        ("Payment failed", "whose last payment has failed: the quickest to save", "state = 'past_due'"),
        ("Paused", "that are paused and pay nothing now", "state = 'paused'"),
        ("New", young, f"state <> 'ended' AND tenure < {_YOUNG if unit != 'year' else 1}"),
    ):
        count, mrr = engine.row(f"SELECT count(*), coalesce(sum(mrr), 0) FROM {table} WHERE {where}")
        if count:
            groups.append(report.LeavingGroup(name, rule, int(count), float(mrr) if priced else None))
    order = "money_at_risk DESC" if priced else "churn_probability DESC"
    columns = "plan, state, started_on, mrr, renewal_probability, churn_probability, money_at_risk, customer_key"
    customers = [_customer(row) for row in listed(scored.named, columns, "state <> 'ended'", order, _LISTED)]
    reasons = engine.rows(
        f"SELECT end_reason, count(*) FROM {quoted(scored.summary.name)} WHERE ended AND end_reason IS NOT NULL "
        "GROUP BY 1 ORDER BY 2 DESC, 1"
    )
    ended, failed = engine.row(
        f"SELECT count(*) FILTER (ended), count(*) FILTER (end_kind = 'involuntary') FROM {quoted(scored.summary.name)}"
    )
    return report.Leaving(
        soon=estimate(soon.contracts),
        within=soon.within,
        soon_mrr=None if soon.mrr is None else estimate(soon.mrr),
        at_risk=float(at_risk) if priced else None,
        certain=float(certain) if priced else None,
        meaning=meaning(scored, options.horizon, "subscriptions that run", options) if priced else None,
        groups=tuple(groups),
        customers=tuple(customers),
        reasons=tuple(report.EndReason(str(name), int(count)) for name, count in reasons),
        ended=int(ended),
        failed_payments=int(failed),
    )


def _customer(row: tuple[Any, ...]) -> report.LeavingCustomer:
    name, plan, state, since, mrr, renewal, churn, risk, key = row
    return report.LeavingCustomer(
        name=str(name),
        plan=str(plan),
        state=str(state).replace("_", " "),
        since=since,
        mrr=None if mrr is None else float(mrr),
        renewal=float(renewal),
        staying=1.0 - float(churn),
        value_at_risk=None if risk is None else float(risk),
        customer_key=str(key),
    )
