"""The tasks of `benchmarks.features`, each in a process of its own, on a folder of canonical tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.measure import Clock, main


def _tables(folder: Path) -> Any:
    from types import SimpleNamespace

    from keepers.data.engine import Engine, literal
    from keepers.data.table import Table

    engine = Engine(memory_limit="6GB", threads=2)
    tables = {}
    for file in sorted(folder.glob("*.parquet")):
        engine.execute(f"CREATE VIEW {file.stem} AS SELECT * FROM read_parquet({literal(str(file))})")
        tables[file.stem] = Table(engine, file.stem)
    return SimpleNamespace(engine=engine, tables=tables)


def at(folder: Path) -> tuple[Clock, dict[str, Any]]:
    """Features of everybody at a day half a year before the end."""
    import keepers as kp

    source = _tables(folder)
    clock = Clock()
    made = kp.features_at(source, "2026-03-31")
    return clock.after({"customers": len(made), "features": len(made.names)})


def at_age(folder: Path) -> tuple[Clock, dict[str, Any]]:
    """Features of everybody four weeks after the first purchase."""
    import keepers as kp

    source = _tables(folder)
    clock = Clock()
    made = kp.features_at_age(source, 28)
    return clock.after({"customers": len(made), "features": len(made.names)})


def handed_over(folder: Path) -> tuple[Clock, dict[str, Any]]:
    """The same as `at`, and every row handed to a model as numbers, in portions."""
    import keepers as kp

    source = _tables(folder)
    clock = Clock()
    made = kp.features_at(source, "2026-03-31")
    rows = sum(keys.size for keys, _ in made.batches())
    return clock.after({"customers": rows, "features": len(made.names)})


if __name__ == "__main__":
    main({"at": at, "at_age": at_age, "handed_over": handed_over})
