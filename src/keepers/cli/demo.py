"""`keepers demo`: a simulated store from data to dashboard, no questions asked."""

from __future__ import annotations

import datetime as dt
import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from keepers.cli import parameters as p
from keepers.cli.progress import shown

if TYPE_CHECKING:
    from keepers.pipeline.demo import Demo

_OWNER = "owner@fernhollow.example"


def demo(
    into: Annotated[Path, typer.Option("--into", metavar="FOLDER", help="Folder of the results.")] = Path(
        "keepers-demo"
    ),
    customers: Annotated[
        int, typer.Option("--customers", metavar="COUNT", min=50, help="How many customers the store has.")
    ] = 4000,
    seed: Annotated[int, typer.Option("--seed", metavar="NUMBER", help="Another seed is another store.")] = 7,
    serve: Annotated[
        bool | None,
        typer.Option(
            "--serve/--no-serve", show_default=False,
            help="End with the dashboard and orders that come in; so in a terminal, with the extra `service`.",
        ),
    ] = None,
    port: Annotated[
        int, typer.Option("--port", metavar="NUMBER", help="Of the dashboard.", min=0, max=65535)
    ] = 8765,
    quiet: p.Quiet = False,
    json: p.Json = False,
) -> None:  # fmt: skip
    """See what Keepers does, on a simulated shop, no questions asked.

    Writes the shop's files as a shop would export them, does what `keepers run` does with yours, and ends with the
    dashboard of the running system, to which the shop goes on sending its orders, one every few seconds.
    """
    if serve is None:
        serve = sys.stdout.isatty() and not json and importlib.util.find_spec("fastapi") is not None
    with shown(quiet) as progress:
        from keepers.pipeline.demo import run_demo
        from keepers.pipeline.options import RunOptions

        made = run_demo(p.folder(into), customers, seed, progress, RunOptions(keep=True))
    from keepers.cli.show import show_result

    show_result(made.result, json)
    if serve:
        _serve(made, port)
    elif not json:
        from keepers.cli.tables import print_text

        print_text(
            f"See it live: keepers demo --serve. Serve these results: keepers serve --project {made.project.folder}"
        )


def _serve(made: Demo, port: int) -> None:
    from keepers.cli.serve import listen
    from keepers.service.streaming import GAP, Shop

    key, password = _opened(made)
    shops: list[Shop] = []

    def begun(address: str) -> Iterator[str]:
        shops.append(Shop(address, key, made.onward.calls(), GAP * made.onward.orders_a_day))
        shops[0].start()
        yield f"Sign in as {_OWNER} with the password {password}"
        yield "The simulated shop sends an order every few seconds from now on. Ctrl-C ends it."

    try:
        listen(made.project, "127.0.0.1", port, begun)
    finally:
        for shop in shops:
            shop.stop()


def _opened(made: Demo) -> tuple[str, str]:
    """Publish the values; gives a write key and a password, both made now."""
    import secrets

    from keepers.domain.access import Role, Scope
    from keepers.pipeline.serving import serve_result
    from keepers.web.secrets import hash_password, new_token, token_hash

    key, password, now = new_token(), secrets.token_urlsafe(9), dt.datetime.now(dt.UTC)
    with made.project.open_state() as state:
        serve_result(state, made.result.folder.resolve(), 0, now)
        with state.writing() as books:
            books.users.add(_OWNER, hash_password(password), Role.OWNER, now)
            books.users.add_token("simulated shop", token_hash(key), frozenset({Scope.INGEST}), _OWNER, now)
    return key, password
