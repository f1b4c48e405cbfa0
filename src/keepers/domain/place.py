"""Where data lie, as it is said to people: a database by its host and name, without what signs in there."""

from __future__ import annotations

import re


def named_place(location: str) -> str:
    """A path as it is; an address without its password and without its query, which may hold one.

    >>> named_place("postgresql://ada:secret@db.example/shop?sslmode=require#orders")
    'postgresql://ada@db.example/shop#orders'
    >>> named_place("postgresql://db.example?user=ada&password=secret"), named_place("exports/orders #3.csv")
    ('postgresql://db.example', 'exports/orders #3.csv')
    >>> named_place("postgresql://ada:sec#ret@db.example/shop")  # its # should be written %23
    'postgresql://ada@…'
    """
    scheme, mark, rest = location.partition("://")
    if not mark:
        return location
    before = re.split("[?#]", rest, maxsplit=1)[0]
    if "@" in rest[len(before) :] and ":" in before.partition("/")[0]:
        # Nobody can tell where the password ends.
        return f"{scheme}://{before.partition(':')[0]}@…"
    rest, tables, names = rest.partition("#")
    who, at, where = rest.partition("?")[0].rpartition("@")
    return f"{scheme}://{who.partition(':')[0]}{at}{where}{tables}{names}"
