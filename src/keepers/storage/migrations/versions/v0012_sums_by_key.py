"""What is summed of whom a search finds, in the order of keys."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision: str | None = "0011"

_COLUMNS = "customer_key, value, money_at_risk, revenue, value_also, value_lifetime, value_infinite"


def upgrade() -> None:
    """Make the index of the generation that is served."""
    for generation in _generations("status = 'current'"):
        op.execute(
            f"CREATE INDEX live_customers_{generation}_by_key ON live_customers ({_COLUMNS}) "
            f"WHERE generation = {generation}"
        )


def downgrade() -> None:
    """Remove it."""
    for generation in _generations("true"):
        op.execute(f"DROP INDEX IF EXISTS live_customers_{generation}_by_key")


def _generations(which: str) -> list[int]:
    found = op.get_bind().execute(sa.text(f"SELECT id FROM generations WHERE {which}")).scalars()
    return [int(number) for number in found]
