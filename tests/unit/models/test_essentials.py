"""The three answers of a table of customers, asked together, are those of their own questions to the last bit."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest

from keepers.domain.attributes import Attributes
from keepers.domain.money import annual_rate
from keepers.domain.store_clock import Calendar, StoreClock
from keepers.domain.time import TimeUnit, months
from keepers.models.btyd.bg_nbd import BGNBD
from keepers.models.btyd.mbg_nbd import MBGNBD
from keepers.models.btyd.pareto_nbd import ParetoNBD
from keepers.models.buying import BuyingModel
from keepers.models.covariates.specification import Covariates
from keepers.models.essentials import essentials
from keepers.models.stack import Stack
from keepers.testing.stores import store

BUSY = StoreClock((0.8, 0.7, 0.8, 0.9, 0.9, 0.8, 0.7, 0.8, 1.0, 1.2, 1.7, 1.7))
AHEAD, RATE = months(12), annual_rate(0.12)


@pytest.mark.parametrize("model", [BGNBD(), MBGNBD()])
@pytest.mark.parametrize("clock", [None, BUSY])
def test_each_is_the_answer_to_its_own_question(model: BuyingModel, clock: StoreClock | None) -> None:
    cells = replace(store(900), calendar=Calendar(dt.date(2026, 9, 30), clock))
    model.fit(cells)
    asked = cells.in_unit(TimeUnit.DAY)
    found = essentials(model, asked, AHEAD, RATE)
    assert found is not None
    assert (found.probability_alive == model.probability_alive(asked)).all()
    assert (found.expected_purchases == model.expected_purchases(asked, AHEAD)).all()
    assert (found.discounted == model.discounted_expected_purchases(asked, AHEAD, RATE)).all()
    assert 0 < found.discounted.sum() < found.expected_purchases.sum()


def test_nothing_is_shared_where_customers_differ_or_laws_are_others() -> None:
    cells = store(900)
    assert essentials(ParetoNBD().fit(cells), cells, AHEAD, RATE) is None
    assert essentials(Stack([BGNBD(), MBGNBD()]).fit(cells), cells, AHEAD, RATE) is None
    table, pattern = Attributes.of_rows({"vip": np.arange(cells.size) % 2})
    known = replace(cells, pattern=pattern, attributes=table)
    assert essentials(BGNBD(covariates=Covariates(purchase=["vip"])).fit(known), known, AHEAD, RATE) is None
