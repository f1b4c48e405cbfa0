"""What the tables of the running system are filled with in tests: the same entries, in every database."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import asdict, replace

import pytest

from keepers.domain.access import Role, Scope
from keepers.domain.decision import EvidenceGrade
from keepers.domain.errors import ConfigError, EngineError
from keepers.domain.live import History, LiveOrder
from keepers.domain.reach import Reach, reaches
from keepers.domain.time import months, years
from keepers.storage.answers import Answer
from keepers.storage.jobs import LEASE
from keepers.storage.live import LiveCustomer
from keepers.storage.live_lists import Filter
from keepers.storage.state import Books, State
from unit.storage.arriving import arriving

NOW = dt.datetime(2026, 3, 2, 8, 0, 0, tzinfo=dt.UTC)
DAY = dt.date(2026, 2, 28)
HISTORY = History(dt.date(2025, 12, 1), dt.date(2026, 2, 1), 2, 30.0, 25.0, 3, 75.0)
ANSWERS = (
    Answer(
        "budget", "budget", "Move money", "accepted", "worth a try", "ada@example.com", NOW,
        DAY + dt.timedelta(days=28), 120.0, "EUR", EvidenceGrade.ADJUSTED, ("budget:2026-03-01:google",),
    ),
    Answer(
        "leads", "leads", "Call 5 leads", "accepted", "yes", "ada@example.com", NOW, DAY + dt.timedelta(days=7), None,
        "", EvidenceGrade.PREDICTIVE,
    ),
    Answer(
        "budget", "budget", "Move money", "dismissed", "no cash", "ben@example.com", NOW,
        DAY + dt.timedelta(days=28), 120.0, "EUR", EvidenceGrade.ADJUSTED,
    ),
)  # fmt: skip
VALUES = {"probability_alive": 0.8, "expected_orders": 3.0, "value": 90.0, "value_low": 0.0, "value_high": 200.0}


def fill_service(state: State) -> None:
    """One entry of every kind."""
    with state.writing() as books:
        user = books.users.add("ada@example.com", "a hash", Role.OWNER, NOW)
        books.users.begin_session(user, "s" * 64, NOW, NOW + dt.timedelta(days=7))
        books.users.add_token("shop", "t" * 64, frozenset({Scope.INGEST}), "ada@example.com", NOW)
        books.users.note("ada@example.com", "signed in", "127.0.0.1", NOW, {"a": 1})
        assert books.inbox.add([("m1", "track", '{"event":"Order Completed"}'), ("m2", "page", "{}")], NOW) == 2
        assert books.inbox.add([("m2", "page", "{}"), ("m3", "page", "{}")], NOW) == 1
        generation = books.live.begin("/shop/result", DAY, NOW, {"currency": "EUR"}, 1)
        with arriving([_row("C1", 90.0, "Gold"), _row("C2", 10.0, "Bronze"), _row("C_3", None, "Bronze")]) as engine:
            books.live.fill(generation, engine, "true")
        books.live.name([("C1", "Ada 100%", "ada@x.example")])
        books.live.name([("C1", None, "ada@y.example")])
        books.live.know({"17": "C1", "18": "C2"})
        books.live.know({"18": "C1", "19": "C1"})
        books.live.put_orders([LiveOrder("O1", "C1", dt.date(2026, 3, 1), 20.0, event_id=2)])
        books.live.publish(generation)
        job = books.jobs.ask("run", "ada@example.com", NOW)
        assert books.jobs.ask("run", "ben@example.com", NOW) == job


def check_horizons(state: State) -> None:
    """Lists of a generation by the values within its horizons."""
    quarter, endless = reaches(months(12), months(3), years(5))[0], Reach(None, "value_infinite", "", "", "")
    of_quarter = {"clv_predicted_3m_low": 5.0, "clv_predicted_3m_high": 60.0, "expected_orders_3m": 0.8}
    with state.writing() as books:
        number = books.live.begin("/shop/horizons", DAY, NOW, {"currency": "EUR"}, 0)
        with arriving([
            _row("C1", 100.0, "Gold", of_quarter, value_also=20.0, value_infinite=500.0, money_at_risk=50.0),
            _row("C2", 60.0, "Gold", of_quarter, value_also=30.0, value_infinite=80.0, money_at_risk=0.0),
            _row("C3", None, "Gold", {}),
        ]) as engine:  # fmt: skip
            books.live.fill(number, engine, "true")
        books.live.publish(number)
    with state.reading() as books:
        lists = {one.name: books.lists(number, one) for one in (quarter, Reach(months(12)), endless)}
        totals = {name: one.totals(Filter()) for name, one in lists.items()}
        assert {name: (one.value, one.money_at_risk) for name, one in totals.items()} == {
            "3m": (50.0, pytest.approx(10.0)), "12m": (160.0, 50.0), "infinite": (580.0, pytest.approx(250.0)),
        }  # fmt: skip
        first = {name: one.page(Filter()).customers[0] for name, one in lists.items()}
        assert [one.customer_key for one in first.values()] == ["C2", "C1", "C1"]
        told = [first[name].values for name in ("3m", "infinite")]
        assert [(v["value"], v["value_low"], v["value_high"], v["expected_orders"]) for v in told] == [
            (30.0, 5.0, 60.0, 0.8), (500.0, None, None, None),
        ]  # fmt: skip
        by_risk = lists["3m"].page(Filter(least_value=15.0), "money_at_risk").customers
        assert [one.values["money_at_risk"] for one in by_risk] == [pytest.approx(10.0), 0.0]
        assert (
            lists["3m"].page(Filter(least_value=25.0)).total == lists["12m"].page(Filter(least_value=70.0)).total == 1
        )
        assert lists["12m"].page(Filter(within=Filter(below_value=70.0), least_value=10.0)).total == 1
        assert [one.value for one in lists["3m"].groups("tier", Filter())] == [50.0]
        found = []
        for some in lists["3m"].stretches(Filter(), at_once=1):
            books.live.persons([one["customer_key"] for one in some])
            found += [(one["customer_key"], one["value"], one["value_low"], one["expected_orders"]) for one in some]
        assert found == [("C2", 30.0, 5.0, 0.8), ("C1", 20.0, 5.0, 0.8), ("C3", None, None, None)]
        assert [one["value_high"] for some in lists["12m"].stretches(Filter()) for one in some][:2] == [200.0, 200.0]
        cells = lists["3m"].cells(("orders", [2]), ("value", [25.0]), Filter())
        assert [(one.column, one.value) for one in sorted(cells, key=lambda one: one.column)] == [(0, 20.0), (1, 30.0)]


def fill_work(state: State) -> None:
    """The same of what people do."""
    with state.writing() as books:
        for answer in ANSWERS:
            books.answers.give(answer)
        books.views.keep("ada@example.com", "Big ones", "/customers", "tier=Gold", True, NOW)
        books.views.keep("ben@example.com", "Mine", "/leads", "", False, NOW)
        books.views.keep("ada@example.com", " Big ones ", "/customers", "tier=Platinum", True, NOW)
        books.once.keep("ada@example.com", f"plan {'x' * 300}\0", {"number": 7}, NOW)
        books.once.keep("ada@example.com", "", {}, NOW)


def check_work(books: Books) -> None:
    """It is there as it was written; the last answer of a proposal counts, as long as it holds."""
    assert [replace(one, number=0) for one in books.answers.listed()] == list(reversed(ANSWERS))
    held = books.answers.holding(DAY)
    assert {key: one.answer for key, one in held.items()} == {"budget": "dismissed", "leads": "accepted"}
    assert set(books.answers.holding(DAY + dt.timedelta(days=8))) == {"budget"}
    (big,) = books.views.listed("cay@example.com")
    assert (big.name, big.address, big.owner) == ("Big ones", "/customers?tier=Platinum", "ada@example.com")
    assert [one.name for one in books.views.listed("ben@example.com")] == ["Big ones", "Mine"]
    assert [one.address for one in books.views.listed("ben@example.com", "/leads")] == ["/leads"]


def check_once(books: Books) -> None:
    """What somebody wished under a name is known by both."""
    name = f"plan {'x' * 300}\0"
    assert books.once.said("ada@example.com", name, NOW + dt.timedelta(days=1)) == {"number": 7}
    assert books.once.said("ada@example.com", name, NOW + dt.timedelta(days=3)) is None, "though nobody wished since"
    assert books.once.said("ben@example.com", name, NOW) is None
    assert books.once.said("ada@example.com", "", NOW) is None, "what has no name is done each time"


def change_work(state: State) -> None:
    """What makes no sense is refused, and nobody removes what is another's."""
    with state.writing() as books:
        check_once(books)
        books.once.keep("ada@example.com", "run y", {}, NOW + dt.timedelta(days=3))
        assert books.once.said("ada@example.com", f"plan {'x' * 300}\0", NOW) is None, "nobody sends it again"
        (big,) = books.views.listed("ada@example.com")
        assert not books.views.remove(big.number, "ben@example.com")
        assert books.views.remove(big.number, "ada@example.com")
        for page in ("//evil.example", "customers", "/a?b", "/a\nb"):
            with pytest.raises(ConfigError, match="no page"):
                books.views.keep("ada@example.com", "x", page, "", False, NOW)
        with pytest.raises(ConfigError, match="name"):
            books.views.keep("ada@example.com", "  ", "/customers", "", False, NOW)
        with pytest.raises(ConfigError, match="why"):
            books.answers.give(replace(ANSWERS[0], why=" "))
        with pytest.raises(ConfigError, match="accepted or dismissed"):
            books.answers.give(replace(ANSWERS[0], answer="perhaps"))


def check_service(books: Books) -> None:
    """Every entry is there as it was written."""
    user = books.users.of_session("s" * 64, NOW)
    assert user is not None
    assert (user.email, user.role, user.created_at) == ("ada@example.com", Role.OWNER, NOW)
    assert books.users.of_session("s" * 64, NOW + dt.timedelta(days=8)) is None
    token = books.users.of_token("t" * 64, NOW)
    assert token is not None
    assert token.scopes == {Scope.INGEST}
    assert [(deed.action, deed.detail) for deed in books.users.deeds()] == [("signed in", {"a": 1})]
    assert [(one.message_id, one.kind) for one in books.inbox.after(0, 10)] == [
        ("m1", "track"), ("m2", "page"), ("m3", "page"),
    ]  # fmt: skip
    assert [one.message_id for one in books.inbox.all(books.inbox.after(0, 2)[1].number, of=1)] == ["m1", "m2"]
    current = books.live.current()
    assert current is not None
    assert (current.customers, current.as_of, current.base_event, current.settings) == (3, DAY, 1, {"currency": "EUR"})
    found = books.live.customers(current.number, ["C1", "C9"])
    assert list(found) == ["C1"]
    assert (found["C1"].history, found["C1"].base, found["C1"].fields) == (HISTORY, HISTORY, {"note": "x"})
    assert books.live.persons(["C1"]) == {"C1": ("Ada 100%", "ada@y.example")}
    assert books.live.keys_of(["17", "18", "19", "20"]) == {"17": "C1", "18": "C2", "19": "C1"}
    assert books.live.orders(["O1"])["O1"].amount == 20.0
    assert books.live.orders_of(["C1"], 2) == {}
    (job,) = books.jobs.listed()
    assert (job.kind, job.status) == ("run", "waiting")
    _check_lists(books, current.number)


def change_service(state: State) -> None:
    """What changes entries does so, and refuses what makes no sense."""
    with state.writing() as books:
        current = books.live.current()
        assert current is not None
        one = books.live.customers(current.number, ["C1"])["C1"]
        richer = replace(one, values={**one.values, "value": 120.0}, by_event=True, updated_at=NOW)
        fresh = LiveCustomer("live_1", HISTORY, None, {"value": 5.0}, {}, NOW, True)
        books.live.put(current.number, [richer, fresh])
        books.live.put_orders([LiveOrder("O1", "C1", dt.date(2026, 3, 1), 20.0, 5.0, True, 9)])
    with state.reading() as books:
        found = books.live.customers(current.number, ["C1", "live_1"])
        assert (found["C1"].values["value"], found["C1"].by_event, found["live_1"].base) == (120.0, True, None)
        assert books.live.orders(["O1"])["O1"] == LiveOrder("O1", "C1", dt.date(2026, 3, 1), 20.0, 5.0, True, 2)
    value = state.value_of("C1")
    assert value is not None
    assert (value["value"], value["low"], value["updated_at"]) == (120.0, 0.0, NOW)
    with state.writing() as books:
        other = books.live.begin("/shop/next", DAY, NOW, {}, 3)
        with arriving([_row("C1", 1.0, "Gold"), _row("C2", 1.0, "Gold")]) as engine:
            books.live.fill(other, engine, "customer_key = 'C1'")
        assert books.live.current() is not None
        # A process that was overtaken neither makes an index of what is gone nor stops what is served.
        for overtaken in (lambda: books.live.index(other - 1, "in_sum"), lambda: books.live.publish(other - 1)):
            with pytest.raises(EngineError, match="another run are being published"):
                overtaken()
    with state.writing() as books:
        books.live.publish(other)
        books.live.forget_retired()
    with state.reading() as books:
        current = books.live.current()
        assert current is not None
        assert (current.number, current.customers) == (other, 1)
        assert state.value_of("C2") is None
    with state.writing() as books:
        with pytest.raises(ConfigError, match="only owner"):
            books.users.change("ada@example.com", role=Role.VIEWER)
        books.users.change("ada@example.com", password_hash="another")
        assert books.users.of_session("s" * 64, NOW) is None
        books.users.revoke(books.users.tokens()[0].number, NOW)
        assert books.users.of_token("t" * 64, NOW) is None
        with pytest.raises(ConfigError, match="no token"):
            books.users.revoke(99, NOW)
        _change_jobs(books)


def _change_jobs(books: Books) -> None:
    """One process at a time does a job; one that is gone is followed by another, but not for ever."""
    job = books.jobs.take(NOW, "a")
    assert job is not None
    assert books.jobs.take(NOW, "b") is None
    soon, late = NOW + LEASE, NOW + 3 * LEASE
    books.jobs.hand_back(job.number, "b")
    assert books.jobs.take(NOW, "b") is None, "it is not b's to hand back"
    books.jobs.hand_back(job.number, "a")
    assert books.jobs.take(NOW, "a") == job
    assert books.jobs.alive(job.number, "a", soon)
    assert not books.jobs.alive(job.number, "b", soon)
    assert not books.jobs.any_to_do(soon)
    assert books.jobs.any_to_do(late)
    again = books.jobs.take(late, "b")
    assert again is not None
    assert again.number == job.number
    assert not books.jobs.alive(job.number, "a", late), "it is another's now"
    assert not books.jobs.end(job.number, "a", True, "done", late), "nor does a end what b does"
    assert books.jobs.take(late + 2 * LEASE, "c") is None
    newest = books.jobs.newest("run")
    assert newest is not None
    assert newest.status == "failed"
    assert books.jobs.ask_due("run", NOW, NOW) is not None
    assert books.jobs.ask_due("run", NOW, NOW) is None, "each moment of a schedule asks once"
    assert books.jobs.ask_due("run", late, late) is None, "one that waits will do"
    assert books.jobs.take(late, "d") is not None
    assert books.jobs.ask_due("run", soon, late) is None, "an earlier moment than the last one that asked"
    running = next(one for one in books.jobs.listed() if one.status == "running")
    other = books.jobs.ask("run", "ada", late)
    books.jobs.hand_back(running.number, "d")
    assert books.jobs.ask_due("run", late + LEASE, late) is None, "one of two that wait will do"
    for waits in (running, other):
        job = books.jobs.take(late, "e")
        assert job is not None
        assert job.number == waits.number
        assert books.jobs.end(job.number, "e", True, "done", late)


def _check_lists(books: Books, generation: int) -> None:
    lists = books.lists(generation)
    page = lists.page(Filter(), limit=2)
    assert (page.total, [one.customer_key for one in page.customers]) == (3, ["C1", "C2"])
    assert [one.customer_key for one in lists.page(Filter(), offset=2, limit=2).customers] == ["C_3"]
    assert lists.page(Filter({"tier": ("Bronze",)}, least_value=5.0)).total == 1
    assert lists.page(Filter(search="100%", persons=True)).total == 1
    assert lists.page(Filter(search="ADA", persons=True)).total == 1
    assert lists.page(Filter(search="ADA")).total == 0
    assert lists.page(Filter(search="C_")).total == 1, "a sign of a pattern is a letter like others"
    cells = lists.cells(("orders", [2, 3]), ("last_day", [dt.date(2000, 1, 1)]), Filter())
    assert sum(cell.customers for cell in cells) == 3
    for cell in cells:
        orders = [one.history.orders for one in lists.page(Filter()).customers]
        assert cell.customers == sum((one >= 2) + (one >= 3) == cell.row for one in orders)
    assert set(lists.names()["tier"]) == {one.name for one in lists.groups("tier", Filter()) if one.name}
    assert lists.page(Filter(silent_since=dt.date(2026, 2, 1))).total == 0
    groups = {group.name: (group.customers, group.value) for group in lists.groups("tier", Filter())}
    assert groups == {"Gold": (1, 90.0), "Bronze": (2, 10.0)}
    assert lists.totals(Filter()).value == 100.0
    with pytest.raises(ConfigError, match="sorted by"):
        lists.page(Filter(), sort="value; DROP TABLE users")
    with pytest.raises(ConfigError, match="divided by"):
        lists.groups("name", Filter())


def _row(
    key: str, value: float | None, tier: str, fields: dict[str, float] | None = None, **other: float
) -> dict[str, object]:
    values = {**VALUES, **other, "value": value, "tier": tier}
    said = {"fields": json.dumps(fields or {"note": "x"}), "updated_at": NOW}
    return {"customer_key": key, **asdict(HISTORY), **values, **said}
