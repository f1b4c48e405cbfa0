"""The first schema: runs, published scores, alerts, decisions with their outcomes, and divisions into segments."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision: str | None = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "runs",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("made_at", sa.DateTime, nullable=False),
        sa.Column("as_of", sa.Date, nullable=False),
        sa.Column("version", sa.String(40), nullable=False),
        sa.Column("folder", sa.Text, nullable=False),
        sa.Column("customers", sa.Integer, nullable=False),
    )
    op.create_table(
        "published_scores",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("run_id", sa.Integer, sa.ForeignKey("runs.id", ondelete="CASCADE"), nullable=False, index=True),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("scored_at", sa.DateTime, nullable=False),
        sa.Column("as_of", sa.Date, nullable=False),
        sa.Column("model_version", sa.String(200), nullable=False),
        sa.Column("horizon_days", sa.Float, nullable=False),
        sa.Column("churn_horizon_days", sa.Float, nullable=False),
        sa.Column("basis", sa.String(40)),
        sa.Column("currency", sa.String(20)),
        sa.Column("rows", sa.Integer, nullable=False),
        sa.Column("snapshot", sa.Text, nullable=False),
    )
    op.create_table(
        "alerts",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("customer_key", sa.Text, nullable=False),
        sa.Column("cause", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("raised_at", sa.DateTime, nullable=False),
        sa.Column("raised_on", sa.Date, nullable=False),
        sa.Column("run_id", sa.Integer, sa.ForeignKey("runs.id", ondelete="SET NULL")),
        sa.Column("churn_probability", sa.Float, nullable=False),
        sa.Column("usual_probability", sa.Float, nullable=False),
        sa.Column("horizon_days", sa.Float, nullable=False),
        sa.Column("expected_loss", sa.Float),
        sa.Column("currency", sa.String(20)),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("owner", sa.String(200), nullable=False),
        sa.Column("due_on", sa.Date, nullable=False),
        sa.Column("closed_at", sa.DateTime),
        sa.Column("outcome", sa.Text),
        sa.CheckConstraint("status IN ('open', 'done', 'dismissed', 'lapsed')", name="alert_status"),
    )
    is_open = sa.text("status = 'open'")
    op.create_index(
        "one_open_alert",
        "alerts",
        ["customer_key", "cause"],
        unique=True,
        sqlite_where=is_open,
        postgresql_where=is_open,
    )
    op.create_index("alerts_by_status", "alerts", ["status", "due_on"])
    op.create_table(
        "alert_events",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("alert_id", sa.Integer, sa.ForeignKey("alerts.id", ondelete="CASCADE"), nullable=False, index=True),
        sa.Column("at", sa.DateTime, nullable=False),
        sa.Column("event", sa.String(20), nullable=False),
        sa.Column("note", sa.Text, nullable=False),
    )
    op.create_table(
        "decisions",
        sa.Column("decision_id", sa.String(200), primary_key=True),
        sa.Column("decided_at", sa.DateTime, nullable=False),
        sa.Column("action_key", sa.String(200), nullable=False),
        sa.Column("action_label", sa.Text, nullable=False),
        sa.Column("action_cost", sa.Float, nullable=False),
        sa.Column("rule", sa.Text, nullable=False),
        sa.Column("expected_gain", sa.Float, nullable=False),
        sa.Column("expected_gain_low", sa.Float, nullable=False),
        sa.Column("expected_gain_high", sa.Float, nullable=False),
        sa.Column("currency", sa.String(20), nullable=False),
        sa.Column("evidence", sa.String(20), nullable=False),
        sa.Column("reasons", sa.JSON, nullable=False),
    )
    decision = sa.ForeignKey("decisions.decision_id", ondelete="CASCADE")
    op.create_table(
        "decision_customers",
        sa.Column("decision_id", sa.String(200), decision, primary_key=True),
        sa.Column("customer_key", sa.Text, primary_key=True),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("held_out", sa.Boolean, nullable=False),
    )
    op.create_table(
        "outcomes",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column(
            "decision_id",
            sa.String(200),
            sa.ForeignKey("decisions.decision_id", ondelete="CASCADE"),
            nullable=False,
            index=True,
        ),
        sa.Column("observed_at", sa.DateTime, nullable=False),
        sa.Column("until", sa.Date, nullable=False),
        sa.Column("gain", sa.Float, nullable=False),
        sa.Column("gain_low", sa.Float),
        sa.Column("gain_high", sa.Float),
        sa.Column("treated", sa.Integer, nullable=False),
        sa.Column("held_out", sa.Integer, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
    )
    op.create_table(
        "segment_thresholds",
        sa.Column("division", sa.String(40), primary_key=True),
        sa.Column("frozen_on", sa.Date, primary_key=True),
        sa.Column("rule", sa.JSON, nullable=False),
    )
    op.create_table(
        "segment_moves",
        sa.Column("division", sa.String(40), primary_key=True),
        sa.Column("until", sa.Date, primary_key=True),
        sa.Column("since", sa.Date, nullable=False),
        sa.Column("from_segment", sa.String(100), primary_key=True),
        sa.Column("to_segment", sa.String(100), primary_key=True),
        sa.Column("customers", sa.Integer, nullable=False),
        sa.Column("value", sa.Float),
    )


def downgrade() -> None:
    """Drop the tables."""
    for name in (
        "segment_moves", "segment_thresholds", "outcomes", "decision_customers", "decisions", "alert_events", "alerts",
        "published_scores", "runs",
    ):  # fmt: skip
        op.drop_table(name)
