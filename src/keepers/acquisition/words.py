"""Names of columns as people say them."""

from __future__ import annotations


def said(name: str) -> str:
    """A column's name in words.

    >>> said("pages_seen_before")
    'pages seen before'
    """
    return name.replace("_", " ").strip()
