"""The choice of models: the ones that forecast best on days they had not seen, fitted again on all days."""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from keepers.data.table import Table
from keepers.domain.errors import ConfigError, FitError, InputError
from keepers.domain.money import Margin
from keepers.domain.ports import Progress, silent
from keepers.domain.time import Horizon, ObservationWindow, TimeUnit
from keepers.evaluation.backtest import backtest, default_models
from keepers.evaluation.results import Backtest
from keepers.models.baselines import NaiveRate
from keepers.models.buying import BuyingModel
from keepers.models.spend.fitting import fit_spend
from keepers.models.spend.gamma_gamma import GammaGamma
from keepers.models.stack import Stack
from keepers.summaries.acquisition import with_covariates
from keepers.summaries.opportunities import summarise_opportunities
from keepers.summaries.summary import Summary, summarise
from keepers.valuation.season import BEHIND, in_season


class ModelChoice(NamedTuple):
    """Models chosen by holdout and fitted on all orders, with the evidence.

    Attributes
    ----------
    buying : BuyingModel
        Fitted; give it to `keepers.lifetime_value`.
    spending : model of spend or None
        Fitted; None without amounts, or where nobody's spend is known.
    backtest : Backtest
        The trust table; `backtest.verdict` says in a sentence whether to believe the models.
    """

    buying: BuyingModel
    spending: Any
    backtest: Backtest


def choose_model(
    orders: Any,
    window: ObservationWindow | None = None,
    models: Sequence[Any] | None = None,
    origins: int = 3,
    *,
    spending: Sequence[Any] | None = None,
    holdout: Horizon | None = None,
    margin: Margin | float | None = None,
    summary: Summary | None = None,
    covariates: Any = None,
    opportunity: TimeUnit | str | None = None,
    season: bool = True,
    progress: Progress = silent,
) -> ModelChoice:
    """Backtest the models and fit the best of them on all orders.

    The rule: the model with the smallest mean ranked probability score over the origins; of models that do as well,
    the simplest that can lose every kind of customer, see `keepers.evaluation.ranking`; of MBG/NBD and Pareto/NBD the
    one that makes orders and their money together likelier. Spend is modelled on repeat
    orders unless taking the first ones in too, or another model that the
    data ask for, forecasts value better. Where the history is too short to test anything,
    the first model is taken and the verdict says so.

    Parameters
    ----------
    orders : Orders or Dataset
        As `keepers.read_orders` or `keepers.read` give them; the latter where `models` hold a `keepers.LearnedValue`,
        which competes in the forecast of value alone (`backtest.value_stacking`).
    window : ObservationWindow, optional
        Its holdout is the last one of the backtest; the chosen models are fitted on everything up to its end.
    models : sequence of models, optional
        Not yet fitted; MBG/NBD, BG/NBD, Pareto/NBD and NBD without it, and BG/BB where opportunities are counted.
    origins : int
        From how many days in the past the models are tested.
    spending : sequence of models of spend, optional
        Not yet fitted; without it Gamma-Gamma on repeat orders and on all orders, and what else the data ask for:
        SignedSpend where orders lose money, DriftingGammaGamma where its level moves; in the place of Gamma-Gamma spend
        that goes with buying as far as the orders show, see `keepers.backtest`.
    holdout : Horizon, optional
        How far to forecast, where `window` has no holdout.
    margin : Margin or float, optional
        As for `keepers.lifetime_value`.
    summary : Summary, optional
        Of all orders, where it is there already, with the attributes that models have as covariates.
    covariates : frame, "first order", paths or a list of these, optional
        Attributes of customers for models with covariates, as for `keepers.summarise`.
    opportunity : TimeUnit or str, optional
        Count opportunities with a purchase, see `keepers.backtest`; the models are fitted to a summary that
        `keepers.summarise_opportunities` makes, and values are to be computed with one.
    season : bool
        Let models count time by the store's clock, where `keepers.season_of` finds a season and the past does not
        speak against it. A `summary` that is given says itself by which clock it is to be read.
    progress : callable, optional
        Told how far the work is.

    Raises
    ------
    FitError
        If no model can be fitted on all orders.

    Examples
    --------
    >>> import keepers as kp
    >>> frame = {"who": ["a", "a", "b"], "on": ["2024-01-01", "2024-01-15", "2024-01-08"], "paid": [10.0, 20.0, 5.0]}
    >>> orders = kp.Orders.from_frame(frame, customer="who", date="on", amount="paid")
    >>> buying, spending, backtest = kp.choose_model(orders)
    >>> print(backtest.verdict)
    The orders span 14 days, too short to hide some of them and predict the rest: a backtest needs about 42 days. \
MBG/NBD is used untested: its intervals rest on the model alone.
    """
    source = orders
    orders = source if isinstance(source, Table) else getattr(source, "orders", source)
    given = list(default_models(opportunity) if models is None else models)
    learned = [model for model in given if getattr(model, "learns_from_features", False)]
    competing = [model for model in given if model not in learned]
    if learned and not competing:
        competing = list(default_models(opportunity))
    if any(isinstance(model, NaiveRate) for model in competing):
        raise ConfigError("NaiveRate is a rule to be beaten, not a model to choose. Leave it out; it competes anyway.")
    if not competing:
        raise ConfigError("`models` is empty; name at least one, or leave it out.")
    if summary is None:
        end = None if window is None else window.end
        unit = (window or ObservationWindow()).unit
        if opportunity is None:
            summary = summarise(orders, ObservationWindow(end=end, unit=unit), margin, covariates)
            summary = in_season(summary, holdout) if season else summary
        else:
            summary = summarise_opportunities(orders, ObservationWindow(end=end), opportunity, margin)
            summary = summary if covariates is None else with_covariates(summary, orders, covariates)
    elif summary.facts.opportunities != (opportunity is not None):
        raise ConfigError(
            "`summary` and `opportunity` do not count alike: the one is made by `keepers.summarise_opportunities` "
            "where the other is given, by `keepers.summarise` where it is not."
        )
    found = backtest(
        [*competing, *learned], source, window, origins, holdout=holdout, margin=margin, spending=spending,
        covariates=covariates, opportunity=opportunity, season=summary.facts.clock is not None, progress=progress,
    )  # fmt: skip
    if summary.facts.clock is not None:
        found = _said_of_season(found, orders.first_day)
    buying = _buying(competing, found, summary)
    return ModelChoice(buying, _spending(found, spending, summary, buying), found)


def _said_of_season(found: Backtest, first_day: dt.date) -> Backtest:
    """The same, with a word where no origin lies late enough to know the season that the models follow."""
    if not found.rows or any((one.calibration_end or first_day) - first_day >= BEHIND for one in found.windows):
        return found
    alike = "Values follow the store's season, which no date of the test could know yet: it counts every month alike."
    verdict = replace(found.verdict_, reservations=(*found.verdict_.reservations, alike))
    return replace(found, verdict_=verdict)


def _buying(models: Sequence[BuyingModel], found: Backtest, summary: Summary) -> BuyingModel:
    """The winner fitted on all orders; the next best where its fit fails."""
    named: dict[str, BuyingModel] = {}
    for model in models:
        named.setdefault(type(model).__name__, model)
    if found.winner == Stack.name and found.stacking is not None:
        shares = {name: found.stacking.weights[name] for name in named if name in found.stacking.weights}
        named[Stack.name] = Stack([named[name] for name in shares], list(shares.values()))
    winner = [] if found.winner is None else [found.winner]
    order = dict.fromkeys([*winner, *(name for name in found.ranking.order if name in named), *named])
    cells = summary.cells()
    for name in order:
        model = copy.copy(named[name])
        fitted = model.fit(cells if model.gaps is None else summary)
        if fitted.outcome_.usable:
            return fitted
    raise FitError("No model could be fitted on all orders. See `keepers check` for what the data can support.")


def _spending(found: Backtest, given: Sequence[Any] | None, summary: Summary, buying: BuyingModel) -> Any | None:
    """The chosen model of spend fitted on all orders; Gamma-Gamma where its fit fails, on first orders too."""
    if not summary.has_money:
        return None
    wanted = found.spending or (given[0] if given else GammaGamma())
    prior = wanted.prior if isinstance(wanted, GammaGamma) else "auto"
    spare = () if isinstance(wanted, GammaGamma) else (GammaGamma(),)
    for model in (wanted, *spare, GammaGamma(include_first=True, prior=prior)):
        try:
            fitted = fit_spend(copy.copy(model), summary, buying)
        except (InputError, ConfigError):
            continue
        if fitted.outcome_.usable:
            return fitted
    return None
