"""The tables of the state as they are now; how they came to be so is told by the migrations."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    text,
)

HEAD = "0012"
"""The newest migration; a state that names another one that is not among the migrations is of a newer Keepers."""


class Moment(TypeDecorator[dt.datetime]):
    """A moment in UTC: kept without a zone, which SQLite does not know, and given back with it."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        """To what is kept."""
        del dialect
        if value is None or value.tzinfo is None:
            return value
        return value.astimezone(dt.UTC).replace(tzinfo=None)

    def process_result_value(self, value: Any, dialect: Dialect) -> dt.datetime | None:
        """From what is kept."""
        del dialect
        return None if value is None else value.replace(tzinfo=dt.UTC)


METADATA = MetaData()

RUNS = Table(
    "runs",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("made_at", Moment, nullable=False),
    Column("as_of", Date, nullable=False),
    Column("version", String(40), nullable=False),
    Column("folder", Text, nullable=False),
    Column("customers", Integer, nullable=False),
    Column("figures", JSON),
)
"""One run of the project: when, seen from which day, by which version, into which folder, and what it found in a few
figures, none of which names a person; without a report, or of an earlier version, there are none."""

PUBLISHED_SCORES = Table(
    "published_scores",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("run_id", Integer, ForeignKey("runs.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("kind", String(20), nullable=False),
    Column("scored_at", Moment, nullable=False),
    Column("as_of", Date, nullable=False),
    Column("model_version", String(200), nullable=False),
    Column("horizon_days", Float, nullable=False),
    Column("churn_horizon_days", Float, nullable=False),
    Column("basis", String(40)),
    Column("currency", String(20)),
    Column("rows", Integer, nullable=False),
    Column("snapshot", Text, nullable=False),
)
"""The scores of one run and kind (`customers`, `subscribers`): the rows stand in a Parquet file, `snapshot`."""

ALERTS = Table(
    "alerts",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("customer_key", Text, nullable=False),
    Column("cause", String(40), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("status", String(20), nullable=False),
    Column("raised_at", Moment, nullable=False),
    Column("raised_on", Date, nullable=False),
    Column("run_id", Integer, ForeignKey("runs.id", ondelete="SET NULL")),
    Column("churn_probability", Float, nullable=False),
    Column("usual_probability", Float, nullable=False),
    Column("horizon_days", Float, nullable=False),
    Column("expected_loss", Float),
    Column("currency", String(20)),
    Column("reason", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("owner", String(200), nullable=False),
    Column("due_on", Date, nullable=False),
    Column("closed_at", Moment),
    Column("outcome", Text),
    CheckConstraint("status IN ('open', 'done', 'dismissed', 'lapsed')", name="alert_status"),
)
"""One customer about whom somebody was told, for one cause."""

Index(
    "one_open_alert",
    ALERTS.c.customer_key,
    ALERTS.c.cause,
    unique=True,
    sqlite_where=text("status = 'open'"),
    postgresql_where=text("status = 'open'"),
)
Index("alerts_by_status", ALERTS.c.status, ALERTS.c.due_on)

ALERT_EVENTS = Table(
    "alert_events",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("alert_id", Integer, ForeignKey("alerts.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("at", Moment, nullable=False),
    Column("event", String(20), nullable=False),
    Column("note", Text, nullable=False),
)
"""What happened to an alert, in the order of time."""

DECISIONS = Table(
    "decisions",
    METADATA,
    Column("decision_id", String(200), primary_key=True),
    Column("decided_at", Moment, nullable=False),
    Column("action_key", String(200), nullable=False),
    Column("action_label", Text, nullable=False),
    Column("action_cost", Float, nullable=False),
    Column("rule", Text, nullable=False),
    Column("expected_gain", Float, nullable=False),
    Column("expected_gain_low", Float, nullable=False),
    Column("expected_gain_high", Float, nullable=False),
    Column("currency", String(20), nullable=False),
    Column("evidence", String(20), nullable=False),
    Column("reasons", JSON, nullable=False),
)
"""The ledger: what was decided, on which evidence, and what it is expected to earn."""

DECISION_CUSTOMERS = Table(
    "decision_customers",
    METADATA,
    Column("decision_id", ForeignKey("decisions.decision_id", ondelete="CASCADE"), primary_key=True),
    Column("customer_key", Text, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("held_out", Boolean, nullable=False),
)
"""Whom a decision is about, and who was held out as control."""

OUTCOMES = Table(
    "outcomes",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("decision_id", ForeignKey("decisions.decision_id", ondelete="CASCADE"), nullable=False, index=True),
    Column("observed_at", Moment, nullable=False),
    Column("until", Date, nullable=False),
    Column("gain", Float, nullable=False),
    Column("gain_low", Float),
    Column("gain_high", Float),
    Column("treated", Integer, nullable=False),
    Column("held_out", Integer, nullable=False),
    Column("note", Text, nullable=False),
)
"""What came of a decision, each time somebody looked."""

SEGMENT_THRESHOLDS = Table(
    "segment_thresholds",
    METADATA,
    Column("division", String(40), primary_key=True),
    Column("frozen_on", Date, primary_key=True),
    Column("rule", JSON, nullable=False),
)
"""The numbers that divide customers, which hold for a month from the day on which they were taken."""

SEGMENT_MOVES = Table(
    "segment_moves",
    METADATA,
    Column("division", String(40), primary_key=True),
    Column("until", Date, primary_key=True),
    Column("since", Date, nullable=False),
    Column("from_segment", String(100), primary_key=True),
    Column("to_segment", String(100), primary_key=True),
    Column("customers", Integer, nullable=False),
    Column("value", Float),
)
"""How many customers went from one segment to another between two runs; an empty `from_segment` is nobody before."""
