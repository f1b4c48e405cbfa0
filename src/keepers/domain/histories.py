"""What a purchase history can be, and the error that names the first row that is none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keepers.domain.cells import Cells, FloatArray
from keepers.domain.errors import InputError

_ROUNDING = 1e-9


def check_histories(cells: Cells, customers: Sequence[Any] | NDArray[Any] | None = None) -> None:
    """Refuse histories that cannot be.

    Parameters
    ----------
    cells : Cells
        One row a history.
    customers : sequence, optional
        Whose each row is, to name the first wrong one; its row is named otherwise.

    Raises
    ------
    InputError
        Naming the rule, the number of rows, the first of them and its value.
    """
    unit = f"{cells.unit.value}s"
    x, t_x, T = cells.x, cells.t_x, cells.T
    slack = _ROUNDING * (1.0 + T)

    def refuse(wrong: NDArray[np.bool_], what: str, value: Callable[[int], str], hint: str) -> None:
        if wrong.any():
            count, row = int(wrong.sum()), int(np.argmax(wrong))
            first = f"row {row + 1}" if customers is None else f"customer {customers[row]}"
            raise InputError(f"{what} in {count:,} row{'s'[: count > 1]} (first: {first}, {value(row)}). {hint}")

    refuse(x < 0, "`frequency` is negative", lambda row: f"{x[row]:g}", "It counts repeat purchases.")
    refuse(x != np.floor(x), "`frequency` is not a whole number", lambda row: f"{x[row]:g}", "It counts purchases.")
    refuse(T < 0, "`T` is negative", lambda row: f"{T[row]:g} {unit}", "Leave out customers acquired after the cut.")
    refuse(t_x < 0, "`recency` is negative", lambda row: f"{t_x[row]:g} {unit}", "It is the age at the last purchase.")
    refuse(
        t_x > T + slack,
        "`recency` is larger than `T`",
        lambda row: f"{t_x[row]:g} > {T[row]:g} {unit}",
        "Check that both were cut at the same day; see `keepers check`.",
    )
    refuse(
        (x == 0) & (t_x > 0),
        "`recency` is above zero without a repeat purchase",
        lambda row: f"{t_x[row]:g} {unit}",
        "It is the age at the last repeat purchase, not the time since it.",
    )
    refuse(
        (x > 0) & (t_x <= 0),
        "`recency` is zero in spite of repeat purchases",
        lambda row: f"frequency {x[row]:g}",
        "Purchases of one day count once.",
    )
    refuse(cells.weight < 0, "`weight` is negative", lambda row: f"{cells.weight[row]:g}", "It counts customers.")
    if cells.log_gaps is not None:
        # Gaps that add up to t_x have the largest product where they are equal.
        most = cells.weight * x * np.log(np.where(x > 0, t_x, 1.0) / np.maximum(x, 1.0))
        gaps = cells.log_gaps
        refuse(
            gaps > most + 1e-6 * (1.0 + np.abs(most)),
            "`log_gaps` is larger than gaps that add up to `recency` allow",
            lambda row: f"{gaps[row]:g} > {most[row]:g}",
            f"It is the sum of the logarithms of the times between purchases, in {unit}.",
        )


def check_spend(x: FloatArray, mean_spend: FloatArray, customers: Sequence[Any] | NDArray[Any] | None = None) -> None:
    """Refuse a mean spend that is missing for a customer with repeat purchases.

    Raises
    ------
    InputError
        Naming the number of rows and the first of them.
    """
    missing = (x > 0) & ~np.isfinite(mean_spend)
    if missing.any():
        count, row = int(missing.sum()), int(np.argmax(missing))
        first = f"row {row + 1}" if customers is None else f"customer {customers[row]}"
        raise InputError(
            f"`monetary_value` is missing in {count:,} row{'s'[: count > 1]} with repeat purchases (first: {first}, "
            f"frequency {x[row]:g}). Give the mean spend of the repeat purchases, or leave the column out altogether."
        )
