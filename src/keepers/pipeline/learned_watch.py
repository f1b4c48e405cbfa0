"""Whether learned value still holds: newcomers against those before the run, and money against its forecast."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keepers.data.engine import literal, quoted
from keepers.data.read import Dataset
from keepers.data.staged_folder import MARK
from keepers.domain.cells import FloatArray
from keepers.domain.errors import ConfigError, InputError
from keepers.domain.money import Margin, annual_rate
from keepers.domain.time import Horizon, ObservationWindow, days
from keepers.evaluation.learned_drift import LARGE_SHIFT, DriftWatch, watch_drift
from keepers.models.buying import BuyingModel
from keepers.models.catalogue import load_model
from keepers.pipeline.live_values import meaning_of
from keepers.pipeline.looks import Look
from keepers.summaries.features import Features, features_at_age
from keepers.summaries.purchases import day_literal
from keepers.summaries.summary import summarise
from keepers.valuation.facts import horizon_label

AGE = 28
"""Days of life after which newcomers are compared: early value looks at them for the last time then."""

QUARTER = 91
"""Days before the run's last one in which those came of age who are compared with."""

SHORTEST = 28
"""Days of money below which forecasts are not judged."""

_FALSE_ALARMS, _CHECKS = 0.05, 13
_WORTH = 0.1
"""Share of the money that must be misjudged for a new run to be asked for: models are off by less when they are new."""

_FOUND = 0.9
"""Share of the run's customers who must be found again; sources that were replaced tell nothing of them."""

_OF_TIME = ("age_days", "first_month", "year_end_share")
"""Features that tell when somebody came, in which newcomers always differ from those before."""

_MODEL = "model-learned.json"


def has_learned(folder: Path) -> bool:
    """Whether a folder of results has learned value."""
    return (folder / _MODEL).exists()


def features_since(dataset: Dataset, folder: Path, cut: dt.date, today: dt.date) -> Look:
    """Compare newcomers, as known 28 days after their first purchase, with those of the quarter before the run.

    Of the features those are compared that the model learned from. Chances of a false alarm are those of a quarter of
    weekly looks; a new run is worth it where a feature is shifted by much.

    Raises
    ------
    InputError
        If too few came of age on either side.
    """
    until = _known_until(dataset, cut, today)
    model: Any = load_model(folder / _MODEL)
    every = features_at_age(dataset, AGE, customers=_newcomers(dataset, cut))
    try:
        before, since = _between(every, cut - dt.timedelta(QUARTER), cut), _between(every, cut, until)
        ignored = tuple(name for name in every.names if name not in model.feature_names or name in _OF_TIME)
        found = watch_drift(before, since, false_alarms=_FALSE_ALARMS, checks=_CHECKS, ignore=ignored)
    finally:
        every.engine.drop(every.name)
    moved = [one for one in found.shifts if one.p_value <= found.threshold]
    meanings = {name: one.meaning for name, one in every.catalogue.items()}
    listed = "; ".join(one.sentence.replace(one.feature, meanings[one.feature], 1) for one in moved[:3])
    more = f"; and {len(moved) - 3} more" if len(moved) > 3 else ""
    sentence = (
        f"Newcomers of {cut + dt.timedelta(1)} and later differ, after {AGE} days, from those of the quarter before: "
        f"{listed}{more}."
        if moved
        else f"Newcomers are, after {AGE} days, like those of the quarter before the run."
    )
    large = any(one.stability_index >= LARGE_SHIFT for one in moved)
    return Look("features", True, found.alarm, found.alarm and large, sentence)


def learned_since(dataset: Dataset, folder: Path, cut: dt.date, today: dt.date) -> Look:
    """Hold the learned values of a run against what its customers have brought since.

    Of a value within the horizon as much is expected by now as the model of buying expects of the customer's orders.
    Models are a little off when they are new: the alarm asks that a tenth of the money or more was misjudged, which
    chance does not explain.

    Raises
    ------
    InputError
        If too little time has passed, or the sources do not hold the run's customers any more.
    ConfigError
        If the model of buying asks for more than histories.
    """
    until = _known_until(dataset, cut, today)
    since = days((until - cut).days)
    if since.days < SHORTEST:
        raise InputError(f"Learned value is held against what came of it from {SHORTEST} days on.")
    predicted, actual = _money(dataset, folder, cut, until, since)
    found = watch_drift(predicted=predicted, outcome=actual, false_alarms=_FALSE_ALARMS, checks=_CHECKS)
    assert found.value is not None
    misjudged = max(abs(found.value.predicted - found.value.actual), found.value.misjudged)
    much = found.retrain and misjudged >= _WORTH * max(found.value.predicted, found.value.actual)
    return Look("learned", True, much, much, _said(found, much, since))


def last_day(folder: Path) -> dt.date:
    """The last day that learned value knew: that of the run, which an update may have left behind."""
    said = json.loads((folder / MARK).read_text(encoding="utf-8"))
    return dt.date.fromisoformat((said.get("learned") or {}).get("as_of") or said["store"]["last_day"])


def _known_until(dataset: Dataset, cut: dt.date, today: dt.date) -> dt.date:
    until = min(dataset.orders.last_day, today - dt.timedelta(1))
    if until <= cut:
        raise InputError(f"The sources hold no order after {cut}, the last day of the run.")
    return until


def _newcomers(dataset: Dataset, cut: dt.date) -> NDArray[Any]:
    """Keys of those who came of age in the quarter before a day or later: of the others nothing is to be worked out."""
    since = day_literal(cut - dt.timedelta(QUARTER + AGE))
    found = dataset.engine.columns(
        f"SELECT customer_key FROM {quoted(dataset.orders.name)} WHERE counted AND customer_key IS NOT NULL "
        f"GROUP BY customer_key HAVING min(day) > {since}"
    )["customer_key"]
    if not found.size:
        raise InputError(f"Nobody came in the quarter before {cut} or since.")
    return np.asarray(found)


def _between(every: Features, after: dt.date, until: dt.date) -> Features:
    """Those who came of age after a day, up to another."""
    of_age = f"CAST(first_day AS DATE) + {AGE}"
    chosen = f"{of_age} > {day_literal(after)} AND {of_age} <= {day_literal(until)}"
    name = every.engine.new_name("features")
    every.engine.execute(f"CREATE VIEW {quoted(name)} AS SELECT * FROM {quoted(every.name)} WHERE {chosen}")
    return Features(every.engine, name, None, list(every.catalogue.values()), AGE)


def _money(
    dataset: Dataset, folder: Path, cut: dt.date, until: dt.date, since: Horizon
) -> tuple[FloatArray, FloatArray]:
    """What was expected of each of the run's customers by now, and what came."""
    buying = load_model(folder / "model-buying.json")
    if not isinstance(buying, BuyingModel) or buying.needed_attributes:
        raise ConfigError(
            "The run's model of buying asks for more than histories; learned value waits for the next run."
        )
    told = meaning_of(folder, (), "", 1.0)
    label = f"clv_learned_{horizon_label(told.horizon)}"
    window = ObservationWindow(calibration_end=cut, end=until, unit=buying.unit_)
    margin = Margin(told.margin.rate, told.margin.per_order)
    summary = summarise(dataset.orders, window, margin)
    engine = summary.engine
    near, far = (buying.expected_purchases(summary, one) for one in (since, told.horizon))
    discounted = buying.discounted_expected_purchases(summary, told.horizon, annual_rate(told.discount))
    later = engine.row(
        f"SELECT (SELECT sum(discounted_expected_purchases) FROM {quoted(discounted.name)}) / "
        f"(SELECT sum(expected_purchases) FROM {quoted(far.name)})"
    )[0]
    run = f"read_parquet({literal(str(folder / 'customers.parquet'))})"
    rows = engine.columns(
        f"SELECT CAST(run.{quoted(label)} / {float(later)!r} * near.expected_purchases / far.expected_purchases "
        f"AS DOUBLE) AS predicted, CAST(near.holdout_money * {margin.factor!r} AS DOUBLE) AS actual "
        f"FROM {run} AS run INNER JOIN {quoted(near.name)} AS near ON near.customer_key = run.customer_key "
        f"INNER JOIN {quoted(far.name)} AS far ON far.customer_key = run.customer_key "
        f"WHERE run.{quoted(label)} IS NOT NULL AND far.expected_purchases > 0 ORDER BY run.customer_key"
    )
    known = int(engine.row(f"SELECT count({quoted(label)}) FROM {run}")[0])
    predicted, actual = (np.ma.filled(rows[name], 0.0).astype(np.float64) for name in ("predicted", "actual"))
    if predicted.size < _FOUND * known:
        raise InputError(
            f"Only {predicted.size:,} of the run's {known:,} customers are found in the sources of now, so that what "
            "came of their learned values cannot be said."
        )
    return predicted, np.nan_to_num(actual)


def _said(found: DriftWatch, much: bool, since: Horizon) -> str:
    value = found.value
    assert value is not None
    ratio = value.actual / value.predicted - 1.0 if value.predicted > 0 else 0.0
    came = (
        f"In the {since} since the run {abs(ratio):.0%} {'more' if ratio > 0 else 'less'} came than learned value said"
    )
    if not found.alarm:
        return f"{came}, in total and by group within what chance explains."
    wrong = f"{value.misjudged:,.0f} of money was judged wrongly, more than chance explains"
    return f"{came}; {wrong}{'' if much else ', and too little to learn anew for'}."
