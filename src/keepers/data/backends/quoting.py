"""Names and texts as SQL, in the dialect that the templates are written in."""

from __future__ import annotations


def quoted(name: str) -> str:
    """A name as an SQL identifier.

    >>> print(quoted("Lineitem name"))
    "Lineitem name"
    """
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as an SQL string; for places where the engine takes no parameter.

    >>> literal("O'Neill")
    "'O''Neill'"
    """
    return "'" + text.replace("'", "''") + "'"
