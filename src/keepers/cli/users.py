"""`keepers users` and `keepers tokens`: who may come in to the running system."""

from __future__ import annotations

import contextlib
import datetime as dt
import getpass
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from keepers.domain.access import Role, Scope

if TYPE_CHECKING:
    from keepers.storage.state import State

users = typer.Typer(help="Who may sign in to the running system.", no_args_is_help=True, rich_markup_mode=None)
tokens = typer.Typer(help="What lets programs in to the running system.", no_args_is_help=True, rich_markup_mode=None)

_ME = "command line"
_Project = Annotated[Path, typer.Option("--project", metavar="FOLDER", help="The folder with keepers.toml.")]
_Email = Annotated[str, typer.Argument(metavar="EMAIL", help="The person's e-mail address.")]


@users.command("add")
def add_user(
    email: _Email,
    role: Annotated[Role, typer.Option("--role", help="What the person may do.")] = Role.VIEWER,
    folder: _Project = Path(),
) -> None:
    """Let somebody sign in; asks for the password, or reads it from the standard input."""
    from keepers.cli.tables import print_text
    from keepers.domain.errors import ConfigError
    from keepers.web.secrets import hash_password

    address = email.strip().lower()
    if "@" not in address:
        raise ConfigError(f"{email!r} is no e-mail address.")
    kept = hash_password(_password())
    with _state(folder) as state, state.writing() as books:
        books.users.add(address, kept, role, _now())
        books.users.note(_ME, "user added", address, _now(), {"role": role.value})
    print_text(f"{address} may sign in now, as {role.value}.")


@users.command("list")
def list_users(folder: _Project = Path()) -> None:
    """Show who may sign in."""
    from keepers.cli.tables import print_text

    with _state(folder) as state, state.reading() as books:
        found = books.users.listed()
    for one in found:
        print_text(f"{one.email}  {one.role.value}{'  shut out' if one.disabled_at else ''}")
    if not found:
        print_text("Nobody yet: keepers users add you@example.com --role owner")


@users.command("password")
def change_password(email: _Email, folder: _Project = Path()) -> None:
    """Give somebody a new password; whoever is signed in as them has to sign in again."""
    from keepers.cli.tables import print_text
    from keepers.web.secrets import hash_password

    address = email.strip().lower()
    kept = hash_password(_password())
    with _state(folder) as state, state.writing() as books:
        books.users.change(address, password_hash=kept)
        books.users.note(_ME, "password changed", address, _now())
    print_text(f"The password of {address} is changed.")


@users.command("role")
def change_role(
    email: _Email, role: Annotated[Role, typer.Argument(help="What the person may do.")], folder: _Project = Path()
) -> None:
    """Change what somebody may do."""
    from keepers.cli.tables import print_text

    address = email.strip().lower()
    with _state(folder) as state, state.writing() as books:
        books.users.change(address, role=role)
        books.users.note(_ME, "role changed", address, _now(), {"role": role.value})
    print_text(f"{address} is {role.value} now.")


@users.command("remove")
def shut_out(email: _Email, folder: _Project = Path()) -> None:
    """Let somebody no longer sign in; what they did stays in the audit log."""
    from keepers.cli.tables import print_text

    address = email.strip().lower()
    with _state(folder) as state, state.writing() as books:
        books.users.change(address, disabled_at=_now())
        books.users.note(_ME, "user shut out", address, _now())
    print_text(f"{address} may no longer sign in.")


@tokens.command("add")
def add_token(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the program is called.")],
    scope: Annotated[list[Scope], typer.Option("--scope", help="What it may do; several times for several rights.")],
    days: Annotated[int | None, typer.Option("--days", min=1, help="How long it holds; for good unless told.")] = None,
    folder: _Project = Path(),
) -> None:
    """Let a program in, and show its token, this once. `--scope ingest` makes the write key of an event source."""
    from keepers.cli.tables import print_text
    from keepers.web.secrets import new_token, token_hash

    token, now = new_token(), _now()
    expires = None if days is None else now + dt.timedelta(days=days)
    with _state(folder) as state, state.writing() as books:
        books.users.add_token(name, token_hash(token), frozenset(scope), _ME, now, expires)
        books.users.note(_ME, "token made", name, now, {"scopes": sorted(one.value for one in scope)})
    print(token)
    if sys.stdout.isatty():
        print_text("Keep it safe: it is not shown again.")


@tokens.command("list")
def list_tokens(folder: _Project = Path()) -> None:
    """Show what lets programs in."""
    from keepers.cli.tables import print_text

    with _state(folder) as state, state.reading() as books:
        found = books.users.tokens()
    for one in found:
        scopes = ", ".join(sorted(scope.value for scope in one.scopes))
        over = "  revoked" if one.revoked_at else f"  until {one.expires_at:%Y-%m-%d}" if one.expires_at else ""
        print_text(f"{one.number}  {one.name}  {scopes}{over}")
    if not found:
        print_text("None yet: keepers tokens add shop --scope ingest")


@tokens.command("revoke")
def revoke(
    number: Annotated[int, typer.Argument(metavar="NUMBER", help="As `keepers tokens list` shows it.")],
    folder: _Project = Path(),
) -> None:
    """Shut a program out."""
    from keepers.cli.tables import print_text

    with _state(folder) as state, state.writing() as books:
        books.users.revoke(number, _now())
        books.users.note(_ME, "token revoked", str(number), _now())
    print_text(f"Token {number} lets nobody in any more.")


@contextlib.contextmanager
def _state(folder: Path) -> Iterator[State]:
    from keepers.domain.errors import ConfigError
    from keepers.pipeline.project import project_of

    project = project_of(folder)
    if project is None:
        raise ConfigError(f"{folder.resolve()} is no project yet. Make it one: keepers init ORDERS.csv")
    with project.open_state() as state:
        yield state


def _password() -> str:
    from keepers.domain.errors import ConfigError

    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    password = getpass.getpass("Password: ")
    if getpass.getpass("Again: ") != password:
        raise ConfigError("The two passwords differ. Try again.")
    return password


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
