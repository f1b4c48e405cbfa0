"""The list of subscribers that a run has written, read again: found, filtered, a page at a time, and one of them."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from keepers.data.engine import Engine, literal
from keepers.data.staged_folder import MARK
from keepers.models.catalogue import load_model
from keepers.models.contractual.answering import answering
from keepers.models.contractual.contract import ContractModel
from keepers.models.contractual.known import attributes_known, columns_needed
from keepers.numerics.likelihoods import contract_outlook as outlook
from keepers.pipeline.kept import FOLDER
from keepers.summaries.base_subscriptions import FILE as CONTRACTS

FILE = "subscribers.parquet"
STATES = ("active", "past_due", "paused", "ended")
SORTS = {
    "at_risk": "money_at_risk DESC NULLS LAST", "value": "value DESC NULLS LAST", "mrr": "mrr DESC NULLS LAST",
    "churn": "churn_probability DESC", "started": "started_on DESC",
}  # fmt: skip
"""Orders of the list, by their names."""
_MODEL = "model-contract.json"
_RENEWALS = 12


@dataclass(frozen=True, slots=True)
class Subscriber:
    """One subscriber as the run has valued them; columns of subscribers.parquet, money of the horizon as `value`."""

    customer_key: str
    name: str | None
    email: str | None
    plan: str
    state: str
    started_on: dt.date
    ended_on: dt.date | None
    end_kind: str | None
    tenure: float
    mrr: float | None
    revenue: float | None
    churn_probability: float
    churn_horizon_days: int
    renewal_probability: float
    expected_residual_tenure: float
    clv_historic: float | None
    value: float | None
    value_low: float | None
    value_high: float | None
    clv_lifetime: float | None
    clv_lifetime_low: float | None
    clv_lifetime_high: float | None
    clv_if_stays: float | None
    money_at_risk: float | None

    @property
    def runs(self) -> bool:
        """Whether they subscribe now."""
        return self.state != "ended"


@dataclass(frozen=True, slots=True)
class SubscriberFilter:
    """Which subscribers a list holds.

    Attributes
    ----------
    search : str
        Part of a name, an address or a key.
    persons : bool
        Whether who asks may see names, and so may search them.
    plan, state : str
        Of one plan, in one state (`STATES`, or ``"running"`` for all that run); empty for all.
    sort : str
        One of `SORTS`.
    forgotten : tuple of str
        Who was erased since the run, as `keepers.storage.live.forgotten_as` has it; they are left out.
    """

    search: str = ""
    persons: bool = False
    plan: str = ""
    state: str = ""
    sort: str = "at_risk"
    forgotten: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SubscriberPage:
    """Some of the subscribers that a filter takes, how many there are, and what they bring together."""

    total: int
    mrr: float | None
    value: float | None
    at_risk: float | None
    rows: tuple[Subscriber, ...]


@dataclass(frozen=True, slots=True)
class Contract:
    """One contract of a subscriber as the newest delivery told it."""

    plan: str | None
    status: str | None
    interval: str | None
    amount: float | None
    quantity: float | None
    started_on: dt.date
    trial_ends_on: dt.date | None
    ended_on: dt.date | None
    reason: str | None


def has_subscribers(folder: Path) -> bool:
    """Whether a folder of results has a list of subscribers."""
    return (folder / FILE).exists()


def plans_in(folder: Path) -> tuple[str, ...]:
    """The plans of the list, the largest first."""
    engine = Engine(threads=1)
    try:
        rows = engine.rows(f"SELECT plan FROM {_read(folder)} GROUP BY plan ORDER BY count(*) DESC, plan LIMIT 100")
    finally:
        engine.close()
    return tuple(str(row[0]) for row in rows)


def subscribers(folder: Path, wanted: SubscriberFilter, offset: int, limit: int) -> SubscriberPage:
    """A page of the list."""
    engine = Engine(threads=1)
    try:
        names = _columns(engine, folder)
        where = _where(wanted, names)
        source = f"(SELECT {_listed(names)} FROM {_read(folder)})"
        total, mrr, value, at_risk = engine.row(
            f"SELECT count(*), sum(mrr) FILTER (state IN ('active', 'past_due')), sum(value), sum(money_at_risk) "
            f"FROM {source} WHERE {where}"
        )
        rows = engine.rows(
            f"SELECT * FROM {source} WHERE {where} ORDER BY {SORTS[wanted.sort]}, customer_key "
            f"LIMIT {int(limit)} OFFSET {int(offset)}"
        )
    finally:
        engine.close()
    return SubscriberPage(int(total), _plain(mrr), _plain(value), _plain(at_risk), tuple(map(_subscriber, rows)))


def all_subscribers(folder: Path, wanted: SubscriberFilter, at_once: int = 5_000) -> Iterator[tuple[Subscriber, ...]]:
    """All that a filter takes, in its order, some at a time."""
    engine = Engine(threads=1)
    try:
        names = _columns(engine, folder)
        engine.execute(
            "CREATE TABLE chosen AS "
            f"SELECT *, row_number() OVER (ORDER BY {SORTS[wanted.sort]}, customer_key) AS place "
            f"FROM (SELECT {_listed(names)} FROM {_read(folder)}) AS every WHERE {_where(wanted, names)}"
        )
        total = int(engine.row("SELECT count(*) FROM chosen")[0])
        for start in range(0, total, at_once):
            between = f"place > {start} AND place <= {start + at_once}"
            rows = engine.rows(f"SELECT * EXCLUDE (place) FROM chosen WHERE {between} ORDER BY place")
            yield tuple(map(_subscriber, rows))
    finally:
        engine.close()


def subscriber(folder: Path, customer_key: str) -> Subscriber | None:
    """One of them; None where nobody has the key."""
    if not has_subscribers(folder):
        return None
    engine = Engine(threads=1)
    try:
        listed = _listed(_columns(engine, folder))
        rows = engine.rows(f"SELECT {listed} FROM {_read(folder)} WHERE customer_key = {literal(customer_key)} LIMIT 1")
    finally:
        engine.close()
    return _subscriber(rows[0]) if rows else None


def contracts_of(folder: Path, customer_key: str) -> tuple[Contract, ...]:
    """The contracts of a subscriber, the newest first; none where the run kept none."""
    path = folder / FOLDER / CONTRACTS
    if not path.exists():
        return ()
    engine = Engine(threads=1)
    try:
        rows = engine.rows(
            "SELECT plan, status, interval, CAST(amount AS DOUBLE), CAST(quantity AS DOUBLE), started_on, "
            f"trial_ends_on, ended_on, cancellation_reason FROM read_parquet({literal(str(path))}) "
            f"WHERE customer_key = {literal(customer_key)} AND started_on IS NOT NULL "
            "ORDER BY started_on DESC, ended_on DESC NULLS FIRST LIMIT 200"
        )
    finally:
        engine.close()
    return tuple(Contract(*row) for row in rows)


def renewals_ahead(folder: Path, one: Subscriber, count: int = _RENEWALS) -> tuple[float, ...]:
    """Chances that a subscriber who runs outlasts one more period, two, and so on, by the run's model.

    Empty where the contract has ended, or the model asks for more than the list tells.
    """
    path = folder / _MODEL
    if not one.runs or not path.exists():
        return ()
    model = load_model(path)
    if not isinstance(model, ContractModel):
        return ()
    known = _known(folder, model, one.customer_key)
    if known is None:
        return ()
    attributes, pattern = attributes_known(model.covariates, known)
    whole = math.floor(one.tenure + 1e-9) if model.family.DISCRETE else one.tenure
    age, rows = np.array([float(whole)]), np.zeros(1, dtype=np.int64)
    for fit, _ in answering(model.fit_of(one.plan), rows, age, attributes, pattern, float(count)):
        ahead = np.arange(1.0, count + 1.0)
        found = outlook.survival(fit.law, fit.theta, np.full(count, age[0]), ahead)
        return tuple(float(chance) for chance in found)
    return ()


def period_of(folder: Path) -> str:
    """The period of renewals in a run, such as ``"month"``."""
    said = json.loads((folder / MARK).read_text(encoding="utf-8")).get("subscriptions") or {}
    return str(said.get("period", "month"))


def _known(folder: Path, model: ContractModel, customer_key: str) -> Mapping[str, Any] | None:
    """What the model knows of a subscriber beyond the age; None where the list does not tell it."""
    needed = columns_needed(model.covariates)
    if not needed:
        return {}
    engine = Engine(threads=1)
    try:
        if not set(needed) <= set(_columns(engine, folder)):
            return None
        listed = ", ".join(f'"{name}"' for name in needed)
        found = engine.columns(
            f"SELECT {listed} FROM {_read(folder)} WHERE customer_key = {literal(customer_key)} LIMIT 1"
        )
    finally:
        engine.close()
    return found


def _read(folder: Path) -> str:
    return f"read_parquet({literal(str(folder / FILE))})"


def _columns(engine: Engine, folder: Path) -> list[str]:
    return [str(row[0]) for row in engine.rows(f"DESCRIBE SELECT * FROM {_read(folder)}")]


def _listed(names: list[str]) -> str:
    """The columns of a subscriber, those that the list has not being empty."""
    value = next(name for name in names if name.startswith("clv_predicted_") and f"{name}_low" in names)
    own = {"value": value, "value_low": f"{value}_low", "value_high": f"{value}_high"}
    return ", ".join(
        f"{own.get(field.name, field.name)} AS {field.name}"
        if own.get(field.name, field.name) in names
        else f"CAST(NULL AS VARCHAR) AS {field.name}"
        for field in fields(Subscriber)
    )


def _where(wanted: SubscriberFilter, names: list[str]) -> str:
    parts = ["TRUE"]
    if wanted.plan:
        parts.append(f"plan = {literal(wanted.plan)}")
    if wanted.state == "running":
        parts.append("state <> 'ended'")
    elif wanted.state:
        parts.append(f"state = {literal(wanted.state)}")
    if wanted.forgotten:
        gone = ", ".join(literal(one) for one in wanted.forgotten)
        parts.append(f"left(sha256(customer_key), {len(wanted.forgotten[0])}) NOT IN ({gone})")
    words = wanted.search.replace("\0", "").strip().lower()
    if words:
        columns = ["customer_key", *(name for name in ("name", "email") if wanted.persons and name in names)]
        found = " OR ".join(f"contains(lower(coalesce({name}, '')), {literal(words)})" for name in columns)
        parts.append(f"({found})")
    return " AND ".join(parts)


def _subscriber(row: tuple[Any, ...]) -> Subscriber:
    return Subscriber(*map(_plain, row))


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
