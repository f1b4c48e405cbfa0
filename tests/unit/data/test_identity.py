"""Who is who: addresses, ids and phone numbers joined across rows, columns and files."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from keepers.data.engine import Engine
from keepers.data.identity import resolve
from keepers.data.read import Dataset

Reader = Callable[..., Dataset]


def _keys(dataset: Dataset) -> dict[str, str | None]:
    return dict(dataset.engine.rows("SELECT order_id, customer_key FROM orders"))


def test_case_and_blanks_of_an_address_do_not_count_but_a_plus_does(reading: Reader) -> None:
    keys = _keys(
        reading(
            "order_id,email,date,total\n1,Ann@Shop.test,2025-01-01,5\n2, ann@shop.test ,2025-01-02,5\n"
            "3,ann+x@shop.test,2025-01-03,5\n4,not an address,2025-01-04,5\n"
        )
    )
    assert keys["1"] == keys["2"] != keys["3"]
    assert keys["4"] is None


def test_an_id_and_an_address_seen_together_are_one_customer(reading: Reader) -> None:
    keys = _keys(
        reading(
            "order_id,customer_id,email,date,total\n1,7,ann@shop.test,2025-01-01,5\n2,,ann@shop.test,2025-01-02,5\n"
            "3,7,,2025-01-03,5\n4,8,ann@new.test,2025-01-04,5\n5,7,ann@new.test,2025-01-05,5\n6,9,bob@shop.test,2025-01-06,5\n"
        )
    )
    assert len({keys[number] for number in "12345"}) == 1
    assert keys["6"] == "9"


def test_files_are_joined_by_address(reading: Reader) -> None:
    dataset = reading(
        "order_id,email,date,total\n1,ann@shop.test,2025-01-01,5\n2,bob@shop.test,2025-01-02,5\n",
        "customer_id,email,first name,total spent\n77,ANN@shop.test,Ann,5\n78,bob@shop.test,Bob,5\n",
    )
    row = dataset.engine.row(
        "SELECT count(*) FROM orders o JOIN customers c USING (customer_key) WHERE c.claimed_revenue = 5"
    )
    assert row == (2,)
    assert dataset.engine.rows(
        "SELECT system, external_id FROM identities WHERE external_id IN ('77', '78') ORDER BY 2"
    ) == [
        ("own", "77"),
        ("own", "78"),
    ]


def test_ids_of_two_systems_are_not_mixed_up(reading: Reader) -> None:
    dataset = reading("square_2017.csv", "stripe_payments.csv", rates={"EUR": 1, "USD": 1})
    keys = {row[0] for row in dataset.engine.rows("SELECT DISTINCT customer_key FROM orders")}
    assert {"square:C1", "stripe:cus_A"} <= keys


def test_a_phone_number_joins_two_people_but_not_a_crowd(reading: Reader) -> None:
    pair = reading(
        "order_id,email,phone,date,total\n1,ann@shop.test,+49 170 1234567,2025-01-01,5\n"
        "2,,0049170 1234567,2025-01-02,5\n"
    )
    assert pair.reconciliation.customers == 1
    crowd = reading(
        "order_id,email,phone,date,total\n"
        + "".join(f"{i},p{i}@shop.test,030 1234567,2025-01-0{i},5\n" for i in range(1, 6))
    )
    assert crowd.reconciliation.customers == 5
    assert any(finding.key == "shared phones" for finding in crowd.reconciliation.findings)


def test_words_that_stand_for_nobody_name_nobody(reading: Reader) -> None:
    dataset = reading(
        "customer,date,amount\nGuest,2025-01-01,5\nn/a,2025-01-02,5\nWalk-in,2025-01-03,5\na,2025-01-04,5\n"
    )
    assert dataset.reconciliation.customers == 1
    assert dataset.reconciliation.count("unknown customer") == 3


def test_personal_data_stand_in_one_table(reading: Reader) -> None:
    dataset = reading("shopify_orders.csv")
    text = str(dataset.engine.rows("SELECT * FROM orders")) + str(dataset.engine.rows("SELECT * FROM customers"))
    assert "@" not in text
    assert "Example" not in text
    assert dataset.engine.row("SELECT email FROM persons WHERE name = 'Nia Example'") == ("nia@shop.test",)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12), st.integers(0, 12)), min_size=1, max_size=30))
def test_keys_are_the_connected_components(rows: list[tuple[int, int, int]]) -> None:
    """Compared with a union by hand; zero means that the row does not say."""
    engine = Engine()
    engine.execute(
        "CREATE TABLE people (person UBIGINT, system VARCHAR, customer_id VARCHAR, email VARCHAR, phone VARCHAR, "
        "name VARCHAR, sales BOOLEAN, phone_shared BOOLEAN)"
    )
    for number, (i, e, p) in enumerate(rows):
        engine.execute(
            "INSERT INTO people VALUES (?, 's', ?, ?, ?, NULL, true, false)",
            [number, f"{i}" if i else None, f"{e}@x.test" if e else None, f"{p}555555{p}" if p else None],
        )
    found = resolve(engine, "people")
    keys = dict(engine.rows(f"SELECT person, customer_key FROM {found.keys}"))
    crowded = _crowded(rows)
    groups: list[set[str]] = []
    for i, e, p in rows:
        names = {f"i{i}"} if i else set()
        names |= {f"e{e}"} if e else set()
        names |= {f"p{p}"} if p and p not in crowded else set()
        touching = [group for group in groups if group & names]
        groups = [group for group in groups if not group & names] + [names.union(*touching)]
    for a, (i, e, p) in enumerate(rows):
        mine = {f"i{i}"} - {"i0"} | {f"e{e}"} - {"e0"} | ({f"p{p}"} - {"p0"} if p not in crowded else set())
        assert (keys[a] is None) == (not mine)
        for b, (i2, e2, p2) in enumerate(rows[:a]):
            other = {f"i{i2}"} - {"i0"} | {f"e{e2}"} - {"e0"} | ({f"p{p2}"} - {"p0"} if p2 not in crowded else set())
            together = any(group & mine and group & other for group in groups)
            assert (keys[a] is not None and keys[a] == keys[b]) == together
    engine.close()


def _crowded(rows: list[tuple[int, int, int]]) -> set[int]:
    """Phone numbers seen with more than two addresses (or ids, where there is no address)."""
    seen: dict[int, set[str]] = {}
    for i, e, p in rows:
        if p:
            seen.setdefault(p, set())
            if e or i:
                seen[p].add(f"e{e}" if e else f"i{i}")
    return {p for p, others in seen.items() if len(others) > 2}
