"""What has changed since an earlier run, beside the figures of the overview."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from keepers.domain.errors import ConfigError
from keepers.pipeline.letters import earlier_run
from keepers.reports.run_figures import RunFigures, figures_of
from keepers.storage.generation import Generation
from keepers.storage.live_lists import Group
from keepers.storage.state import Books
from keepers.web.site import Site


@dataclass(frozen=True, slots=True)
class Changes:
    """By how much figures have changed; None where they cannot be compared.

    Attributes
    ----------
    since : date
        Last day of the data of the run that is compared with.
    value, still, at_risk : float or None
        All customers' value and money at risk as they are now, and expected customers of the newest run, less those of
        that run.
    """

    since: dt.date
    value: float | None
    still: float | None
    at_risk: float | None


def changes(site: Site, books: Books, generation: Generation, now: Group) -> Changes | None:
    """What has changed since the youngest run that rests on data about a week older; None where there is none.

    Money is compared where it means the same in both.
    """
    try:
        figures = figures_of(site.content(generation))
    except (OSError, ConfigError):
        return None
    runs = books.runs.listed()
    own = next((run.number for run in runs if run.folder == Path(generation.folder)), None)
    before = earlier_run(runs, own, generation.as_of)
    earlier = None if before is None else RunFigures.from_dict(before.figures)
    if earlier is None:
        return None
    same = figures.same_money(earlier)
    return Changes(
        earlier.as_of,
        _difference(now.value, earlier.value.value if same and earlier.value is not None else None),
        _difference(
            None if figures.still is None else figures.still.value,
            None if earlier.still is None else earlier.still.value,
        ),
        _difference(now.money_at_risk, earlier.at_risk if same else None),
    )


def _difference(now: float | None, before: float | None) -> float | None:
    return None if now is None or before is None else now - before
