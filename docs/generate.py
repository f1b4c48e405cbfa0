"""Generate the reference pages that follow from the program itself; with --check only say whether they are true."""

from __future__ import annotations

import sys
from pathlib import Path

from typer.testing import CliRunner

from keepers.cli.main import EXIT_CODES, app
from keepers.data.format import Format
from keepers.data.formats import formats as known_formats
from keepers.domain.columns import CANONICAL

REFERENCE = Path(__file__).parent / "reference"
HEAD = "<!-- Made by docs/generate.py; change the program instead. -->\n\n"


def commands() -> str:
    """Every command's help as the program prints it, and the exit codes."""
    runner = CliRunner()
    names = [command.name for command in app.registered_commands if command.name]
    parts = ["# Commands\n", _help(runner, [])]
    parts += [f"## keepers {name}\n\n{_help(runner, [name])}" for name in names]
    codes = "\n".join(f"| {code} | {meaning} |" for code, meaning in EXIT_CODES.items())
    parts.append(f"## Exit codes\n\n| code | meaning |\n|---|---|\n{codes}\n")
    return HEAD + "\n".join(parts)


def _help(runner: CliRunner, command: list[str]) -> str:
    shown = runner.invoke(app, [*command, "--help"], prog_name="keepers", env={"COLUMNS": "100"}, terminal_width=100)
    lines = [line.rstrip() for line in shown.output.strip().splitlines()]
    return "```text\n" + "\n".join(lines) + "\n```\n"


def formats() -> str:
    """Every export format that is known by name."""
    rows = "\n".join(_format_row(known) for known in sorted(known_formats(), key=lambda known: known.name))
    return (
        f"{HEAD}# Formats\n\nFiles are recognised by their headers and their content, never by their name; variants of"
        " these (other years, languages, delimiters, decimal commas, preambles) are recognised by the same rules, and any"
        " other table with a customer, a date and an amount is read as generic orders. Columns can be named by hand:"
        " `--customer`, `--date`, `--amount`, `--column ROLE=COLUMN`.\n\n"
        f"| format | what it is | becomes | remark |\n|---|---|---|---|\n{rows}\n"
    )


def _format_row(known: Format) -> str:
    return f"| `{known.name}` | {known.label} | {known.shape.value} | {known.note} |"


def tables() -> str:
    """The canonical tables, column by column."""
    parts = ["# Tables\n\nEverything that is read becomes rows of these tables. `DECIMAL(18, 4)` holds money exactly.\n"]
    for schema in CANONICAL.values():
        rows = "\n".join(
            f"| `{c.name}` | {c.type} | {'' if c.nullable else 'always'} | {c.meaning} |" for c in schema.columns
        )
        parts.append(f"## {schema.name}\n\nA row is {schema.row}.\n\n| column | type | filled | meaning |\n|---|---|---|---|\n{rows}\n")
    return HEAD + "\n".join(parts)


PAGES = {"commands.md": commands, "formats.md": formats, "tables.md": tables}


def main() -> None:
    """Write the pages, or compare them."""
    stale = []
    for name, make in PAGES.items():
        path, text = REFERENCE / name, make()
        if "--check" in sys.argv:
            if not path.exists() or path.read_text(encoding="utf-8") != text:
                stale.append(name)
        else:
            REFERENCE.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
    if stale:
        sys.exit(f"Out of date: {', '.join(stale)}. Run scripts/docs and commit what changes.")


if __name__ == "__main__":
    main()
