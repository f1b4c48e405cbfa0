"""Learned value in a run: learned on all days, mixed where the backtest says so, beside or in place of the model's."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from keepers.data.engine import quoted
from keepers.data.read import Dataset
from keepers.domain.errors import FitError, InputError
from keepers.domain.ports import Progress
from keepers.models.learned.learned_value import LearnedValue
from keepers.models.learned.lessons import matched, money_after
from keepers.models.learned.mixed_value import MIX
from keepers.numerics.conformal_bins import ZeroLognormal
from keepers.pipeline import scoring
from keepers.pipeline.early import EarlyRun, early_values
from keepers.pipeline.learned_said import BY_ORDERS
from keepers.pipeline.options import RunOptions
from keepers.pipeline.scoring import Scored
from keepers.summaries.features import features_at
from keepers.valuation.columns import RANKS
from keepers.valuation.facts import horizon_label
from keepers.valuation.values import Values, create_view

if TYPE_CHECKING:
    from keepers.evaluation.results import Backtest

FloatArray = NDArray[np.float64]

LEVEL = 0.8

_OF_OTHER_HORIZONS = ("clv_predicted_", "clv_lifetime", "clv_infinite")


@dataclass(frozen=True, slots=True, eq=False)
class LearnedRun:
    """What was learned in a run.

    Attributes
    ----------
    model : LearnedValue
        Learned on all days.
    used : bool
        Whether the predicted value of customers is mixed with it.
    sentences : tuple of str
        What a person should know.
    early : EarlyRun or None
        What newcomers will be worth by their first days, where that could be learned.
    meanings : mapping of str to str
        The features in words.
    """

    model: LearnedValue
    used: bool
    sentences: tuple[str, ...]
    early: EarlyRun | None = None
    meanings: Mapping[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and words for a file."""
        model = self.model
        return {
            "used": self.used,
            "head": model.head_,
            "features": len(model.feature_names),
            "customers": model.n_customers_,
            "prior_share": model.prior_share_,
            "importance": [
                {**one, "meaning": self.meanings.get(one["feature"])}
                for one in model.feature_importance().to_dict()["weights"][:20]
            ],
            "stability": model.feature_importance().stability,
            "sentences": list(self.sentences),
            "early": None if self.early is None else self.early.to_dict(),
        }


def learned_values(
    dataset: Dataset, scored: Scored, options: RunOptions, progress: Progress
) -> tuple[Scored, LearnedRun | None, tuple[str, ...]]:
    """Add learned value to the customers; or a sentence why there is none.

    `clv_learned_12m` and the ends of its interval are new columns. Where the backtest says that the mix forecasts
    better, `clv_predicted_12m` and its interval are the mix's, and percentiles and tiers follow; what the models of
    buying and spend say alone stays as `clv_by_orders_12m` and its interval. The total of all customers stays that of
    the model of buying, whose uncertainty is known: the mix says how it is divided among them.
    Newcomers also have what they will be worth in their first year, see `keepers.pipeline.early`.
    """
    test = scored.test
    if test is None or not scored.values.has_money:
        return scored, None, ("Nothing was learned from features: that needs amounts and a backtest.",)
    progress("Learning from features", None)
    cut = scored.summary.calibration_end
    features = features_at(dataset, cut)
    meanings = {name: one.meaning for name, one in features.catalogue.items()}
    try:
        clock = scored.summary.facts.clock
        model = scoring.competitor().learn(dataset, options.horizon, cut, options.margin, clock, features)
        keys, law = model.laws(features)
    except (InputError, FitError) as error:
        return scored, None, (f"Nothing was learned from features. {error}",)
    finally:
        features.engine.drop(features.name)
    cells = scored.values.facts.cells
    weight, found = cells.cells.weight, cells.predictions
    later = float(weight @ found.discounted_purchases) / max(float(weight @ found.expected_purchases), 1e-12)
    column = scored.values.value_column
    own = scored.values.engine.columns(
        f"SELECT customer_key, CAST({quoted(column)} AS DOUBLE) AS value FROM {quoted(scored.values.name)} AS valued "
        "ORDER BY customer_key"
    )
    modelled = matched(keys, own["customer_key"], np.asarray(own["value"], dtype=np.float64)) / later
    low, high = model.bins.levels(law.mean / model.stretch_, LEVEL)
    label = f"clv_learned_{horizon_label(options.horizon)}"
    columns = {
        "customer_key": keys,
        label: later * law.mean,
        f"{label}_low": later * law.quantile(low),
        f"{label}_high": later * law.quantile(high),
    }
    used = test.value_model == MIX
    if used:
        mixed = _mixed(dataset, scored, test, cut, keys, modelled, law, model)
        whole = float(modelled.sum()) / max(float(mixed["value"].sum()), 1e-12)
        columns |= {f"better_{name}": later * whole * one for name, one in mixed.items()}
    values = _joined(scored.values, columns, used)
    sentences = (model.sentence, *_said(test, used), model.feature_importance().sentence)
    values, early, notes = early_values(dataset, values, cut, options, progress)
    return replace(scored, values=values), LearnedRun(model, used, sentences, early, meanings), notes


def _mixed(
    dataset: Dataset,
    scored: Scored,
    test: Backtest,
    cut: dt.date,
    keys: NDArray[Any],
    modelled: FloatArray,
    law: ZeroLognormal,
    model: LearnedValue,
) -> dict[str, FloatArray]:
    """Value and interval of each customer by what forecast best, undiscounted."""
    from keepers.evaluation.learned_backtest import BUYING
    from keepers.evaluation.spend_ratio import SpendRatio, ratio_before

    assert test.holdout is not None
    summary, horizon = scored.summary, scored.values.facts.horizon
    money, length = summary.facts.money, round(horizon.days)
    ratio = ratio_before(dataset.orders, cut, length, money)
    since = cut - dt.timedelta(days=length)
    past = np.maximum(money_after(dataset.orders, since, cut, money, keys), 0.0) * ratio.value * summary.margin.factor
    # The mix was found for the length of the holdout: forecasts are brought to it, and the answer back.
    share = test.holdout.days / horizon.days
    forecasts = {BUYING: share * modelled, SpendRatio.name: share * past, model.name: share * law.mean}
    mix = test.mixed_value
    mixed = mix.law(forecasts, law)
    low, high = mix.bins.levels(mixed.mean, LEVEL)
    return {"value": mixed.mean / share, "low": mixed.quantile(low) / share, "high": mixed.quantile(high) / share}


def _joined(values: Values, columns: Mapping[str, Any], used: bool) -> Values:
    """Values with the new columns; where they are better, in place of the model's."""
    engine, name = values.engine, values.value_column
    table = engine.from_columns(engine.new_name("learned"), columns)
    better = {name: "value", f"{name}_low": "low", f"{name}_high": "high"} if used else {}
    present = values.columns
    taken = {
        one: f"coalesce(learned.better_{better[one]}, v.{quoted(one)})" if one in better else f"v.{quoted(one)}"
        for one in present
    }
    if used:
        taken |= _in_proportion(values, table, [one for one in present if one not in better])
    if used and RANKS[0] in present:
        # A customer's percentile is the share of the others who are worth less; equals share theirs.
        taken[RANKS[0]] = f"100.0 * percent_rank() OVER (ORDER BY {taken[name]})"
    listed = ", ".join(f"{sql} AS {quoted(one)}" for one, sql in taken.items() if one != RANKS[1])
    added = ", ".join(f"learned.{quoted(one)}" for one in columns if one.startswith("clv_"))
    for one in better:
        by_orders = one.replace("clv_predicted_", BY_ORDERS)
        listed += f", v.{quoted(one)} AS {quoted(by_orders)}"
        present = (*present, by_orders)
    query = (
        f"SELECT {listed}, {added} FROM {quoted(values.name)} AS v LEFT JOIN {quoted(table)} AS learned "
        "ON learned.customer_key = v.customer_key"
    )
    if RANKS[1] in present:
        tier = values.facts.tiers.sql(RANKS[0]) if used else None
        whole = ", ".join(
            quoted(one) if one != RANKS[1] or tier is None else f"{tier} AS {RANKS[1]}" for one in present
        )
        if tier is None:
            query = query.replace(f"SELECT {listed}", f"SELECT {listed}, v.{RANKS[1]} AS {RANKS[1]}", 1)
        query = f"SELECT {whole}, {added.replace('learned.', '')} FROM ({query}) AS ranked"
    return Values(engine, create_view(engine, query), values.facts)


def _in_proportion(values: Values, table: str, names: Sequence[str]) -> dict[str, str]:
    """Values within other horizons as SQL: the mix's are to the model's as within the horizon, and totals stay."""
    engine, mixed = values.engine, f"coalesce(learned.better_value / nullif(v.{quoted(values.value_column)}, 0), 1)"
    found: dict[str, str] = {}
    of = [one for one in names if one.startswith(_OF_OTHER_HORIZONS) and not one.endswith(("_low", "_high"))]
    for begins in of:
        whole, moved = engine.row(
            f"SELECT sum(v.{quoted(begins)}), sum(v.{quoted(begins)} * {mixed}) FROM {quoted(values.name)} AS v "
            f"LEFT JOIN {quoted(table)} AS learned ON learned.customer_key = v.customer_key"
        )
        share = float(whole) / float(moved) if moved else 1.0
        ends = (one for one in names if one in (begins, f"{begins}_low", f"{begins}_high"))
        found |= {one: f"v.{quoted(one)} * {mixed} * {share!r}" for one in ends}
    return found


def _said(test: Backtest, used: bool) -> tuple[str, ...]:
    found = test.value_stacking
    if found is None:
        return ()
    if not used:
        return (f"{found.sentence} The values of customers are the model's; learned value stands beside them.",)
    return (
        f"{found.sentence} The values of customers are divided by it; their total stays that of the model of buying.",
    )
