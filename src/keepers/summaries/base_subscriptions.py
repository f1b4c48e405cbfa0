"""The contracts that a kept base holds: what the newest delivery said of each, whole in one file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from keepers.data.engine import Engine, literal, quoted
from keepers.data.others import CONTRACT_KNOWN_BY
from keepers.data.table import Table
from keepers.domain import columns

FILE = "subscriptions.parquet"

_NAMES = tuple(column.name for column in columns.SUBSCRIPTIONS.columns)
_SYSTEM = "split_part(split_part(source, ':', 1), ' ', 1)"


@dataclass(frozen=True, slots=True)
class ContractChanges:
    """What an update did to contracts.

    Attributes
    ----------
    delivered : int
        Contracts that were delivered.
    new, changed, repeated, older : int
        Of these, contracts that the base had not; those of which the delivery says something else; those known
        already; and those of which the base had a newer version, which stays.
    """

    delivered: int
    new: int
    changed: int
    repeated: int
    older: int

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers for a file."""
        return asdict(self)


NO_CONTRACTS = ContractChanges(0, 0, 0, 0, 0)


def write_contracts(table: Table, folder: Path) -> None:
    """Keep the contracts of a first delivery."""
    _write(table.engine, _delivered(table, None), folder)


def kept_contracts(folder: Path, engine: Engine) -> Table | None:
    """The canonical table of a base's contracts; None where it holds none."""
    file = folder / FILE
    if not file.exists():
        return None
    listed = ", ".join(quoted(name) for name in _NAMES)
    sql = f"SELECT {listed} FROM read_parquet({literal(str(file))}) ORDER BY known_by, subscription_id"
    return Table(engine, engine.create(engine.new_name("subscriptions"), sql))


def merge_contracts(
    engine: Engine, before: Path, into: Path, delivered: Table | None, keys: str | None
) -> ContractChanges | None:
    """Write the contracts of a base with those of a delivery; None where the base holds none.

    Parameters
    ----------
    before, into : Path
        Folders of the base as it was, and as it will be.
    delivered : Table or None
        Canonical contracts of the delivery.
    keys : str or None
        Table (old_key, customer_key) of keys of customers that become others.
    """
    file = before / FILE
    if not file.exists():
        return None
    kept = engine.create(
        engine.new_name("kept_contracts"),
        f"SELECT * REPLACE ({CONTRACT_KNOWN_BY} AS known_by) "
        f"FROM ({_keyed(f'SELECT * FROM read_parquet({literal(str(file))})', keys)}) AS kept",
    )
    if delivered is None:
        _write(engine, f"SELECT * FROM {kept}", into)
        return NO_CONTRACTS
    fresh = engine.create(engine.new_name("delivered_contracts"), _delivered(delivered, keys))
    same = " AND ".join(
        f"kept.{quoted(name)} IS NOT DISTINCT FROM fresh.{quoted(name)}"
        for name in _NAMES
        if name not in ("event_id", "source", "source_id", "received_at", "occurred_at", "subscription_id")
    )
    # Equal rows of one file that nothing tells apart stand or fall together, as when files are read together.
    status = engine.create(
        engine.new_name("contract_status"),
        f"""SELECT fresh.system, fresh.known_by,
                CASE
                    WHEN bool_or(kept.known_by IS NULL) THEN 'new'
                    WHEN max(fresh.delivered) < max(kept.delivered) THEN 'older'
                    WHEN bool_or({same}) THEN 'repeated'
                    ELSE 'changed'
                END AS status,
                count(DISTINCT fresh.place) AS rows
            FROM (SELECT *, row_number() OVER () AS place FROM {fresh}) AS fresh
            LEFT JOIN {kept} AS kept ON kept.system = fresh.system AND kept.known_by = fresh.known_by
            GROUP BY fresh.system, fresh.known_by""",
    )
    _write(
        engine,
        f"""SELECT * FROM {kept} ANTI JOIN (FROM {status} WHERE status <> 'older') USING (system, known_by)
            UNION ALL BY NAME
            SELECT * FROM {fresh} ANTI JOIN (FROM {status} WHERE status = 'older') USING (system, known_by)""",
        into,
    )
    counts = {name: int(number) for name, number in _counts(engine, status)}
    for name in (kept, fresh, status):
        engine.drop(name)
    told = {name: counts.get(name, 0) for name in ("new", "changed", "repeated", "older")}
    return ContractChanges(sum(counts.values()), **told)


def _counts(engine: Engine, status: str) -> Sequence[tuple[Any, ...]]:
    return engine.rows(f"SELECT status, sum(rows) FROM {status} GROUP BY status")


def _delivered(table: Table, keys: str | None) -> str:
    """The contracts of a delivery with what they are known by, and the last day that their file knows of."""
    own = {name.lower() for name in table.columns}
    listed = ", ".join(
        f"CAST({quoted(column.name) if column.name in own else 'NULL'} AS {column.type}) AS {quoted(column.name)}"
        for column in columns.SUBSCRIPTIONS.columns
    )
    last = "max(greatest(day, started_on, coalesce(ended_on, started_on))) OVER (PARTITION BY source) AS delivered"
    rows = _keyed(f"SELECT {listed} FROM {quoted(table.name)}", keys)
    return f"SELECT *, {last}, {_SYSTEM} AS system, {CONTRACT_KNOWN_BY} AS known_by FROM ({rows}) AS told"


def _keyed(rows: str, keys: str | None) -> str:
    """Rows with the keys that customers have now."""
    if keys is None:
        return rows
    return (
        "SELECT told.* REPLACE (coalesce(other.customer_key, told.customer_key) AS customer_key) "
        f"FROM ({rows}) AS told LEFT JOIN {keys} AS other ON other.old_key = told.customer_key"
    )


def _write(engine: Engine, rows: str, folder: Path) -> None:
    target = literal(str(folder / FILE))
    engine.execute(f"COPY ({rows}) TO {target} (FORMAT parquet, COMPRESSION zstd)")
