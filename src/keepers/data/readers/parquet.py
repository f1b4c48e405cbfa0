"""Parquet files, read where they lie."""

from __future__ import annotations

from pathlib import Path

import duckdb

from keepers.data.engine import Engine, literal, quoted
from keepers.data.raw_table import NoRowsError, RawTable, distinct_names
from keepers.domain.errors import EngineError, InputError


def read_parquet(engine: Engine, path: Path, source: str, lasting: bool = True) -> RawTable:
    """Read one Parquet file, its types kept; a view on the file where it is `lasting`, else a copy.

    Raises
    ------
    InputError
        The file is damaged, has no rows, or is packed by Brotli.
    """
    reader = f"read_parquet({literal(str(path))}, file_row_number = true)"
    try:
        packed = f"SELECT 1 FROM parquet_metadata({literal(str(path))}) WHERE compression = 'BROTLI' LIMIT 1"
        if engine.rows(packed):
            # Its decoder writes beyond its memory where a file wants it to (CVE-2026-111497), in every engine so far.
            raise InputError(
                f"{source} is packed by Brotli, of which a file can be made that harms whoever reads it. Write it "
                "again with another compression, such as zstd or snappy."
            )
        described = engine.rows(f"DESCRIBE SELECT * FROM {reader}")
        rows = int(engine.row(f"SELECT count(*) FROM {reader}")[0])
    except (duckdb.Error, EngineError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"{source} is a damaged Parquet file ({reason}). Write it again.") from error
    if not rows:
        raise NoRowsError(f"{source} has no rows. Write it again with the rows that you mean.")
    written = [str(row[0]) for row in described if row[0] != "file_row_number"]
    names = distinct_names(written)
    listed = ", ".join(f"{quoted(old)} AS {quoted(new)}" for old, new in zip(written, names))
    table = engine.new_name("raw")
    made = "VIEW" if lasting else "TABLE"
    engine.execute(f"CREATE {made} {quoted(table)} AS SELECT file_row_number + 1 AS _row, {listed} FROM {reader}")
    return RawTable(
        table=table, columns=names, source=source, kind="parquet", first_row=1, typed=True, rows=rows, lasting=lasting
    )
