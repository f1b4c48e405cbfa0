"""What goes on in a simulated store: who orders, how often, for how much."""

from __future__ import annotations

from itertools import islice

import numpy as np

from keepers.simulate.demo import demo_store
from keepers.simulate.onward import REFUNDED, Onward


def test_customers_go_on_as_they_truly_do() -> None:
    store = demo_store(customers=400)
    truth = store.truth.customers
    here = truth.alive()
    calls = list(islice(Onward(store, 3).calls(), 1_500))
    orders = [call for call in calls if call.body.get("event") == "Order Completed"]
    days = sum(call.days for call in calls)
    assert len(orders) / days > 0.8 * truth.latents.rate[here].sum()
    by_mail = dict(store.engine.rows(f"SELECT email, customer_key FROM {store.tables['persons'].name}"))
    known = [order for order in orders if order.body["userId"] in by_mail]
    place = {key: row for row, key in enumerate(truth.keys)}
    rows = np.array([place[by_mail[order.body["userId"]]] for order in known])
    assert here[rows].all()
    # Amounts are theirs on average.
    paid = np.array([order.body["properties"]["revenue"] for order in known])
    assert abs(paid.mean() / truth.mean_spend[rows].mean() - 1) < 0.1
    taken_back = sum(call.body.get("event") == "Order Refunded" for call in calls)
    assert abs(taken_back / len(orders) - REFUNDED) < 0.02
    # Somebody new says who they are before the first order.
    newcomers = [call for call in calls if call.kind == "identify"]
    assert newcomers
    assert not any(call.body["userId"] in by_mail for call in newcomers)
    assert len({order.body["properties"]["order_id"] for order in orders}) == len(orders)


def test_the_same_seed_is_the_same_shop() -> None:
    store = demo_store(customers=80)
    first, second = (list(islice(Onward(store, 5).calls(), 40)) for _ in range(2))
    assert first == second
