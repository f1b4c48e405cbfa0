"""What was pulled from a service, kept on disk page by page, so that a pull that is killed goes on where it was."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from keepers.data.connectors.service import Item
from keepers.data.engine import Engine, literal
from keepers.domain.errors import EngineError

RAW = ".raw"
"""Folder of what services answered, beside the tables that runs read."""

_MARKS = "pulled.json"
_VERSION = 1
_LARGEST_ITEM = 2**28


@dataclass(frozen=True)
class Mark:
    """How far a list was read.

    Attributes
    ----------
    since : str, optional
        Everything changed before is there.
    newest : str, optional
        The latest change seen in a walk that has not ended.
    token : str, optional
        Where such a walk goes on.
    anew : bool
        Whether the walk reads everything, so that what it does not see is gone.
    began : bool
        Whether a walk has begun and not ended.
    size : int
        Bytes of whole pages in the file.
    whole_at : str, optional
        When everything was read last.
    rows : int
        Items kept.
    kept : int
        Bytes of the file that has them.
    earliest : str, optional
        The day from which on everything is there; None for all there is, empty where it is not known.
    asked : str, optional
        The same of the walk that has not ended.
    until : str, optional
        Where a walk ends that reads what lies before everything that is there.
    """

    since: str | None = None
    newest: str | None = None
    token: str | None = None
    anew: bool = False
    began: bool = False
    size: int = 0
    whole_at: str | None = None
    rows: int = 0
    kept: int = 0
    earliest: str | None = ""
    asked: str | None = None
    until: str | None = None


class Kept:
    """The folder of a source.

    Parameters
    ----------
    folder : Path
        With the tables; raw items stand in `.raw` within it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.raw = folder / RAW
        self._marks: dict[str, Mark] = {}
        self._values: dict[str, dict[str, Any]] = {}
        self._load()

    def mark(self, name: str) -> Mark:
        """How far a list was read."""
        return self._marks.get(name, Mark())

    def begin(self, name: str, anew: bool, earliest: str | None, until: str | None = None) -> Mark:
        """Begin a walk over a list, or go on with the one that was interrupted; gives where."""
        mark = self.mark(name)
        path = self.pages(name)
        self.raw.mkdir(parents=True, exist_ok=True)
        # Fewer pages than the mark says are of another moment, as a copy made meanwhile has them.
        lost = mark.began and (path.stat().st_size if path.exists() else 0) < mark.size
        if not mark.began or lost or (anew and not mark.anew):
            asked = earliest if anew or until is not None or mark.earliest == "" else mark.earliest
            mark = replace(mark, began=True, anew=anew, newest=None, token=None, size=0, asked=asked, until=until)
        with path.open("ab") as file:
            # A page that was being written when the process was killed is asked for again.
            file.truncate(mark.size)
        self._set(name, mark)
        return mark

    def add(self, name: str, keyed: Sequence[tuple[str, Item]], mark: Mark) -> Mark:
        """Keep a page; it is on disk when this returns, and not before is it known to be."""
        path = self.pages(name)
        with path.open("ab") as file:
            for key, item in keyed:
                line = json.dumps({"key": key, "doc": item}, ensure_ascii=False, separators=(",", ":"))
                # Half of a character outside the basic plane, which some services send, is none in a file.
                file.write(line.encode(errors="replace") + b"\n")
            file.flush()
            os.fsync(file.fileno())
            size = file.tell()
        mark = replace(mark, size=size)
        self._set(name, mark)
        return mark

    def again(self, name: str) -> Mark:
        """Begin the walk that is going on anew: what came of it so far is asked for again."""
        mark = replace(self.mark(name), newest=None, token=None, size=0)
        with self.pages(name).open("ab") as file:
            file.truncate(0)
        self._set(name, mark)
        return mark

    def end(self, engine: Engine, name: str, now: dt.datetime) -> int:
        """A walk has seen everything: merge its pages, of each item the newest; gives how many came or changed."""
        mark = self.mark(name)
        changed = self._merge(engine, name, mark) if mark.size or mark.anew else 0
        rows = int(engine.row(f"SELECT count(*) FROM {self.relation(name)}")[0])
        # The merged file is in place: reading the pages a second time, after a crash here, would change nothing.
        with self.pages(name).open("ab") as file:
            file.truncate(0)
        since = max(filter(None, (mark.since, mark.newest)), default=None)
        whole = now.isoformat() if mark.anew else mark.whole_at
        self._set(name, Mark(since, whole_at=whole, rows=rows, kept=self._size(name), earliest=mark.asked))
        return changed

    def drop(self, engine: Engine, name: str, keys: str) -> int:
        """Take out the items whose keys a query gives; gives how many they were."""
        relation = self.relation(name)
        gone = f"SELECT key FROM {relation} SEMI JOIN ({keys}) AS gone USING (key)"
        count = int(engine.row(f"SELECT count(*) FROM ({gone})")[0])
        if count:
            path = self.raw / f"{name}.parquet"
            beside = path.with_suffix(".part")
            engine.execute(
                f"COPY (SELECT key, doc::VARCHAR AS doc FROM {relation} ANTI JOIN ({gone}) AS gone USING (key) "
                f"ORDER BY key) TO {literal(str(beside))} (FORMAT parquet, COMPRESSION zstd)"
            )
            beside.replace(path)
            mark = self.mark(name)
            self._set(name, replace(mark, rows=mark.rows - count, kept=self._size(name)))
        return count

    def is_whole(self, name: str) -> bool:
        """Whether the items are those that the mark speaks of, and not of another moment."""
        return self._size(name) == self.mark(name).kept

    def resized(self, name: str) -> None:
        """Take the items as they are now, as some were taken out."""
        self._set(name, replace(self.mark(name), kept=self._size(name)))

    def _size(self, name: str) -> int:
        path = self.raw / f"{name}.parquet"
        return path.stat().st_size if path.exists() else 0

    def rewrite(self, name: str, pages: bytes) -> None:
        """Put other pages in place of those that are not merged yet."""
        beside = self.pages(name).with_suffix(".part")
        beside.write_bytes(pages)
        beside.replace(self.pages(name))
        self._set(name, replace(self.mark(name), size=len(pages)))

    def pages(self, name: str) -> Path:
        """The file of pages that are not merged yet."""
        return self.raw / f"{name}.jsonl"

    def relation(self, name: str) -> str:
        """SQL of a list's items: ``key`` and ``doc``."""
        path = self.raw / f"{name}.parquet"
        if not path.exists():
            return "(SELECT NULL::VARCHAR AS key, NULL::JSON AS doc WHERE false)"
        return f"(SELECT key, doc::JSON AS doc FROM read_parquet({literal(str(path))}))"

    def value(self, name: str) -> dict[str, Any]:
        """Something else that is remembered of a source, such as the state of a file."""
        return self._values.get(name, {})

    def set_value(self, name: str, value: dict[str, Any]) -> None:
        """Remember it."""
        self._values[name] = value
        self._save()

    def _merge(self, engine: Engine, name: str, mark: Mark) -> int:
        path = self.raw / f"{name}.parquet"
        beside = path.with_suffix(".part")
        pages = (
            f"(SELECT key, doc::VARCHAR AS doc, 1 AS batch, row_number() OVER () AS place FROM read_json("
            f"{literal(str(self.pages(name)))}, format = 'newline_delimited', maximum_object_size = {_LARGEST_ITEM}, "
            "columns = {key: 'VARCHAR', doc: 'JSON'}))"
        )
        kept = f"(SELECT key, doc::VARCHAR AS doc, 0 AS batch, 0 AS place FROM {self.relation(name)})"
        newest = (
            "SELECT key, doc FROM ({}) QUALIFY row_number() OVER (PARTITION BY key ORDER BY batch DESC, place DESC) = 1"
        )
        changed = int(
            engine.row(
                f"SELECT count(*) FROM ({newest.format(f'FROM {pages}')}) n LEFT JOIN {kept} k USING (key) "
                "WHERE k.doc IS DISTINCT FROM n.doc"
            )[0]
        )
        everything = f"FROM {pages}" if mark.anew else f"FROM {pages} UNION ALL FROM {kept}"
        engine.execute(
            f"COPY (SELECT key, doc FROM ({newest.format(everything)}) ORDER BY key) TO {literal(str(beside))} "
            "(FORMAT parquet, COMPRESSION zstd)"
        )
        beside.replace(path)
        return changed

    def _set(self, name: str, mark: Mark) -> None:
        self._marks[name] = mark
        self._save()

    def _save(self) -> None:
        self.raw.mkdir(parents=True, exist_ok=True)
        said = {
            "version": _VERSION,
            "lists": {name: asdict(mark) for name, mark in self._marks.items()},
            "files": self._values,
        }
        beside = self.raw / f"{_MARKS}.part"
        with beside.open("w", encoding="utf-8") as file:
            json.dump(said, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self.raw / _MARKS)

    def _load(self) -> None:
        path = self.raw / _MARKS
        try:
            said = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return
        except (OSError, ValueError) as error:
            raise EngineError(
                f"{path} cannot be read ({error}). Move the folder {self.folder} away: the next pull reads all anew."
            ) from None
        if said.get("version") != _VERSION:
            raise EngineError(f"{path} is of a newer Keepers. Update Keepers, or move the folder away.")
        self._marks = {name: Mark(**mark) for name, mark in said["lists"].items()}
        self._values = said["files"]
