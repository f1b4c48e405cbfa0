"""A letter as plain text and as HTML that programs for mail show: 600 pixels wide, inlined style, light and dark."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from keepers.reports.formatting import day
from keepers.reports.letter import Letter, Part, Row
from keepers.reports.sections import environment

_WIDE = 72


def letter_html(letter: Letter) -> str:
    """The letter as one HTML page without scripts, pictures or files."""
    return environment().get_template("letter.html.j2").render(letter=letter)


def letter_text(letter: Letter) -> str:
    """The letter as plain text, lines of at most 72 signs."""
    title = f"{letter.store}, {day(letter.written)}"
    lines = [title, "=" * len(title), "", *_wrapped(letter.opening)]
    if letter.warning:
        lines += ["", *_wrapped(letter.warning)]
    for figure in letter.figures:
        changed = f", {figure.change}" if figure.change else ""
        lines += ["", *_wrapped(f"{figure.label}: {figure.figure}{changed}")]
        lines += _wrapped(figure.note, "  ") if figure.note else []
    for part in letter.parts:
        lines += ["", "", part.title, "-" * len(part.title), *_part(part)]
    lines += ["", "", "-- "]
    lines += _wrapped(f"Money here is: {letter.meaning}.") if letter.meaning else []
    lines += [letter.link] if letter.link else []
    return "\n".join(line.replace("\N{NO-BREAK SPACE}", " ").rstrip() for line in lines) + "\n"


def _part(part: Part) -> Sequence[str]:
    lines: list[str] = []
    for said in part.said:
        lines += ["", *_wrapped(said)]
    for number, row in enumerate(part.rows, start=1):
        lines += ["", *_row(number, row)]
    return lines


def _row(number: int, row: Row) -> list[str]:
    head = f"{number}. {row.title}" + (f" ({row.figure})" if row.figure else "")
    lines = textwrap.wrap(head, _WIDE, subsequent_indent="   ")
    for said in (row.text, row.note):
        lines += _wrapped(said, "   ") if said else []
    return lines


def _wrapped(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(text, _WIDE, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)
