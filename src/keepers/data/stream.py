"""A table as an Arrow stream and nothing else."""

# This module imports no engine: what a frame library remembers of the class must not keep the engine alive at exit.

from __future__ import annotations

from typing import Any


class ArrowStream:
    """Shows a table's Arrow stream alone, where a library would look at its kind and ask for another library."""

    def __init__(self, table: Any) -> None:
        self._table = table

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return self._table.__arrow_c_stream__(requested_schema)
