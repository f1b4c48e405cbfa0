"""The report's content, put together from everything that a run has found."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from keepers.data.read import Dataset
from keepers.domain.money import MoneyBasis
from keepers.domain.version import VERSION
from keepers.models.spend.gamma_gamma import GammaGamma
from keepers.models.spend.trait_tests import trait_tests
from keepers.pipeline import content_trust as trust
from keepers.pipeline.content_cohorts import cohort_content
from keepers.pipeline.content_data import data_content
from keepers.pipeline.content_groups import alive_content, breakdowns_content
from keepers.pipeline.content_keeping import promises_content, segments_content, warnings_content
from keepers.pipeline.content_value import estimate, formula_content, lever_content
from keepers.pipeline.insights import Insights
from keepers.pipeline.options import RunOptions
from keepers.pipeline.scoring import Scored
from keepers.pipeline.summary_file import FILES, store_name
from keepers.reports import content
from keepers.reports.acquisition import Channels
from keepers.reports.attribution import Attribution
from keepers.reports.budget import Budget
from keepers.reports.decisions import Drivers, Offers
from keepers.reports.evidence import FittedModel
from keepers.reports.figures import MoneyMeaning, Span
from keepers.reports.groups import CohortMeasure, CohortTriangle
from keepers.reports.leads import Leads
from keepers.reports.recommendations import Recommendations
from keepers.reports.season import busy_months
from keepers.reports.subscriptions import Subscriptions
from keepers.summaries.cohorts import cohorts, purchase_ages
from keepers.valuation.cohort_forecast import cohort_forecast

if TYPE_CHECKING:
    from keepers.pipeline.acquiring import Acquired
    from keepers.pipeline.decisions import Decided
    from keepers.pipeline.keeping import Keeping
    from keepers.pipeline.learned import LearnedRun
    from keepers.pipeline.subscriptions import ScoredSubscriptions

_FITS = 7
"""Fits of single plans that are shown."""


def report_content(
    dataset: Dataset,
    scored: Scored,
    found: Insights,
    options: RunOptions,
    now: dt.datetime,
    subscribed: ScoredSubscriptions | None,
    written: Collection[str],
    notes: Sequence[str] = (),
    learned: LearnedRun | None = None,
    kept: Keeping | None = None,
    decided: Decided | None = None,
    acquired: Acquired | None = None,
) -> content.ReportContent:
    """Everything the report says of a shop, and of its subscriptions where it has any."""
    values, meant, test = scored.values, found.meanings, scored.test
    offers, drivers, after = _decisions(decided, options)
    return content.ReportContent(
        store=_store(dataset, scored, options, now, subscribed),
        verdict=trust.verdict_content(
            scored.buying, scored.verdict, test, () if learned is None else learned.sentences[1:2]
        ),
        activity=_activity(scored, found, options),
        equity=_equity(found),
        at_risk=found.at_risk,
        channels=_channels(acquired, options),
        budget=_budget(acquired, options),
        attribution=_attribution(acquired, options),
        leads=_leads(acquired),
        offers=offers,
        drivers=drivers,
        next_products=after,
        levers=lever_content(found.levers, meant.lifetime),
        tiers=found.tiers,
        rfm=found.rfm,
        breakdowns=breakdowns_content(values, meant.ahead),
        cohorts=_cohorts(scored, meant.past),
        season=busy_months(found.season),
        alive_map=alive_content(values),
        tracking=None if test is None else trust.tracking_content(test),
        calibration=None if test is None else trust.calibration_content(test),
        backtest=None if test is None else trust.backtest_content(test),
        formulas=formula_content(found.formulas, found.equity.mean, meant.ahead, options),
        reconciliation=data_content(dataset.reconciliation, dataset.currency, values.has_money, _read_money(found)),
        subscriptions=None if subscribed is None else _subscriptions(subscribed, options, beside_orders=True),
        warnings=() if kept is None else warnings_content(kept, dataset, options, meant.at_risk),
        segments=None
        if kept is None
        else segments_content(values, kept, dataset, meant.ahead, meant.lifetime, meant.past),
        promises=() if kept is None else promises_content(kept, meant.ahead),
        models=(*_models(scored), *_learned(learned), *(() if subscribed is None else contract_models(subscribed))),
        notes=(
            *notes,
            *(() if kept is None else kept.notes),
            *values.remarks,
            *(() if subscribed is None else subscribed.values.remarks),
            *dataset.reconciliation.warnings,
        ),
        files=_files(written),
    )


def subscription_report(
    dataset: Dataset,
    scored: ScoredSubscriptions,
    options: RunOptions,
    now: dt.datetime,
    written: Collection[str],
    kept: Keeping | None = None,
) -> content.ReportContent:
    """Everything the report says where there are subscriptions alone."""
    summary, values = scored.summary, scored.values
    currency = values.currency if values.has_money else None
    found = _subscriptions(scored, options, beside_orders=False)
    judged = trust.verdict_content(scored.model, scored.verdict, scored.test)
    account = dataset.reconciliation
    return content.ReportContent(
        store=content.Store(
            name=store_name(dataset, options),
            first_day=scored.first_day,
            last_day=summary.facts.cut,
            customers=found.customers,
            orders=None,
            generated_at=now,
            version=VERSION,
            currency=currency,
            simulated=options.simulated,
        ),
        verdict=replace(judged, counted="renewals", hidden="endings", whose="subscriptions", test="staying"),
        subscriptions=found,
        warnings=() if kept is None else warnings_content(kept, dataset, options, found.leaving.meaning),
        reconciliation=data_content(account, dataset.currency, False, None),
        models=contract_models(scored),
        notes=(*values.remarks, *account.warnings),
        files=_files(written),
    )


def _decisions(
    decided: Decided | None, options: RunOptions
) -> tuple[Offers | None, Drivers | None, Recommendations | None]:
    if decided is None:
        return None, None, None
    # Runs on orders alone need not load what offers need.
    from keepers.pipeline.content_decisions import drivers_content, offers_content
    from keepers.pipeline.recommending import recommendations_content

    after = recommendations_content(decided.next, options)
    return offers_content(decided, options), drivers_content(decided, options), after


def _channels(acquired: Acquired | None, options: RunOptions) -> Channels | None:
    if acquired is None:
        return None
    # Runs on orders alone need not load what channels need.
    from keepers.pipeline.content_channels import channels_content

    return channels_content(acquired, options)


def _budget(acquired: Acquired | None, options: RunOptions) -> Budget | None:
    if acquired is None:
        return None
    from keepers.pipeline.content_budget import budget_content

    return budget_content(acquired.budget, options)


def _attribution(acquired: Acquired | None, options: RunOptions) -> Attribution | None:
    if acquired is None or acquired.attribution is None:
        return None
    from keepers.pipeline.content_attribution import attribution_content

    return attribution_content(acquired.attribution, options)


def _leads(acquired: Acquired | None) -> Leads | None:
    if acquired is None:
        return None
    # Runs on orders alone need not load what leads need.
    from keepers.pipeline.content_leads import leads_content

    return leads_content(acquired.leads)


def _subscriptions(scored: ScoredSubscriptions, options: RunOptions, beside_orders: bool) -> Subscriptions:
    # Runs on orders alone need not load what contracts need.
    from keepers.pipeline.content_subscriptions import subscription_content

    return subscription_content(scored, options, beside_orders)


def contract_models(scored: ScoredSubscriptions) -> tuple[FittedModel, ...]:
    """The model of contracts, of all together and of each plan where plans are told apart."""
    fits = [("contracts", scored.model), *((f"plan {name}", fit) for name, fit in scored.model.plans_.items())]
    return tuple(trust.model_content(fit, role, fit.remarks_) for role, fit in fits[:_FITS])


def _files(written: Collection[str]) -> tuple[content.OutputFile, ...]:
    present = {*written, "summary.json"} - {"report.html"}
    return tuple(content.OutputFile(name, what) for name, what in FILES.items() if name in present)


def _store(
    dataset: Dataset, scored: Scored, options: RunOptions, now: dt.datetime, subscribed: ScoredSubscriptions | None
) -> content.Store:
    count, orders, revenue = scored.summary.engine.row(
        f"SELECT count(*), sum(orders), sum(revenue) FROM ({scored.summary.sql}) AS customer"
    )
    money = scored.values.has_money
    priced = subscribed is not None and subscribed.values.has_money
    other = subscribed.values.currency if subscribed is not None and priced else None
    return content.Store(
        name=store_name(dataset, options),
        first_day=dataset.orders.first_day,
        last_day=scored.summary.calibration_end,
        customers=int(count),
        orders=int(orders),
        generated_at=now,
        version=VERSION,
        currency=dataset.currency if money else other,
        revenue=float(revenue) if money and revenue is not None else None,
        revenue_meaning=MoneyMeaning(MoneyBasis.NET_REVENUE, Span.PAST, f"all {count:,} customers") if money else None,
        simulated=options.simulated,
    )


def _activity(scored: Scored, found: Insights, options: RunOptions) -> content.Activity:
    repeaters = scored.summary.engine.row(
        f"SELECT count(*) FROM ({scored.summary.sql}) AS customer WHERE frequency > 0"
    )[0]
    return content.Activity(
        horizon=options.horizon,
        still_customers=estimate(found.equity.still_customers),
        expected_orders=estimate(found.equity.expected_orders),
        repeat_customers=int(repeaters),
    )


def _equity(found: Insights) -> content.Equity | None:
    known, meant = found.equity, found.meanings
    if known.total is None or known.mean is None or known.median is None or meant.ahead is None:
        return None
    return content.Equity(
        total=estimate(known.total),
        meaning=meant.ahead,
        mean=known.mean,
        median=known.median,
        top_share=known.top_share or 0.0,
        lifetime=None if known.lifetime is None else estimate(known.lifetime),
        lifetime_meaning=meant.lifetime,
        also=None if known.also is None else estimate(known.also),
        also_meaning=meant.also,
        historic=known.historic,
        historic_meaning=meant.past,
        concentration=known.concentration,
    )


def _cohorts(scored: Scored, meaning: MoneyMeaning | None) -> tuple[CohortTriangle, ...]:
    ages = purchase_ages(scored.summary)
    seen = cohorts(scored.summary, ages)
    ahead = cohort_forecast(scored.values, seen, ages)
    forecast = {CohortMeasure.CUMULATIVE_ORDERS: ahead.purchases}
    if ahead.money is not None:
        forecast[CohortMeasure.CUMULATIVE_VALUE] = ahead.money
    return cohort_content(seen, meaning, forecast)


def _read_money(found: Insights) -> MoneyMeaning | None:
    if found.meanings.past is None:
        return None
    return MoneyMeaning(MoneyBasis.REVENUE, Span.PAST, "all orders in the files")


def _trait_sentences(scored: Scored) -> tuple[str, ...]:
    """Whether spend goes with how often customers buy and how soon they leave, where it is taken not to."""
    if not isinstance(scored.spending, GammaGamma):
        return ()
    tests = trait_tests(scored.spending, scored.summary, scored.buying)
    return () if tests is None else tests.sentences


def _learned(found: LearnedRun | None) -> tuple[FittedModel, ...]:
    if found is None:
        return ()
    model, early = found.model, found.early
    first_days = (
        ()
        if early is None
        else (
            FittedModel(
                name=early.model.title,
                role="value of a first year, from first days",
                outcome=early.sentences[0],
                parameters=(),
                customers=max(one.n_customers_ for one in early.model.models_.values()),
                prior_share=None,
                remarks=early.sentences[1:],
            ),
        )
    )
    return (
        FittedModel(
            name=model.title,
            role="value, from features",
            outcome=found.sentences[0],
            parameters=(),
            customers=model.n_customers_,
            prior_share=model.prior_share_,
            remarks=found.sentences[1:],
        ),
        *first_days,
    )


def _models(scored: Scored) -> tuple[FittedModel, ...]:
    found = [trust.model_content(scored.buying, "purchases")]
    if scored.spending is not None:
        independence = getattr(scored.spending, "independence_", None)
        said = () if independence is None else (independence.sentence,)
        remarks = (*said, *_trait_sentences(scored), *scored.spending.remarks_)
        found.append(trust.model_content(scored.spending, "spend", remarks))
    return tuple(found)
