"""Jobs know why they were asked for, for which moment of a schedule, and which process does them and is alive."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision: str | None = "0004"


def upgrade() -> None:
    """Add the columns."""
    op.add_column("jobs", sa.Column("why", sa.Text(), nullable=False, server_default=""))
    op.add_column("jobs", sa.Column("due_at", sa.DateTime(), nullable=True))
    op.add_column("jobs", sa.Column("worker", sa.String(length=200), nullable=True))
    op.add_column("jobs", sa.Column("alive_at", sa.DateTime(), nullable=True))
    op.add_column("jobs", sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"))
    op.create_index("one_job_of_a_moment", "jobs", ["kind", "due_at"], unique=True)


def downgrade() -> None:
    """Drop them."""
    op.drop_index("one_job_of_a_moment", table_name="jobs")
    for name in ("attempts", "alive_at", "worker", "due_at", "why"):
        op.drop_column("jobs", name)
