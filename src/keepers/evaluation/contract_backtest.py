"""Backtests of contracts: models and naive rules forecast renewals from several days in the past."""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from keepers.data.table import Table
from keepers.domain.errors import ConfigError, FitError
from keepers.domain.ports import Progress, silent
from keepers.domain.time import Horizon, ObservationWindow, TimeUnit, calendar_shift
from keepers.evaluation.contract_baselines import CHURN_RULES, ChurnRule
from keepers.evaluation.contract_candidates import ContractCandidate, candidates_of, default_contract_models
from keepers.evaluation.contract_origin import (
    ContractOrigin,
    open_contract_origin,
    plan_contract_cuts,
)
from keepers.evaluation.leaderboard import leaderboard
from keepers.evaluation.ranking import Ranking, rank
from keepers.evaluation.results import Backtest, BacktestRow
from keepers.evaluation.tracking import Tracking, TrackingPoint
from keepers.evaluation.verdict import RENEWALS, Evidence, judge, untested
from keepers.models.contractual.contract import ContractModel
from keepers.models.contractual.known import columns_needed
from keepers.summaries.attributes import attribute_columns
from keepers.summaries.subscriptions import (
    DEFAULT_GRACE,
    SubscriptionSummary,
    billing_period,
    contract_span,
    subscription_table,
    summarise_subscriptions,
)


class SubscriptionChoice(NamedTuple):
    """A model of contracts chosen by holdout and fitted on all contracts, with the evidence.

    Attributes
    ----------
    model : ContractModel
        Fitted; give it to `keepers.subscription_value` with the summary.
    summary : SubscriptionSummary
        Of all contracts.
    backtest : Backtest
        The trust table; `backtest.verdict` says in a sentence whether to believe the model.
    """

    model: ContractModel
    summary: SubscriptionSummary
    backtest: Backtest


def backtest_subscriptions(
    models: Sequence[ContractModel] | None,
    subscriptions: Any,
    window: ObservationWindow | None = None,
    period: TimeUnit | str | None = None,
    origins: int = 3,
    *,
    holdout: Horizon | None = None,
    grace: Horizon = DEFAULT_GRACE,
    observed_from: dt.date | str | None = None,
    by_plan: bool | None = None,
    attributes: Any = None,
    rules: Sequence[ChurnRule] = CHURN_RULES,
    progress: Progress = silent,
) -> Backtest:
    """Hide what became of contracts lately, forecast their renewals, compare; from several days in the past.

    At each cut the models are fitted to the contracts as they were known then, and say for each contract that ran
    how likely it outlasts one more period, two, and so on to the end of the holdout. What is counted is the renewals
    that followed; the score is the ranked probability score of their number, in renewals a contract. Naive rules
    must be beaten: one churn rate for all, that of lately, and that of others of the same age.

    Parameters
    ----------
    models : sequence of models of contracts
        Not yet fitted; a copy of each is fitted at every cut. None stands for all four of the house.
    subscriptions : Table or frame
        As for `keepers.summarise_subscriptions`.
    window : ObservationWindow, optional
        Its `end` is the last day that is seen; the last on which anything began or ended otherwise.
    period : TimeUnit or str, optional
        Calendar period of renewals; the one by which most contracts are billed otherwise.
    origins : int
        From how many days in the past.
    holdout : Horizon, optional
        How far to forecast, in whole periods; a third of the span and at most a year (three of annual contracts)
        otherwise.
    grace, observed_from
        As for `keepers.summarise_subscriptions`.
    by_plan : bool, optional
        Whether each model also competes with a fit of each plan. If left out it does where contracts ended in two
        plans or more often enough to tell them apart.
    attributes : frame or Table, optional
        A row a customer (`customer_key`) of what is known of them from the start, such as channel and country. Each
        model then also competes with those columns (and the plan) as covariates, of which at least two levels have
        endings enough; see `keepers.Covariates`.
    rules : sequence of rules
        Naive rules that must be beaten.
    progress : callable, optional
        Told how far the work is.

    Returns
    -------
    Backtest
        Its rows are ``of`` renewals. Without rows, and with a verdict that says why, where too little is known.

    Raises
    ------
    InputError
        If the table has no contract with a day on which it began.

    Examples
    --------
    >>> import keepers as kp
    >>> import numpy as np
    >>> rng = np.random.default_rng(1)
    >>> start = np.datetime64("2022-01-01") + rng.integers(0, 700, 900)
    >>> months = rng.geometric(rng.beta(0.9, 6.0, 900))
    >>> end = start + np.minimum(months * 30, 5000)
    >>> ended = np.where(end < np.datetime64("2024-01-01"), end.astype(str), None)
    >>> contracts = {"customer_key": np.arange(900).astype(str), "started_on": start.astype(str), "ended_on": ended}
    >>> found = kp.backtest_subscriptions([kp.ShiftedBetaGeometric()], contracts)
    >>> found.winner, found.counted, len(found.windows), found.ranking.beats_rules
    ('ShiftedBetaGeometric', 'renewals', 3, True)
    """
    return _backtested(
        models, subscription_table(subscriptions), window, period, origins, holdout, by_plan, attributes, rules,
        progress, grace=grace, observed_from=observed_from,
    )[0]  # fmt: skip


def _backtested(
    models: Sequence[ContractModel] | None,
    table: Table,
    window: ObservationWindow | None,
    period: TimeUnit | str | None,
    origins: int,
    holdout: Horizon | None,
    by_plan: bool | None,
    attributes: Any,
    rules: Sequence[ChurnRule],
    progress: Progress,
    **settings: Any,
) -> tuple[Backtest, dict[str, ContractCandidate]]:
    """The backtest, and by name who competed."""
    first, last = contract_span(table)
    unit = billing_period(table) if period is None else TimeUnit.parse(period)
    end = (window or ObservationWindow()).resolved(last).end or last
    cuts, periods, remark = plan_contract_cuts(first, end, unit, origins, _periods(holdout, unit))
    remarks = [] if remark is None else [remark]
    opened: list[ContractOrigin] = []
    competing = list(default_contract_models() if models is None else models)
    _check(competing)
    asked = [name for model in competing for name in columns_needed(model.covariates)]
    columns = tuple(dict.fromkeys([*asked, *(() if attributes is None else ("plan", *attribute_columns(attributes)))]))
    try:
        for done, (cut, until) in enumerate(cuts):
            progress("Backtest of subscriptions", done / len(cuts))
            origin = open_contract_origin(
                table, cut, until, periods, unit, attributes=attributes, columns=columns, **settings
            )
            if isinstance(origin, str):
                remarks.append(origin)
                continue
            opened.append(origin)
        earliest = opened[0].summary if opened else None
        further = () if attributes is None else tuple(name for name in columns if name not in asked)
        candidates = candidates_of(competing, earliest, by_plan, further)
        for origin in opened:
            remarks += _grade(origin, candidates, rules)
        found = _conclude(opened, candidates, rules, remarks)
        progress("Backtest of subscriptions", 1.0)
        return found, candidates
    finally:
        for origin in opened:
            origin.drop()


def choose_subscription_model(
    subscriptions: Any,
    window: ObservationWindow | None = None,
    period: TimeUnit | str | None = None,
    models: Sequence[ContractModel] | None = None,
    origins: int = 3,
    *,
    grace: Horizon = DEFAULT_GRACE,
    observed_from: dt.date | str | None = None,
    attributes: Any = None,
    progress: Progress = silent,
) -> SubscriptionChoice:
    """Backtest the models of contracts and fit the best of them on all contracts.

    The model with the smallest mean score over the origins; of models that do as well, beyond what chance explains, the
    one with the fewest parameters. Where too little is known to test anything the first is taken, and the verdict says
    so.

    Parameters
    ----------
    subscriptions, window, period, models, origins, grace, observed_from, attributes, progress
        As for `backtest_subscriptions`.

    Raises
    ------
    FitError
        If no model can be fitted on all contracts.

    Examples
    --------
    >>> import keepers as kp
    >>> contracts = {
    ...     "customer_key": list("abcdef"), "plan": ["small", "large"] * 3, "amount": [10.0, 25.0] * 3,
    ...     "started_on": ["2024-01-15", "2024-02-01", "2024-02-10", "2024-03-05", "2024-03-20", "2024-05-01"],
    ...     "ended_on": [None, None, "2024-06-10", None, "2024-05-20", None],
    ... }
    >>> model, summary, test = kp.choose_subscription_model(contracts)
    >>> model.title, test.verdict_.trust.value
    ('sBG', 'untested')
    """
    table = subscription_table(subscriptions)
    unit = billing_period(table) if period is None else TimeUnit.parse(period)
    competing = list(default_contract_models() if models is None else models)
    settings = {"grace": grace, "observed_from": observed_from}
    found, candidates = _backtested(
        competing, table, window, unit, origins, None, None, attributes, CHURN_RULES, progress, **settings
    )
    end = None if window is None else window.end
    summary = summarise_subscriptions(table, ObservationWindow(calibration_end=end), unit, **settings)  # type: ignore[arg-type]
    if attributes is not None:
        summary = summary.with_columns(attributes)
    candidates = candidates or {one.name: one for one in map(ContractCandidate, competing)}
    plain = [name for name, one in candidates.items() if one.by is None and one.model in competing]
    for name in dict.fromkeys([*([found.winner] if found.winner else []), *found.ranking.order, *plain]):
        if name not in candidates:
            continue
        one = candidates[name]
        fitted = copy.copy(one.model).fit(summary, by=one.by, pooled=one.by is not None)
        if fitted.outcome_.usable:
            return SubscriptionChoice(fitted, summary, found)
    raise FitError("No model of contracts could be fitted. See `keepers check` for what the data can support.")


def _check(models: Sequence[ContractModel]) -> None:
    if not models:
        raise ConfigError("`models` is empty; name at least one, or leave it out.")
    for model in models:
        if not isinstance(model, ContractModel):
            raise ConfigError(
                f"{model!r} is no model of contracts. Use ShiftedBetaGeometric(), BetaDiscreteWeibull(), "
                "ExponentialGamma() or WeibullGamma(); for orders without a contract see `backtest`."
            )


def _periods(holdout: Horizon | None, unit: TimeUnit) -> int | None:
    if holdout is None:
        return None
    periods = round(holdout.in_unit(unit))
    if periods < 1:
        raise ConfigError(
            f"`holdout` is {holdout}, less than one {unit.value}, the period of renewals. Make it longer."
        )
    return periods


def _grade(origin: ContractOrigin, candidates: dict[str, ContractCandidate], rules: Sequence[ChurnRule]) -> list[str]:
    """Grade everybody at an origin; sentences about those that failed."""
    remarks = []
    for candidate in candidates.values():
        try:
            origin.grade(candidate)
        except FitError as error:
            remarks.append(f"{candidate.title} could not be graded from {origin.window.calibration_end}: {error}")
    for rule in rules:
        origin.grade_rule(rule)
    return remarks


def _conclude(
    opened: Sequence[ContractOrigin],
    candidates: dict[str, ContractCandidate],
    rules: Sequence[ChurnRule],
    remarks: Sequence[str],
) -> Backtest:
    windows = tuple(origin.window for origin in opened)
    titles = {name: one.title for name, one in candidates.items()} | {type(one).__name__: one.title for one in rules}
    naive = {type(one).__name__: one.rule for one in rules}
    everywhere = [name for name in titles if opened and all(name in origin.grades for origin in opened)]
    grades = {name: [origin.grades[name] for origin in opened] for name in everywhere}
    ranking = rank(grades, frozenset(naive).intersection(everywhere)) if grades else Ranking((), None, (), None, None)
    if ranking.winner is None:
        fallback = next(iter(titles.values()), "The model")
        return Backtest((), windows, ranking, untested(" ".join(remarks[-1:] if not opened else remarks), fallback))
    own = grades[ranking.winner]
    errors = tuple(error for grade in own if (error := grade.metrics.total_error) is not None)
    verdict = judge(
        Evidence(
            model=ranking.winner,
            title=titles[ranking.winner],
            rule=None if ranking.best_rule is None else naive[ranking.best_rule],
            improvement=ranking.improvement,
            total_errors=errors,
            purchases=min(origin.outcomes.endings for origin in opened),
            holdout=opened[-1].horizon,
            origins=len(opened),
            coverage_80=float(np.mean([grade.coverage[0].randomised for grade in own])),
            ties=tuple(titles[name] for name in ranking.tied),
            remarks=tuple(remarks),
        ),
        RENEWALS,
    )
    return Backtest(
        tuple(_row(origin, name, titles[name], name in naive) for name in ranking.order for origin in opened),
        windows,
        ranking,
        verdict,
        tracking=_track(opened[-1], ranking.winner, titles[ranking.winner]),
        places=leaderboard(
            {name: grades[name] for name in ranking.order},
            titles,
            frozenset(naive),
            ranking.winner,
            "renewals a contract",
        ),
    )


def _row(origin: ContractOrigin, name: str, title: str, naive: bool) -> BacktestRow:
    grade = origin.grades[name]
    cut = origin.window.calibration_end
    assert cut is not None
    return BacktestRow(
        model=name,
        title=title,
        baseline=naive,
        of="renewals",
        origin=cut,
        horizon=origin.horizon,
        metrics=grade.metrics,
        score=grade.score,
        coverage=grade.coverage,
        groups=grade.groups,
        pit=grade.pit,
    )


def _track(origin: ContractOrigin, name: str, title: str) -> Tracking:
    """How many of the contracts that ran at the last cut still ran after each period: predicted, and as it came."""
    cut, unit, found = origin.window.calibration_end, origin.horizon.unit, origin.outcomes
    assert cut is not None
    predicted = found.weight @ origin.ahead[name]
    points = [TrackingPoint(cut, found.contracts, found.contracts)]
    for step in range(1, found.periods + 1):
        still = float(found.weight[found.lasted >= step].sum())
        points.append(TrackingPoint(calendar_shift(cut, step, unit), still, float(predicted[step - 1])))
    return Tracking(tuple(points), cut, unit, title)
