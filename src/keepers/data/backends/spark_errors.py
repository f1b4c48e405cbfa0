"""Spark's failures in words: what is wrong, that nothing was changed, and what to do next."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from keepers.domain.errors import EngineError, InputError, KeepersError

_UNCHANGED = "Nothing was published; what an earlier run left is as it was."


@contextlib.contextmanager
def spark_errors(address: str, schema: str) -> Iterator[None]:
    """Turn Spark's errors into those of Keepers.

    Parameters
    ----------
    address : str
        The cluster.
    schema : str
        Database where results are kept.
    """
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    try:
        yield
    except (PySparkException, Py4JError, ConnectionError) as error:
        raise in_words(error, address, schema) from error


def in_words(error: Exception, address: str, schema: str) -> KeepersError:
    """An error of Spark as one of Keepers."""
    text = str(error)
    said = " ".join(text.split("\n", 1)[0].split())[:300].rstrip(".") or type(error).__name__
    asked = getattr(error, "getCondition", None) or getattr(error, "getErrorClass", None)
    kind = str(asked() or "") if asked is not None else ""
    lowered = text.lower()

    def says(*words: str) -> bool:
        return any(word in lowered for word in words)

    if kind.startswith(("TABLE_OR_VIEW_NOT_FOUND", "PATH_NOT_FOUND", "UNRESOLVED_COLUMN")):
        return InputError(
            f"{address}: {said}. The table is not there, or not any more. {_UNCHANGED} Look at SHOW TABLES, and name "
            "it with its database: keepers run shop.orders."
        )
    if says("no space left", "disk quota"):
        reason = f"A disk of {address} is full: {said}. {_UNCHANGED} Free space in spark.local.dir and the warehouse"
    elif says("permission denied", "accesscontrol", "not authorized"):
        reason = (
            f"{address} refuses: {said}. {_UNCHANGED} A run reads the table of orders and makes tables in the database "
            f"{schema}; let this user do both"
        )
    elif says("outofmemory", "java heap space"):
        reason = (
            f"{address} ran out of memory: {said}. {_UNCHANGED} Give executors more (spark.executor.memory), or raise "
            "spark.sql.shuffle.partitions"
        )
    elif isinstance(error, ConnectionError) or says("connection refused", "sparkcontext", "gateway", "all masters"):
        reason = (
            f"No connection to {address}: {said}. {_UNCHANGED} Check that the master runs and can be reached from here"
        )
    else:
        return EngineError(f"{address} cannot carry out a step: {said}. {_UNCHANGED}")
    return EngineError(f"{reason}, and run again.")
