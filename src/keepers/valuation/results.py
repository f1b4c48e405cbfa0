"""Values given back in the kind of frame that a user brought."""

from __future__ import annotations

from typing import Any

from keepers.data.engine import quoted
from keepers.valuation.values import Values

_OF_THE_FRAME = (
    "row_number", "customer_key", "first_order_date", "last_order_date", "orders", "revenue", "frequency",
    "recency_days", "age_days", "clv_historic",
)  # fmt: skip
_OF_ORDERS = ("r_score", "f_score", "m_score", "rfm_group", "expected_next_order_date")


def give_back(frame: Any, values: Values) -> Any:
    """The user's frame with the columns of values, rows in the user's order.

    Columns that repeat the frame's own or need dates of orders are left out.
    """
    import narwhals.stable.v2 as nw

    left_out = {*_OF_THE_FRAME, *_OF_ORDERS}
    names = [name for name in values.columns if name not in left_out]
    rows = values.engine.columns(
        f"SELECT {', '.join(quoted(name) for name in names)} FROM {quoted(values.name)} ORDER BY row_number"
    )
    if isinstance(frame, dict):
        return {**frame, **rows}
    wrapped = nw.from_native(frame)
    eager = wrapped.collect() if isinstance(wrapped, nw.LazyFrame) else wrapped
    series = [
        nw.new_series(name=name, values=column.tolist(), backend=eager.implementation) for name, column in rows.items()
    ]
    if eager.implementation.is_pandas_like():
        index = nw.maybe_get_index(eager)
        series = [nw.maybe_set_index(one, index=index) for one in series]
    return eager.with_columns(*series).to_native()
