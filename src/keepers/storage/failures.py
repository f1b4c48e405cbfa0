"""What can go wrong with the state, told in words: locked, full, not to be written, damaged, out of reach."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from sqlalchemy import exc

from keepers.domain.errors import EngineError, InputError, KeepersError

# Words of the databases' own messages, and what they mean to a person; the first that fits.
_MEANINGS = (
    (
        ("database is locked", "lock timeout", "deadlock detected"),
        "is being written by another run of Keepers. Nothing was changed: wait until that one is done, and try again.",
    ),
    (
        ("database or disk is full", "disk full", "no space left", "disk i/o error"),
        "could not be written because the disk is full. Nothing was changed: free some space, and try again.",
    ),
    (
        ("readonly database", "read-only", "permission denied", "unable to open database file"),
        "may not be written. Nothing was changed: give yourself the right to write there, or work in another folder.",
    ),
    (
        ("file is not a database", "malformed", "file is encrypted"),
        "is damaged or no state of Keepers. Put a copy of it back, or move it away: a new one is then begun, and what "
        "the old one remembered (alerts, published scores) is not in it.",
    ),
    (
        ("could not connect", "connection", "password authentication", "does not exist", "timeout expired"),
        "cannot be reached. Check its URL under [state] in keepers.toml, and whether the server runs.",
    ),
)


@contextlib.contextmanager
def told(where: str) -> Iterator[None]:
    """Turn what a database says into a `KeepersError` that names the state.

    Parameters
    ----------
    where : str
        The state as a person knows it: a file, or a server's address without its password.

    Raises
    ------
    EngineError
        With what is wrong and what to do.
    InputError
        What was to be written or looked for is nothing that a database can hold.
    """
    try:
        yield
    except KeepersError:
        raise
    except exc.DataError as error:
        raise InputError(
            f"The database cannot hold this: {_first_line(error)}. Send text without the character NUL, and numbers "
            "and texts that are not so large."
        ) from error
    except exc.IntegrityError as error:
        raise EngineError(f"The state ({where}) refuses what contradicts it: {_first_line(error)}") from error
    except exc.SQLAlchemyError as error:
        raise EngineError(f"The state ({where}) {_meaning(error)}") from error


@contextlib.contextmanager
def told_of_files(where: str) -> Iterator[None]:
    """The same of what the file system says.

    Raises
    ------
    EngineError
        With what is wrong and what to do.
    """
    try:
        yield
    except OSError as error:
        raise EngineError(f"The state ({where}) {_meaning(error)}") from error


def _meaning(error: BaseException) -> str:
    said = str(error).lower()
    for words, meaning in _MEANINGS:
        if any(word in said for word in words):
            return meaning
    return f"failed: {_first_line(error)}"


def _first_line(error: BaseException) -> str:
    return str(getattr(error, "orig", None) or error).splitlines()[0]
