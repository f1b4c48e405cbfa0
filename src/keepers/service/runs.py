"""Longer work: a run over all files and events in a process of its own, after which its values are served."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import shutil
import socket
import sys
import uuid
from collections.abc import AsyncIterator, Coroutine
from pathlib import Path
from typing import Any, TypeVar

from starlette.concurrency import run_in_threadpool

from keepers.domain.errors import ConfigError, KeepersError
from keepers.pipeline.erase import RESULTS
from keepers.pipeline.serving import serve_result
from keepers.service.material import gathered
from keepers.service.pulls import Pulls
from keepers.storage.jobs import Job
from keepers.storage.state import FOLDER, Books
from keepers.web.guard import Metrics
from keepers.web.pulls import pulled_by
from keepers.web.schedule import Schedule, Upcoming
from keepers.web.site import Site

_LOG = logging.getLogger("keepers.service")

_LOOK = 2.0
"""Seconds between two looks for a job."""

RUN = "run"
_KEPT_RESULTS = 3
_ALIVE = 10.0
"""Seconds after which a process says again that it does a job."""
_LONGEST_LINE = 2**20
"""Bytes of a line that a run says."""
_GRACE = 20.0
"""Seconds that a run gets to end well when the server stops."""


_T = TypeVar("_T")


class _TakenError(Exception):
    """The job is another's now, or is to begin anew."""


class Worker:
    """Does the jobs of a project, one at a time.

    Parameters
    ----------
    site : Site
    schedule : str, optional
        When to run anew without being asked, as a crontab has it, such as ``"0 3 * * *"``, in the business's time zone.
    """

    def __init__(self, site: Site, schedule: str | None = None, metrics: Metrics | None = None) -> None:
        self._site = site
        self._pulls = Pulls(site, metrics or Metrics())
        times = None if schedule is None else Schedule(schedule, site.time_zone, "[server] refit")
        self._upcoming = None if times is None else Upcoming(times, site.now())
        self._name = f"{socket.gethostname()[:100]} {os.getpid()} {uuid.uuid4().hex[:8]}"

    async def work(self) -> None:
        """Work until cancelled; what fails is said in the log and tried again."""
        while True:
            try:
                await self._look()
            except KeepersError as error:
                _LOG.warning("Jobs wait: %s", error)
            except Exception:
                _LOG.exception("Looking for jobs failed")
            await asyncio.sleep(_LOOK)

    @property
    def folder(self) -> Path:
        """Where results lie."""
        return self._site.project.folder / FOLDER

    async def _look(self) -> None:
        await run_in_threadpool(self._ask_when_due)
        await run_in_threadpool(self._pulls.ask_when_due)
        job = await run_in_threadpool(self._take)
        if job is not None:
            await self._do(job)

    def _ask_when_due(self) -> None:
        now = self._site.now()
        due = None if self._upcoming is None else self._upcoming.due(now)
        if self._upcoming is None or due is None:
            return
        with self._site.state.writing() as books:
            books.jobs.ask_due(RUN, due, now)
        # Only now, so that a moment at which the database could not be written is asked for again.
        self._upcoming.pass_on(now)

    def _take(self) -> Job | None:
        with self._site.state.reading() as books:
            if not books.jobs.any_to_do(self._site.now()):
                return None
        with self._site.state.writing() as books:
            return books.jobs.take(self._site.now(), self._name)

    async def _do(self, job: Job) -> None:
        self._site.news.tell({"kind": "job", "number": job.number, "status": "running"})
        try:
            name = pulled_by(job.kind)
            said = await self._while_mine(job, self._run(job) if name is None else self._pull(job, name))
            well = True
        except _TakenError:
            self._lost(job)
            return
        except asyncio.CancelledError:
            # Another process takes it, or this one when it is started again; at once, or when its lease is over.
            with contextlib.suppress(KeepersError):
                await run_in_threadpool(self._hand_back, job)
            raise
        except KeepersError as error:
            said, well = str(error), False
        except Exception:
            _LOG.exception("Job %d failed", job.number)
            said, well = "An error that should not happen; the log says more.", False
        if not await run_in_threadpool(self._end, job, well, said):
            self._lost(job)
            return
        self._site.news.tell({"kind": "job", "number": job.number, "status": "done" if well else "failed"})

    async def _while_mine(self, job: Job, doing: Coroutine[Any, Any, str]) -> str:
        """Do a job and say again and again that it is being done.

        Raises
        ------
        _TakenError
            Another process has taken the job.
        """
        work = asyncio.create_task(doing)
        try:
            while not (await asyncio.wait({work}, timeout=_ALIVE))[0]:
                if not await run_in_threadpool(self._alive, job):
                    raise _TakenError
            return work.result()
        finally:
            if not work.done():
                work.cancel()
                await asyncio.gather(work, return_exceptions=True)

    def _alive(self, job: Job) -> bool:
        try:
            with self._site.state.writing() as books:
                return books.jobs.alive(job.number, self._name, self._site.now())
        except KeepersError as error:
            # A database that cannot be written now is no reason to end what is under way.
            _LOG.warning("Job %d cannot say that it is alive: %s", job.number, error)
            return True

    def _hand_back(self, job: Job) -> None:
        with self._site.state.writing() as books:
            books.jobs.hand_back(job.number, self._name)

    def _lost(self, job: Job) -> None:
        _LOG.warning(
            "Job %d is begun anew: a person was erased meanwhile, or this process was silent too long", job.number
        )

    def _end(self, job: Job, well: bool, said: str) -> bool:
        with self._site.state.writing() as books:
            return books.jobs.end(job.number, self._name, well, said, self._site.now())

    async def _run(self, job: Job) -> str:
        into = self.folder / RESULTS / f"run-{job.number:06d}"
        async with _beside(gathered(self._site, job.number)) as material:
            await self._program(job, ["run", *material.locations, "--into", str(into), "--keep"])
        now = self._site.now()

        def begins(books: Books) -> None:
            if not books.jobs.alive(job.number, self._name, now):
                # Somebody was erased meanwhile, or this process was silent for too long: what it found is not to be
                # served.
                raise _TakenError

        last = material.last_event
        number = await run_in_threadpool(serve_result, self._site.state, into, last, now, begins=begins)
        await run_in_threadpool(self._tidy, into)
        self._site.news.tell({"kind": "values", "generation": number})
        current = await run_in_threadpool(self._site.generation)
        assert current is not None
        whom = f"{current.customers:,} customers" if current.customers else "Subscribers"
        return f"{whom} valued, seen from {current.as_of}."

    async def _pull(self, job: Job, name: str) -> str:
        """Pull a source."""
        try:
            await self._program(job, self._pulls.command(name))
        except KeepersError:
            await run_in_threadpool(self._pulls.ended, name, False, job)
            raise
        return await run_in_threadpool(self._pulls.ended, name, True, job)

    async def _program(self, job: Job, words: list[str]) -> None:
        """Run the program in a process of its own, and say what it is at.

        Raises
        ------
        ConfigError
            It failed, with what it said.
        """
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "keepers", *words, cwd=self._site.project.folder, stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE, limit=_LONGEST_LINE,
        )  # fmt: skip
        try:
            complaint = await self._listen(job, process)
        except BaseException:
            await _stopped(process)
            raise
        if process.returncode:
            raise ConfigError(complaint or f"It ended with exit code {process.returncode}.")

    async def _listen(self, job: Job, process: asyncio.subprocess.Process) -> str:
        """Follow what a run says; gives the last thing that it complained of."""
        assert process.stderr is not None
        complaint = ""
        async for said in process.stderr:
            line = said.decode(errors="replace").strip()
            if not line:
                continue
            if line.startswith("keepers: "):
                complaint = line.removeprefix("keepers: ")
            elif complaint:
                complaint += f" {line}"
            else:
                await run_in_threadpool(self._step, job, line)
        await process.wait()
        return complaint

    def _step(self, job: Job, line: str) -> None:
        try:
            with self._site.state.writing() as books:
                books.jobs.tell(job.number, line.removesuffix(" ..."))
        except KeepersError as error:
            _LOG.warning("Job %d cannot say what it is at: %s", job.number, error)

    def _tidy(self, newest: Path) -> None:
        """Remove all but the newest results."""
        folders = sorted((self.folder / RESULTS).glob("run-*"))
        for old in [one for one in folders if one != newest][: -_KEPT_RESULTS + 1]:
            shutil.rmtree(old, ignore_errors=True)


@contextlib.asynccontextmanager
async def _beside(found: contextlib.AbstractContextManager[_T]) -> AsyncIterator[_T]:
    """What takes a while to enter and to leave, beside the answers."""
    entered = await run_in_threadpool(found.__enter__)
    try:
        yield entered
    finally:
        await run_in_threadpool(found.__exit__, None, None, None)


async def _stopped(process: asyncio.subprocess.Process) -> None:
    """Let a run end by itself, and end it where it does not."""
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), _GRACE)
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
