"""Ways of visitors: who is who, what counts as one way, what it led to, and what nobody is credited with."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from keepers.acquisition.attribution.journeys import Journeys, journeys_of
from keepers.data.engine import Engine
from keepers.data.orders import Orders
from keepers.data.table import Table
from keepers.domain.errors import InputError

START = dt.date(2026, 1, 1)
END = 100
LOOK_BACK = 10


def _moment(day: float) -> dt.datetime:
    return dt.datetime.combine(START, dt.time()) + dt.timedelta(days=day)


def shop(
    touches: list[tuple[str | None, str | None, float, str]],
    orders: list[tuple[str, float]],
    visits: list[tuple[str, str, float]] = (),  # type: ignore[assignment]
    fillers: int = 30,
    clock: bool = True,
    on: float = 20.0,
) -> tuple[Any, Table]:
    """A source with touches (visitor, customer, day, channel), orders and visits, and its customers."""
    touches = [(None, None, 0.3, "search"), *touches]
    touches += [(None, f"F{row}", on + row / 100, "search") for row in range(fillers)]
    orders = [*orders, *((f"F{row}", on + 1 + row / 100) for row in range(fillers)), ("late", END + 0.4)]
    touches.append(("end", None, END + 0.2, "search"))
    engine = Engine()

    def moments(days: list[float]) -> list[dt.datetime]:
        return [_moment(day if clock else float(int(day))) for day in days]

    def days(of: list[float]) -> np.ndarray:
        return np.array([_moment(day).date() for day in of], dtype="datetime64[D]")

    engine.from_columns("placed", {
        "event_id": [str(row) for row in range(len(orders))], "customer_key": [one[0] for one in orders],
        "occurred_at": moments([one[1] for one in orders]), "day": days([one[1] for one in orders]),
        "counted": [True] * len(orders), "order_id": [str(row) for row in range(len(orders))],
    })  # fmt: skip
    engine.from_columns("met", {
        "event_id": [f"{row:04d}" for row in range(len(touches))], "visitor_id": [one[0] for one in touches],
        "customer_key": [one[1] for one in touches], "occurred_at": moments([one[2] for one in touches]),
        "day": days([one[2] for one in touches]), "channel": [one[3] for one in touches],
    })  # fmt: skip
    tables: dict[str, Table] = {"touches": Table(engine, "met")}
    if visits:
        engine.from_columns("seen", {
            "visitor_id": [one[0] for one in visits], "customer_key": [one[1] for one in visits],
            "occurred_at": moments([one[2] for one in visits]), "day": days([one[2] for one in visits]),
        })  # fmt: skip
        tables["visits"] = Table(engine, "seen")
    placed = Orders(engine, "placed", has_money=False, voids=False)
    tables["orders"] = placed
    customers = Table(engine, engine.create("customers", (
        "SELECT customer_key, min(day) AS first_order_date FROM placed GROUP BY customer_key"
    )))  # fmt: skip
    return SimpleNamespace(engine=engine, tables=tables, orders=placed), customers


def way(found: Journeys, customer: str) -> list[str] | None:
    """Channels that led a customer to the first order; None for who was not led."""
    place = list(found.customers).index(customer)
    if place >= found.won:
        return None
    steps = found.ways.channel[found.ways.start[place] : found.ways.start[place + 1]]
    return [found.channels[step] for step in steps]


def lost(found: Journeys) -> dict[str, float]:
    """Ways that ended in nothing, and how often."""
    held = {}
    for place in np.flatnonzero(found.visits.nulls):
        steps = found.distinct.channel[found.distinct.start[place] : found.distinct.start[place + 1]]
        held[" > ".join(found.channels[step] for step in steps)] = float(found.visits.nulls[place])
    return held


def test_visitors_are_stitched_to_customers_over_devices_and_tables() -> None:
    found = journeys_of(*shop(
        [
            ("V1", None, 12.1, "ads"), ("V1", None, 15.2, "mail"),
            ("V2", "C2", 13.1, "ads"), ("V3", "C2", 18.1, "search"),
            ("V6", None, 12.4, "ads"), ("V6", None, 15.4, "mail"),
        ],
        [("C1", 16.5), ("C2", 19.5), ("C4", 14.5), ("C5", 18.5)],
        [("V1", "C1", 16.4), ("V6", "C4", 14.4), ("V6", "C5", 18.4)],
    ), look_back=LOOK_BACK)  # fmt: skip
    assert way(found, "C1") == ["ads", "mail"], "a visit that names both"
    assert way(found, "C2") == ["ads", "search"], "two devices"
    # One device of two people: each contact belongs to who is named next.
    assert way(found, "C4") == ["ads"]
    assert way(found, "C5") == ["mail"]


def test_a_way_ends_after_the_look_back_and_no_contact_earns_what_came_before_it() -> None:
    found = journeys_of(*shop(
        [
            ("V4", None, 14.1, "ads"), ("V4", None, 14.2, "mail"), ("V4", None, 30.1, "ads"),
            (None, "C3", 12.1, "ads"), (None, "C6", 12.1, "ads"), (None, "C6", 28.1, "mail"),
            (None, "C7", 33.7, "mail"), (None, "C7", 33.1, "ads"), (None, "C7", 36.1, "ads"),
            ("V8", None, 95.1, "ads"), ("V9", None, 89.1, "mail"), ("V9", None, 96.1, "mail"),
        ],
        [("C3", 40.5), ("C6", 29.5), ("C7", 33.4), ("C7", 50.5), ("C8", 45.5), ("C9", 4.5)],
    ), look_back=LOOK_BACK)  # fmt: skip
    assert way(found, "C3") is None, "the contact was too long ago"
    assert way(found, "C8") is None, "there was none"
    assert way(found, "C6") == ["mail"], "an earlier way of the same person ended in nothing"
    assert way(found, "C7") == ["ads"], "contacts after the first order earn nothing, on the same day neither"
    assert lost(found) == {"ads > mail": 1, "ads": 3}, "V4 twice, C3, C6's first"
    assert found.unled == 2
    assert found.later == 1
    assert found.unresolved == 1, "V9 began early enough but may still order; V8 began too late"
    assert "C9" not in list(found.customers), "came before contacts were recorded for as long as they count"
    assert found.unseen == 2
    assert (found.since, found.until) == (START + dt.timedelta(days=10), START + dt.timedelta(days=90))


def test_days_without_an_order_are_counted_for_all() -> None:
    found = journeys_of(*shop(
        [("V4", None, 40.1, "ads"), ("V4", None, 43.1, "mail"), (None, "C1", 50.1, "ads")], [("C1", 52.5)]
    ), look_back=LOOK_BACK)  # fmt: skip
    exposure = found.exposure
    # V4: 40 to 43 and ten days from then; C1: two days; fillers one each, and the filler whose order is the next day.
    assert exposure.quiet_days == 13 + 2 + sum(int(21 + row / 100) - int(20 + row / 100) for row in range(30))
    kinds = zip(exposure.waited_channel, exposure.waited_days, exposure.waited_opening, exposure.waited, strict=True)
    named = {(found.channels[c], int(days), bool(first)): times for c, days, first, times in kinds}
    assert named[("ads", 13, True)] == 1
    assert named[("mail", 10, False)] == 1
    assert named[("ads", 2, True)] == 1
    assert named[("search", 1, True)] == 30
    assert found.lag[found.ways.start[list(found.customers).index("C1")]] == 2


def test_orders_of_days_alone_take_contacts_of_the_same_day() -> None:
    for clock, expected in ((False, ["mail"]), (True, None)):
        given = shop([(None, "C7", 33.7, "mail")], [("C7", 33.4)], clock=clock)
        assert way(journeys_of(*given, look_back=LOOK_BACK), "C7") == expected


def test_little_data_shortens_the_look_back_and_says_so() -> None:
    found = journeys_of(*shop([], [], on=40.0), look_back=60)
    assert found.look_back == 25
    assert "101 days" in found.notes[0]


def test_what_is_missing_is_said() -> None:
    source, customers = shop([], [], fillers=7)
    with pytest.raises(InputError, match=r"7 customers came after a contact.*30 are needed"):
        journeys_of(source, customers, look_back=LOOK_BACK)
    with pytest.raises(InputError, match="at least one"):
        journeys_of(source, customers, look_back=0)
    del source.tables["touches"]
    with pytest.raises(InputError, match=r"there are none among the data\. Add a file"):
        journeys_of(source, customers)
