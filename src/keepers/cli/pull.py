"""`keepers pull`: bring what services, databases and buckets have that is new."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from keepers.cli import parameters as p

if TYPE_CHECKING:
    from keepers.domain.errors import KeepersError
    from keepers.pipeline.connect_settings import Source
    from keepers.pipeline.connections import SourceState


def pull(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAMES", help="Sources, as they are called in keepers.toml; all of them without a name.",
            show_default=False,
        ),
    ] = None,
    anew: Annotated[
        bool, typer.Option("--anew", help="Read everything again, so that what is gone at the source goes here too.")
    ] = False,
    listed: Annotated[
        bool, typer.Option("--list", help="Show the sources and their last pulls, and pull nothing.")
    ] = False,
    folder: Annotated[Path, typer.Option("--project", metavar="FOLDER", help="The folder with keepers.toml.")] = Path(),
    quiet: p.Quiet = False,
    json: p.Json = False,
) -> None:  # fmt: skip
    """Bring what is new from services such as Shopify, Stripe and Google Ads, a database, or files elsewhere.

    Sources are sections of keepers.toml, such as [connect.shop]; their tokens stand in the environment or in a file.
    What is pulled lies in .keepers/pulled, and every `keepers run` of the project reads it. A pull asks for what is new
    or has changed, and one that was interrupted goes on where it was.
    """
    from keepers.cli.tables import print_json
    from keepers.domain.errors import ConfigError
    from keepers.pipeline.connections import state_of
    from keepers.pipeline.project import project_of

    project = project_of(folder)
    if project is None:
        raise ConfigError(f"{folder.resolve()} is no project yet. Make it one: keepers init")
    known = {one.name: one for one in project.connections}
    if not known:
        raise ConfigError(
            'keepers.toml names no source yet. Write a section such as [connect.shop] with kind = "shopify"; '
            "docs/connect.md has one for each service."
        )
    for name in names or ():
        if name not in known:
            raise ConfigError(f"keepers.toml has no [connect.{name}]. It has: {', '.join(known)}.")
    wanted = [known[name] for name in dict.fromkeys(names or known)]
    if listed:
        found, failed = [state_of(folder, source) for source in wanted], None
    else:
        found, failed = _pull(folder, wanted, anew, quiet, say=not json)
    if json:
        print_json([_told(one) for one in found])
    elif listed:
        _show(found)
    if failed is not None:
        raise failed


def _pull(
    folder: Path, wanted: list[Source], anew: bool, quiet: bool, say: bool
) -> tuple[list[SourceState], KeepersError | None]:
    """Pull one source after the other; gives the first error, which keeps no other source from coming."""
    from keepers.cli.progress import shown
    from keepers.cli.tables import print_text
    from keepers.domain.errors import KeepersError
    from keepers.pipeline.connections import pull as pull_source

    found: list[SourceState] = []
    failed: KeepersError | None = None
    for source in wanted:
        try:
            with shown(quiet) as progress:
                state = pull_source(folder, source, dt.datetime.now(dt.UTC), progress, anew)
        except KeepersError as error:
            if say and len(wanted) > 1:
                print_text(f"{source.name}: {error}", style="red")
            failed = failed or error
            continue
        found.append(state)
        if say:
            print_text(f"{source.name}: {state.said}.")
            for note in state.notes:
                print_text(f"{source.name}: passed over: {note}")
    return found, failed


def _told(state: SourceState) -> dict[str, object]:
    return {
        "name": state.source.name, "kind": state.source.kind, "schedule": state.source.schedule,
        "pulled_at": state.at, "good_at": state.good_at, "well": state.well, "said": state.said,
        "rows": dict(state.rows), "notes": list(state.notes),
    }  # fmt: skip


def _show(found: list[SourceState]) -> None:
    from keepers.cli.tables import print_table

    print_table(
        "Sources", ("name", "from", "when", "last pull", "what it came to"),
        [
            (told["name"], one.source.label, told["schedule"] or "when asked", told["pulled_at"] or "never",
             told["said"])
            for one in found
            for told in [_told(one)]
        ],
    )  # fmt: skip
