"""What a process that was killed has left behind in the state's folder: halves of uploads and results."""

from __future__ import annotations

import datetime as dt
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from keepers.pipeline.erase import RESULTS
from keepers.pipeline.uploads import UPLOADS
from keepers.service.material import READING
from keepers.storage.state import State

_OLD = dt.timedelta(days=1)
"""No run takes so long."""

_OLD_UPLOAD = dt.timedelta(hours=1)
"""Nor does a file that has come in take so long to be read."""

_SCORES = re.compile(r".+-[0-9a-f]{12}\.parquet")


def remove_left_overs(state: State, now: dt.datetime) -> tuple[str, ...]:
    """Remove what nobody is going on with; gives the names.

    It names customers, and an erasure does not find them there.

    Parameters
    ----------
    state : State
    now : datetime
        The present moment.
    """
    gone = []
    for path, old in _halves(state):
        try:
            written = dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC)
        except FileNotFoundError:
            continue
        if now - written < old:
            continue
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
        gone.append(path.name)
    return tuple(gone)


def _halves(state: State) -> Iterator[tuple[Path, dt.timedelta]]:
    """What may be a half, and from which age on nobody is going on with it."""
    yield from ((one, _OLD_UPLOAD) for one in (state.folder / UPLOADS).glob(".*"))
    yield from ((one, _OLD) for one in state.folder.glob(f"{READING}*"))
    for half in ("part", "old"):
        yield from ((one, _OLD) for one in (state.folder / RESULTS).glob(f".run-*.{half}-*"))
    # A folder that several projects share may hold the scores of others.
    if state.snapshots.parent == state.folder:
        known = state.score_files()
        scores = (one for one in state.snapshots.iterdir() if _SCORES.fullmatch(one.name) and one.name not in known)
        yield from ((one, _OLD) for one in scores)
