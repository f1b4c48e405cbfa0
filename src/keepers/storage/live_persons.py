"""Who live customers are: names and addresses, and the search for a part of them."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Connection, Select, Text, func, literal, select

from keepers.storage.bulk import upsert_values
from keepers.storage.service_schema import LIVE_PERSONS

Person = tuple[str, str | None, str | None]
"""A customer's key, name and e-mail address."""


def put_persons(connection: Connection, persons: Sequence[Person]) -> None:
    """Write who customers are, later ones over earlier ones; what is not said stays.

    Only what changes is written: a run names everybody anew, and nearly all as they were.
    """
    before = persons_of(connection, {key for key, _, _ in persons})
    now = dict(before)
    for key, name, email in persons:
        known = now.get(key, (None, None))
        now[key] = (known[0] if name is None else name, known[1] if email is None else email)
    changed = [(key, *said, searched(f"{said[0] or ''}\n{said[1] or ''}")) for key, said in now.items()
               if before.get(key) != said]  # fmt: skip
    upsert_values(connection, LIVE_PERSONS.name, ("customer_key", "name", "email", "searched"), changed)


def persons_of(connection: Connection, keys: Collection[str]) -> dict[str, tuple[str | None, str | None]]:
    """Name and e-mail address of customers, by key."""
    of = LIVE_PERSONS.c
    query = select(of.customer_key, of.name, of.email).where(of.customer_key.in_(listed(connection, keys)))
    return {key: (name, email) for key, name, email in connection.execute(query)}


def listed(connection: Connection, keys: Iterable[str]) -> Select[Any]:
    """Any number of keys as a query: a database admits only so many parameters."""
    if connection.dialect.name == "sqlite":
        return select(func.json_each(json.dumps(sorted(keys))).table_valued("value").c.value)
    return select(func.unnest(literal(sorted(keys), ARRAY(Text))))


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
