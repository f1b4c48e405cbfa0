"""What the last look for drift found, written beside the results that it judged and read by pages and calls."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

FILE = "drift.json"


@dataclass(frozen=True, slots=True)
class Look:
    """One model judged by what came since its fit.

    Attributes
    ----------
    of : str
        ``"orders"`` or ``"contracts"``; of learned value ``"features"`` of newcomers and ``"learned"``, its truth.
    judged : bool
        Whether there was anything to judge it by.
    alarm : bool
        Whether customers behave differently.
    refit : bool
        Whether that is worth a new run, which was then asked for.
    sentence : str
        In words; why nothing was judged, where nothing was.
    """

    of: str
    judged: bool
    alarm: bool
    refit: bool
    sentence: str


@dataclass(frozen=True, slots=True)
class Looks:
    """The last look at the results that are served."""

    day: dt.date
    looks: tuple[Look, ...]

    def to_list(self) -> list[dict[str, Any]]:
        """Plain words for a program."""
        return [{**asdict(one), "looked_on": self.day.isoformat()} for one in self.looks]


def write_looks(folder: Path, day: dt.date, looks: Sequence[Look]) -> None:
    """Write what a look found, whole or not at all; results that cannot be written to keep none."""
    told = {"looked_on": day.isoformat(), "looks": [asdict(one) for one in looks]}
    beside = folder / f"{FILE}.part"
    with contextlib.suppress(OSError):
        beside.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
        os.replace(beside, folder / FILE)


def looks_of(folder: Path) -> Looks | None:
    """What the last look at a folder of results found; None before there was one."""
    try:
        told = json.loads((folder / FILE).read_text(encoding="utf-8"))
        return Looks(dt.date.fromisoformat(told["looked_on"]), tuple(Look(**one) for one in told["looks"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
