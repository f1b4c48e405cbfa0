"""What the pulls of a source came to, as people are told; apart from how far it was read, which a pull alone writes."""

from __future__ import annotations

import datetime as dt
import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

from keepers.data.connectors.kept import RAW
from keepers.data.connectors.pull import Pulled

_FILE = "told.json"


@dataclass
class Told:
    """What a source's pulls came to, for people.

    Attributes
    ----------
    at : str
        When the last pull ended.
    well : bool
    said : str
        What it came to, or what went wrong.
    good_at : str, optional
        When a pull last ended well.
    rows : dict of str to int
        Rows by table.
    new : int
        Items that came or changed in the last pull.
    notes : list of str
    """

    at: str
    well: bool
    said: str
    good_at: str | None = None
    rows: dict[str, int] = field(default_factory=dict)
    new: int = 0
    notes: list[str] = field(default_factory=list)


def remember(folder: Path, now: dt.datetime, pulled: Pulled | None, complaint: str = "") -> None:
    """Keep what a pull came to, or why it failed."""
    at, before = now.isoformat(), told(folder)
    if pulled is not None:
        said = Told(at, True, pulled.said, at, pulled.rows, pulled.changed, list(pulled.notes))
    elif before is not None:
        said = Told(at, False, complaint, before.good_at, before.rows)
    else:
        said = Told(at, False, complaint)
    path = folder / RAW / _FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{_FILE}.{os.getpid()}")
    beside.write_text(json.dumps(asdict(said), indent=1), encoding="utf-8")
    beside.replace(path)


def told(folder: Path) -> Told | None:
    """What the last pull came to; None before the first."""
    try:
        return Told(**json.loads((folder / RAW / _FILE).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
