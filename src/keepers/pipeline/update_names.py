"""Names and addresses in an updated result: of the new files, or else of the earlier result."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from keepers.data.engine import Engine, literal, quoted
from keepers.data.read import Dataset

_PERSON = ("name", "email")


def with_names(engine: Engine, table: str, columns: Sequence[str], dataset: Dataset, path: Path) -> str:
    """A query of the rows `v` of a table by customer with names and addresses in front, as far as they are known.

    Parameters
    ----------
    engine : Engine
    table : str
        Its name; `columns` are its columns, `customer_key` among them.
    dataset : Dataset
        What was delivered.
    path : Path
        The table of the earlier result.
    """
    known = f"read_parquet({literal(str(path))})"
    before = {row[0] for row in engine.rows(f"DESCRIBE SELECT * FROM {known}")} if path.exists() else set()
    persons = dataset.tables.get("persons")
    joins, named_by = "", []
    for source, there, told in (
        ("now", set(_PERSON) if persons is not None else set(), None if persons is None else quoted(persons.name)),
        ("was", before, known),
    ):
        names = [name for name in _PERSON if name in there]
        if names:
            listed = ", ".join(f"max({name}) AS {name}" for name in names)
            joins += (
                f" LEFT JOIN (SELECT customer_key, {listed} FROM {told} GROUP BY customer_key) AS {source} "
                f"ON {source}.customer_key = v.customer_key"
            )
            named_by += [(name, f"{source}.{name}") for name in names]
    named = [
        f"coalesce({', '.join(sql for other, sql in named_by if other == name)}) AS {name}"
        for name in _PERSON
        if any(other == name for other, _ in named_by)
    ]
    rest = [f"v.{quoted(name)}" for name in columns if name != "customer_key"]
    return f"SELECT {', '.join(['v.customer_key', *named, *rest])} FROM {quoted(table)} AS v{joins}"
