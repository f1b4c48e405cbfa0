"""The engine makes the rows of live customers as a reader of the run's table would."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from sqlalchemy import select

from keepers.data.engine import Engine
from keepers.pipeline.live_rows import _field, _group
from keepers.pipeline.live_values import Meaning
from keepers.storage.service_schema import LIVE_CUSTOMERS
from unit.service.conftest import Running


def test_rows_hold_what_the_run_says(running: Running) -> None:
    folder = running.site.project.folder / "result"
    with running.site.state.reading() as books:
        current = books.live.current()
        assert current is not None
        meaning = Meaning.from_dict(current.settings)
        kept = {row["customer_key"]: row for row in books.connection.execute(select(LIVE_CUSTOMERS)).mappings()}
    engine = Engine()
    table = engine.relation(f"SELECT * FROM read_parquet('{folder / 'customers.parquet'}')")
    run = [dict(zip(table.columns, row, strict=True)) for row in table.fetchall()]
    engine.close()
    assert len(run) == len(kept) == 300
    for said in run:
        row = kept[said["customer_key"]]
        fields = json.loads(row["fields"])
        assert fields
        assert {name: _plain(said[name]) for name in fields} == fields
        assert not set(fields) & {meaning.value, "name", "email", "customer_key", "revenue", "clv_tier"}
        base = json.loads(row["base"])
        assert base == {
            "first_day": said["first_order_date"].isoformat(), "last_day": said["last_order_date"].isoformat(),
            "frequency": said["frequency"], "orders": said["orders"], "revenue": float(said["revenue"]),
            "monetary_value": row["monetary_value"], "monetary_value_all": row["monetary_value_all"],
        }  # fmt: skip
        assert (row["value"], row["tier"]) == (said[meaning.value], said["clv_tier"])
        assert (row["first_day"], row["by_event"]) == (said["first_order_date"], False)


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.10g}") if math.isfinite(value) else None
    return value if value is None or isinstance(value, str | int) else str(value)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("0.0::DOUBLE", 0.0), ("-3.14159265358979::DOUBLE", -3.141592654), ("'inf'::DOUBLE", None),
        ("'nan'::DOUBLE", None), ("NULL::DOUBLE", None), ("12345678901234.567::DOUBLE", 12345678900000.0),
        ("1.23456789012e-15::DOUBLE", 1.23456789e-15), ("1e22::DOUBLE", 1e22), ("1.50::DECIMAL(9, 2)", "1.50"),
        ("DATE '2026-01-02'", "2026-01-02"), ("TIMESTAMP '2026-01-02 03:04:05'", "2026-01-02 03:04:05"),
        ("'ä\"\n'", 'ä"\n'), ("true", True), ("[1, 2]", [1, 2]),
    ],
)  # fmt: skip
def test_fields_are_json(said: str, kept: object) -> None:
    engine = Engine()
    engine.execute(f"CREATE TABLE t AS SELECT {said} AS x")
    of = dict(engine.described("t"))["x"]
    found = engine.row(f"SELECT CAST(to_json(struct_pack(x := {_field('x', of)})) AS VARCHAR) FROM t")[0]
    engine.close()
    assert json.loads(found)["x"] == kept


def test_names_are_as_short_as_an_index_takes_them() -> None:
    engine = Engine()
    engine.execute("CREATE TABLE t AS SELECT repeat('ä', 200) AS long, '' AS none, 'mail' AS short")
    types = dict(engine.described("t"))
    found = engine.row(f"SELECT {', '.join(_group(name, types) for name in ('long', 'none', 'short', 'gone'))} FROM t")
    engine.close()
    assert found == ("ä" * 120, None, "mail", None)
