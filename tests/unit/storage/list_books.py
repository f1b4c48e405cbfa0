"""Lists, sums and maps of live customers beside the same worked out by hand, in every database."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from keepers.domain.live import History
from keepers.domain.reach import Reach, reaches
from keepers.domain.time import months, years
from keepers.storage.live import LiveCustomer
from keepers.storage.live_cells import Bands
from keepers.storage.live_indexes import LEARNED
from keepers.storage.live_lists import GROUPS, SORTABLE, Cell, Filter, Group, LiveLists
from keepers.storage.state import State
from unit.storage.arriving import arriving

_NOW = dt.datetime(2026, 3, 2, 8, 0, 0, tzinfo=dt.UTC)
_DAY = dt.date(2026, 2, 28)
_LONG = 'u"t, \\m\t\n' * 20
_REACHES = (Reach(months(12)), *(one for one in reaches(months(12), months(3), years(5)) if not one.own))
_BANDS = Bands({
    "orders": (2, 4), "last_day": [dt.date(2025, 6, 1), dt.date(2026, 1, 1)], "probability_alive": (0.2, 0.7),
    "value": [20.0, 50.0], "value_also": [10.0], "value_lifetime": [100.0], "value_infinite": [],
})  # fmt: skip
_FILTERS = (
    Filter(), Filter({"tier": ("Gold",)}), Filter({"channel": (_LONG,), "country": ("DE", "AT")}),
    Filter({"tier": ("Bronze",), "state": ()}, within=Filter({"country": ("DE",)})), Filter(nobody=True),
    Filter({"tier": ("nothing",)}), Filter(least_orders=2, most_orders=3), Filter(below_value=30.0, least_alive=0.2),
    Filter({"segment": ("loyal",)}, silent_since=dt.date(2026, 1, 1)), Filter(won_since=dt.date(2024, 6, 1)),
    Filter(by_event=True), Filter(within=Filter(least_value=40.0, reach=_REACHES[1])),
    Filter(search="ÄDA L", persons=True), Filter(search="ben", persons=True), Filter(search="c00"),
    Filter(search="%", persons=True), Filter({"tier": ("Gold",)}, search="ada", persons=True),
    Filter({"channel": ("",)}), Filter({"country": ("", "DE")}),
)  # fmt: skip


@dataclass
class Shop:
    """What is in the store, as a test knows it."""

    rows: dict[str, dict[str, Any]]
    persons: dict[str, tuple[str, str]]

    def of(self, chosen: Filter, reach: Reach) -> list[dict[str, Any]]:
        """Customers of a filter."""
        return [row for row in self.rows.values() if self._fits(row, chosen, reach)]

    def _fits(self, row: dict[str, Any], chosen: Filter, reach: Reach) -> bool:
        value = row[(chosen.reach or reach).column]
        bounds: tuple[tuple[Any, Any, Callable[[Any, Any], bool]], ...] = (
            (chosen.least_value, value, lambda a, b: b >= a), (chosen.below_value, value, lambda a, b: b < a),
            (chosen.least_alive, row["probability_alive"], lambda a, b: b >= a),
            (chosen.least_orders, row["orders"], lambda a, b: b >= a),
            (chosen.most_orders, row["orders"], lambda a, b: b <= a),
            (chosen.silent_since, row["last_day"], lambda a, b: b < a),
            (chosen.won_since, row["first_day"], lambda a, b: b >= a),
        )  # fmt: skip
        words = chosen.search.casefold()
        named = chosen.persons and any(words in one.casefold() for one in self.persons.get(row["customer_key"], ()))
        return (
            not chosen.nobody
            and all(
                not some or row[name] in {one[:120] for one in some} for name, some in (chosen.groups or {}).items()
            )
            and all(bound is None or (found is not None and holds(bound, found)) for bound, found, holds in bounds)
            and (not chosen.by_event or row["by_event"])
            and (not words or named or row["customer_key"].casefold().startswith(words))
            and (chosen.within is None or self._fits(row, chosen.within, reach))
        )


def check_by_hand(state: State) -> None:
    """Every list, sum and map of a store, with cells and without, before and after events and an erasure."""
    for bands in (_BANDS, None):
        rng = random.Random(4)
        rows = [_row(rng, number) for number in range(90)]
        shop = Shop({row["customer_key"]: row for row in rows}, {})
        with state.writing() as books:
            generation = books.live.begin("/shop/lists", _DAY, _NOW, {LEARNED: "clv_learned_12m"}, 0)
            with arriving(rows) as engine:
                for which in ("customer_key < 'C0040'", "customer_key >= 'C0040'"):
                    books.live.fill(generation, engine, which)
                if bands is not None:
                    books.live.count(generation, bands, engine)
            books.live.publish(generation)
            books.live.forget_retired()
            for row in rows[::3]:
                shop.persons[row["customer_key"]] = rng.choice(
                    [("Äda Lovelace", "äda@x.example"), ("Ben 7%", "b@ada.de")]
                )
            told = [(key, name, None) for key, (name, _) in shop.persons.items()]
            first = told[0][0]
            books.live.name([*told, (first, None, None), (first, "Somebody", None), told[0]])
            books.live.name([(key, None, email) for key, (_, email) in shop.persons.items()])
        _check(state, generation, shop, _REACHES[:2])
        with state.writing() as books:
            changed = [_changed(rng, row) for row in rows[10:60]] + [_row(rng, 500 + number) for number in range(9)]
            for row in changed:
                shop.rows[row["customer_key"]] = row | {"by_event": True}
            books.live.put(generation, [_live(row) for row in changed])
        _check(state, generation, shop, _REACHES[1:2])
        gone = [row["customer_key"] for row in rows[20:25]] + ["C0500"]
        state.erase(gone)
        for key in gone:
            shop.rows.pop(key)
            shop.persons.pop(key, None)
        _check(state, generation, shop, _REACHES[:1])
        with state.reading() as books:
            _check_pages(books.lists(generation, _REACHES[1]), shop)
        unsure = {key: row | {"probability_alive": None, "by_event": True} for key, row in shop.rows.items()}
        with state.writing() as books:
            books.live.put(generation, [_live(row) for row in unsure.values()])
        with state.reading() as books:
            _check_maps(books.lists(generation), Filter(), list(unsure.values()), _REACHES[0])


def check_searches(state: State) -> None:
    """What is found by name or key, as lists and as sums, however it is looked up."""
    rng = random.Random(5)
    shop = Shop({row["customer_key"]: row for row in (_row(rng, number) for number in range(90))}, {})
    shop.persons.update(dict.fromkeys(list(shop.rows)[::4], ("Äda Lovelace", "c00@ada.de")))
    with state.writing() as books:
        generation = books.live.begin("/shop/found", _DAY, _NOW, {}, 0)
        with arriving(list(shop.rows.values())) as engine:
            books.live.fill(generation, engine, "true")
            books.live.count(generation, _BANDS, engine)
        books.live.name([(key, *said) for key, said in shop.persons.items()])
        books.live.publish(generation)
    reach = _REACHES[1]
    with state.reading() as books:
        for words in ("ÄDA L", "c00", "c003", "nobody"):
            for persons in (True, False):
                chosen = Filter(search=words, persons=persons)
                wanted, lists = shop.of(chosen, reach), books.lists(generation, reach)
                _same(lists.totals(chosen), _sum(None, wanted, reach))
                for sort in ("value", "revenue", "first_day"):
                    found = [one.customer_key for one in lists.page(chosen, sort, limit=100).customers]
                    assert found == list(_sorted(wanted, sort, True, reach)), (words, persons, sort)


def _check(state: State, generation: int, shop: Shop, ahead: Sequence[Reach]) -> None:
    with state.reading() as books:
        for reach in ahead:
            lists = books.lists(generation, reach)
            for chosen in _FILTERS:
                wanted = shop.of(chosen, reach)
                _same(lists.totals(chosen), _sum(None, wanted, reach))
                for name, groups in lists.divisions(GROUPS, chosen).items():
                    own = {value: [row for row in wanted if row[name] == value] for value in {r[name] for r in wanted}}
                    assert {one.name for one in groups} == set(own), (name, chosen)
                    for one in groups:
                        _same(one, _sum(one.name, own[one.name], reach))
                alone = {one.name: one.customers for one in lists.groups("channel", chosen)}
                assert alone == {one.name: one.customers for one in lists.divisions(GROUPS, chosen)["channel"]}
                _check_maps(lists, chosen, wanted, reach)
            assert lists.names()["tier"][0] == max({"Gold", "Bronze"}, key=lambda tier: len(
                [row for row in shop.rows.values() if row["tier"] == tier]
            ))  # fmt: skip


def _check_maps(lists: LiveLists, chosen: Filter, wanted: list[dict[str, Any]], reach: Reach) -> None:
    for rows, columns in (("orders", "last_day"), ("probability_alive", "value")):
        for shift in (False, True):
            cuts = [list(_BANDS.cuts[reach.column if name == "value" else name]) for name in (rows, columns)]
            if shift:
                cuts[0] = cuts[0][:1]
            if not all(cuts):
                continue
            names = [reach.column if name == "value" else name for name in (rows, columns)]
            own: dict[tuple[int, ...], list[dict[str, Any]]] = {}
            for row in wanted:
                if all(row[name] is not None for name in names):
                    place = tuple(sum(row[name] >= cut for cut in some) for name, some in zip(names, cuts, strict=True))
                    own.setdefault(place, []).append(row)
            cells = {(one.row, one.column): one for one in lists.cells((rows, cuts[0]), (columns, cuts[1]), chosen)}
            assert set(cells) == set(own), chosen
            for place, one in cells.items():
                _same(one, _sum(None, own[place], reach))
                alive = [row["probability_alive"] for row in own[place] if row["probability_alive"] is not None]
                assert one.probability_alive == (pytest.approx(sum(alive) / len(alive)) if alive else None)


def _check_pages(lists: LiveLists, shop: Shop) -> None:
    reach = _REACHES[1]
    for sort in SORTABLE:
        for chosen in (_FILTERS[0], _FILTERS[6], _FILTERS[13]):
            for descending in (True, False):
                wanted = list(_sorted(shop.of(chosen, reach), sort, descending, reach))
                found: list[str] = []
                for offset in range(0, len(wanted) + 40, 40):
                    page = lists.page(chosen, sort, descending, offset, 40)
                    assert page.total == len(wanted)
                    found += [one.customer_key for one in page.customers]
                assert found == wanted, (sort, descending, chosen)
    listed = [one["customer_key"] for some in lists.stretches(_FILTERS[1], at_once=7) for one in some]
    assert listed == list(_sorted(shop.of(_FILTERS[1], reach), "value", True, reach))


def _sorted(rows: list[dict[str, Any]], sort: str, descending: bool, reach: Reach) -> Iterator[str]:
    def by(row: dict[str, Any]) -> Any:
        named = {"value": reach.column, "learned_value": "value_learned"}
        return _risk(row, reach) if sort == "money_at_risk" else row[named.get(sort, sort)]

    known = sorted((row for row in rows if by(row) is not None), key=lambda row: str(row["customer_key"]))
    known.sort(key=by, reverse=descending)
    yield from (row["customer_key"] for row in known)
    yield from sorted(row["customer_key"] for row in rows if by(row) is None)


def _sum(name: str | None, rows: list[dict[str, Any]], reach: Reach) -> Group:
    def total(values: list[float | None]) -> float | None:
        known = [value for value in values if value is not None]
        return sum(known) if known else None

    risk = total([_risk(row, reach) for row in rows])
    return Group(
        name, len(rows), total([row[reach.column] for row in rows]), risk, total([row["revenue"] for row in rows])
    )


def _risk(row: dict[str, Any], reach: Reach) -> float | None:
    risk: float | None = row["money_at_risk"]
    return risk if risk is None or reach.own or not row["value"] else risk * row[reach.column] / row["value"]


def _same(one: Group | Cell, other: Group) -> None:
    assert one.customers == other.customers
    for found, wanted in (
        (one.value, other.value), (one.money_at_risk, other.money_at_risk), (one.revenue, other.revenue),
    ):  # fmt: skip
        assert found == (None if wanted is None else pytest.approx(wanted, abs=1e-9))


def _row(rng: random.Random, number: int) -> dict[str, Any]:
    value = None if number % 11 == 0 else 0.0 if number % 13 == 0 else round(rng.uniform(1, 100), rng.choice([0, 3]))
    first = _DAY - dt.timedelta(days=rng.randrange(400, 900))
    return {
        "customer_key": f"C{number:04}", "first_day": first, "last_day": _DAY - dt.timedelta(days=rng.randrange(400)),
        "orders": rng.choice([1, 1, 1, 2, 3, 6]), "revenue": None if number % 17 == 0 else rng.uniform(1, 300),
        "probability_alive": None if number % 19 == 0 else rng.random(), "expected_orders": rng.random(),
        "value": value, "money_at_risk": None if value is None else rng.choice([0.0, value / 2]),
        **{one.column: None if value is None else value * (0.3 + n) for n, one in enumerate(_REACHES) if not one.own},
        "value_learned": None if number % 7 == 0 else float(number * 37 % 50),
        "tier": rng.choice(["Gold", "Bronze", "Bronze"]), "rfm_group": rng.choice(["best", "new", None]),
        "segment": rng.choice(["loyal", "lapsing"]), "state": "active", "country": rng.choice(["DE", "AT", "CH", None]),
        "channel": rng.choice(["mail", _LONG[:120], None]), "updated_at": _NOW, "by_event": False,
    }  # fmt: skip


def _changed(rng: random.Random, row: dict[str, Any]) -> dict[str, Any]:
    fresh = _row(rng, int(row["customer_key"][1:]))
    return {**fresh, "first_day": row["first_day"], "updated_at": _NOW + dt.timedelta(seconds=rng.randrange(99))}


def _history(row: dict[str, Any]) -> History:
    return History(row["first_day"], row["last_day"], 0, None, None, row["orders"], row["revenue"])


def _live(row: dict[str, Any]) -> LiveCustomer:
    values = {name: row[name] for name in row if name not in ("customer_key", "first_day", "last_day", "orders")}
    return LiveCustomer(row["customer_key"], _history(row), None, values, {}, row["updated_at"], True)
