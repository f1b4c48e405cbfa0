"""Answers to proposed decisions, and lists that people keep."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision: str | None = "0002"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "decision_answers",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("key", sa.String(200), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("answer", sa.String(20), nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("answered_by", sa.String(320), nullable=False),
        sa.Column("answered_at", sa.DateTime, nullable=False),
        sa.Column("holds_until", sa.Date, nullable=False),
        sa.Column("money", sa.Float),
        sa.Column("currency", sa.String(20), nullable=False),
        sa.Column("evidence", sa.String(20), nullable=False),
        sa.Column("decision_ids", sa.JSON, nullable=False),
        sa.CheckConstraint("answer IN ('accepted', 'dismissed')", name="decision_answer"),
    )
    op.create_index("decision_answers_by_key", "decision_answers", ["key", "id"])
    op.create_table(
        "saved_views",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("owner", sa.String(320), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("page", sa.String(100), nullable=False),
        sa.Column("query", sa.Text, nullable=False),
        sa.Column("shared", sa.Boolean, nullable=False),
        sa.Column("made_at", sa.DateTime, nullable=False),
        sa.UniqueConstraint("owner", "name", name="one_view_of_a_name"),
    )


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("saved_views")
    op.drop_table("decision_answers")
