"""What a typeset report is made of: sentences, figures, tables and things to do, as plain values for the typesetter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

Block = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Part:
    """A part with its heading."""

    title: str
    blocks: tuple[Block, ...]

    def to_dict(self) -> dict[str, Any]:
        """As the typesetter reads it."""
        return {"title": self.title, "blocks": list(self.blocks)}


def say(*texts: str | None) -> list[Block]:
    """Paragraphs; those that say nothing are left out."""
    return [{"kind": "say", "text": text} for text in texts if text]


def small(*texts: str | None) -> list[Block]:
    """Paragraphs in small print."""
    return [{"kind": "small", "text": text} for text in texts if text]


def head(text: str) -> Block:
    """A heading within a part."""
    return {"kind": "head", "text": text}


def figure(label: str, shown: str, note: str = "") -> dict[str, str]:
    """One large figure."""
    return {"label": label, "figure": shown, "note": note}


def figures(*items: dict[str, str]) -> Block:
    """Large figures side by side."""
    return {"kind": "figures", "items": list(items)}


def table(
    caption: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    strong: Sequence[int] = (),
    left: bool = False,
    heat: Sequence[Sequence[float | None]] | None = None,
    ahead: Sequence[Sequence[int]] | None = None,
) -> Block:
    """A table.

    Parameters
    ----------
    caption, columns, rows
        Texts; the first column names the row.
    strong : sequence of int
        Rows that are sums.
    left : bool
        Whether all columns are texts rather than numbers.
    heat : sequence of sequence, optional
        For each cell how strong its ground is, 0 to 1.
    ahead : sequence of sequence of int, optional
        For each row, the columns that are forecasts.
    """
    told = [
        {
            "cells": list(cells), "strong": place in strong, "heat": [] if heat is None else list(heat[place]),
            "ahead": [] if ahead is None else list(ahead[place]),
        }
        for place, cells in enumerate(rows)
    ]  # fmt: skip
    return {"kind": "table", "caption": caption, "columns": list(columns), "rows": told, "left": left}


def deeds(items: Sequence[tuple[str, str, str, str]]) -> Block:
    """Things to do or that were done: title, money, why, and how sure or what came of it."""
    names = ("title", "figure", "text", "note")
    return {"kind": "deeds", "items": [dict(zip(names, one, strict=True)) for one in items]}
