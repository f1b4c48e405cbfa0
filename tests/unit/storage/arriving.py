"""Customers as the engine holds them when a run is published."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Date, Float, Integer

from keepers.data.engine import Engine
from keepers.domain.live import History
from keepers.storage.schema import Moment
from keepers.storage.service_schema import LIVE_CUSTOMERS

_TYPES = {Date: "DATE", Moment: "TIMESTAMP", Float: "DOUBLE", Integer: "BIGINT"}


@contextlib.contextmanager
def arriving(rows: Sequence[Mapping[str, Any]]) -> Iterator[Engine]:
    """An engine with some rows; what is not said of one is unknown, and its history the base."""
    columns = [column for column in LIVE_CUSTOMERS.c if column.name not in ("generation", "by_event")]
    types = ", ".join(f"{one.name} {_TYPES.get(type(one.type), 'VARCHAR')}" for one in columns)
    engine = Engine()
    try:
        engine.execute(f"CREATE TABLE live_customers ({types})")
        for row in rows:
            base = History(**{"monetary_value": None, "monetary_value_all": None, "frequency": 0} | {
                name: row[name] for name in History.__dataclass_fields__ if name in row
            })  # fmt: skip
            told = {"base": json.dumps(base.to_dict()), "fields": "{}", "frequency": 0, **row}
            said = [told.get(one.name) for one in columns]
            engine.execute(
                f"INSERT INTO live_customers VALUES ({', '.join('?' * len(said))})",
                [one.replace(tzinfo=None) if isinstance(one, dt.datetime) else one for one in said],
            )
        yield engine
    finally:
        engine.close()
