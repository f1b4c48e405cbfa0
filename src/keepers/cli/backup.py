"""`keepers backup` and `keepers restore`: a project as one file, and a project made of one."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from keepers.cli import parameters as p
from keepers.domain.errors import ConfigError

if TYPE_CHECKING:
    from keepers.pipeline.backup import Backup


def backup(
    file: Annotated[
        Path | None,
        typer.Argument(metavar="FILE", help="The backup; named after the day unless told.", show_default=False),
    ] = None,
    folder: Annotated[Path, typer.Option("--project", metavar="FOLDER", help="The folder with keepers.toml.")] = Path(),
    json: p.Json = False,
) -> None:
    """Write this project into one file, while it may go on working.

    In it: keepers.toml, everything that is remembered as of one moment, published scores, uploads, the results that are
    served, and files of the project's own folder. It names customers, so keep it as safe as them. Passwords and tokens
    are in it as hashes; secrets of other services are not.
    """
    from keepers.pipeline.backup import back_up
    from keepers.pipeline.project import project_of

    project = project_of(folder)
    if project is None:
        raise ConfigError(
            f"{folder.resolve()} is no project (it has no keepers.toml), so that there is nothing to keep."
        )
    now = dt.datetime.now(dt.UTC)
    _say(back_up(project, file or Path(f"keepers-{now:%Y-%m-%d-%H%M}.tar.gz"), now), "Wrote", json)


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A backup.", show_default=False)],
    folder: Annotated[
        Path, typer.Option("--into", metavar="FOLDER", help="Where the project goes; holds none yet.")
    ] = Path(),
    json: p.Json = False,
) -> None:
    """Make a project of a backup, whole or not at all.

    Every file is held against its sum first. Where the backup's keepers.toml names a database under [state], that must
    be empty, and is filled.
    """
    from keepers.pipeline.backup import restore as carry_out

    _say(carry_out(file, folder), "Restored", json)


def _say(done: Backup, verb: str, json: bool) -> None:
    from keepers.cli.tables import print_json, print_text

    if json:
        print_json(
            {
                "path": str(done.path), "made_at": done.made_at.isoformat(), "files": done.files, "bytes": done.size,
                "outside": list(done.outside),
            }
        )  # fmt: skip
        return
    size = f"{done.size / 1e6:,.1f} MB" if done.size >= 1e5 else f"{done.size / 1e3:,.0f} kB"
    print_text(f"{verb} {done.path}: {done.files} files as of {done.made_at:%Y-%m-%d %H:%M} UTC, {size}.")
    if done.outside:
        print_text(f"Not in it, as they lie elsewhere: {', '.join(done.outside)}.")
