"""Who live customers are: names and addresses, and the search for a part of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, func, insert, select, update

from keepers.storage.service_schema import LIVE_PERSONS

_AT_ONCE = 500


def put_persons(connection: Connection, persons: Sequence[Mapping[str, Any]]) -> None:
    """Rows of `customer_key`, `name` and `email`, later ones over earlier ones; what is not said stays.

    Only what changes is written: a run names everybody anew, and nearly all as they were.
    """
    table = LIVE_PERSONS
    for start in range(0, len(persons), _AT_ONCE):
        some = persons[start : start + _AT_ONCE]
        before = persons_of(connection, sorted({one["customer_key"] for one in some}))
        now = dict(before)
        for one in some:
            name, email = now.get(one["customer_key"], (None, None))
            now[one["customer_key"]] = (
                name if one["name"] is None else one["name"], email if one["email"] is None else one["email"]
            )  # fmt: skip
        fresh = [key for key in now if key not in before]
        changed = [key for key, said in before.items() if now[key] != said]
        if fresh:
            connection.execute(insert(table), [{"customer_key": key, **_row(*now[key])} for key in fresh])
        if changed:
            row = update(table).where(table.c.customer_key == bindparam("whose"))
            connection.execute(row, [{"whose": key, **_row(*now[key])} for key in changed])


def persons_of(connection: Connection, keys: Sequence[str]) -> dict[str, tuple[str | None, str | None]]:
    """Name and e-mail address of customers, by key."""
    found, table = {}, LIVE_PERSONS
    for start in range(0, len(keys), _AT_ONCE):
        rows = connection.execute(select(table).where(table.c.customer_key.in_(keys[start : start + _AT_ONCE])))
        found.update({row.customer_key: (row.name, row.email) for row in rows})
    return found


def searched(words: str) -> str:
    """Words as they are looked for: small letters of every alphabet.

    >>> searched("ÄDA")
    'äda'
    """
    return words.casefold()


def named(connection: Connection, words: str) -> ColumnElement[bool]:
    """Whether a person's name or address has the words in it, in the quickest way that the database has."""
    found = func.instr if connection.dialect.name == "sqlite" else func.strpos
    is_in: ColumnElement[bool] = found(LIVE_PERSONS.c.searched, searched(words)) > 0
    return is_in


def _row(name: str | None, email: str | None) -> dict[str, Any]:
    return {"name": name, "email": email, "searched": searched(f"{name or ''}\n{email or ''}")}
