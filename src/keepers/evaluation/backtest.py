"""Backtests: models and naive rules forecast from several days in the past and are held against what happened."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from keepers.data.table import Table
from keepers.domain.errors import ConfigError, FitError
from keepers.domain.money import Margin
from keepers.domain.ports import Progress, silent
from keepers.domain.time import Horizon, ObservationWindow, TimeUnit
from keepers.evaluation.activity_fit import activity_fit
from keepers.evaluation.baselines import CohortMean, PastSpend
from keepers.evaluation.grading import Forecaster
from keepers.evaluation.law_by_money import by_money
from keepers.evaluation.leaderboard import leaderboard
from keepers.evaluation.opportunity_plan import plan_opportunities
from keepers.evaluation.origin import Origin, open_origin
from keepers.evaluation.plan import plan_origins
from keepers.evaluation.ranking import Ranking, rank
from keepers.evaluation.results import Backtest, BacktestRow
from keepers.evaluation.stacking import Stacking, stackable, stacking
from keepers.evaluation.totals_fit import totals_fail, totals_sentence
from keepers.evaluation.tracking import track
from keepers.evaluation.tracking_opportunities import track_opportunities
from keepers.evaluation.value_backtest import ValueResult, backtest_value
from keepers.evaluation.verdict import Evidence, judge, untested
from keepers.models.baselines import NaiveRate
from keepers.models.btyd.bg_bb import BGBB
from keepers.models.btyd.bg_nbd import BGNBD
from keepers.models.btyd.mbg_nbd import MBGNBD
from keepers.models.btyd.nbd import NBD
from keepers.models.btyd.pareto_nbd import ParetoNBD
from keepers.models.buying import BuyingModel
from keepers.models.spend.fitting import default_spending
from keepers.models.stack import Stack
from keepers.summaries.cohorts import purchase_ages


def default_models(opportunity: TimeUnit | str | None = None) -> tuple[BuyingModel, ...]:
    """The models that compete unless others are named; BG/BB with them where opportunities are counted."""
    continuous = (MBGNBD(), BGNBD(), ParetoNBD(), NBD())
    return continuous if opportunity is None else (BGBB(), *continuous)


def backtest(
    models: Sequence[Any] | None,
    orders: Any,
    window: ObservationWindow | None = None,
    origins: int = 3,
    *,
    baselines: Sequence[Forecaster | PastSpend] = (NaiveRate(), CohortMean(), PastSpend()),
    spending: Sequence[Any] | None = None,
    holdout: Horizon | None = None,
    margin: Margin | float | None = None,
    covariates: Any = None,
    opportunity: TimeUnit | str | None = None,
    season: bool = True,
    progress: Progress = silent,
) -> Backtest:
    """Hide the last part of the orders, forecast it, compare; from several days in the past.

    Parameters
    ----------
    models : sequence of models
        Not yet fitted; a copy of each is fitted at every origin. None stands for `default_models`. With a
        `keepers.LearnedValue` among them value is also learned from features, and mixed with the best model of
        buying and the plain ratio rule where that forecasts better.
    orders : Orders or Dataset
        As `keepers.read_orders` or `keepers.read` give them; of the latter, all tables become features.
    window : ObservationWindow, optional
        Its holdout is the last one; without a holdout the origins are chosen from the span of the orders, see
        `keepers.evaluation.plan.plan_origins`.
    origins : int
        From how many days in the past.
    baselines : sequence of rules
        Naive rules that must be beaten.
    spending : sequence of models of spend, optional
        Not yet fitted; where orders carry amounts, value is forecast with the best model of buying and each of these.
        Without it, Gamma-Gamma on repeat orders competes with Gamma-Gamma on all orders, and with what else the data
        ask for, see `keepers.models.spend.fitting.default_spending`; in the place of Gamma-Gamma spend that goes with
        buying as far as the orders show it is taken, unless it forecasts worse; and of MBG/NBD and Pareto/NBD, where
        they forecast purchases alike, the one that makes orders and money together likelier.
    holdout : Horizon, optional
        How far to forecast, where `window` has no holdout.
    margin : Margin or float, optional
        As for `keepers.lifetime_value`.
    covariates : frame or "first order", optional
        Attributes of customers for models with covariates, as for `keepers.summarise`.
    opportunity : TimeUnit or str, optional
        "day", "week", "month" or "year": forecast in how many opportunities customers buy rather than on how many days,
        as `keepers.summarise_opportunities` counts them. BG/BB needs it; every other model and rule is then fitted to
        the same opportunities and judged by the same count, so that all stand in one leaderboard.
    season : bool
        Let models count time by the store's clock wherever a season was certain by the day, see `keepers.season_of`.
    progress : callable, optional
        Told how far the work is.

    Returns
    -------
    Backtest
        Without rows, and with a verdict that says why, where the history is too short.

    Raises
    ------
    ConfigError
        If a model that counts opportunities is not told their length, or one that learns from the days between
        purchases is asked about opportunities.

    Examples
    --------
    >>> import keepers as kp
    >>> import numpy as np
    >>> rng = np.random.default_rng(1)
    >>> who = rng.zipf(1.6, 3000) % 400
    >>> when = np.datetime64("2023-01-01") + rng.integers(0, 500, 3000)
    >>> orders = kp.Orders.from_frame({"who": who, "when": when}, customer="who", date="when")
    >>> found = kp.backtest([kp.MBGNBD(), kp.NaiveRate()], orders)
    >>> found.winner, len(found.windows)
    ('MBGNBD', 3)
    """
    if models is not None and (not isinstance(models, Sequence) or not models):
        raise ConfigError("`models` is a list of at least one model that is not fitted yet, such as [keepers.BGNBD()].")
    source = orders
    orders = source if isinstance(source, Table) else getattr(source, "orders", source)
    models, learned = _apart(default_models(opportunity) if models is None else models, opportunity)
    rules = [rule for rule in baselines if not isinstance(rule, PastSpend)]
    candidates = _named([*models, *rules])
    if isinstance(margin, (int, float)) or margin is None:
        margin = Margin(margin)
    counted = None if opportunity is None else TimeUnit.parse(opportunity)
    _check_time(candidates.values(), counted)
    first, last = orders.first_day, orders.last_day
    if counted is None:
        plan, remarks = plan_origins(first, last, window, origins, holdout), []
    else:
        plan = plan_opportunities(first, last, counted, window, origins, holdout)
        remarks = [f"Purchases are counted by the {counted.value}: however many somebody made in one, they are one."]
    opened: list[Origin] = []
    remarks += [] if plan.remark is None else [plan.remark]
    try:
        for done, cut in enumerate(plan.windows):
            progress("Backtest", done / len(plan.windows))
            origin = open_origin(orders, cut, margin, covariates, counted, season)
            if isinstance(origin, str):
                remarks.append(origin)
                continue
            opened.append(origin)
            remarks += _grade(origin, candidates, opened[:-1])
        remarks += _too_early(opened)
        ranking = _rank(opened, candidates)
        mix = _stack(opened, candidates, ranking)
        if mix is not None and mix.pays:
            ranking = _rank(opened, candidates)
        value = ValueResult()
        if orders.has_money and spending is None and opened:
            known = {name: [origin.grades[name] for origin in opened] for name in ranking.order}
            ranking = by_money(opened[-1], ranking, known)
        if ranking.winner is not None and orders.has_money:
            title = _title(candidates[ranking.winner])
            asked = default_spending(opened[-1].summary) if spending is None else spending
            value = backtest_value(opened, ranking.winner, title, asked, baselines, in_step=spending is None)
            if learned and value.chosen is not None:
                from keepers.evaluation.learned_backtest import with_learned

                progress("Learning from features", None)
                value = with_learned(opened, value, ranking.winner, learned, source)
        found = _conclude(opened, candidates, ranking, value, mix, remarks)
        progress("Backtest", 1.0)
        return found
    finally:
        for origin in opened:
            origin.drop()


def _too_early(opened: list[Origin]) -> list[str]:
    """A sentence about the days on which a season that is known later could not be known yet."""
    before = [origin.cut for origin in opened if origin.summary.facts.clock is None]
    if not before or len(before) == len(opened):
        return []
    listed = " and ".join(f"{cut}" for cut in before)
    return [
        f"The season of the store could not be known yet on {listed}: from there every month counts alike, so that "
        "totals are off by more."
    ]


def _apart(given: Sequence[Any], opportunity: TimeUnit | str | None) -> tuple[list[Any], dict[str, Any]]:
    """Models of buying and naive rules; and those that learn from features, by class."""
    learned = {one.name: one for one in given if getattr(one, "learns_from_features", False)}
    others = [one for one in given if not getattr(one, "learns_from_features", False)]
    if learned and opportunity is not None:
        raise ConfigError("Learned value sees days, not opportunities. Leave the model or `opportunity` out.")
    if learned and not any(isinstance(one, BuyingModel) for one in others):
        others = [*default_models(opportunity), *others]
    return others, learned


def _named(candidates: Sequence[Forecaster]) -> dict[str, Forecaster]:
    """Candidates by class, each once."""
    named: dict[str, Forecaster] = {}
    for candidate in candidates:
        if isinstance(candidate, type):
            raise ConfigError(f"`{candidate.__name__}` is a class; give an instance, `{candidate.__name__}()`.")
        named.setdefault(type(candidate).__name__, candidate)
    return named


def _check_time(candidates: Iterable[Forecaster], opportunity: TimeUnit | None) -> None:
    """Refuse models whose time is not the one in which purchases are counted."""
    for one in candidates:
        if not isinstance(one, BuyingModel):
            continue
        if one.discrete and opportunity is None:
            raise ConfigError(
                f"{one.title} counts opportunities to buy, and the orders do not say how long one is. Name it, for "
                'example opportunity="month" (or "day", "week", "year"): all models are then judged by it.'
            )
        timed = bool(getattr(one, "varying_coefficients", ()))
        if opportunity is not None and (one.gaps is not None or timed):
            why = "the days between purchases" if one.gaps is not None else "what every day was like"
            raise ConfigError(
                f"{one.title} learns from {why}, and an opportunity is a whole {opportunity.value}. Leave the model "
                "out, or backtest without `opportunity`."
            )


def _grade(origin: Origin, candidates: dict[str, Forecaster], before: Sequence[Origin]) -> list[str]:
    """Grade all candidates at an origin, searches beginning where those before ended; sentences on what failed."""
    remarks = []
    for name, candidate in candidates.items():
        try:
            origin.grade(name, candidate, before[-1].fitted.get(name) if before else None)
        except FitError as error:
            remarks.append(f"{_title(candidate)} could not be graded from {origin.cut}: {error}")
    return remarks


def _stack(opened: list[Origin], candidates: dict[str, Forecaster], ranking: Ranking) -> Stacking | None:
    """What mixing the models would bring; where it pays, the mix becomes a candidate and is graded too."""
    models: dict[str, BuyingModel] = {
        name: one for name in ranking.order if isinstance(one := candidates[name], BuyingModel) and stackable(one)
    }
    found = stacking(
        {name: [origin.grades[name] for origin in opened] for name in models},
        {name: one.title for name, one in models.items()},
    )
    if found is not None and found.pays:
        shares = [found.weights[name] for name in models]
        candidates[Stack.name] = Stack(list(models.values()), shares)
        for origin in opened:
            members: list[Any] = [origin.fitted[name] for name in models]
            origin.grade_fitted(Stack.name, Stack.of_fitted(members, shares))
    return found


def _rank(opened: list[Origin], candidates: dict[str, Forecaster]) -> Ranking:
    """Rank those who could be graded everywhere."""
    everywhere = [name for name in candidates if opened and all(name in origin.grades for origin in opened)]
    rules = frozenset(name for name in everywhere if _is_rule(candidates[name]))
    return rank({name: [origin.grades[name] for origin in opened] for name in everywhere}, rules)


def _conclude(
    opened: list[Origin],
    candidates: dict[str, Forecaster],
    ranking: Ranking,
    value: ValueResult,
    mix: Stacking | None,
    remarks: list[str],
) -> Backtest:
    windows = tuple(origin.window for origin in opened)
    if ranking.winner is None:
        fallback = next((_title(one) for one in candidates.values() if not _is_rule(one)), "The model")
        # Where no day in the past had enough, the last one had most: one sentence says it.
        why = remarks[-1:] if not opened else remarks
        return Backtest((), windows, ranking, untested(" ".join(why), fallback))
    winner = candidates[ranking.winner]
    rows = [_row(origin, name, candidates[name]) for name in ranking.order for origin in opened]
    grades = [origin.grades[ranking.winner] for origin in opened]
    rule = None if ranking.best_rule is None else candidates[ranking.best_rule]
    fits = _fits(opened, candidates, ranking)
    verdict = judge(
        Evidence(
            model=ranking.winner,
            title=_title(winner),
            rule=None if rule is None else str(getattr(rule, "rule", _title(rule))),
            improvement=ranking.improvement,
            total_errors=tuple(e for grade in grades if (e := grade.metrics.total_error) is not None),
            purchases=min(origin.outcomes.total for origin in opened),
            holdout=opened[-1].horizon,
            origins=len(opened),
            coverage_80=sum(grade.coverage[0].randomised for grade in grades) / len(grades),
            ties=tuple(_title(candidates[name]) for name in ranking.tied),
            why=ranking.why,
            value_rule=value.unbeaten_rule,
            misfits=fits,
            remarks=(*remarks, *value.remarks),
        )
    )
    last = opened[-1]
    fitted: Any = last.fitted[ranking.winner]
    ages = purchase_ages(last.summary, last.window.end)
    follow = track_opportunities if last.summary.facts.opportunities else track
    tracking = follow(fitted, _title(winner), ages, last.outcomes, last.cut)
    return Backtest(
        (*rows, *value.rows),
        windows,
        ranking,
        verdict,
        value.chosen,
        value.spending,
        value.interval_levels,
        tracking,
        leaderboard(
            {name: [origin.grades[name] for origin in opened] for name in ranking.order},
            {name: _title(candidates[name]) for name in ranking.order},
            frozenset(name for name in ranking.order if _is_rule(candidates[name])),
            ranking.winner,
        ),
        mix,
        value.intervals,
        value.stacking,
        value.mixed,
    )


def _fits(opened: list[Origin], candidates: dict[str, Forecaster], ranking: Ranking) -> tuple[str, ...]:
    """What the winner fails badly at, where no other model does better."""
    models = [name for name in ranking.order if not _is_rule(candidates[name])]
    last = opened[-1]
    fitted: Any = last.fitted[ranking.winner or ""]
    found = []
    totals = {name: [grade.metrics for grade in (origin.grades[name] for origin in opened)] for name in models}
    if all(totals_fail(some) for some in totals.values()):
        found.append(totals_sentence(totals[ranking.winner or ""]))
    if isinstance(fitted, BuyingModel):
        activity = activity_fit(fitted, last.outcomes)
        if activity.poor:
            found.append(activity.sentence)
    return tuple(found)


def _row(origin: Origin, name: str, candidate: Forecaster) -> BacktestRow:
    grade = origin.grades[name]
    return BacktestRow(
        model=name,
        title=_title(candidate),
        baseline=_is_rule(candidate),
        of="purchases",
        origin=origin.cut,
        horizon=origin.horizon,
        metrics=grade.metrics,
        score=grade.score,
        coverage=grade.coverage,
        groups=grade.groups,
        pit=grade.pit,
    )


def _title(candidate: Forecaster) -> str:
    return str(getattr(candidate, "title", type(candidate).__name__))


def _is_rule(candidate: Forecaster) -> bool:
    return hasattr(candidate, "rule")
