"""`keepers letter` and `keepers quarterly`: what there is to tell an owner, as mail, as files."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from keepers.domain.errors import ConfigError, EngineError

if TYPE_CHECKING:
    from keepers.pipeline.project import Project

Folder = Annotated[Path, typer.Option("--project", metavar="FOLDER", help="The folder with keepers.toml.")]


def letter(
    to: Annotated[
        Path | None,
        typer.Option(
            "--to",
            metavar="FILE",
            help="Write it there: .html, .txt, or .eml for programs for mail.",
            show_default=False,
        ),
    ] = None,
    send: Annotated[bool, typer.Option("--send", help="Send it to whom [letter] in keepers.toml names.")] = False,
    folder: Folder = Path(),
) -> None:
    """Write the letter about the newest run: what has changed, what to do this week, whether to believe it.

    Compares with the run of the letter that was sent before, or else with one about a week older. Names nobody. Without
    --to and --send it is shown here. `keepers serve` sends it by itself when keepers.toml says when.
    """
    from keepers.cli.tables import print_text
    from keepers.pipeline.letters import deliver, keep_letter, letter_of
    from keepers.reports.letter_page import letter_html, letter_text

    project, now = _project(folder), dt.datetime.now(dt.UTC)
    if to is not None and send:
        raise ConfigError("Say either --to FILE or --send.")
    with project.open_state() as state:
        if send:
            kept = keep_letter(project, state, now, now)
            assert kept is not None, "no other letter is due at this very moment"
            done = deliver(project, state, kept.number, lambda: dt.datetime.now(dt.UTC))
            if done is None or done.status != "sent":
                said = "another process has it" if done is None else done.said
                again = "" if done is None or done.status != "waiting" else " `keepers serve` tries again."
                raise EngineError(f"The letter was not sent: {said}{again}")
            print_text(done.said)
            return
        written, _ = letter_of(project, state, now)
    if to is None:
        print(letter_text(written), end="")
        return
    kinds = {".html": letter_html, ".htm": letter_html, ".txt": letter_text}
    if to.suffix.lower() == ".eml":
        from keepers.exports.mail import composed, new_message_id

        project.letter.ready()
        sender, plain, html = project.letter.sender, letter_text(written), letter_html(written)
        message = composed(sender, project.letter.to, written.subject, plain, html, new_message_id(sender), now)
        _write(to, message.as_bytes())
    elif to.suffix.lower() in kinds:
        _write(to, kinds[to.suffix.lower()](written).encode())
    else:
        raise ConfigError(f"{to} is no name of a letter: it ends with .html, .txt or .eml.")
    print_text(f"The letter is in {to}.")


def quarterly(
    into: Annotated[Path, typer.Argument(metavar="FILE.pdf", help="Where to write it.", show_default=False)],
    paper: Annotated[str, typer.Option("--paper", metavar="SIZE", help="a4 or letter.")] = "a4",
    folder: Folder = Path(),
) -> None:
    """Write the quarterly report about the newest run as a PDF, to print or to send.

    What customers are worth and how that and the business went over quarters, cohorts, channels, who may leave, what
    was decided and what came of it, trust, and what the money is. Names nobody.
    """
    from keepers.cli.tables import print_text
    from keepers.pipeline.quarterly import quarterly_report
    from keepers.reports.quarterly import Paper

    sizes = {"a4": Paper.A4, "letter": Paper.LETTER}
    if paper.lower() not in sizes:
        raise ConfigError(f"--paper {paper} is no size of paper here: a4 or letter.")
    if into.suffix.lower() != ".pdf":
        raise ConfigError(f"{into} is no name of a PDF: it ends with .pdf.")
    project = _project(folder)
    with project.open_state() as state:
        _, content = quarterly_report(project, state, dt.datetime.now(dt.UTC), sizes[paper.lower()])
    _write(into, content)
    print_text(f"The quarterly report is in {into}.")


def _project(folder: Path) -> Project:
    from keepers.pipeline.project import project_of

    project = project_of(folder)
    if project is None:
        raise ConfigError(f"{folder.resolve()} is no project yet. Make it one: keepers init ORDERS.csv")
    return project


def _write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    beside = path.with_name(f".{path.name}.part")
    try:
        beside.write_bytes(content)
        beside.replace(path)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written ({error.strerror}). Choose another place.") from None
    finally:
        beside.unlink(missing_ok=True)
