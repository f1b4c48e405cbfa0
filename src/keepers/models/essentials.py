"""The three answers that a table of customers is made of, asked together where the law of buying shares their work."""

from __future__ import annotations

from typing import Any

from keepers.domain.cells import Cells
from keepers.domain.histories import check_histories
from keepers.domain.money import DiscountRate
from keepers.domain.time import Horizon
from keepers.models.buying import BuyingModel
from keepers.numerics.likelihoods.family import Essentials


def essentials(model: Any, cells: Cells, horizon: Horizon, discount: DiscountRate) -> Essentials | None:
    """P(alive), expected purchases within the horizon, and the same discounted; None where nothing is shared.

    Each number is the one that its own question gives.

    Parameters
    ----------
    model : fitted model
        Of buying.
    cells : Cells
        Histories.
    """
    if not isinstance(model, BuyingModel) or model.pooled or model.covariates is not None:
        return None
    if not hasattr(model.family, "essentials"):
        return None
    theta, cells = model._theta(), cells.in_unit(model.unit_)
    check_histories(cells)
    found: Essentials = model.answer(
        "essentials", theta, cells, horizon.in_unit(model.unit_), discount.continuous(model.unit_)
    )
    return found
