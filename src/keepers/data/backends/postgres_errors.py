"""PostgreSQL's failures in words: what is wrong, that nothing was changed, and what to do next."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from keepers.domain.errors import EngineError, InputError, KeepersError

_UNCHANGED = "Nothing was published; what an earlier run left is as it was."


@contextlib.contextmanager
def postgres_errors(shown: str, schema: str) -> Iterator[None]:
    """Turn the driver's errors into those of Keepers.

    Parameters
    ----------
    shown : str
        The server, without password.
    schema : str
        Where results are kept.
    """
    import psycopg

    try:
        yield
    except psycopg.Error as error:
        raise _in_words(error, shown, schema) from error


def _in_words(error: Exception, shown: str, schema: str) -> KeepersError:
    from psycopg import InterfaceError, OperationalError, errors

    said = " ".join(str(error).split()).rstrip(".") or type(error).__name__
    # The first kind that fits; kinds of the driver are kinds of each other.
    texts: tuple[tuple[tuple[type[Exception], ...], str], ...] = (
        (
            (errors.DiskFull,),
            f"The disk of {shown} is full: {said}. {_UNCHANGED} Free some space there and run again.",
        ),
        (
            (errors.OutOfMemory, errors.ConfigurationLimitExceeded),
            f"{shown} is short of memory or disk: {said}. {_UNCHANGED} Give it more, and run again.",
        ),
        (
            (errors.InsufficientPrivilege,),
            f"{shown} refuses: {said}. {_UNCHANGED} A run reads your tables (GRANT SELECT), makes working tables "
            f"(GRANT TEMPORARY ON DATABASE) and keeps results in the schema {schema} (GRANT CREATE ON DATABASE, or "
            "make the schema and GRANT CREATE, USAGE on it).",
        ),
        (
            (errors.DependentObjectsStillExist,),
            f"The result has other columns than the last one, and something reads the last one: {said}. {_UNCHANGED} "
            f"Drop what reads it and run again, or keep results in another schema than {schema}.",
        ),
        (
            (errors.LockNotAvailable,),
            f"{shown}: somebody holds the last result ({said}). {_UNCHANGED} Run again when that query is through.",
        ),
        (
            (errors.QueryCanceled,),
            f"{shown} stopped a query: {said}. {_UNCHANGED} Raise statement_timeout for this user, or run when less "
            "is going on.",
        ),
        (
            (InterfaceError, OperationalError),
            f"No connection to {shown}: {said}. {_UNCHANGED} Check that the server runs, and the host, database, user "
            "and password; then run again.",
        ),
    )
    if isinstance(error, errors.UndefinedTable | errors.UndefinedColumn):
        return InputError(
            f"{shown}: {said}. A table or column went while it was in use. {_UNCHANGED} Run again when it is back."
        )
    found = next((text for kinds, text in texts if isinstance(error, kinds)), None)
    return EngineError(found or f"{shown} cannot carry out a step: {said}. {_UNCHANGED}")
