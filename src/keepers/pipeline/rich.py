"""Whether the data tell more of customers than their orders."""

from __future__ import annotations

from keepers.data.read import Dataset

_RICH = frozenset({"touches", "engagement", "feedback", "referrals", "treatments"})
"""Tables without which customers differ in too little for drivers to be told apart."""


_ACQUIRING = frozenset({"spend", "touches", "leads"})
"""Tables that tell how customers were won."""


def tells_of_acquisition(dataset: Dataset) -> bool:
    """Whether anything beside orders says how customers were won, or what that cost."""
    return dataset.engine.is_embedded and bool(_ACQUIRING & dataset.tables.keys())


def sells_more_than_one(dataset: Dataset) -> bool:
    """Whether it is known which of several products customers bought."""
    if not dataset.engine.is_embedded or not dataset.has_orders or not dataset.orders.has_money:
        return False
    if "order_lines" in dataset.tables:
        return True
    orders = dataset.orders
    named = [name for name in ("product", "category") if name in orders.columns]
    if not named:
        return False
    # Of columns that are never filled the engine knows it and looks at no row.
    some = " OR ".join(f"{name} IS NOT NULL" for name in named)
    ends = ", ".join(f"min({name}), max({name})" for name in named)
    found = dataset.engine.row(f"SELECT {ends} FROM ({orders.sql}) AS sold WHERE {some}")
    return any(least != most for least, most in zip(found[::2], found[1::2], strict=True))


def tells_more(dataset: Dataset) -> bool:
    """Whether offers were made, or enough is known of customers beside their orders to say what drives their value."""
    return dataset.engine.is_embedded and dataset.orders.has_money and bool(_RICH & dataset.tables.keys())
