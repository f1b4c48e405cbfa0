"""Indexes of live customers of one generation each, so that a run's rows are written before they are sorted."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision: str | None = "0009"

_FALLING = (
    "value", "last_day", "money_at_risk", "revenue", "orders", "updated_at", "value_also", "value_lifetime",
    "value_infinite",
)  # fmt: skip
_ALWAYS_KNOWN = ("last_day", "orders", "updated_at")
_IN_SUM = [
    "tier", "rfm_group", "segment", "state", "channel", "country", "first_day", "last_day", "orders",
    "probability_alive", "expected_orders", "value", "money_at_risk", "revenue", "by_event", "value_also",
    "value_lifetime", "value_infinite", "customer_key",
]  # fmt: skip


def _columns(name: str) -> str:
    last = op.get_bind().dialect.name == "postgresql" and name not in _ALWAYS_KNOWN
    return f"{name} DESC{' NULLS LAST' if last else ''}, customer_key"


def _indexes() -> dict[str, str]:
    return {
        **{f"by_{name}": _columns(name) for name in _FALLING}, "by_event": "by_event, updated_at",
        "in_sum": ", ".join(_IN_SUM),
    }  # fmt: skip


def upgrade() -> None:
    """Make those of the generation that is served in place of those of all."""
    for name in _indexes():
        op.drop_index(f"live_customers_{name}", table_name="live_customers")
    for generation in _generations("WHERE status = 'current'"):
        for name, columns in _indexes().items():
            op.execute(
                f"CREATE INDEX live_customers_{generation}_{name} ON live_customers ({columns}) "
                f"WHERE generation = {generation}"
            )


def downgrade() -> None:
    """Make those of all again."""
    for generation in _generations():
        for name in _indexes():
            op.execute(f"DROP INDEX IF EXISTS live_customers_{generation}_{name}")
    for name, columns in _indexes().items():
        op.execute(f"CREATE INDEX live_customers_{name} ON live_customers (generation, {columns})")


def _generations(which: str = "") -> list[int]:
    found = op.get_bind().execute(sa.text(f"SELECT id FROM generations {which}")).scalars()
    return [int(number) for number in found]
