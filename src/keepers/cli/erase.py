"""`keepers erase`: forget a person."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from keepers.cli import parameters as p
from keepers.domain.errors import ConfigError


def erase(
    who: Annotated[
        list[str],
        typer.Argument(
            metavar="WHO", help="Customer keys, or e-mail addresses, as customers.csv has them.", show_default=False
        ),
    ],
    yes: Annotated[bool, typer.Option("--yes", help="Do it without asking.")] = False,
    json: p.Json = False,
) -> None:
    """Erase people from what this project remembers.

    Removes their alerts, their places in decisions, their rows in all published scores, what the running system holds
    of them, the events that programs sent among it, what was pulled of them, and the rows of uploaded files that name
    them, so that nothing of them can be read again. Counts that name nobody stay. Your files and the folder of results
    are yours: it says which of the latter still name the person.
    """
    from keepers.pipeline.erase import erase as carry_out
    from keepers.pipeline.erased_uploads import sentence_of
    from keepers.pipeline.project import project_of

    project = project_of(Path())
    if project is None:
        raise ConfigError("This folder is no project (it has no keepers.toml), so that nothing is remembered in it.")
    if not yes and not typer.confirm(f"Erase {', '.join(who)} for good?"):
        raise typer.Exit
    done = carry_out(project, who)
    from keepers.cli.tables import print_json, print_text

    if json:
        print_json(
            {
                "customers": list(done.keys), "alerts": done.erasure.alerts, "decisions": done.erasure.decisions,
                "scores": done.erasure.scores, "live": done.erasure.live, "events": done.erasure.events,
                "pulled": done.pulled, "uploaded": done.uploaded,
                "uploads_to_look_at": [str(path) for path in done.uploads],
                "still_named_in": [str(path) for path in done.still],
            }
        )  # fmt: skip
        return
    one = done.erasure
    print_text(
        f"Erased {len(done.keys)} customer{'' if len(done.keys) == 1 else 's'}: {one.alerts} alerts, {one.decisions} "
        f"places in decisions, {one.scores} rows of published scores, "
        f"{one.live} of the running system and {one.events} events."
    )
    if done.pulled:
        items = "1 pulled item" if done.pulled == 1 else f"{done.pulled} pulled items"
        print_text(f"Erased {items} that named them. Erase them at the source, too: what it has may come again.")
    if done.uploaded:
        taken = "1 row" if done.uploaded == 1 else f"{done.uploaded} rows"
        print_text(f"Erased {taken} of uploaded files.")
    if done.uploads:
        print_text(sentence_of(done.uploads))
    if done.still:
        names = ", ".join(path.name for path in done.still)
        print_text(
            f"The results in {done.still[0].parent} still name them ({names}). Take them out of your files and run "
            "again: keepers run"
        )
