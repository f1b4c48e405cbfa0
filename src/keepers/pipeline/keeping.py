"""Keeping customers, as a part of a run: warnings, segments and their moves, service, alerts, and kept promises."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keepers.data.engine import literal, quoted
from keepers.domain.errors import InputError

if TYPE_CHECKING:
    from keepers.data.read import Dataset
    from keepers.domain.alert import Alert, AlertProposal
    from keepers.domain.ports import Progress
    from keepers.domain.segments import SegmentMove
    from keepers.evaluation.published_grades import PublishedGrade
    from keepers.pipeline.memory import Memory
    from keepers.pipeline.options import RunOptions
    from keepers.pipeline.scoring import Scored
    from keepers.pipeline.subscriptions import ScoredSubscriptions
    from keepers.retention.segments import BehaviourRule
    from keepers.retention.service import ServiceLevel
    from keepers.retention.warnings import EarlyWarnings
    from keepers.valuation.referral_value import ReferralValue

DIVISIONS = {"rfm": "rfm_group", "behaviour": "behaviour_segment", "tier": "clv_tier"}
"""Divisions whose moves are followed, with their columns."""

_MOST_PROPOSED = 1000
_LISTED = 50


@dataclass(frozen=True)
class Division:
    """Who went from which segment of a division to which since an earlier run."""

    name: str
    since: dt.date
    moves: tuple[SegmentMove, ...]


@dataclass(frozen=True)
class Promised:
    """A grade of scores that an earlier run published, and the models that gave them."""

    grade: PublishedGrade
    model: str


@dataclass(frozen=True)
class Keeping:
    """What a run found about keeping customers.

    Attributes
    ----------
    warnings : tuple of EarlyWarnings
        Of customers, of subscribers.
    behaviour : BehaviourRule or None
        The rule of the behaviour segments; None where their column is not made.
    service : tuple of ServiceLevel
        By tier; empty without money.
    referrals : ReferralValue or None
        What customers bring by bringing others; None where none did, or without money.
    moves : tuple of Division
        Since an earlier run of the project.
    promises : tuple of Promised
        Earlier scores of the project, graded.
    alerts : tuple of Alert, or None
        Those that are open; None outside a project.
    proposals : tuple of AlertProposal
        What could be an alert now, most urgent first.
    notes : tuple of str
        What the report should say.
    """

    warnings: tuple[EarlyWarnings, ...] = ()
    behaviour: BehaviourRule | None = None
    service: tuple[ServiceLevel, ...] = ()
    referrals: ReferralValue | None = None
    moves: tuple[Division, ...] = ()
    promises: tuple[Promised, ...] = ()
    alerts: tuple[Alert, ...] | None = None
    proposals: tuple[AlertProposal, ...] = ()
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The part of summary.json."""
        return {
            "warnings": [_told(one) for one in self.warnings],
            "alerts": None if self.alerts is None else {"open": len(self.alerts)},
            "service": [
                {
                    "tier": one.tier, "level": one.level, "customers": one.customers, "value": one.value,
                    "expected_loss_a_year": one.expected_loss, "cost_each": one.cost_each, "gain": one.gain,
                    "affordable": one.affordable,
                }
                for one in self.service
            ],
            "referrals": None if self.referrals is None else asdict(self.referrals),
            "segment_moves": [
                {
                    "division": one.name, "since": one.since.isoformat(),
                    "moves": [
                        {"before": move.before or None, "now": move.now or None, "customers": move.customers}
                        for move in one.moves
                    ],
                }
                for one in self.moves
            ],
            "promises": [
                {
                    "published": one.grade.scored_on.isoformat(), "until": one.grade.until.isoformat(),
                    "whole": one.grade.whole, "model": one.model, "customers": one.grade.customers,
                    "orders_said": one.grade.orders_said, "orders_got": one.grade.orders_got,
                    "value_said": one.grade.said, "value_got": one.grade.got,
                    "inside_80_percent": one.grade.coverage, "left_said": one.grade.left_said,
                    "left_got": one.grade.left_got,
                }
                for one in self.promises
            ],
        }  # fmt: skip


def look_after(
    dataset: Dataset,
    scored: Scored | None,
    subscribed: ScoredSubscriptions | None,
    behaviour: BehaviourRule | None,
    options: RunOptions,
    memory: Memory | None,
    folder: Path,
    now: dt.datetime,
    progress: Progress,
) -> Keeping:
    """Everything about keeping customers: found, remembered in a project, and written beside the customers."""
    kept = replace(_warned(dataset, scored, subscribed, options, progress), behaviour=behaviour)
    if memory is not None:
        progress("Remembering", None)
        day = _day(scored, subscribed)
        memory.begin(options, now, day, 0 if scored is None else scored.summary.customers)
        own = next((one for one in kept.warnings if one.facts.kind == "customer"), None)
        if scored is not None:
            memory.publish(scored, options, now, own, behaviour)
        if subscribed is not None:
            memory.publish_subscribers(subscribed, options, now)
        kept = _remembered(kept, memory, dataset, scored, day, now, options)
    _write_files(kept, folder, dataset)
    return kept


def segments_before(
    scored: Scored, options: RunOptions, memory: Memory | None
) -> tuple[BehaviourRule | None, Path | None]:
    """The rule of the behaviour segments, and the published scores of the run that groups are compared with."""
    if options.wanted != "all":
        return None, None
    if memory is None:
        from keepers.retention.segments import behaviour_rule

        return behaviour_rule(scored.values), None
    before = memory.compared(scored.summary.calibration_end)
    here = before is not None and scored.values.engine.is_embedded
    return memory.behaviour(scored.values), before.snapshot if here and before is not None else None


def _day(scored: Scored | None, subscribed: ScoredSubscriptions | None) -> dt.date:
    if scored is not None:
        return scored.summary.calibration_end
    assert subscribed is not None
    return subscribed.summary.facts.cut


def _warned(
    dataset: Dataset,
    scored: Scored | None,
    subscribed: ScoredSubscriptions | None,
    options: RunOptions,
    progress: Progress,
) -> Keeping:
    """Warnings and what follows from them, before anything is remembered; empty where not all columns are made."""
    if options.wanted != "all" or not dataset.engine.is_embedded:
        return Keeping()
    from keepers.domain.time import days
    from keepers.retention.churn import early_warnings
    from keepers.retention.service import service_levels

    progress("Looking for early warnings", None)
    ahead = None
    if options.project is not None and options.project.churn_days is not None:
        ahead = days(options.project.churn_days)
    found: list[EarlyWarnings] = []
    notes: list[str] = []
    service: tuple[ServiceLevel, ...] = ()
    referrals: ReferralValue | None = None
    if scored is not None:
        try:
            own = early_warnings(dataset, scored.values, ahead)
        except InputError as error:
            notes.append(f"There are no early warnings. {error}")
        else:
            found.append(own)
            if scored.values.has_money:
                costs = {} if options.project is None else options.project.service
                service = service_levels(scored.values, own, costs)
        referrals = _referrals(dataset, scored)
    if subscribed is not None:
        from keepers.retention.subscription_churn import subscription_warnings

        found.append(subscription_warnings(dataset, subscribed.values, ahead))
    proposals = sorted(
        (one for each in found for one in each.proposals(_MOST_PROPOSED)),
        key=lambda one: (-(one.expected_loss or 0.0), one.usual_probability - one.churn_probability, one.customer_key),
    )
    return Keeping(tuple(found), None, service, referrals, proposals=tuple(proposals), notes=tuple(notes))


def _referrals(dataset: Dataset, scored: Scored) -> ReferralValue | None:
    table = dataset.tables.get("referrals")
    if table is None or not scored.values.has_money or table.engine is not scored.values.engine:
        return None
    from keepers.valuation.referral_value import referral_value

    return referral_value(table.engine, table.name, scored.values.name)


def _remembered(
    found: Keeping,
    memory: Memory,
    dataset: Dataset,
    scored: Scored | None,
    day: dt.date,
    now: dt.datetime,
    options: RunOptions,
) -> Keeping:
    """The same with what the project's state adds: alerts raised, moves since an earlier run, promises graded."""
    from keepers.pipeline.memory import CUSTOMERS

    currency = found.warnings[0].facts.currency if found.warnings else ""
    alerts = memory.raise_alerts(found.proposals, day, now, currency)
    if scored is None or options.wanted != "all" or not dataset.engine.is_embedded:
        return replace(found, alerts=alerts)
    earlier = memory.earlier(CUSTOMERS, day)
    promises = _promises(earlier, dataset, day, options)
    before = memory.compared(day)
    if before is None:
        return replace(found, alerts=alerts, promises=promises)
    engine, values = scored.values.engine, scored.values
    file = f"read_parquet({literal(str(before.snapshot))})"
    had = {str(row[0]) for row in engine.rows(f"DESCRIBE SELECT * FROM {file}")}
    has = set(values.columns)
    from keepers.retention.segments import segment_moves

    moves = []
    for name, column in DIVISIONS.items():
        if column in had and column in has:
            rows = segment_moves(
                engine, f"SELECT customer_key, {column} FROM {file}", f"SELECT * FROM {quoted(values.name)}", column,
                values.value_column if values.has_money else None,
            )  # fmt: skip
            memory.record_moves(name, before.as_of, day, rows)
            moves.append(Division(name, before.as_of, rows))
    return replace(found, alerts=alerts, moves=tuple(moves), promises=promises)


def _promises(earlier: Sequence[Any], dataset: Dataset, day: dt.date, options: RunOptions) -> tuple[Promised, ...]:
    from keepers.evaluation.published_snapshots import chosen_to_grade, grade_snapshot

    by_day = {one.as_of: one for one in earlier}
    graded = []
    for published in chosen_to_grade(list(by_day), day):
        one = by_day[published]
        grade = grade_snapshot(
            dataset.orders, one.snapshot, one.as_of, one.horizon_days, options.margin, one.churn_horizon_days
        )
        if grade is not None:
            graded.append(Promised(grade, one.model_version))
    return tuple(graded)


def _write_files(found: Keeping, folder: Path, dataset: Dataset) -> None:
    """Write alerts.csv and, in a project, segment_moves.csv, for people."""
    if found.alerts is not None or found.proposals:
        _write_alerts(found, folder / "alerts.csv", names_of(dataset, _keys(found)))
    if found.moves:
        rows = [
            (
                one.name,
                one.since,
                move.before,
                move.now,
                move.customers,
                "" if move.value is None else round(move.value, 2),
            )
            for one in found.moves
            for move in one.moves
        ]
        _write(folder / "segment_moves.csv", ("division", "since", "before", "now", "customers", "value_now"), rows)


def names_of(dataset: Dataset, keys: Sequence[str]) -> dict[str, str]:
    """Names or addresses of customers, where they are known."""
    persons = dataset.tables.get("persons")
    if persons is None or not keys:
        return {}
    listed = ", ".join(literal(key) for key in dict.fromkeys(keys))
    rows = dataset.engine.rows(
        f"SELECT customer_key, coalesce(max(name), max(email)) FROM {quoted(persons.name)} "
        f"WHERE customer_key IN ({listed}) GROUP BY customer_key"
    )
    return {str(key): str(name) for key, name in rows if name}


def _keys(found: Keeping) -> list[str]:
    raised = [one.proposal.customer_key for one in found.alerts or ()]
    return [*raised, *(one.customer_key for one in found.proposals[:_LISTED])]


def _write_alerts(found: Keeping, path: Path, names: dict[str, str]) -> None:
    head = (
        "id", "customer_key", "name", "why", "action", "owner", "due_on", "raised_on", "churn_probability",
        "usual_probability", "horizon_days", "expected_loss", "cause", "kind",
    )  # fmt: skip

    def row(said: AlertProposal, *of_alert: Any) -> tuple[Any, ...]:
        number, owner, due, raised = of_alert or ("", "", "", "")
        loss = "" if said.expected_loss is None else round(said.expected_loss, 2)
        return (
            number, said.customer_key, names.get(said.customer_key, ""), said.reason, said.action, owner, due, raised,
            round(said.churn_probability, 4), round(said.usual_probability, 4), round(said.horizon_days), loss,
            said.cause, said.kind,
        )  # fmt: skip

    if found.alerts is None:
        rows = [row(said) for said in found.proposals[:_LISTED]]
    else:
        rows = [row(one.proposal, one.number, one.owner, one.due_on, one.raised_on) for one in found.alerts]
    _write(path, head, rows)


def _write(path: Path, head: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    from keepers.exports.files import safe_cell

    with path.open("w", encoding="utf-8-sig", newline="") as file:
        written = csv.writer(file)
        written.writerow(head)
        written.writerows([[safe_cell(cell) if isinstance(cell, str) else cell for cell in row] for row in rows])


def _told(found: EarlyWarnings) -> dict[str, Any]:
    facts, test = found.facts, found.facts.risk.test
    customers, loss, above = found.engine.row(
        "SELECT count(*), sum(expected_loss), count(*) FILTER (churn_probability - usual_probability >= 0.1) "
        f"FROM {quoted(found.name)}"
    )
    causes = found.engine.rows(
        f"SELECT cause, count(*) FROM {quoted(found.name)} WHERE cause IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1"
    )
    return {
        "of": facts.kind,
        "horizon_days": facts.horizon.days,
        "customers": int(customers),
        "warned": int(above),
        "expected_loss": float(loss) if facts.has_money and loss is not None else None,
        "causes": {str(cause): int(count) for cause, count in causes},
        "learnt_from": facts.risk.learnt_from,
        "test": None
        if test is None
        else {
            "customers": test.customers,
            "base_rate": test.base_rate,
            "precision_top_10_percent": test.own.precision,
            "auc": test.own.auc,
            "brier": test.brier,
            "brier_of_base_rate": test.brier_of_base_rate,
            "rivals": {
                name: {"precision_top_10_percent": one.precision, "auc": one.auc} for name, one in test.rivals.items()
            },
        },
    }
