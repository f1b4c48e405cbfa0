"""Progress of long work: a line that moves on a terminal, one line a step elsewhere."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator

from keepers.domain.ports import Progress, silent


@contextlib.contextmanager
def shown(quiet: bool = False) -> Iterator[Progress]:
    """Give a `Progress` that writes to standard error, or one that says nothing when `quiet`."""
    if quiet:
        yield silent
    elif sys.stderr.isatty():
        with _moving() as progress:
            yield progress
    else:
        yield _Lines()


@contextlib.contextmanager
def _moving() -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(bar_width=24), TimeElapsedColumn())
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task("Starting", total=None)

        def report(step: str, share: float | None = None) -> None:
            total = None if share is None else 1.0
            bars.update(task, description=step, total=total, completed=share or 0.0)

        yield report


class _Lines:
    """Writes a step once, when it begins."""

    def __init__(self) -> None:
        self._last = ""

    def __call__(self, step: str, share: float | None = None) -> None:  # noqa: ARG002 (a line has no share)
        if step != self._last:
            print(f"{step} ...", file=sys.stderr, flush=True)
            self._last = step
