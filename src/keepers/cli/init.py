"""`keepers init`: write down once what every run needs to know."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from keepers.cli import parameters as p


def init(
    files: Annotated[
        list[str] | None,
        typer.Argument(
            help="Files, folders or database URLs of orders and what belongs to them.",
            metavar="FILES",
            show_default=False,
        ),
    ] = None,
    name: Annotated[str | None, typer.Option("--name", metavar="NAME", help="Your store's name.")] = None,
    margin: Annotated[
        str | None,
        typer.Option("--margin", metavar="SHARE", help="What is left of revenue after all costs of serving, e.g. 35%."),
    ] = None,
    spend: Annotated[
        list[str] | None, typer.Option("--spend", metavar="FILE", help="A file of what was spent on marketing.")
    ] = None,
    into: Annotated[str | None, typer.Option("--into", metavar="FOLDER", help="Folder of the results.")] = None,
    currency: p.Currency = None,
    time_zone: p.TimeZone = None,
    owner: Annotated[
        str | None, typer.Option("--owner", metavar="NAME", help="Who acts on alerts, as you call them.")
    ] = None,
    state: Annotated[
        str | None, typer.Option("--state", metavar="URL", help="A team's PostgreSQL database for the state.")
    ] = None,
    connect: Annotated[
        list[str] | None,
        typer.Option(
            "--connect",
            metavar="KIND",
            help="Prepare a source to pull from, such as shopify, stripe, google_ads, sql or files.",
            show_default=False,
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write keepers.toml anew where there is one.")] = False,
) -> None:
    """Make this folder a project: write keepers.toml, so that `keepers run` needs no words.

    In a project Keepers remembers: which scores it published, to say later how they did; which alerts it raised, and
    what came of them; and the thresholds of segments, which hold for a month. All this lies in .keepers.
    """
    from keepers.domain.alert import AlertRules
    from keepers.pipeline.connect_settings import prepared
    from keepers.pipeline.new_project import begin_project
    from keepers.pipeline.project import Project

    if margin is not None:
        p.share(margin, "--margin")
    rules = AlertRules() if owner is None else replace(AlertRules(), owner=owner)
    project = Project(
        Path(),
        sources=tuple(files or ()),
        spend=tuple(spend or ()),
        name=name,
        currency=currency,
        time_zone=time_zone,
        margin=margin,
        into=into,
        alerts=rules,
        state_url=state,
        connections=tuple(prepared(kind) for kind in dict.fromkeys(connect or ())),
    )
    path = begin_project(project, force)
    # Opened now, so that what does not work is said now.
    read = _read_again()
    from keepers.cli.tables import print_text

    print_text(f"Wrote {path}. What Keepers remembers lies in {read}.")
    if connect:
        print_text("Write into it how your sources are reached (docs/connect.md). Then: keepers pull")
        return
    print_text("Next: keepers run" if files else "Next: put your files under `sources`, then: keepers run")


def _read_again() -> str:
    from keepers.pipeline.project import project_of

    project = project_of(Path())
    assert project is not None
    with project.open_state() as state:
        return state.where
