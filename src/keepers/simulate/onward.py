"""What goes on in a simulated store after its last day: orders, as a shop sends them when they are made."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from keepers.domain.cells import FloatArray
from keepers.simulate.people import FIRST_NAMES, LAST_NAMES, MAIL_HOSTS, draw_persons
from keepers.simulate.store import Store
from keepers.simulate.streams import stream

REFUNDED = 0.04
"""Share of orders that are taken back soon after."""

_RECENT = 90.0
"""Days whose newcomers say how many come."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call that the shop makes.

    Attributes
    ----------
    days : float
        Since the call before.
    kind : str
        `identify` or `track`.
    body : dict
        The call as Segment's HTTP API has it, without its times and its number.
    """

    days: float
    kind: str
    body: dict[str, Any]


class Onward:
    """Calls without end: who is still a customer goes on buying by their true rate and spend, and others come.

    Parameters
    ----------
    store : Store
        With persons. Only read while this is made.
    seed : int
        The same seed gives the same calls.
    """

    def __init__(self, store: Store, seed: int = 0) -> None:
        truth = store.truth.customers
        here = np.flatnonzero(truth.alive())
        known = dict(
            store.engine.rows(f"SELECT customer_key, name || '|' || email FROM {store.tables['persons'].name}")
        )
        self._people = [tuple(str(known[key]).split("|", 1)) for key in truth.keys[here]]
        self._rate = list(truth.latents.rate[here])
        self._hazard = list(truth.latents.hazard[here])
        self._mean = list(truth.mean_spend[here])
        span = float((store.last_day - store.first_day).days + 1)
        self._newcomers = float(np.count_nonzero(truth.start > span - _RECENT)) / min(_RECENT, span)
        self._strangers = (truth.latents.rate, truth.latents.hazard, truth.mean_spend)
        self._shape = store.plan.spend.p
        self._currency = store.currency
        self._countries = store.plan.countries
        self._rng = stream(seed, "onward")
        self._number = 0

    @property
    def orders_a_day(self) -> float:
        """How many orders come on a day, as long as nobody leaves."""
        return float(sum(self._rate)) + self._newcomers

    def calls(self) -> Iterator[Call]:
        """One call after the other."""
        while True:
            gap = self._rng.exponential(1.0 / self.orders_a_day)
            if self._rng.random() < self._newcomers / self.orders_a_day:
                who = self._arrive()
                yield self._identified(who, gap)
                gap = 0.0
            else:
                who = int(self._rng.choice(len(self._rate), p=np.array(self._rate) / sum(self._rate)))
            order = self._ordered(who, gap)
            yield order
            if self._rng.random() < REFUNDED:
                yield self._taken_back(order)
            self._leave(gap)

    def _arrive(self) -> int:
        """Somebody new, of the kind that came before."""
        rates, hazards, means = self._strangers
        like = int(self._rng.integers(rates.size))
        person = draw_persons(1, self._countries, self._rng)
        first, last = FIRST_NAMES[int(person.first_name[0])], LAST_NAMES[int(person.last_name[0])]
        host = MAIL_HOSTS[int(person.host[0])]
        self._people.append((f"{first} {last}", f"{first}.{last}.new{len(self._people)}@{host}".lower()))
        for kept, drawn in zip((self._rate, self._hazard, self._mean), (rates, hazards, means), strict=True):
            kept.append(float(drawn[like]))
        return len(self._people) - 1

    def _leave(self, days: float) -> None:
        """Whoever left for good meanwhile orders no more."""
        gone: FloatArray = -np.expm1(-np.array(self._hazard) * days)
        for place in np.flatnonzero(self._rng.random(gone.size) < gone):
            self._rate[place] = 0.0

    def _identified(self, who: int, days: float) -> Call:
        name, email = self._people[who]
        return Call(days, "identify", {"userId": email, "traits": {"name": name, "email": email}})

    def _ordered(self, who: int, days: float) -> Call:
        self._number += 1
        amount = max(float(self._rng.gamma(self._shape, self._mean[who] / self._shape)), 1.0)
        properties = {
            "order_id": f"live-{self._number:06d}", "revenue": round(amount, 2), "currency": self._currency,
            "email": self._people[who][1],
        }  # fmt: skip
        return Call(days, "track", self._said(who, "Order Completed", properties))

    def _taken_back(self, order: Call) -> Call:
        kept = {name: order.body["properties"][name] for name in ("order_id", "email")}
        return Call(0.0, "track", {**order.body, "event": "Order Refunded", "properties": kept})

    def _said(self, who: int, event: str, properties: dict[str, Any]) -> dict[str, Any]:
        return {"event": event, "userId": self._people[who][1], "properties": properties}
