"""Taking a person out of uploaded files, which later runs read: every row that names them, and all of their orders."""

from __future__ import annotations

import re
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from keepers.data.connect import open_location
from keepers.data.engine import Engine, literal, quoted
from keepers.data.naming import clean_id
from keepers.data.raw_table import RawTable
from keepers.data.readers.kinds import kind_of
from keepers.data.recognise import recognise
from keepers.domain.errors import InputError
from keepers.pipeline.project import Project
from keepers.pipeline.uploads import CHECKED, COMING, taken_in, uploaded

_WHOSE = re.compile(
    r"(?:customer|client|buyer|user|person|contact|member|subscriber|account|lead)s?"
    r"[\W_]*(?:u?id|uuid|no|nr|num|number|key|code|ref|reference)?[\W_]*",
    re.IGNORECASE,
)
"""Names of columns that hold the number of a person, and not their age or who looks after them."""

_CODE = re.compile(r"(?=.*\d)(?=.*[A-Za-z])[\w:/#.-]{5,}")
"""Keys that nothing else is called by, wherever they stand; 17 is an amount too, and Anna Smith may be who sold it."""

_WRITTEN = {
    "delimited": "FORMAT csv, HEADER {header}, DELIMITER ',', QUOTE '\"', ESCAPE '\"'",
    "parquet": "FORMAT parquet, COMPRESSION zstd",
}
"""Kinds of files that are written anew; what else there is may hold more than its table, such as formulas."""


@dataclass(frozen=True, slots=True)
class TakenOut:
    """What was taken out of uploads, in rows, and the files that name the person still or cannot be looked through."""

    rows: int
    still: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class _Columns:
    """Columns that hold the numbers and the addresses of people, that of the order, and SQL for what a number is kept
    as."""

    numbers: frozenset[str]
    addresses: frozenset[str] = frozenset()
    order: str | None = None
    known_as: str | None = None


def take_out_of_uploads(
    project: Project, keys: Collection[str], addresses: Collection[str], names: Collection[str] = ()
) -> TakenOut:
    """Write every uploaded file that names a person anew, without the rows that do.

    Of files that are being taken in, those that are whole are looked through, too. They are removed where they name the
    person and are not written anew, and so is what has not come in yet: whoever sends it hears that it is to be sent
    again.

    Parameters
    ----------
    project : Project
    keys : collection of str
        By which results know the person.
    addresses : collection of str
        E-mail addresses.
    names : collection of str
        What their ids are kept as, by which a file names them that has no address.

    Raises
    ------
    EngineError
        A file cannot be written; it stays as it was.
    """
    for path in taken_in(project, COMING):
        path.unlink(missing_ok=True)
    rows, still = 0, []
    # First those that are being read, as they may be among the others a moment later.
    for path in taken_in(project, CHECKED):
        count = _taken_out(path, keys, addresses, names)
        rows += count or 0
        if count is None:
            path.unlink(missing_ok=True)
    for path in uploaded(project):
        count = _taken_out(path, keys, addresses, names)
        rows += count or 0
        if count is None:
            still.append(path)
    return TakenOut(rows, tuple(still))


def _taken_out(path: Path, keys: Collection[str], addresses: Collection[str], names: Collection[str]) -> int | None:
    """Rows that were taken out of a file; None where it names the person still, or cannot be looked through."""
    engine = Engine(threads=1)
    try:
        raws = open_location(engine, path)
        named = [_naming(engine, raw, keys, addresses, names) for raw in raws]
        count = sum(int(engine.row(f"SELECT count(*) FROM ({sql})")[0]) for sql in named)
        count += sum(_rejected(raw, addresses) for raw in raws)
        if not count:
            return 0
        if len(raws) != 1 or not kind_of(path, path.name) == raws[0].kind in _WRITTEN:
            return None
        _write_without(engine, raws[0], named[0], path)
        return count
    except InputError:
        return None
    finally:
        engine.close()


def _naming(
    engine: Engine, raw: RawTable, keys: Collection[str], addresses: Collection[str], names: Collection[str]
) -> str:
    """SQL: numbers of the rows that name a person, and of those of the same orders that name nobody else."""
    found = _columns(engine, raw)
    tests = [
        f"{_plain(column)} IN ({', '.join(literal(key.lower()) for key in told)})"
        for column in raw.columns
        if (told := [key for key in sorted(keys) if column in found.numbers or _CODE.fullmatch(key)])
    ]
    if found.known_as and names:
        tests.append(f"{found.known_as} IN ({', '.join(literal(name) for name in sorted(names))})")
    if addresses:
        pattern = literal(_pattern(addresses))
        tests += [f"regexp_matches(lower(CAST({quoted(column)} AS VARCHAR)), {pattern})" for column in raw.columns]
    named = f"SELECT * FROM {quoted(raw.table)} WHERE {' OR '.join(tests) or 'false'}"
    if found.order is None:
        return f"SELECT _row FROM ({named})"
    who = ", ".join(("''", *(f"coalesce({_plain(one)}, '')" for one in sorted(found.numbers | found.addresses))))
    order = f"{quoted(found.order)} AS _order, [{who}] AS _who"
    # Some shops number the orders of each customer from 1.
    return (
        f"SELECT _row FROM ({named}) UNION SELECT every._row FROM (SELECT _row, {order} FROM {quoted(raw.table)}) "
        f"every JOIN (SELECT DISTINCT {order} FROM ({named})) theirs ON every._order = theirs._order "
        "AND (every._who = theirs._who OR len(list_filter(every._who, lambda one: one <> '')) = 0)"
    )


def _plain(column: str) -> str:
    """SQL: what stands in a column, in small letters."""
    return f"lower(trim(CAST({quoted(column)} AS VARCHAR)))"


def _rejected(raw: RawTable, addresses: Collection[str]) -> int:
    """How many lines that are no rows of the table name a person; what is written anew has none of them."""
    if not addresses:
        return 0
    pattern = re.compile(_pattern(addresses))
    return sum(pattern.search(one.text.lower()) is not None for one in raw.rejected)


def _pattern(addresses: Collection[str]) -> str:
    """Any of some addresses as a word of its own: one may begin or end with another."""
    words = "|".join(re.escape(one.strip().lower()) for one in sorted(addresses))
    return rf"(^|[^a-z0-9._%+-])({words})($|[^a-z0-9._-]|[.]($|[^a-z0-9]))"


def _columns(engine: Engine, raw: RawTable) -> _Columns:
    named = frozenset(column for column in raw.columns if _WHOSE.fullmatch(column))
    try:
        found = recognise(engine, raw)
    except InputError:
        return _Columns(named)
    customer, email, known_as = found.column("customer_id"), found.column("email"), None
    if customer is not None:
        # A run knows people by this column and no other: 17 beside it is the number of somebody else.
        named = frozenset({customer})
        number = clean_id(f"trim(CAST({quoted(customer)} AS VARCHAR))")
        system = literal(found.format.system)
        known_as = f"CAST(md5_number_lower(concat_ws('|', {system}, {number})) AS VARCHAR)"
    return _Columns(named, frozenset() if email is None else frozenset({email}), found.column("order_id"), known_as)


def _write_without(engine: Engine, raw: RawTable, named: str, path: Path) -> None:
    listed = ", ".join(quoted(column) for column in raw.columns)
    beside = path.with_name(f".{uuid.uuid4().hex}-{path.name}")
    how = _WRITTEN[raw.kind].format(header=str(raw.header).lower())
    try:
        with engine.in_order():
            engine.execute(
                f"COPY (SELECT {listed} FROM {quoted(raw.table)} WHERE _row NOT IN ({named}) ORDER BY _row) "
                f"TO {literal(str(beside))} ({how})"
            )
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def sentence_of(still: Sequence[Path]) -> str:
    """What to do about files that name somebody still."""
    names = ", ".join(path.name for path in still)
    return (
        f"Uploaded files that name them still, or may ({names}), are of a kind that is not written anew. Leave them "
        "out on the page of data, and upload them without the person where others' orders are in them."
    )
