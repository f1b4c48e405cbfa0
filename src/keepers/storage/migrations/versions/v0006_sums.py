"""Sums over all live customers read an index instead of whole rows."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision: str | None = "0005"


def upgrade() -> None:
    """Make the index."""
    op.create_index(
        "live_customers_in_sum",
        "live_customers",
        [
            "generation", "tier", "rfm_group", "segment", "state", "first_day", "last_day", "orders",
            "probability_alive", "value", "money_at_risk", "revenue", "by_event",
        ],
    )  # fmt: skip


def downgrade() -> None:
    """Drop it."""
    op.drop_index("live_customers_in_sum", table_name="live_customers")
