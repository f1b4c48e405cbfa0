"""A whole list of a service as one file that it makes meanwhile: begun, waited for, fetched, taken in by parts."""

from __future__ import annotations

import datetime as dt
import json
import time
from collections.abc import Iterator
from typing import Any

from keepers.data.connectors.kept import Kept
from keepers.data.connectors.service import Bulk, Item, Job, Progressing, Resource
from keepers.data.connectors.walk import Walker
from keepers.data.engine import Engine, literal
from keepers.domain.errors import EngineError, InputError
from keepers.domain.ports import Progress

FIRST_WAIT, LONGEST_WAIT = 2.0, 30.0
"""Seconds between two looks at a job."""

PATIENCE = 3600.0
"""Seconds that one pull waits for a job; the next one goes on waiting."""

PART = 1_000
_OLDEST = dt.timedelta(days=6)
_LARGEST_LINE = 2**28


class NoBulkError(Exception):
    """The list is to be read by pages: it is short, or the service makes no file of it now."""


class BulkReading:
    """The job of one list.

    What is remembered of it: its name, when it began, and how many items of its file are among the pages.

    Parameters
    ----------
    walker : Walker
    kept : Kept
    engine : Engine
    resource : Resource
        One with a `bulk`.
    """

    def __init__(self, walker: Walker, kept: Kept, engine: Engine, resource: Resource) -> None:
        assert resource.bulk is not None
        self._walker, self._kept, self._engine, self._resource = walker, kept, engine, resource
        self._bulk: Bulk = resource.bulk
        self._lines = kept.raw / f"{resource.name}.lines"
        self._items = kept.raw / f"{resource.name}.items"

    @property
    def state(self) -> dict[str, Any]:
        """What is remembered."""
        return self._kept.value(f"bulk {self._resource.name}")

    def _remember(self, **state: Any) -> None:
        self._kept.set_value(f"bulk {self._resource.name}", state)

    @property
    def known_until(self) -> str | None:
        """What changed later is perhaps not in the file."""
        return self.state.get("began")

    def forget(self) -> None:
        """The file is taken in, or there is none."""
        self._lines.unlink(missing_ok=True)
        self._items.unlink(missing_ok=True)
        if self.state:
            self._remember()

    def begin(self, since: dt.datetime | None, pages: int, now: dt.datetime) -> None:
        """Start a job, or go on with the one that was started; `pages` is the size of what is taken in.

        Raises
        ------
        NoBulkError
        """
        began = self.state.get("began")
        if began is not None:
            taken_in_by_another_walk = self.state["taken"] > 0 and pages == 0
            if not taken_in_by_another_walk and now - dt.datetime.fromisoformat(began) < _OLDEST:
                return
            self.forget()
        if pages:
            raise NoBulkError
        asked = "" if self._resource.since is None or since is None else str(self._resource.since.asked(since))
        try:
            if self._bulk.count(self._walker.ask, asked) < self._bulk.least:
                raise NoBulkError
            job, began = self._bulk.begin(self._walker.ask, asked)
        except InputError:
            raise NoBulkError from None
        self._remember(job=job, began=began, taken=0)

    def pages(self, progress: Progress) -> Iterator[list[Item]]:
        """Wait for the file, and give its items by parts, each known as taken in when the next one is asked for.

        Raises
        ------
        NoBulkError
            The job failed.
        EngineError
            It takes long; the next pull goes on.
        """
        if not self._items.exists():
            if not self._lines.exists() and not self._fetched(progress):
                return
            self._put_together()
        read = f"read_parquet({literal(str(self._items))})"
        while True:
            state = self.state
            first = int(state["taken"])
            rows = self._engine.rows(
                f"SELECT doc FROM {read} WHERE place >= {first} AND place < {first + PART} ORDER BY place"
            )
            if not rows:
                return
            items = [json.loads(doc) for (doc,) in rows]
            if self._resource.complete is not None:
                self._resource.complete(items, self._walker.ask)
            yield items
            self._remember(**{**state, "taken": first + len(items)})

    def _fetched(self, progress: Progress) -> bool:
        """Whether there is a file; it is on disk then."""
        job = self._awaited(progress)
        if job.url:
            progress(f"Fetching {self._resource.called}", None)
            self._walker.download(job.url, self._lines)
        return bool(job.url)

    def _awaited(self, progress: Progress) -> Job:
        wait, until = FIRST_WAIT, time.monotonic() + PATIENCE
        while True:
            try:
                job = self._bulk.look(self._walker.ask, self.state["job"])
            except InputError:
                raise NoBulkError from None
            if job.progressing is Progressing.DONE:
                return job
            if job.progressing is Progressing.FAILED:
                raise NoBulkError
            if time.monotonic() > until:
                raise EngineError(
                    f"The file of {self._resource.called} is not made yet ({job.made:,} objects so far). Pull again "
                    "later: it goes on waiting for the same file."
                )
            progress(f"Waiting for the file of {self._resource.called}: {job.made:,} objects", None)
            time.sleep(wait)
            wait = min(2 * wait, LONGEST_WAIT)

    def _put_together(self) -> None:
        """Items with their parts, in the order of the file."""
        parent, part = literal(f"$.{self._bulk.parent}"), self._bulk.part
        lines = (
            f"(SELECT json AS doc, row_number() OVER () AS place FROM read_ndjson_objects("
            f"{literal(str(self._lines))}, maximum_object_size = {_LARGEST_LINE}))"
        )
        whole = "r.doc"
        parts = "SELECT NULL::VARCHAR AS key, NULL::JSON AS parts WHERE false"
        if part:
            parts = (
                f"SELECT doc->>{parent} AS key, to_json(list(json_merge_patch(doc, json_object("
                f"{literal(self._bulk.parent)}, NULL)) ORDER BY place)) AS parts FROM {lines} "
                f"WHERE (doc->>{parent}) IS NOT NULL GROUP BY 1"
            )
            page = "json_object('nodes', coalesce(p.parts, '[]'::JSON), 'pageInfo', json_object('hasNextPage', false))"
            whole = f"json_merge_patch(r.doc, json_object({literal(part)}, {page}))"
        beside = self._items.with_suffix(".part")
        self._engine.execute(
            f"COPY (SELECT {whole}::VARCHAR AS doc, row_number() OVER (ORDER BY r.place) - 1 AS place "
            f"FROM (SELECT * FROM {lines} WHERE (doc->>{parent}) IS NULL) r "
            f"LEFT JOIN ({parts}) p ON p.key = (r.doc->>'$.id') ORDER BY r.place) "
            f"TO {literal(str(beside))} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 10000)"
        )
        beside.replace(self._items)
        self._lines.unlink()
