"""How customers came: the earliest order of their first day, and nothing where orders carry nothing."""

from __future__ import annotations

from keepers.data.engine import Engine
from keepers.data.orders import Orders
from keepers.domain.columns import ORDERS
from keepers.summaries.acquisition import first_orders, known_dimensions
from keepers.summaries.summary import summarise


def canonical(*rows: dict[str, object]) -> Orders:
    """Canonical orders with what matters given and the rest filled."""
    engine = Engine()
    name = engine.create_empty(ORDERS)
    for number, row in enumerate(rows):
        filled = {
            "event_id": f"e{number}", "source": "test", "occurred_at": f"{row['day']} 00:00:00",
            "received_at": "2024-06-01 00:00:00", "order_id": f"o{number}", "status": "paid", "counted": True,
            "currency": "EUR", "amount": 10, **row,
        }  # fmt: skip
        columns = ", ".join(filled)
        engine.execute(f"INSERT INTO {name} ({columns}) VALUES ({', '.join('?' * len(filled))})", list(filled.values()))
    return Orders(engine, name, currency="EUR")


def test_the_earliest_counted_order_of_the_first_day() -> None:
    orders = canonical(
        {"customer_key": "a", "day": "2024-01-02", "occurred_at": "2024-01-02 18:00:00", "channel": "mail"},
        {"customer_key": "a", "day": "2024-01-02", "occurred_at": "2024-01-02 09:00:00", "channel": "ads"},
        {"customer_key": "a", "day": "2024-01-02", "occurred_at": "2024-01-02 08:00:00", "counted": False},
        {"customer_key": "a", "day": "2024-02-02", "channel": "direct", "country": "FR"},
        {"customer_key": "b", "day": "2024-01-05", "order_id": "2", "country": "DE"},
        {"customer_key": "b", "day": "2024-01-05", "order_id": "1", "country": "AT"},
    )
    assert known_dimensions(orders) == ("country", "channel")
    found = first_orders(summarise(orders), orders)
    assert found is not None
    rows = found.engine.rows(f"SELECT customer_key, channel, country FROM {found.name} ORDER BY customer_key")
    assert rows == [("a", "ads", None), ("b", None, "AT")]


def test_nothing_is_known_of_bare_orders() -> None:
    orders = canonical({"customer_key": "a", "day": "2024-01-02"})
    assert first_orders(summarise(orders), orders) is None
