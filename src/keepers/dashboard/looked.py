"""Parts of the newest run's report as they are looked at: values within another horizon, or on another basis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from keepers.dashboard.looking import View, view_of
from keepers.dashboard.menu import AHEAD, BASIS, CURRENCY, follows
from keepers.dashboard.wanted import Wanted
from keepers.domain.money import MoneyBasis
from keepers.domain.reach import Reach
from keepers.reports import formatting
from keepers.reports.acquisition import Channels
from keepers.reports.content import ReportContent
from keepers.reports.figures import MoneyMeaning, Span
from keepers.reports.groups import Breakdown, Grouping
from keepers.storage.generation import Generation

_CHANNELS = "/channels"


def shown_on(path: str, generation: Generation, wanted: Wanted) -> View:
    """How money is looked at on a page, of what the address says as far as the page follows.

    That of channels looks to the end of the lifetime if nothing else is said: there what a customer costs is held
    against all that they bring; what they bring without end nobody works out.
    """
    asked, own, followed = view_of(generation, wanted), view_of(generation, Wanted()), follows(path) or ()
    view = replace(
        own,
        reach=asked.reach if AHEAD in followed else own.reach,
        basis=asked.basis if BASIS in followed else own.basis,
        factor=asked.factor if BASIS in followed else own.factor,
        conversion=asked.conversion if CURRENCY in followed else None,
    )
    if path != _CHANNELS:
        return view
    told = view.told
    ends = tuple(one for one in told.reaches if one.horizon is not None)
    chosen = next((one for one in ends if one.name == wanted.look("horizon")), ends[-1])
    if chosen.horizon is not None and chosen.horizon.days < told.lifetime.days and not wanted.look("horizon"):
        chosen = Reach(told.lifetime, "value_lifetime")
    return replace(view, reach=chosen, ends=ends)


def looked_at(content: ReportContent, view: View) -> ReportContent:
    """What a report says with its values within the horizon, on the basis, as far as the run kept them."""
    channels = None if content.channels is None else _channels(content.channels, view)
    if view.own or view.told.currency is None:
        return replace(content, channels=channels)
    return replace(
        content,
        channels=channels,
        tiers=None if content.tiers is None else _grouping(content.tiers, view),
        rfm=None if content.rfm is None else _grouping(content.rfm, view),
        breakdowns=tuple(_breakdown(one, view) for one in content.breakdowns),
    )


def _grouping(found: Grouping, view: View) -> Grouping:
    if not all(_known(one.ahead, view) for one in found.rows):
        return found
    rows = tuple(
        replace(one, value=_worth(one.value, one.ahead, view), value_historic=view.priced(one.value_historic))
        for one in found.rows
    )
    past = None if found.historic_meaning is None else _on_basis(found.historic_meaning, view)
    return replace(found, rows=rows, meaning=_meaning(found.meaning, view), historic_meaning=past)


def _breakdown(found: Breakdown, view: View) -> Breakdown:
    if not all(_known(one.ahead, view) for one in found.rows):
        return found
    rows = tuple(
        replace(one, value=_worth(one.value, one.ahead, view), value_historic=view.priced(one.value_historic))
        for one in found.rows
    )
    return replace(found, rows=rows, meaning=_meaning(found.meaning, view))


def _channels(found: Channels, view: View) -> Channels:
    reach = view.reach
    rows = (*found.rows, found.total)
    if reach.horizon is None or not any(row.within(reach.name)[0] for row in rows):
        return found
    meaning = None if found.meaning is None else replace(found.meaning, horizon=reach.horizon)
    return replace(found, over=reach.name, over_words=formatting.horizon(reach.horizon), meaning=meaning)


def _known(ahead: Mapping[str, float | None], view: View) -> bool:
    return view.reach.own or view.reach.name in ahead


def _worth(own: float | None, ahead: Mapping[str, float | None], view: View) -> float | None:
    return view.priced(own if view.reach.own else ahead[view.reach.name])


def _meaning(own: MoneyMeaning | None, view: View) -> MoneyMeaning | None:
    if own is None:
        return None
    horizon = own.horizon if view.reach.own else view.reach.horizon or Span.UNLIMITED
    return replace(_on_basis(own, view), horizon=horizon)


def _on_basis(own: MoneyMeaning, view: View) -> MoneyMeaning:
    if view.factor == 1.0 or view.basis is None:
        return own
    return replace(own, basis=MoneyBasis(view.basis), margin=None)
