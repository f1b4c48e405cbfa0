"""The loop that does jobs: it outlives a database that fails, and follows a run to its last word."""

from __future__ import annotations

import asyncio
import datetime as dt
from contextlib import AbstractContextManager
from typing import Any

import pytest

from keepers.domain.errors import EngineError
from keepers.service import runs
from keepers.service.runs import Worker
from keepers.storage.jobs import Job
from keepers.storage.state import Books, State
from served import NOW
from unit.service.conftest import Running


def _locked(_: State) -> AbstractContextManager[Books]:
    raise EngineError("The state is being written by another run of Keepers.")


def test_a_database_that_fails_for_a_while_ends_no_worker(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "_LOOK", 0.0)
    worker, looks = Worker(running.site), 0

    def take() -> Job | None:
        nonlocal looks
        looks += 1
        if looks == 1:
            raise EngineError("The state is being written by another run of Keepers.")
        if looks == 2:
            raise RuntimeError("unforeseen")
        return None

    monkeypatch.setattr(worker, "_take", take)

    async def watched() -> None:
        task = asyncio.create_task(worker.work())
        for _ in range(500):
            await asyncio.sleep(0.01)
            if looks > 2 or task.done():
                break
        assert not task.done()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(watched())
    assert looks > 2


def test_a_moment_that_could_not_be_asked_for_is_asked_for_again(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = Worker(running.site, "* * * * *")
    worker._next = NOW
    with monkeypatch.context() as patch:
        patch.setattr(State, "writing", _locked)
        with pytest.raises(EngineError):
            worker._ask_when_due()
    worker._ask_when_due()
    with running.site.state.reading() as books:
        assert [one.asked_by for one in books.jobs.listed()] == ["schedule"]
    assert worker._next == NOW + dt.timedelta(minutes=1)


def test_a_run_is_followed_to_its_last_word(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    with running.site.state.writing() as books:
        job = books.jobs.ask("run", "ada", NOW)
    monkeypatch.setattr(State, "writing", _locked)

    class Process:
        stderr: asyncio.StreamReader

        async def wait(self) -> int:
            return 1

    async def heard() -> str:
        process: Any = Process()
        process.stderr = asyncio.StreamReader()
        process.stderr.feed_data(b"Reading orders ...\n\nkeepers: There is no column\nwith a day.\n")
        process.stderr.feed_eof()
        return await Worker(running.site)._listen(job, process)

    assert asyncio.run(heard()) == "There is no column with a day."
