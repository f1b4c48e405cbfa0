"""Learned value of live customers in a column of its own, so that lists can be sorted by it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision: str | None = "0010"


def upgrade() -> None:
    """Make the column, which fills with the next run."""
    op.add_column("live_customers", sa.Column("value_learned", sa.Float()))


def downgrade() -> None:
    """Drop it, with the indexes of it."""
    for number in op.get_bind().execute(sa.text("SELECT id FROM generations")).scalars().all():
        op.execute(f"DROP INDEX IF EXISTS live_customers_{int(number)}_by_value_learned")
    op.drop_column("live_customers", "value_learned")
