"""JSON: an object a line, an array of objects, or one object around an array."""

from __future__ import annotations

import contextlib
import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb

from keepers.data.engine import Engine, literal, quoted
from keepers.data.raw_table import NoRowsError, RawTable, Rejections, distinct_names
from keepers.data.readers.clean_csv import load_numbered, number_rows
from keepers.data.readers.scratch import scratch_file
from keepers.data.readers.text import TextFile, first_lines, open_text, survey, transcode
from keepers.domain.errors import EngineError, InputError

_DEEPEST = 4
_MOST_KEYS = 200
_LARGEST_OBJECT = 1 << 30
_SMALLEST_BUFFER = 1 << 24
# What services put beside the array of records in one page of an answer.
_AROUND = frozenset({
    "object", "has_more", "url", "next", "previous", "prev", "next_page", "next_page_url", "next_cursor", "cursor",
    "offset", "limit", "page", "per_page", "pages", "total_pages", "count", "total", "total_count", "size", "status",
    "success", "ok", "message", "meta", "metadata", "pagination", "paging", "links", "_links", "generated_at",
    "exported_at", "version",
})  # fmt: skip


def read_json(engine: Engine, path: Path, source: str) -> RawTable:
    """Read JSON records as text columns.

    Objects inside objects become columns with dotted names ("customer.email"); arrays stay JSON text.

    Raises
    ------
    InputError
        The text is no JSON, or holds no objects.
    """
    file = survey(path)
    rejections = Rejections()
    if _has_object_a_line(path, file):
        objects = _by_line(engine, path, file, rejections)
    else:
        with _plain(engine, path, file) as plain:
            objects = _document(engine, plain, source)
    structure = _structure(engine, objects)
    inner = _wrapped(structure)
    if inner and _count(engine, objects) == 1:
        around, inside = objects, ".".join(quoted(key) for key in inner)
        objects, _ = number_rows(
            engine,
            f"SELECT unnest(json_extract(json, {literal(f'$.{inside}[*]')})) AS json FROM {quoted(around)}",
            ["json"],
        )
        structure = _structure(engine, objects)
    return _as_table(engine, objects, structure, source, rejections, ".".join(inner))


@contextlib.contextmanager
def _plain(engine: Engine, path: Path, file: TextFile) -> Iterator[Path]:
    """The text without a byte order mark and in UTF-8."""
    if file.encoding == "utf-8" and not file.mixed:
        yield path
        return
    with scratch_file(engine, ".json") as copy:
        transcode(path, file, copy)
        yield copy


def _has_object_a_line(path: Path, file: TextFile) -> bool:
    lines = [line.strip() for line in first_lines(path, file) if line.strip()][:5]
    whole = [isinstance(_loaded(line.lstrip("\ufeff")), dict) for line in lines]
    return bool(whole) and (whole[0] or 2 * sum(whole) >= len(whole))


def _by_line(engine: Engine, path: Path, file: TextFile, rejections: Rejections) -> str:
    """Objects of JSON lines with their line numbers, as a relation (``_row``, ``json``)."""
    with _plain(engine, path, file) as plain:
        try:
            objects, stored = number_rows(engine, f"SELECT json FROM {_objects(plain, 'newline_delimited')}", ["json"])
            told = engine.row(
                f"SELECT count(*), count(json), bool_and(json_type(json) = 'OBJECT') FROM {quoted(stored)}"
            )
            if told == (file.lines, file.lines, True):
                return objects
        except (duckdb.Error, EngineError):
            # A line too long or too broken for the engine's reader is found and named below.
            pass
    with scratch_file(engine, ".csv") as clean:
        with open_text(path, file) as stream, clean.open("w", encoding="utf-8", newline="") as out:
            write = csv.writer(out).writerow
            for number, line in enumerate(stream, start=1):
                text = line.strip().lstrip("\ufeff")
                if not text:
                    continue
                if isinstance(_loaded(text), dict):
                    write((number, text))
                else:
                    rejections.add(number, line, "not a JSON object")
        return load_numbered(engine, clean, ["json"])


def _loaded(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _objects(path: Path, layout: str, largest: int = _SMALLEST_BUFFER) -> str:
    broken = "true" if layout == "newline_delimited" else "false"
    return (
        f"read_json_objects({literal(str(path))}, format = {literal(layout)}, ignore_errors = {broken}, "
        f"maximum_object_size = {largest})"
    )


def _document(engine: Engine, path: Path, source: str) -> str:
    """Objects of one JSON text, numbered from 1, as a relation (``_row``, ``json``)."""
    with path.open("rb") as stream:
        layout = "array" if stream.read(4096).lstrip().startswith(b"[") else "unstructured"
    largest = max(_SMALLEST_BUFFER, path.stat().st_size + 1024) if layout == "unstructured" else _SMALLEST_BUFFER
    if largest > _LARGEST_OBJECT:
        raise InputError(
            f"{source} is one JSON object of {largest >> 20:,} MB. Export JSON lines (an object a line), "
            "CSV or Parquet."
        )
    try:
        objects, stored = number_rows(engine, f"SELECT json FROM {_objects(path, layout, largest)}", ["json"])
        others = int(engine.row(f"SELECT count(*) FROM {quoted(stored)} WHERE json_type(json) <> 'OBJECT'")[0])
    except (duckdb.Error, EngineError) as error:
        reason = str(error).splitlines()[0].replace(str(path), source)
        raise InputError(f"{source} is not valid JSON ({reason}). It may be cut short: export it again.") from error
    if others:
        raise InputError(
            f'{source} holds JSON values that are no objects. Records must be objects such as {{"id": 1}}.'
        )
    return objects


def _structure(engine: Engine, objects: str) -> dict[str, Any]:
    """Keys and kinds of values over all objects, in order of appearance."""
    found = engine.row(f"SELECT json_group_structure(CAST(json AS JSON)) FROM {quoted(objects)}")[0]
    structure = json.loads(found) if found else {}
    return structure if isinstance(structure, dict) else {}


def _wrapped(structure: dict[str, Any], deepest: int = _DEEPEST) -> tuple[str, ...]:
    """The way to the array that objects around it hold; empty where the object is a record itself."""
    inside = [key for key in structure if key.lower() not in _AROUND]
    inside = inside or [key for key, kind in structure.items() if isinstance(kind, list)]
    if len(inside) != 1:
        return ()
    kind = structure[inside[0]]
    if isinstance(kind, list) and kind and isinstance(kind[0], dict):
        return (inside[0],)
    further = _wrapped(kind, deepest - 1) if isinstance(kind, dict) and deepest > 1 else ()
    return (inside[0], *further) if further else ()


def _leaves(structure: dict[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for key, kind in structure.items():
        path = (*above, key)
        if isinstance(kind, dict) and 0 < len(kind) <= _MOST_KEYS and len(path) < _DEEPEST:
            yield from _leaves(kind, path)
        else:
            yield path


def _pointer(path: tuple[str, ...]) -> str:
    return "".join("/" + key.replace("~", "~0").replace("/", "~1") for key in path)


def _as_table(
    engine: Engine, objects: str, structure: dict[str, Any], source: str, rejections: Rejections, inner: str
) -> RawTable:
    paths = list(_leaves(structure))
    if not paths:
        reason = f"{rejections.count} of its lines are no objects" if rejections.count else "it has no objects"
        raise NoRowsError(f"{source} has no JSON records: {reason}.")
    names = distinct_names([".".join(path) for path in paths])
    pointers = ", ".join(literal(_pointer(path)) for path in paths)
    listed = ", ".join(f"found[{position}] AS {quoted(name)}" for position, name in enumerate(names, start=1))
    table = engine.create(
        engine.new_name("raw"),
        f"SELECT _row, {listed} FROM "
        f"(SELECT _row, json_extract_string(json, [{pointers}]) AS found FROM {quoted(objects)})",
    )
    notes = []
    if inner:
        notes.append(f"The records are those of {inner!r}.")
    if rejections.count:
        notes.append(f"{rejections.count:,} of its lines could not be read and stand aside.")
    return RawTable(
        table=table,
        columns=names,
        source=source,
        kind="json",
        first_row=1,
        rows=_count(engine, table),
        notes=tuple(notes),
        rejected=tuple(rejections.rows),
        rejected_count=rejections.count,
    )


def _count(engine: Engine, table: str) -> int:
    return int(engine.row(f"SELECT count(*) FROM {quoted(table)}")[0])
