"""The program `keepers`: its commands, its errors and its exit codes."""

from __future__ import annotations

import os
import signal
import sys
from typing import Annotated

import typer

from keepers.cli import alerts, backup, budget, demo, erase, init, inspect, letter, pull, run, serve, update, users
from keepers.domain.errors import KeepersError

EXIT_CODES = {
    0: "done, even where whoever reads the output (`head`, say) has had enough of it",
    1: "something went wrong that Keepers did not foresee",
    2: "an option or a configuration file says something impossible",
    3: "the data cannot be used as they are",
    4: "an optional library is missing; the message names the command that installs it",
    5: "memory, disk or a connection failed",
    6: "no model could be fitted",
    130: "interrupted; an earlier result is unchanged",
}
"""Exit codes with what they mean; the documentation of commands is made from here."""

_INTERRUPTED = 130
"""What typer leaves with after Ctrl-C, too."""

_INTERRUPTION = "keepers: interrupted. Nothing was changed; run it again whenever you like."

app = typer.Typer(
    name="keepers",
    help=(
        "What every customer is worth, how sure that is, and what to do about it.\n\n"
        "Start with: keepers demo, or: keepers run ORDERS.csv"
    ),
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.command("demo")(demo.demo)
app.command("run")(run.run)
app.command("update")(update.update)
app.command("budget")(budget.budget)
app.command("init")(init.init)
app.command("pull")(pull.pull)
app.add_typer(alerts.app, name="alerts")
app.command("serve")(serve.serve)
app.command("letter")(letter.letter)
app.command("quarterly")(letter.quarterly)
app.add_typer(users.users, name="users")
app.add_typer(users.tokens, name="tokens")
app.command("erase")(erase.erase)
app.command("backup")(backup.backup)
app.command("restore")(backup.restore)
app.command("check")(inspect.check)
app.command("backtest")(inspect.backtest)


def _version(asked: bool) -> None:
    if asked:
        from keepers.domain.version import VERSION

        print(f"keepers {VERSION}")
        raise typer.Exit


@app.callback()
def _program(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and leave.")
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the program; errors become one clear message and an exit code."""
    # No product of the program is large enough for threads of the linear algebra library, which on a busy machine wait
    # for each other; what needs every core has threads of its own. It counts when the library is loaded, later.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    signal.signal(signal.SIGTERM, _stop)
    try:
        _run()
    except SystemExit as leaving:
        if leaving.code == _INTERRUPTED:
            _say(_INTERRUPTION)
        raise
    except KeepersError as error:
        _say(f"keepers: {error}")
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        _say(_INTERRUPTION)
        sys.exit(_INTERRUPTED)
    except BrokenPipeError:
        # What is still to be written, at the end too, goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except MemoryError:
        _say("keepers: memory ran out. Give the engine a limit with --memory 2GB, so that it uses the disk instead.")
        sys.exit(5)
    except Exception as error:
        if os.environ.get("KEEPERS_DEBUG"):
            raise
        _say(
            f"keepers: an error that should not happen: {type(error).__name__}: {error}\n"
            "Your files are unchanged. Please report it with the output of the same command under KEEPERS_DEBUG=1."
        )
        sys.exit(1)


def _run() -> None:
    """Run the program and write what it said; a reader who left early is a `BrokenPipeError`."""
    try:
        app()
    except SystemExit as leaving:
        # The library of options leaves with 1 then.
        if isinstance(leaving.__context__, BrokenPipeError):
            raise leaving.__context__ from None
        sys.stdout.flush()
        raise


def _stop(number: int, frame: object) -> None:
    """Leave as for Ctrl-C when somebody ends the program, so that nothing is left behind."""
    del number, frame
    raise KeyboardInterrupt


def _say(text: str) -> None:
    print(text, file=sys.stderr)


if __name__ == "__main__":
    main()
