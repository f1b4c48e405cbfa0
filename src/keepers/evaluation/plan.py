"""From which days in the past a backtest predicts, and how far, given the span of the data."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from keepers.domain.errors import ConfigError
from keepers.domain.time import Horizon, ObservationWindow, TimeUnit

LONGEST_HOLDOUT = 365
SHORTEST_HOLDOUT = 14
SHORTEST_CALIBRATION = 28
SHORTEST_STEP = 7


@dataclass(frozen=True, slots=True)
class OriginPlan:
    """The windows of a backtest, earliest first, or the sentence that says why there is none."""

    windows: tuple[ObservationWindow, ...]
    remark: str | None = None


def plan_origins(
    first_day: dt.date,
    last_day: dt.date,
    window: ObservationWindow | None = None,
    origins: int = 3,
    holdout: Horizon | None = None,
) -> OriginPlan:
    """Cut the past at several days, each followed by a holdout of the same length.

    Without a holdout in `window` its length is a third of the span, at most a year: the first cut is then about a
    third and the last two thirds into the data. With one, the last cut is the window's own and the others come
    before it. Holdouts may overlap by up to a half, so that they can be long; a cut keeps at least half a holdout,
    and four weeks, before it.

    Parameters
    ----------
    first_day, last_day : date
        Days of the first and last order.
    window : ObservationWindow, optional
        Gives the unit, the last day, and, where it has a holdout, the last cut.
    origins : int
        How many cuts are wanted; a short history has fewer.
    holdout : Horizon, optional
        Length of each holdout, rounded to days, where `window` has none.

    Returns
    -------
    OriginPlan
        With no windows, and a sentence, where the history is too short.
    """
    if origins < 1:
        raise ConfigError(f"`origins` is {origins}; a backtest needs at least 1.")
    resolved = (window or ObservationWindow()).resolved(last_day)
    unit, end = resolved.unit, resolved.end or last_day
    span = (end - first_day).days
    length, last_cut = _holdout(span, resolved, end, holdout)
    earliest = first_day + dt.timedelta(days=max(SHORTEST_CALIBRATION, (length + 1) // 2))
    if length < SHORTEST_HOLDOUT or last_cut < earliest:
        return OriginPlan(
            (),
            f"The orders span {span} days, too short to hide some of them and predict the rest: a backtest needs about "
            f"{SHORTEST_CALIBRATION + SHORTEST_HOLDOUT} days.",
        )
    room = (last_cut - earliest).days
    step = min(length // 2, room // (origins - 1)) if origins > 1 else 0
    count = origins if step >= SHORTEST_STEP else min(origins, 1 + room // SHORTEST_STEP)
    step = step if step >= SHORTEST_STEP else SHORTEST_STEP
    cuts = [last_cut - dt.timedelta(days=step * back) for back in reversed(range(count))]
    remark = None
    if count < origins:
        remark = f"The orders span {span} days, which allows {count} of the {origins} origins asked for."
    return OriginPlan(
        tuple(ObservationWindow(cut, cut + dt.timedelta(days=length), unit) for cut in cuts),
        remark,
    )


def _holdout(span: int, resolved: ObservationWindow, end: dt.date, wanted: Horizon | None) -> tuple[int, dt.date]:
    """Length of the holdouts in days, and the last cut."""
    cut = resolved.calibration_end
    if resolved.holdout is not None and cut is not None:
        if wanted is not None and round(wanted.days) != (end - cut).days:
            raise ConfigError(
                f"The window has a holdout of {resolved.holdout} and `holdout` asks for {wanted}. Leave one out."
            )
        return (end - cut).days, cut
    length = round(wanted.days) if wanted is not None else min(span // 3, LONGEST_HOLDOUT)
    if wanted is None and SHORTEST_CALIBRATION <= length < LONGEST_HOLDOUT:
        length -= length % round(TimeUnit.WEEK.days)
    return length, end - dt.timedelta(days=length)
