"""Promises about forms: a saved model answers as before, and cells, frames, summaries and states get one answer."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from keepers.domain.errors import ConfigError
from keepers.domain.time import ObservationWindow, TimeUnit, days, weeks
from keepers.testing.proof import Promise, differs
from keepers.testing.stores import cells, orders_of, weekly
from keepers.testing.subject import Subject, Tested


def registered(subject: Tested) -> str | None:
    """A sentence where a saved model of the kind could not be found again."""
    from keepers.models.catalogue import model_class

    try:
        model_class(subject.name)
    except ConfigError:
        return (
            f"`keepers.load_model` does not find {subject.name}. Register it: an entry point of the group "
            f'"keepers.models" with the name {subject.name} in its package.'
        )
    return None


def _saved(subject: Subject) -> Iterable[str]:
    from keepers.models.catalogue import load_model

    model, rows = subject.fitted, subject.rows
    unknown = registered(subject)
    if unknown:
        yield unknown
        return
    with tempfile.TemporaryDirectory() as folder:
        again: Any = load_model(model.save(Path(folder) / "model.json"))
    if type(again) is not type(model):
        yield f"it comes back as {type(again).__name__}."
    if again.outcome_ is not model.outcome_:
        yield f"its outcome comes back as {again.outcome_}."
    one, other = (some.predict_cells(rows, weeks(26)) for some in (again, model))
    for name in one.__dataclass_fields__:
        yield from differs(f"`{name}`", getattr(one, name), getattr(other, name), 1e-12)


def _forms(subject: Subject) -> Iterable[str]:
    model, rows, horizon = subject.fitted, subject.rows, weeks(26)
    wanted = model.expected_purchases(rows, horizon)
    frame = {"frequency": rows.x, "recency": rows.t_x, "T": rows.T, "log_gaps": rows.log_gaps}
    found = model.expected_purchases(frame, horizon, unit="week")
    if list(found) != [*frame, "expected_purchases"]:
        yield f"a dict of columns comes back with {list(found)}."
    yield from differs("a frame", found["expected_purchases"], wanted, 1e-12)
    days_of = rows.in_unit(TimeUnit.DAY)
    in_days = {"frequency": days_of.x, "recency": days_of.t_x, "T": days_of.T, "log_gaps": days_of.log_gaps}
    found = model.expected_purchases(in_days, horizon, unit="day")
    yield from differs("a frame in days", found["expected_purchases"], wanted, 1e-9)
    many = replace(rows, weight=40 * rows.weight, log_gaps=None if rows.log_gaps is None else 40 * rows.log_gaps)
    fitted = subject.fresh().fit({**frame, "weight": many.weight, "log_gaps": many.log_gaps}, unit="week")
    same = subject.fresh().fit(many)
    yield from differs("the fit of a frame", fitted.log_likelihood_, same.log_likelihood_, 1e-9)


def _summary(subject: Subject) -> Iterable[str]:
    from keepers.data.orders import Orders
    from keepers.summaries.summary import summarise

    model, rows, horizon = subject.fitted, subject.rows, weeks(26)
    orders = Orders.from_frame(orders_of(rows), customer="customer", date="day", amount="amount")
    summary = summarise(orders, ObservationWindow(end="2024-06-30"))
    table = model.expected_purchases(summary, horizon)
    told = table.engine.rows(f"SELECT expected_purchases FROM {table.name} ORDER BY customer_key")
    found = [row[0] for row in told]
    yield from differs("a summary", found, model.expected_purchases(weekly(rows), horizon), 1e-9)
    summary.engine.close()


def _states(subject: Subject) -> Iterable[str]:
    model, horizon = subject.fitted, weeks(52)
    first = dt.date(2025, 1, 1)
    state = model.state(first)
    for week in (4, 20):
        state = state.update(first + dt.timedelta(weeks=week))
    found = model.score(state, first + dt.timedelta(weeks=26), horizon)
    same = replace(cells([2.0], 20.0, 26.0), log_gaps=np.log([4.0 * 16.0]))
    yield from differs("P(alive)", found.probability_alive, model.probability_alive(same), 1e-9)
    yield from differs("expected purchases", found.expected_purchases, model.expected_purchases(same, horizon), 1e-9)
    discounted = model.discounted_expected_purchases(same, horizon)
    yield from differs("discounted purchases", found.discounted_purchases, discounted, 1e-9)
    wait = model.expected_next_purchase(same) * model.unit_.days / days(1).days
    yield from differs("the next purchase", found.days_to_next_purchase, wait, 1e-9)


PROMISES = (
    Promise("a saved model answers as before", _saved),
    Promise("a frame gets the answer that cells get, in its own kind", _forms),
    Promise("a summary gets the answer that cells get", _summary),
    Promise("a customer's state, updated order by order, gets the answer that a history gets", _states),
)
