"""Tables for people on a terminal, plain where the output is not one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any


def print_table(title: str, head: Sequence[str], rows: Iterable[Sequence[Any]], right: Sequence[int] = ()) -> None:
    """Print rows under a head; columns numbered in `right` are aligned to the right."""
    from rich import box
    from rich.table import Table

    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    for number, name in enumerate(head):
        table.add_column(name, justify="right" if number in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*("" if cell is None else str(cell) for cell in row))
    console().print(table)


def print_text(text: str, style: str | None = None) -> None:
    """Print a paragraph, wrapped at words."""
    console().print(text, style=style, markup=False, highlight=False)


def print_pairs(pairs: Iterable[tuple[str, str]], wide: int = 24) -> None:
    """Print names and what each is, in two columns; `wide` is the first one's width."""
    import textwrap

    out = console()
    for name, what in pairs:
        text = textwrap.fill(
            what,
            out.width,
            initial_indent=f"  {name:<{wide}} ",
            subsequent_indent=" " * (wide + 3),
            break_on_hyphens=False,
        )
        out.print(text, markup=False, highlight=False)


def print_json(value: Any) -> None:
    """Print a value as JSON, for programs: no colours, no wrapping."""
    import json

    print(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False, default=str))


def console() -> Any:
    """The console on standard output; 100 columns where it is not a terminal."""
    import sys

    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else 100, markup=False, highlight=False)
