"""Forgetting a person in what was pulled: every item and row that names them goes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from keepers.data.connectors.catalogue import SERVICES
from keepers.data.connectors.kept import RAW, Kept
from keepers.data.connectors.pull import lay_out, locked, write_table
from keepers.data.engine import Engine, literal, quoted

_PERSONS = ("customers", "contacts", "profiles")
"""Lists of persons, by whose keys other lists name them."""


def forget(folder: Path, name: str, kind: str, addresses: Sequence[str]) -> int:
    """Take everything that names any of some e-mail addresses out of what a source brought; gives how much it was.

    What the source itself still has comes again with the next reading of everything.

    Raises
    ------
    EngineError
        The source is being pulled at this moment, or the folder may not be written.
    """
    if not (folder / RAW).is_dir() or not addresses:
        return 0
    with locked(folder, name):
        engine = Engine(threads=1)
        try:
            wanted = {one.strip().lower() for one in addresses}
            if kind in SERVICES:
                return _forget_items(engine, folder, kind, wanted)
            return _forget_rows(engine, folder, wanted)
        finally:
            engine.close()


def _forget_items(engine: Engine, folder: Path, kind: str, wanted: set[str]) -> int:
    kept, gone = Kept(folder), 0
    whole = sorted(kept.raw.glob("*.parquet"))
    for path in whole:
        found = engine.rows(f"SELECT key FROM read_parquet({literal(str(path))}) WHERE {_names('doc', wanted)}")
        # Other items know a person by an id that says of itself what it is, such as cus_1 or gid://shopify/Customer/1.
        if path.stem in _PERSONS:
            wanted |= {str(key).lower() for (key,) in found if not str(key).isdigit()}
    for path in whole:
        if count := _without(engine, path, _names("doc", wanted)):
            kept.resized(path.stem)
            gone += count
    for path in sorted(kept.raw.glob("*.jsonl")):
        gone += _pages_without(kept, path, wanted)
    # The file of a whole list that was being taken in is fetched again.
    for path in (*kept.raw.glob("*.lines"), *kept.raw.glob("*.items"), *kept.raw.glob("*.part")):
        path.unlink()
    if gone:
        # Before, so that a crash meanwhile has the next pull write the tables.
        kept.set_value("tables", {})
        lay_out(engine, SERVICES[kind], kept)
    return gone


def _forget_rows(engine: Engine, folder: Path, wanted: set[str]) -> int:
    gone = 0
    for path in sorted((folder / RAW).rglob("*.parquet")):
        read = f"read_parquet({literal(str(path))})"
        texts = [name for name, kind in _columns(engine, read) if kind == "VARCHAR"]
        if not texts:
            continue
        listed = ", ".join(literal(one) for one in sorted(wanted))
        count = _without(engine, path, " OR ".join(f"lower({quoted(name)}) IN ({listed})" for name in texts))
        table = folder / path.name
        if count and path.parent == folder / RAW and table.exists():
            write_table(engine, f"SELECT * FROM {read}", table)
        gone += count
    return gone


def _without(engine: Engine, path: Path, condition: str) -> int:
    """Write a file anew without the rows of a condition."""
    read = f"read_parquet({literal(str(path))})"
    count = int(engine.row(f"SELECT count(*) FROM {read} WHERE {condition}")[0])
    if count:
        beside = path.with_suffix(".part")
        engine.execute(
            f"COPY (SELECT * FROM {read} WHERE ({condition}) IS NOT TRUE) TO {literal(str(beside))} "
            "(FORMAT parquet, COMPRESSION zstd)"
        )
        beside.replace(path)
    return count


def _pages_without(kept: Kept, path: Path, wanted: set[str]) -> int:
    """The same for pages that are not merged yet; the mark then says how long the file is."""
    mark = kept.mark(path.stem)
    with path.open("rb") as file:
        lines = file.read(mark.size).splitlines(keepends=True)
    names = [json.dumps(one, ensure_ascii=False) for one in wanted]
    left = [line for line in lines if not any(name in line.decode().lower() for name in names)]
    if len(left) < len(lines):
        kept.rewrite(path.stem, b"".join(left))
    return len(lines) - len(left)


def _names(column: str, wanted: set[str]) -> str:
    """SQL: whether an item has one of the words as a value."""
    tests = [f"contains(lower({column}), {literal(json.dumps(one, ensure_ascii=False))})" for one in sorted(wanted)]
    return " OR ".join(tests)


def _columns(engine: Engine, read: str) -> list[tuple[str, str]]:
    return [(str(row[0]), str(row[1])) for row in engine.rows(f"DESCRIBE SELECT * FROM {read}")]
