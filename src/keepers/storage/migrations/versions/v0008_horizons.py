"""What live customers are worth within other horizons than the run's own, to sort by and to sum."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision: str | None = "0007"

_NEW = ("value_also", "value_lifetime", "value_infinite")
_IN_SUM = [
    "generation", "tier", "rfm_group", "segment", "state", "first_day", "last_day", "orders", "probability_alive",
    "value", "money_at_risk", "revenue", "by_event",
]  # fmt: skip


def upgrade() -> None:
    """Add the columns with their indexes; they fill with the next run."""
    op.drop_index("live_customers_in_sum", table_name="live_customers")
    for name in _NEW:
        op.add_column("live_customers", sa.Column(name, sa.Float))
        op.create_index(f"live_customers_by_{name}", "live_customers", ["generation", name])
    op.create_index("live_customers_in_sum", "live_customers", [*_IN_SUM, *_NEW])


def downgrade() -> None:
    """Remove them."""
    op.drop_index("live_customers_in_sum", table_name="live_customers")
    for name in _NEW:
        op.drop_index(f"live_customers_by_{name}", table_name="live_customers")
        op.drop_column("live_customers", name)
    op.create_index("live_customers_in_sum", "live_customers", _IN_SUM)
