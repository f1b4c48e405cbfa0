"""Features are the same where orders stand in a table of a database as in the embedded engine."""

from __future__ import annotations

import contextlib

import numpy as np

import keepers as kp
from backends.conftest import Warehouse
from backends.shop import rows, seen
from keepers.data.engine import Engine


def test_features_agree_with_the_embedded_engine(postgres_warehouse: Warehouse) -> None:
    embedded = Engine(threads=2)
    columns = rows(40)
    embedded.from_columns("orders", {**columns, "total": np.array(columns["total"])})
    here = seen(embedded, "orders")
    day = here.first_day + (here.last_day - here.first_day) * 2 // 3
    warehouse = postgres_warehouse
    warehouse.fill("orders", columns)
    with contextlib.closing(warehouse.connect()) as engine:
        there = seen(engine, warehouse.table)
        for expected, found in (
            (kp.features_at(here, day), kp.features_at(there, day)),
            (kp.features_at_age(here, 28), kp.features_at_age(there, 28)),
        ):
            assert found.names == expected.names
            assert found.levels == expected.levels
            (keys, values), (their_keys, theirs) = expected.matrix(), found.matrix()
            assert list(keys) == list(their_keys)
            for place, name in enumerate(expected.names):
                np.testing.assert_allclose(theirs[:, place], values[:, place], rtol=1e-9, atol=1e-9, err_msg=name)
