"""`keepers serve`: the running system."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    import datetime as dt

    from keepers.pipeline.project import Project
    from keepers.storage.state import State

_EXTRA = "service"

LATEST = 45.0
"""Seconds from the signal to stop: answers have ten of them, and a run that is under way twenty."""


def serve(
    host: Annotated[
        str | None,
        typer.Option(
            "--host", metavar="ADDRESS", help="Where to listen; this machine alone unless told.", show_default=False
        ),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option("--port", metavar="NUMBER", help="8765 unless told.", min=0, max=65535, show_default=False),
    ] = None,
    folder: Annotated[Path, typer.Option("--project", metavar="FOLDER", help="The folder with keepers.toml.")] = Path(),
) -> None:
    """Run the system that a team uses every day: events come in, values follow, programs ask.

    Takes events as Segment sends them (POST /v1/batch), changes a customer's value with each order within a second,
    values everything anew when asked or on a schedule, and answers programs in JSON (/api/v1/openapi.json). Make a
    user with `keepers users add`, and a write key with `keepers tokens add NAME --scope ingest`.
    """
    from keepers.domain.errors import ConfigError
    from keepers.pipeline.project import project_of

    project = project_of(folder)
    if project is None:
        raise ConfigError(f"{folder.resolve()} is no project yet. Make it one: keepers init ORDERS.csv")
    said = project.server
    listen(project, host or said.get("host", "127.0.0.1"), said.get("port", 8765) if port is None else port)


def _ask_for_the_first(state: State, now: dt.datetime) -> None:
    """Have everybody valued, unless another process has asked for it already."""
    with state.writing() as books:
        newest = books.jobs.newest("run")
        if newest is None or newest.ended_at is not None:
            books.jobs.ask("run", "first start", now)


def listen(project: Project, host: str, port: int, begun: Callable[[str], Iterable[str]] | None = None) -> None:
    """Serve a project until told to stop.

    Parameters
    ----------
    project : Project
    host, port : str, int
        Where to listen; port 0 is any that is free.
    begun : callable, optional
        Told of the address once it listens, before the first answer; gives lines to say.

    Raises
    ------
    MissingExtraError
        Without the extra `service`.
    ConfigError
        If somebody else listens there already, or serves the project.
    """
    from keepers.domain.errors import ConfigError, MissingExtraError

    try:
        import uvicorn

        from keepers.service.alone import alone
        from keepers.service.app import create_app
        from keepers.service.protocol import PatientProtocol
        from keepers.web.logs import begin_logs
        from keepers.web.site import Site
    except ModuleNotFoundError as error:
        raise MissingExtraError(error.name or "fastapi", _EXTRA, "The running system") from None
    from keepers.cli.tables import print_text

    said = project.server
    with contextlib.closing(project.open_state(pooled=True)) as state, alone(state) as listens_at:
        site = Site(project, state, secure=bool(said.get("https", False)))
        with state.reading() as books:
            nobody, valued = not books.users.listed(), books.live.current() is not None
        if not valued:
            _ask_for_the_first(state, site.now())
        app = create_app(site, said.get("refit"), apart=True)
        begin_logs("json" if said.get("log") == "json" else "human")
        try:
            listening = socket.create_server((host, port), backlog=2048)
        except OSError as error:
            raise ConfigError(
                f"Nothing can listen at {host}:{port} ({error.strerror}). Choose another port with --port."
            ) from error
        address = f"http://{host}:{listening.getsockname()[1]}"
        listens_at(address)
        print_text(f"Keepers listens at {address} (API: /api/v1/openapi.json, events: /v1/batch).")
        if begun is not None:
            for line in begun(address):
                print_text(line)
        elif nobody:
            print_text("Nobody can sign in yet: keepers users add you@example.com --role owner")
        config = uvicorn.Config(
            app, log_level="warning", log_config=None, access_log=False, server_header=False,
            timeout_graceful_shutdown=10, http=PatientProtocol,
        )  # fmt: skip

        class EndingServer(uvicorn.Server):
            """Ends in time, though a thread waits for a database that hangs."""

            def handle_exit(self, sig: int, frame: FrameType | None) -> None:
                """The first signal stops the server; what has not ended well when it is late, ends."""
                late = threading.Timer(LATEST, os._exit, (1,))
                late.daemon = True
                late.start()
                super().handle_exit(sig, frame)

        # The server has stopped as it should when it lets the signal on.
        with contextlib.suppress(KeyboardInterrupt):
            EndingServer(config).run([listening])
