"""From which days in the past a backtest predicts where time counts opportunities: whole periods before and after."""

from __future__ import annotations

import datetime as dt
import math

from keepers.domain.errors import ConfigError
from keepers.domain.time import Horizon, ObservationWindow, TimeUnit
from keepers.evaluation.plan import LONGEST_HOLDOUT, SHORTEST_CALIBRATION, SHORTEST_HOLDOUT, SHORTEST_STEP, OriginPlan
from keepers.summaries.opportunity_periods import last_whole_day, number_of, shifted_end, whole_periods_between

_FEWEST_BEFORE = 2
"""With one opportunity nobody can have been silent and come back: leaving cannot be told from not buying."""


def plan_opportunities(
    first_day: dt.date,
    last_day: dt.date,
    opportunity: TimeUnit,
    window: ObservationWindow | None = None,
    origins: int = 3,
    holdout: Horizon | None = None,
) -> OriginPlan:
    """Cut the past at ends of opportunities, each cut followed by a holdout of the same number of them.

    The lengths are those of `keepers.evaluation.plan.plan_origins`, counted in opportunities.

    Parameters
    ----------
    first_day, last_day : date
        Days of the first and last order.
    opportunity : TimeUnit
        A calendar month or year, a day, or seven days that end with the last day.
    window : ObservationWindow, optional
        Gives the last day and, where it has a holdout, the last cut; days within a month or year give way to the last
        one that is over, which the remark says. Its unit plays no part.
    origins : int
        How many cuts are wanted; a short history has fewer.
    holdout : Horizon, optional
        Length of each holdout, a whole number of opportunities, where `window` has none.

    Raises
    ------
    ConfigError
        If a holdout is not a whole number of opportunities, or two are asked for.
    """
    if origins < 1:
        raise ConfigError(f"`origins` is {origins}; a backtest needs at least 1.")
    resolved = (window or ObservationWindow()).resolved(last_day)
    assert resolved.end is not None
    cut = resolved.calibration_end
    remarks = []
    if resolved.holdout is not None and cut is not None:
        if holdout is not None:
            raise ConfigError(
                f"The window has a holdout of {resolved.holdout} and `holdout` asks for {holdout}. Leave one out."
            )
        last_cut = last_whole_day(cut, opportunity)
        length = whole_periods_between(last_cut, resolved.end, opportunity)
        end = shifted_end(last_cut, length, opportunity)
        if (last_cut, end) != (cut, resolved.end):
            remarks.append(f"Whole {opportunity.value}s are predicted: from {last_cut} to {end}.")
    else:
        end = last_whole_day(resolved.end, opportunity)
        if end != resolved.end:
            remarks.append(f"The {opportunity.value} of {resolved.end} is not over and plays no part.")
        span = _between(first_day, end, opportunity)
        length = (
            min(span // 3, round(LONGEST_HOLDOUT / opportunity.days))
            if holdout is None
            else _whole(holdout, opportunity)
        )
        last_cut = shifted_end(end, -length, opportunity)
    before = _between(first_day, last_cut, opportunity)
    fewest = max(_FEWEST_BEFORE, _periods(SHORTEST_CALIBRATION, opportunity), (length + 1) // 2)
    room = before - fewest
    if length < _periods(SHORTEST_HOLDOUT, opportunity) or room < 0:
        span = _between(first_day, end, opportunity)
        return OriginPlan(
            (),
            f"The orders span {span} opportunities (a {opportunity.value} each), too few to hide some of them and "
            "predict the rest.",
        )
    least = _periods(SHORTEST_STEP, opportunity)
    step = max(least, min(max(length // 2, 1), room // (origins - 1))) if origins > 1 else least
    count = min(origins, 1 + room // step)
    cuts = [shifted_end(last_cut, -step * back, opportunity) for back in reversed(range(count))]
    if count < origins:
        remarks.append(f"The orders allow {count} of the {origins} origins asked for.")
    return OriginPlan(
        tuple(ObservationWindow(one, shifted_end(one, length, opportunity), opportunity) for one in cuts),
        " ".join(remarks) or None,
    )


def _between(first_day: dt.date, end: dt.date, opportunity: TimeUnit) -> int:
    """Opportunities after the one of the first day, up to the end of one."""
    return number_of(end, opportunity, end) - number_of(first_day, opportunity, end)


def _periods(days: int, opportunity: TimeUnit) -> int:
    return max(1, math.ceil(days / opportunity.days - 0.1))


def _whole(holdout: Horizon, opportunity: TimeUnit) -> int:
    length = holdout.in_unit(opportunity)
    if round(length) < 1 or abs(length - round(length)) > 0.05 * round(length):
        raise ConfigError(
            f"A holdout of {holdout} is {length:.2g} opportunities of a {opportunity.value}. Name a whole number of "
            f"{opportunity.value}s, for example {opportunity.value}s({max(1, round(length))})."
        )
    return round(length)
