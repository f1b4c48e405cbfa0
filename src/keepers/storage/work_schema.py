"""Tables of what people do with what is shown: answers to decisions, lists that they keep, what was sent twice."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    Float,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from keepers.storage.schema import METADATA, Moment

DECISION_ANSWERS = Table(
    "decision_answers",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("key", String(200), nullable=False),
    Column("kind", String(40), nullable=False),
    Column("title", Text, nullable=False),
    Column("answer", String(20), nullable=False),
    Column("why", Text, nullable=False),
    Column("answered_by", String(320), nullable=False),
    Column("answered_at", Moment, nullable=False),
    Column("holds_until", Date, nullable=False),
    Column("money", Float),
    Column("currency", String(20), nullable=False),
    Column("evidence", String(20), nullable=False),
    Column("decision_ids", JSON, nullable=False),
    CheckConstraint("answer IN ('accepted', 'dismissed')", name="decision_answer"),
)
"""What somebody said to a proposed decision, why, and the entries of the ledger that came of it."""

Index("decision_answers_by_key", DECISION_ANSWERS.c.key, DECISION_ANSWERS.c.id)

SAVED_VIEWS = Table(
    "saved_views",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("owner", String(320), nullable=False),
    Column("name", String(200), nullable=False),
    Column("page", String(100), nullable=False),
    Column("query", Text, nullable=False),
    Column("shared", Boolean, nullable=False),
    Column("made_at", Moment, nullable=False),
    UniqueConstraint("owner", "name", name="one_view_of_a_name"),
)
"""A list that somebody keeps: its name, the page and what its address says."""

DONE_ONCE = Table(
    "done_once",
    METADATA,
    Column("who", String(320), primary_key=True),
    Column("key", String(64), primary_key=True),
    Column("said", JSON, nullable=False),
    Column("at", Moment, nullable=False),
)
"""A wish of somebody that was fulfilled, by the name that it was sent under, and what came of it."""
