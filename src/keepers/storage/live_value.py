"""The value of one customer, as programs ask for it hundreds of times a second."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import bindparam, select

from keepers.storage.database import Database
from keepers.storage.service_schema import CURRENT, GENERATIONS, LIVE_CUSTOMERS

_VALUE = (
    select(
        LIVE_CUSTOMERS.c.customer_key, LIVE_CUSTOMERS.c.value, LIVE_CUSTOMERS.c.value_low.label("low"),
        LIVE_CUSTOMERS.c.value_high.label("high"), LIVE_CUSTOMERS.c.probability_alive, LIVE_CUSTOMERS.c.tier,
        LIVE_CUSTOMERS.c.updated_at,
    )
    .join(GENERATIONS, GENERATIONS.c.id == LIVE_CUSTOMERS.c.generation)
    .where(GENERATIONS.c.status == CURRENT, LIVE_CUSTOMERS.c.customer_key == bindparam("key"))
)  # fmt: skip


def value_of(database: Database, key: str) -> dict[str, Any] | None:
    """The value of one customer alone, of the values that are served."""
    row = database.row(_VALUE, key=key)
    if row is None:
        return None
    found = dict(zip(_VALUE.selected_columns.keys(), row, strict=True))
    moment = found["updated_at"]
    if isinstance(moment, str):
        # As the driver of SQLite gives it, without a zone.
        found["updated_at"] = dt.datetime.fromisoformat(moment).replace(tzinfo=dt.UTC)
    return found
