"""Single orders from summaries and users' frames, and the pairs of orders and mean spend that they make."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from keepers.domain.attributes import Attributes
from keepers.domain.cells import SpendCells
from keepers.domain.errors import InputError
from keepers.models.frames import attributes_given, frame_of
from keepers.numerics.likelihoods.drifting_gamma_gamma import OrderPanel
from keepers.summaries.spend_history import OrderRows, order_rows
from keepers.summaries.summary import Summary


def orders_of(data: Any, include_first: bool, attributes: Sequence[str] = ()) -> OrderRows:
    """The orders of customers whose orders all brought something.

    Parameters
    ----------
    data : summary made of orders, or frame
        A frame has a row an order and the columns `customer`, `years_ago` and `amount`, and those of attributes.
    include_first : bool
        Whether a summary's first orders count.
    attributes : sequence of str
        What else to bring of the customers.

    Raises
    ------
    InputError
        If columns are missing, or a customer's orders differ in attributes.
    """
    if isinstance(data, Summary):
        return order_rows(data, include_first, attributes=attributes)
    frame = data if isinstance(data, dict) else frame_of(data)
    names = list(frame) if isinstance(frame, dict) else frame.columns
    missing = [name for name in ("customer", "years_ago", "amount") if name not in names]
    if missing:
        raise InputError(
            f"The frame lacks {', '.join(missing)} (it has: {', '.join(map(str, names))}). Drift is seen in single "
            "orders: give a row each, with `customer`, `years_ago` and `amount`, or make a summary of orders with "
            "`keepers.summarise`."
        )
    columns = {name: frame[name] for name in ("customer", "years_ago", "amount")}
    listed = {name: np.asarray(c.to_numpy() if hasattr(c, "to_numpy") else c) for name, c in columns.items()}
    customer = np.unique(listed["customer"], return_inverse=True)[1].ravel()
    years_ago, value = (listed[name].astype(np.float64) for name in ("years_ago", "amount"))
    if not (np.isfinite(years_ago).all() and (years_ago >= 0).all()):
        raise InputError("`years_ago` of the frame has empty, infinite or negative values; 0 is now.")
    bad = np.bincount(customer, ~(np.isfinite(value) & (value > 0))) > 0
    kept = ~bad[customer]
    rows = OrderRows(customer[kept], years_ago[kept], value[kept], 1.0)
    if not attributes:
        return rows
    table, pattern = attributes_given(frame, attributes, customer.size)
    pairs = np.unique(np.column_stack([customer, pattern]), axis=0)
    twice = np.flatnonzero(pairs[1:, 0] == pairs[:-1, 0])
    if twice.size:
        who = listed["customer"][np.argmax(customer == pairs[twice[0], 0])]
        raise InputError(
            f"Orders of customer {who} differ in {', '.join(attributes)}. These are columns of "
            "customers: give all orders of a customer the same value."
        )
    return replace(rows, pattern=pattern[kept], attributes=table)


def pairs_of(panel: OrderPanel, attributes: Attributes | None) -> SpendCells:
    """Orders and mean spend of the customers of a panel."""
    total, count = np.zeros(panel.customers), np.zeros(panel.customers)
    for start, end in zip(panel.starts[:-1], panel.starts[1:], strict=True):
        total[: end - start] += panel.value[start:end]
        count[: end - start] += 1.0
    if panel.pattern is None:
        return SpendCells.of_customers(count, total / count)
    return SpendCells(count, total / count, np.ones(count.shape), None, panel.pattern[: panel.customers], attributes)
