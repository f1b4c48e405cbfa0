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


def tells_more(dataset: Dataset) -> bool:
    """Whether offers were made, or enough is known of customers beside their orders to say what drives their value."""
    return dataset.engine.is_embedded and dataset.orders.has_money and bool(_RICH & dataset.tables.keys())
