"""Values that follow events: what has come in is taken into the values, beside the answers, and who listens is told."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import json
import logging
import sys
from pathlib import Path
from typing import Any, Protocol

from starlette.concurrency import run_in_threadpool

from keepers.domain.errors import KeepersError
from keepers.pipeline.live_update import Applied, apply_events
from keepers.pipeline.live_values import LiveValuer, Meaning
from keepers.web.guard import Metrics
from keepers.web.site import Site

_LOG = logging.getLogger("keepers.service")

_LOOK = 1.0
"""Seconds after which the loop looks by itself: another process may have taken events in."""

_TOGETHER = 0.05
"""Seconds in which events gather, as valuing a hundred customers costs little more than valuing one."""

_CLOCKS = dt.timedelta(seconds=2)
"""By how much the clocks of two machines may differ."""

_MOST_TOLD = 50
"""Customers of which a message speaks."""


class Values:
    """The values that are served, changed by received events a batch at a time."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._valuer: tuple[int, LiveValuer] | None = None

    def step(self) -> dict[str, Any]:
        """Take one batch of events in; says what it came to, in what JSON can say.

        Raises
        ------
        KeepersError
            If the state cannot be read or written now, or the run's models cannot value by history alone.
        """
        while True:
            applied = self._apply()
            if not applied.again:
                return _said(applied)

    def _apply(self) -> Applied:
        generation = self._site.generation()
        if generation is None or not (Path(generation.folder) / "model-buying.json").exists():
            # Orders wait for a run that knows how customers buy, as where there were subscriptions alone so far.
            return Applied(0, ())
        if self._valuer is None or self._valuer[0] != generation.number:
            self._valuer = (
                generation.number, LiveValuer(Path(generation.folder), Meaning.from_dict(generation.settings))
            )  # fmt: skip
        return apply_events(self._site.state, self._valuer[1], self._site.time_zone, self._site.now())


class Stepping(Protocol):
    """Whoever takes events in."""

    async def step(self) -> dict[str, Any]:
        """One batch; see `Values.step`."""
        ...

    async def close(self) -> None:
        """Let go of what it holds."""
        ...


class Here:
    """Takes events in by a thread of this process."""

    def __init__(self, site: Site) -> None:
        self._values = Values(site)

    async def step(self) -> dict[str, Any]:
        """One batch."""
        return await run_in_threadpool(self._values.step)

    async def close(self) -> None:
        """Nothing to let go of."""


class Apart:
    """Takes events in by a process of its own, so that valuing keeps no answer waiting; it ends when this one does."""

    def __init__(self, project: Path) -> None:
        self._project = project
        self._process: asyncio.subprocess.Process | None = None

    async def step(self) -> dict[str, Any]:
        """One batch.

        Raises
        ------
        KeepersError
            What the other process says is wrong; or that it has ended, when it is started again.
        """
        if self._process is None or self._process.returncode is not None:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "keepers.service.valuing", str(self._project),
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=2**20,
            )  # fmt: skip
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        line = b""
        with contextlib.suppress(ConnectionError):
            self._process.stdin.write(b"go\n")
            await self._process.stdin.drain()
            line = await self._process.stdout.readline()
        if not line:
            await self.close()
            raise KeepersError("The process that values customers has ended; it is started again.")
        said: dict[str, Any] = json.loads(line)
        if "error" in said:
            raise KeepersError(said["error"])
        return said

    async def close(self) -> None:
        """End the other process."""
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


class Elsewhere:
    """What other processes on the same state have done to the values that are served."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._seen: tuple[int, int] | None = None
        self._until = site.now()

    def look(self, mine: bool) -> list[dict[str, Any]]:
        """News to tell since the last look; with `mine` it was this process that changed values, and has told so."""
        generation = self._site.generation()
        if generation is None:
            return []
        seen, self._seen = self._seen, (generation.number, generation.applied_event)
        if mine or seen is None or seen == self._seen:
            self._until = self._site.now()
            return []
        if seen[0] != generation.number:
            return [{"kind": "values", "generation": generation.number}]
        with self._site.state.reading() as books:
            changed = books.live.changed_since(generation.number, self._until - _CLOCKS, _MOST_TOLD)
        self._until = self._site.now()
        events = generation.applied_event - seen[1]
        return [{"kind": "customers", **_said(Applied(events, tuple(changed)))}] if changed else []


class Updater:
    """The loop that takes events in."""

    def __init__(self, site: Site, metrics: Metrics, arrived: asyncio.Event, values: Stepping) -> None:
        self._site = site
        self._metrics = metrics
        self._arrived = arrived
        self._values = values
        self._elsewhere = Elsewhere(site)
        self.fault: str | None = None

    async def work(self) -> None:
        """Work until cancelled; what fails is said in the log and tried again."""
        try:
            while True:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._arrived.wait(), _LOOK)
                self._arrived.clear()
                await self._take_in()
        finally:
            await self._values.close()

    async def _take_in(self) -> None:
        try:
            mine = False
            while (said := await self._values.step())["events"]:
                mine = True
                self._metrics.applied.inc(said["events"])
                if said["changed"]:
                    self._site.news.tell({"kind": "customers", **said})
                await asyncio.sleep(_TOGETHER)
            for news in await run_in_threadpool(self._elsewhere.look, mine):
                self._site.news.tell(news)
            self.fault = None
        except KeepersError as error:
            # Another process that writes is no fault of ours, and passes.
            self.fault = str(error)
            _LOG.warning("Events wait: %s", error)
            await asyncio.sleep(_LOOK)
        except Exception:
            self.fault = "an error that should not happen; the log says more"
            _LOG.exception("Events could not be taken into values")
            await asyncio.sleep(10 * _LOOK)


def _said(applied: Applied) -> dict[str, Any]:
    return {
        "events": applied.events,
        "changed": len(applied.customers),
        "customers": [
            {
                "customer_key": one.customer_key,
                "value": one.values["value"],
                "orders": one.history.orders,
                "tier": one.values["tier"],
            }
            for one in applied.customers[:_MOST_TOLD]
        ],
    }
