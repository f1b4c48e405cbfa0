"""The columns that learned value adds to the customers of a run, and their division by the mix where that is better."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from keepers.data.engine import quoted
from keepers.data.orders import Orders
from keepers.domain.time import Horizon, days
from keepers.models import persistence
from keepers.models.learned.learned_value import LearnedValue
from keepers.models.learned.lessons import matched, money_after
from keepers.models.learned.mixed_value import MIX, MixedValue
from keepers.numerics.conformal_bins import ZeroLognormal
from keepers.pipeline.learned_said import BY_ORDERS
from keepers.summaries.features import Features
from keepers.summaries.summary import Summary
from keepers.valuation.columns import RANKS
from keepers.valuation.facts import horizon_label
from keepers.valuation.values import Values, create_view

FloatArray = NDArray[np.float64]

LEARNED_FILE, MIX_FILE, EARLY_FILE = "model-learned.json", "model-mix.json", "model-early.json"
"""Where a folder of results has what was learned."""

LEVEL = 0.8

_OF_OTHER_HORIZONS = ("clv_predicted_", "clv_lifetime", "clv_infinite")


@dataclass(frozen=True, slots=True)
class Mix:
    """The mix of forecasts that did best in a backtest.

    Attributes
    ----------
    value : MixedValue
    holdout : Horizon
        The time for which it was found.
    """

    value: MixedValue
    holdout: Horizon

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write it to a JSON file."""
        return persistence.write(path, {"model": MIX, "holdout_days": self.holdout.days, **self.value.to_dict()})

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> Self:
        """What `save` wrote.

        Raises
        ------
        InputError
            If the file is none, or of a later version.
        """
        said = persistence.read(path)
        return cls(MixedValue.from_dict(said), days(said["holdout_days"]))


def with_learned(
    values: Values, summary: Summary, orders: Orders, model: LearnedValue, features: Features, mix: Mix | None
) -> Values:
    """Values with learned value beside them, as of the day of the features; divided by the mix where there is one.

    Parameters
    ----------
    values : Values
        By the models of buying and spend.
    summary : Summary
        What these were valued from, up to the same day.
    orders : Orders
        All that is known.
    model : LearnedValue
        Fitted.
    features : Features
        Of the day.
    mix : Mix or None
        What forecast better than the models of buying and spend; None where nothing did.
    """
    keys, law = model.laws(features)
    cells = values.facts.cells
    weight, found = cells.cells.weight, cells.predictions
    later = float(weight @ found.discounted_purchases) / max(float(weight @ found.expected_purchases), 1e-12)
    low, high = model.bins.levels(law.mean / model.stretch_, LEVEL)
    label = f"clv_learned_{horizon_label(values.facts.horizon)}"
    columns = {
        "customer_key": keys,
        label: later * law.mean,
        f"{label}_low": later * law.quantile(low),
        f"{label}_high": later * law.quantile(high),
    }
    if mix is not None:
        own = values.engine.columns(
            f"SELECT customer_key, CAST({quoted(values.value_column)} AS DOUBLE) AS value FROM {quoted(values.name)} "
            "AS valued ORDER BY customer_key"
        )
        modelled = matched(keys, own["customer_key"], np.asarray(own["value"], dtype=np.float64)) / later
        mixed = _mixed(values, summary, orders, mix, keys, modelled, law, model)
        whole = float(modelled.sum()) / max(float(mixed["value"].sum()), 1e-12)
        columns |= {f"better_{name}": later * whole * one for name, one in mixed.items()}
    return _joined(values, columns, mix is not None)


def _mixed(
    values: Values,
    summary: Summary,
    orders: Orders,
    mix: Mix,
    keys: NDArray[Any],
    modelled: FloatArray,
    law: ZeroLognormal,
    model: LearnedValue,
) -> dict[str, FloatArray]:
    """Value and interval of each customer by what forecast best, undiscounted."""
    from keepers.evaluation.learned_backtest import BUYING
    from keepers.evaluation.spend_ratio import SpendRatio, ratio_before

    cut, horizon = summary.calibration_end, values.facts.horizon
    money, length = summary.facts.money, round(horizon.days)
    ratio = ratio_before(orders, cut, length, money)
    since = cut - dt.timedelta(days=length)
    past = np.maximum(money_after(orders, since, cut, money, keys), 0.0) * ratio.value * summary.margin.factor
    # The mix was found for the length of the holdout: forecasts are brought to it, and the answer back.
    share = mix.holdout.days / horizon.days
    forecasts = {BUYING: share * modelled, SpendRatio.name: share * past, model.name: share * law.mean}
    mixed = mix.value.law(forecasts, law)
    low, high = mix.value.bins.levels(mixed.mean, LEVEL)
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
