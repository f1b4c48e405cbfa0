"""From orders to values: the summary, the models that the past has chosen, and what every customer is worth."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from keepers.data.orders import Orders
from keepers.data.read import Dataset
from keepers.domain.errors import ConfigError, InputError
from keepers.domain.ports import Progress
from keepers.domain.time import ObservationWindow
from keepers.evaluation.verdict import Trust, Verdict
from keepers.models.buying import BuyingModel
from keepers.models.spend.gamma_gamma import GammaGamma
from keepers.pipeline.customers import value_names
from keepers.pipeline.options import RunOptions
from keepers.summaries.purchases import keep_purchase_days
from keepers.summaries.summary import Summary, summarise
from keepers.valuation.lifetime_value import lifetime_value
from keepers.valuation.values import Values

if TYPE_CHECKING:
    from keepers.evaluation.results import Backtest
    from keepers.models.learned.early_value import EarlyValue
    from keepers.models.learned.learned_value import LearnedValue
    from keepers.summaries.rfm_groups import RfmRule
    from keepers.valuation.season import Season


@dataclass(frozen=True)
class Scored:
    """Everything that is known of the customers.

    Attributes
    ----------
    summary : Summary
        Histories up to the last day.
    buying, spending : fitted models
        `spending` is None without money.
    test : Backtest or None
        None where the model was named and not tested.
    verdict : Verdict
        How far the values can be trusted.
    values : Values
        A row a customer.
    season : Season or None
        That of the store, whether or not values follow it; None where it was not looked for or cannot be known.
    """

    summary: Summary
    buying: BuyingModel
    spending: Any
    test: Backtest | None
    verdict: Verdict
    values: Values
    season: Season | None = None


def score(
    orders: Orders,
    options: RunOptions,
    now: dt.datetime,
    progress: Progress,
    rfm: Callable[[Summary], RfmRule] | None = None,
    learn_from: Dataset | None = None,
) -> Scored:
    """Choose and fit the models and value every customer.

    `rfm` gives the rule of the groups that holds now; with `learn_from` learned value competes in the backtest.
    """
    window = ObservationWindow(end=options.as_of, unit=options.unit)
    progress("Summarising customers", None)
    summary = summarise(orders, window, options.margin)
    named = options.buying_model
    if options.report:
        # Backtests, cohorts and periods are all made of the same days.
        keep_purchase_days(orders, summary.calibration_end, summary.facts.money)
    season = None
    if options.backtest:
        from keepers.evaluation.compare import choose_model

        if options.season:
            from keepers.valuation.season import by_season, found_season

            season = found_season(summary, options.horizon)
            summary = by_season(summary, season)

        models: list[Any] | None = None if named is None else [named]
        if learn_from is not None:
            from keepers.evaluation.backtest import default_models

            models = [*(models or default_models()), competitor()]
        buying, spending, test = choose_model(
            learn_from or orders, window, models, margin=options.margin, summary=summary, progress=progress
        )
        verdict = test.verdict_
    else:
        if named is None:
            raise ConfigError(
                f"{options.model} is a model of contracts, and there are orders too. Without a backtest nothing can "
                "choose the model of buying: name one of those instead, for example --model pareto-nbd."
            )
        progress("Fitting the models", None)
        buying, spending, test = named.fit(summary), _spending(summary), None
        verdict = Verdict(Trust.UNTESTED, f"{buying.title} was named by hand and not tested (--no-backtest).")
    progress("Valuing customers", None)
    values = lifetime_value(
        buying,
        spending,
        summary,
        options.horizon,
        options.discount,
        lifetime=options.lifetime,
        lifetime_interval=True,
        also=options.also,
        rfm=None if rfm is None else rfm(summary),
        scored_at=now,
        interval_levels=None if test is None else test.interval_levels,
        columns=value_names(options.wanted),
    )
    return Scored(summary, buying, spending, test, verdict, values, season)


def competitor() -> LearnedValue:
    """What competes in the backtest of a run: one head, as three would take three times as long."""
    from keepers.models.learned.learned_value import LearnedValue

    return LearnedValue("hurdle")


def early_competitor() -> EarlyValue:
    """What learns from the first days of customers."""
    from keepers.models.learned.early_value import EarlyValue

    return EarlyValue()


def _spending(summary: Summary) -> Any:
    """The spend model; where nobody came back with money, on first orders; none where nothing brought any."""
    if not summary.has_money:
        return None
    for model in (GammaGamma(), GammaGamma(include_first=True)):
        with contextlib.suppress(InputError):
            return model.fit(summary)
    return None
