"""What is done now and then beside the answers: removing what is too old, looking whether customers have changed."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import logging
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

from starlette.concurrency import run_in_threadpool

from keepers.domain.errors import KeepersError
from keepers.pipeline.forgetting import forget_old
from keepers.service.leftovers import remove_left_overs
from keepers.web.site import Site

_LOG = logging.getLogger("keepers.service")

_LOOK = 600.0
"""Seconds between two looks at the clock."""

_FIRST = 60.0
"""Seconds after a start: there is enough to do then."""

_LONGEST = 1_800.0

_CLOCKS = dt.timedelta(hours=1)
"""By how much more or less than the time that has passed the clock may go on between two looks."""

_UNTIL_BELIEVED = 7_200.0
"""Seconds for which a clock that was set anew is not believed: what is removed by age does not come back."""


class Caretaker:
    """Looks after the state once in a while.

    Parameters
    ----------
    site : Site
    drift : bool
        Ask for a run when orders that come as events are not what the models expect.
    passed : callable
        Seconds that have passed, whatever the clock says.
    """

    def __init__(self, site: Site, drift: bool = True, passed: Callable[[], float] = time.monotonic) -> None:
        self._site = site
        self._drift = drift
        self._passed = passed
        self._at = (site.now(), passed())
        self._believed_from = self._at[1]
        self._looked: tuple[int, int] | None = None

    async def work(self) -> None:
        """Work until cancelled; what fails is said in the log and tried again."""
        await asyncio.sleep(_FIRST)
        while True:
            try:
                await run_in_threadpool(self.tidy)
                if self._drift and await run_in_threadpool(self.look_is_due):
                    await self.look()
            except KeepersError as error:
                _LOG.warning("Looking after the state has to wait: %s", error)
            except Exception:
                _LOG.exception("Looking after the state failed")
            await asyncio.sleep(_LOOK)

    def tidy(self) -> None:
        """Remove what is too old, by a clock that goes on as time does."""
        if not self._believes_the_clock():
            return
        removed = forget_old(self._site.state, self._site.project.keeping, self._site.now())
        if removed.visits or removed.events or removed.deeds:
            _LOG.info(
                "Removed what was too old",
                extra={"visits": removed.visits, "events": removed.events, "deeds": removed.deeds},
            )
        left = remove_left_overs(self._site.state, self._site.now())
        if left:
            _LOG.info("Removed what killed processes had left", extra={"files": len(left)})

    def _believes_the_clock(self) -> bool:
        (then, before), self._at = self._at, (self._site.now(), self._passed())
        now, passed = self._at
        if abs(now - then - dt.timedelta(seconds=passed - before)) > _CLOCKS:
            self._believed_from = passed + _UNTIL_BELIEVED
            _LOG.warning(
                "The clock went from %s to %s within %d minutes. Nothing is removed by age for two hours.",
                f"{then:%Y-%m-%d %H:%M}", f"{now:%Y-%m-%d %H:%M}", round((passed - before) / 60),
            )  # fmt: skip
        return passed >= self._believed_from

    def look_is_due(self) -> bool:
        """Whether a week is over of which the values that are served were not judged by this process."""
        from keepers.pipeline.live_drift import look_due

        generation = self._site.generation()
        if generation is None:
            return False
        today = self._site.now().astimezone(ZoneInfo(self._site.time_zone)).date()
        looked, self._looked = self._looked, (generation.number, look_due(generation, today))
        return self._looked[1] > 0 and self._looked != looked

    async def look(self) -> None:
        """Judge in a process of its own, as drawing some hundred periods keeps a core busy for seconds.

        Raises
        ------
        KeepersError
            The process did not end well; it is tried again at the next look at the clock.
        """
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "keepers.service.caretaker", str(self._site.project.folder),
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        try:
            out, complaint = await asyncio.wait_for(process.communicate(), _LONGEST)
        except (TimeoutError, asyncio.CancelledError):
            self._looked = None
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
            raise
        if process.returncode:
            self._looked = None
            said = complaint.decode(errors="replace").strip().splitlines() or [""]
            raise KeepersError(
                f"Whether customers have changed could not be judged (exit code {process.returncode}). {said[-1]}"
            )
        _LOG.info("Looked whether customers have changed: %s", out.decode(errors="replace").strip())


def main() -> None:
    """Judge the values of a project once."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from keepers.pipeline.live_drift import ask_where_it_drifts
    from keepers.pipeline.project import project_of

    project = project_of(Path(sys.argv[1]))
    assert project is not None
    now = dt.datetime.now(dt.UTC)
    with project.open_state() as state:
        today = now.astimezone(ZoneInfo(project.time_zone or "UTC")).date()
        print(ask_where_it_drifts(state, today, now, project))


if __name__ == "__main__":
    main()
