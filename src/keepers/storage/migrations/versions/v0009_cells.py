"""Live customers counted by groups and bands; pages far down a list and searches that look at no whole rows."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision: str | None = "0008"

_SORTED = (
    "value", "last_day", "money_at_risk", "revenue", "orders", "updated_at", "value_also", "value_lifetime",
    "value_infinite",
)  # fmt: skip
_ALWAYS_KNOWN = ("last_day", "orders", "updated_at")
_FURTHER = ("value_also", "value_lifetime", "value_infinite")
_WAS_IN_SUM = [
    "generation", "tier", "rfm_group", "segment", "state", "first_day", "last_day", "orders", "probability_alive",
    "value", "money_at_risk", "revenue", "by_event", *_FURTHER,
]  # fmt: skip
_IN_SUM = [
    "generation", "tier", "rfm_group", "segment", "state", "channel", "country", "first_day", "last_day", "orders",
    "probability_alive", "expected_orders", "value", "money_at_risk", "revenue", "by_event", *_FURTHER, "customer_key",
]  # fmt: skip
_GROUPS = ("tier", "rfm_group", "segment", "state", "channel", "country")
_BANDS = ("orders", "last_day", "probability_alive", "value", *_FURTHER)
_SUMS = (
    "revenue", "probability_alive", "value", *_FURTHER, "at_risk", "at_risk_also", "at_risk_lifetime",
    "at_risk_infinite",
)  # fmt: skip


def upgrade() -> None:
    """Make the table, which fills with the next run, and the indexes anew; what is searched is written of everybody."""
    op.add_column("generations", sa.Column("bands", sa.JSON()))
    op.create_table(
        "live_cells",
        sa.Column("generation", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in _GROUPS),
        *(sa.Column(f"{name}_band", sa.SmallInteger(), autoincrement=False, nullable=False) for name in _BANDS),
        sa.Column("priced", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("customers", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.Float(), nullable=False) for name in _SUMS),
        sa.ForeignKeyConstraint(["generation"], ["generations.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("generation", *_GROUPS, *(f"{name}_band" for name in _BANDS), "priced"),
        sqlite_with_rowid=False,
    )
    for name in ("channel", "country"):
        op.execute(f"UPDATE live_customers SET {name} = substr({name}, 1, 120) WHERE length({name}) > 120")
    for name in _SORTED:
        op.drop_index(f"live_customers_by_{name}", table_name="live_customers")
        unknown = op.get_bind().dialect.name == "postgresql" and name not in _ALWAYS_KNOWN
        falling = sa.text(f"{name} DESC{' NULLS LAST' if unknown else ''}")
        op.create_index(f"live_customers_by_{name}", "live_customers", ["generation", falling, "customer_key"])
    op.create_index("live_customers_by_event", "live_customers", ["generation", "by_event", "updated_at"])
    op.drop_index("live_customers_in_sum", table_name="live_customers")
    op.create_index("live_customers_in_sum", "live_customers", _IN_SUM)
    op.add_column("live_persons", sa.Column("searched", sa.Text(), nullable=False, server_default=""))
    _write_what_is_searched()


def downgrade() -> None:
    """Remove them."""
    op.drop_column("live_persons", "searched")
    op.drop_index("live_customers_in_sum", table_name="live_customers")
    op.create_index("live_customers_in_sum", "live_customers", _WAS_IN_SUM)
    op.drop_index("live_customers_by_event", table_name="live_customers")
    for name in _SORTED:
        op.drop_index(f"live_customers_by_{name}", table_name="live_customers")
        op.create_index(f"live_customers_by_{name}", "live_customers", ["generation", name])
    op.drop_table("live_cells")
    op.drop_column("generations", "bands")


def _write_what_is_searched() -> None:
    """Small letters of all alphabets: SQLite knows those of English alone."""
    connection = op.get_bind()
    persons = sa.table("live_persons", *(sa.column(name) for name in ("customer_key", "name", "email", "searched")))
    change = sa.update(persons).where(persons.c.customer_key == sa.bindparam("whose"))
    query, last = sa.select(persons).order_by(persons.c.customer_key).limit(5_000), ""
    while rows := connection.execute(query.where(persons.c.customer_key > last)).all():
        last = rows[-1].customer_key
        connection.execute(
            change.values(searched=sa.bindparam("text")),
            [{"whose": row.customer_key, "text": f"{row.name or ''}\n{row.email or ''}".casefold()} for row in rows],
        )
