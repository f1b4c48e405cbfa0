"""The table of letters: each written once for the moment it was due, and what came of sending it."""

from __future__ import annotations

from sqlalchemy import JSON, CheckConstraint, Column, Date, ForeignKey, Integer, String, Table, Text

from keepers.storage.schema import METADATA, Moment

LETTERS = Table(
    "letters",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("due_at", Moment, nullable=False, unique=True),
    Column("made_at", Moment, nullable=False),
    Column("run_id", Integer, ForeignKey("runs.id", ondelete="SET NULL")),
    Column("as_of", Date, nullable=False),
    Column("subject", Text, nullable=False),
    Column("plain", Text, nullable=False),
    Column("html", Text, nullable=False),
    Column("recipients", JSON, nullable=False),
    Column("message_id", String(255), nullable=False),
    Column("status", String(20), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_at", Moment),
    Column("sent_at", Moment),
    Column("said", Text, nullable=False),
    CheckConstraint("status IN ('waiting', 'sending', 'sent', 'unclear', 'failed')", name="letter_status"),
)
"""A letter as it was written. `next_at` is when to try, or until when whoever sends it may be trusted to be alive."""
