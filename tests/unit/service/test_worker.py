"""The loop that does jobs: it outlives a database that fails, and follows a run to its last word."""

from __future__ import annotations

import asyncio
import datetime as dt
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from keepers.domain.errors import ConfigError, EngineError
from keepers.pipeline import serving
from keepers.pipeline.connect_settings import Source
from keepers.pipeline.live_values import meaning_of
from keepers.service import runs
from keepers.service.material import gathered
from keepers.service.runs import Worker
from keepers.storage.jobs import Job
from keepers.storage.state import Books, State
from keepers.web.site import Site
from served import NOW, open_site
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
    running.site.clock = lambda: NOW + dt.timedelta(minutes=1)
    with monkeypatch.context() as patch:
        patch.setattr(State, "writing", _locked)
        with pytest.raises(EngineError):
            worker._ask_when_due()
    for _ in "twice":
        worker._ask_when_due()
        with running.site.state.writing() as books:
            assert [one.asked_by for one in books.jobs.listed()] == ["schedule"]
            books.jobs.take(running.site.now(), "a")


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


@pytest.fixture
def site(result: Path, tmp_path: Path) -> Iterator[Site]:
    """A site whose jobs nobody does meanwhile."""
    with State(tmp_path, pooled=True) as state:
        yield open_site(result, tmp_path, state)[0]


def test_a_run_reads_what_there_was_when_it_began(site: Site, tmp_path: Path) -> None:
    state = tmp_path / ".keepers"
    uploads, pulled = state / "uploads", state / "pulled" / "shop"
    for folder in (uploads, pulled / ".raw"):
        folder.mkdir(parents=True)
    (uploads / "a.csv").write_text("before")
    (uploads / ".half-sent").write_text("half")
    (pulled / "orders.parquet").write_text("before")
    (state / "reading-000001-killed").mkdir()
    (state / "events.jsonl").write_text("of an earlier version")
    site.project = replace(site.project, connections=(Source("shop", "files", {}),))
    with site.state.writing() as books:
        books.inbox.add([("m1", "track", '{"event":"Order Completed"}'), ("m2", "page", "{}")], NOW)
    with gathered(site, 7) as material:
        orders, shop, upload, events = map(Path, material.locations)
        assert material.last_event == 2
        # An upload is replaced, one is left out, a table pulled anew.
        for path in (uploads / "a.csv", pulled / "orders.parquet"):
            beside = path.with_name(".new")
            beside.write_text("after")
            beside.replace(path)
        assert (upload.name, upload.read_text()) == ("a.csv", "before")
        assert [(one.name, one.read_text()) for one in shop.iterdir()] == [("orders.parquet", "before")]
        (uploads / "a.csv").unlink()
        assert upload.read_text() == "before"
        assert events.read_text() == '{"event":"Order Completed"}\n'
        assert orders == Path(site.project.sources[0]), "what keepers.toml names is the owner's"
        assert sorted(path.name for path in upload.parent.iterdir()) == ["a.csv"]
    left = {path.name for path in state.iterdir()}
    assert not any(name.startswith("reading") or name == "events.jsonl" for name in left), left
    assert (pulled / "orders.parquet").read_text() == "after"
    site.project = replace(site.project, sources=(), connections=())
    with site.state.writing() as books:
        books.inbox.forget(("track",), NOW + dt.timedelta(days=1), 2, 9)
    with pytest.raises(ConfigError, match="nothing to value yet"), gathered(site, 8):
        pass
    assert not list(state.glob("reading*"))


@pytest.mark.parametrize("at", ["it reads", "its values are looked through"])
def test_who_is_erased_while_a_run_reads_them_does_not_come_back(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    worker = Worker(site)
    with site.state.writing() as books:
        books.jobs.ask("run", "ada", NOW)
    read: list[str] = []

    async def program(_: Job, words: list[str]) -> None:
        into = Path(words[words.index("--into") + 1])
        shutil.copytree(tmp_path / "result", into, dirs_exist_ok=True)
        read.append(into.name)
        if len(read) == 1 and at == "it reads":
            site.state.erase(["1"])

    def meant(*said: Any) -> Any:
        if len(read) == 1 and at != "it reads":
            site.state.erase(["1"])
        return meaning_of(*said)

    monkeypatch.setattr(worker, "_program", program)
    monkeypatch.setattr(serving, "meaning_of", meant)
    before = site.generation()
    assert before is not None

    async def once() -> None:
        job = worker._take()
        assert job is not None
        await worker._do(job)

    asyncio.run(once())
    found = site.generation()
    assert found is not None
    assert found.number == before.number, "what was read before is not served"
    with site.state.reading() as books:
        assert [one.status for one in books.jobs.listed()] == ["waiting"]
    asyncio.run(once())
    found = site.generation()
    assert found is not None
    assert found.number > before.number
    with site.state.reading() as books:
        assert [one.status for one in books.jobs.listed()] == ["done"]
