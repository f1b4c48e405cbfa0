"""`keepers demo`: a simulated store from data to report, no questions asked."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from keepers.cli import parameters as p
from keepers.cli.progress import shown


def demo(
    into: Annotated[Path, typer.Option("--into", metavar="FOLDER", help="Folder of the results.")] = Path(
        "keepers-demo"
    ),
    customers: Annotated[
        int, typer.Option("--customers", metavar="COUNT", min=50, help="How many customers the store has.")
    ] = 4000,
    seed: Annotated[int, typer.Option("--seed", metavar="NUMBER", help="Another seed is another store.")] = 7,
    quiet: p.Quiet = False,
    json: p.Json = False,
) -> None:
    """See what Keepers does, on a simulated shop, no questions asked.

    Writes the shop's files as a shop would export them and then does what `keepers run` does with yours.
    """
    with shown(quiet) as progress:
        from keepers.pipeline.demo import run_demo

        result = run_demo(p.folder(into), customers, seed, progress)
    from keepers.cli.show import show_result

    show_result(result, json)
