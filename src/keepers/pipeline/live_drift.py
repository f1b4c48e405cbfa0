"""Whether customers still behave as the models of the newest run expect: orders that came as events, and contracts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import numpy as np

from keepers.data.engine import Engine
from keepers.domain.errors import ConfigError, InputError, KeepersError
from keepers.domain.time import Horizon, TimeUnit
from keepers.evaluation.drift import ParameterDrift, parameter_drift
from keepers.models.buying import BuyingModel
from keepers.models.catalogue import load_model
from keepers.pipeline.contract_watch import contracts_since, has_contracts
from keepers.pipeline.kept import FOLDER
from keepers.pipeline.learned_watch import features_since, has_learned, last_day, learned_since
from keepers.pipeline.looks import Look, write_looks
from keepers.pipeline.project import Project
from keepers.pipeline.sources_of_now import sources_of_now
from keepers.storage.generation import Generation
from keepers.storage.state import Books, State
from keepers.summaries.base_files import live
from keepers.summaries.customer_base import CustomerBase
from keepers.summaries.purchases import day_literal

EVERY = 7
"""Days between two looks: a week has the same days as any other."""

CHECKS = 13
"""Looks among which one false alarm is as rare as `FALSE_ALARMS`: those of a quarter."""

FALSE_ALARMS = 0.05

_WINDOW = 28
_LEAST = 7
_COMPLETE = 0.9
"""Share of a run's orders that came as events, from which on those since tell how much was ordered."""


def look_due(generation: Generation, today: dt.date) -> int:
    """How many looks at drift are due since a run: one for each week that is over."""
    return max((today - dt.timedelta(1) - generation.as_of).days // EVERY, 0)


def live_drift(state: State, generation: Generation, today: dt.date) -> ParameterDrift:
    """Judge the model of a generation by the orders that have come as events since, up to the last whole week.

    Only customers whom the run knew are followed. Events have to bring nearly all orders: this is known by the run's
    own last weeks, of which at least nine orders in ten must have come as events.

    Parameters
    ----------
    state : State
    generation : Generation
        The values that are served.
    today : date
        In the business's time zone; the day is not over and is left out.

    Raises
    ------
    InputError
        If no week is over, or events do not bring all orders.
    ConfigError
        If the model cannot be judged.
    """
    weeks = look_due(generation, today)
    if not weeks:
        raise InputError("No week has passed since the last day of the run.")
    until = generation.as_of + dt.timedelta(EVERY * weeks)
    model = load_model(Path(generation.folder) / "model-buying.json")
    if not isinstance(model, BuyingModel) or getattr(model, "needed_attributes", False):
        raise ConfigError("The run's model of buying asks for more than histories, and is judged by the next run.")
    with state.reading() as books:
        share = _share(books, generation)
        bases = books.live.bases(generation.number)
        bought = books.live.days_with_orders(generation.base_event, generation.as_of, until)
    if share < _COMPLETE:
        raise InputError(
            f"Only {share:.0%} of the run's last orders came as events, so those since do not tell how much was "
            "ordered."
        )
    first = np.array([one.first_day for one in bases.values()], dtype="datetime64[D]")
    last = np.array([one.last_day for one in bases.values()], dtype="datetime64[D]")
    day = TimeUnit.parse("day")
    data = {
        "frequency": np.array([one.frequency for one in bases.values()], dtype=np.float64),
        "recency": (last - first).astype(np.float64),
        "T": (np.datetime64(generation.as_of) - first).astype(np.float64),
        "holdout_frequency": np.array([bought.get(key, 0) for key in bases], dtype=np.float64),
    }
    horizon = Horizon(float((until - generation.as_of).days), day)
    return parameter_drift(model, data, horizon=horizon, unit=day, false_alarms=FALSE_ALARMS, checks=CHECKS)


def ask_where_it_drifts(state: State, today: dt.date, now: dt.datetime, project: Project | None = None) -> str:
    """Look at drift, and ask for a run once where there is an alarm that a new fit would mend; gives what was found.

    Parameters
    ----------
    state : State
    today : date
        In the business's time zone.
    now : datetime
    project : Project, optional
        Whose sources tell of contracts; only orders are judged without it.
    """
    with state.reading() as books:
        generation = books.live.current()
    if generation is None or not look_due(generation, today):
        return "Nothing to judge yet."
    folder = Path(generation.folder)
    looks = []
    if (folder / "model-buying.json").exists():
        looks.append(_look("orders", lambda: live_drift(state, generation, today)))
    if project is not None and has_contracts(folder):
        looks.append(_look("contracts", lambda: contracts_since(project, folder, today)))
    if project is not None and has_learned(folder):
        looks += _learned(project, folder, today)
    write_looks(folder, today, looks)
    why = " ".join(one.sentence for one in looks if one.refit)
    if why:
        with state.writing() as books:
            current, newest = books.live.current(), books.jobs.newest("run")
            # Somebody may have asked meanwhile, and an alarm asks once in the life of a generation.
            fresh = newest is not None and (newest.ended_at is None or newest.asked_at > generation.made_at)
            if current is not None and current.number == generation.number and not fresh:
                books.jobs.ask("run", "drift", now, why)
    return " ".join(one.sentence for one in looks)


def _look(what: str, judge: Callable[[], ParameterDrift]) -> Look:
    try:
        found = judge()
    except KeepersError as error:
        return Look(what, False, False, False, str(error))
    return Look(what, True, found.alarm, found.refit, found.sentence)


def _learned(project: Project, folder: Path, today: dt.date) -> list[Look]:
    """What is found of learned value: its customers, and its truth."""
    judges = {"features": features_since, "learned": learned_since}
    looks = []
    try:
        cut = last_day(folder)
        with sources_of_now(project, folder) as (dataset, _):
            for what, judge in judges.items():
                try:
                    looks.append(judge(dataset, folder, cut, today))
                except KeepersError as error:
                    looks.append(Look(what, False, False, False, str(error)))
    except KeepersError as error:
        looks = [Look(what, False, False, False, str(error)) for what in judges]
    return looks


def _share(books: Books, generation: Generation) -> float:
    """How much of the run's last orders came as events."""
    begun = books.live.first_order_by_event()
    if begun is None:
        return 0.0
    since = max(generation.as_of - dt.timedelta(_WINDOW), begun)
    if (generation.as_of - since).days < _LEAST:
        return 0.0
    engine = Engine(threads=1)
    try:
        kept = Path(generation.folder) / FOLDER
        orders = live(kept, "orders", CustomerBase.open(kept).facts.segments)
        total = int(engine.row(f"SELECT count(*) FROM ({orders}) AS orders WHERE day > {day_literal(since)}")[0])
    finally:
        engine.close()
    came = books.live.orders_by_event(generation.base_event, since, generation.as_of)
    return min(came / total, 1.0) if total else 0.0
