"""A summary whose histories models are to read by a store's clock rather than by the calendar."""

from __future__ import annotations

import copy
from dataclasses import replace

from keepers.domain.errors import InputError
from keepers.domain.store_clock import StoreClock
from keepers.summaries.summary import Summary


def by_clock(summary: Summary, clock: StoreClock | None) -> Summary:
    """The same customers, whose histories models are to read by a store's clock.

    Ages in the table stay what they are on the calendar: a model that is fitted to this summary counts them by the
    clock, and so does whatever is asked of that model.

    Parameters
    ----------
    summary : Summary
        Of days.
    clock : StoreClock or None
        For example the `clock` that `keepers.season_of` finds; None is the calendar.

    Raises
    ------
    InputError
        If the summary counts opportunities.

    Examples
    --------
    >>> import keepers as kp
    >>> frame = {"who": ["a", "a", "b"], "on": ["2024-01-01", "2024-01-15", "2024-01-08"]}
    >>> summary = kp.summarise(kp.Orders.from_frame(frame, customer="who", date="on"))
    >>> model = kp.MBGNBD().fit(kp.by_clock(summary, kp.StoreClock((0.5,) * 6 + (1.5,) * 6)))
    >>> model.clock_.factors[0]
    0.5
    """
    if clock is not None and summary.facts.opportunities:
        raise InputError(
            "A summary of opportunities counts these, not days, so that no clock goes faster in some months. Make "
            "it with `keepers.summarise` to have a season."
        )
    if summary.facts.clock == clock:
        return summary
    found = copy.copy(summary)
    found.facts = replace(summary.facts, clock=clock)
    if "_keyed_cells" in found.__dict__:
        known = summary.keyed_cells()
        found.__dict__["_keyed_cells"] = replace(known, cells=replace(known.cells, calendar=found.calendar))
    return found
