"""Which tables of a database to read: those that are named, or the only one there is."""

from __future__ import annotations

from collections.abc import Sequence

from keepers.domain.errors import InputError

_LISTED = 30


def chosen_tables(source: str, available: Sequence[str], wanted: Sequence[str], example: str) -> tuple[str, ...]:
    """The tables to read, as the database writes their names.

    Parameters
    ----------
    source : str
        The database's name to show.
    available, wanted : sequence of str
        Tables there are, and tables asked for.
    example : str
        How to name a table, for the error: ``"shop.sqlite#{table}"``.

    Raises
    ------
    InputError
        There is no table, none is named among several, or one that is named is not there; the tables are listed.
    """
    if not available:
        raise InputError(f"{source} has no tables, or none that you may read.")
    if not wanted:
        if len(available) == 1:
            return tuple(available)
        raise InputError(
            f"{source} has {len(available)} tables. Name the one to read, such as "
            f"{example.format(table=available[0])!r}. There are: {_listed(available)}."
        )
    by_name = {name.lower(): name for name in available} | {name: name for name in available}
    missing = [name for name in wanted if name not in by_name and name.lower() not in by_name]
    if missing:
        raise InputError(f"{source} has no table {missing[0]!r}. There are: {_listed(available)}.")
    return tuple(by_name.get(name) or by_name[name.lower()] for name in wanted)


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _LISTED
    return ", ".join(names[:_LISTED]) + (f" and {more} more" if more > 0 else "")
