"""The questions of the house: what is asked of every model of buying, and whether the answer can be infinite."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from keepers.domain.cells import Cells
from keepers.domain.time import weeks
from keepers.testing.question import DISCOUNT, NO_DISCOUNT, Question, declared_answers, one

HORIZON = weeks(26)
CAP = weeks(260)


class Answering(Protocol):
    """A class of models that declares which of its answers may be infinite."""

    name: str
    title: str

    infinite: Mapping[str, str]


QUESTIONS: tuple[Question[Cells], ...] = (
    Question(
        "probability_alive", "alive now", "probability_alive", lambda m, c: m.probability_alive(c), probability=True
    ),
    Question(
        "probability_alive_later",
        "alive at a later time",
        "probability_alive",
        lambda m, c: m.probability_alive(c, at=HORIZON),
        probability=True,
    ),
    Question(
        "expected_purchases",
        "purchases in a horizon",
        "expected_purchases",
        lambda m, c: m.expected_purchases(c, HORIZON),
    ),
    Question(
        "purchase_distribution",
        "distribution of purchases in a horizon",
        "purchase_distribution",
        lambda m, c: m.purchase_distribution(c, HORIZON, 30),
        probability=True,
    ),
    Question(
        "discounted_purchases",
        "discounted purchases in a horizon",
        "discounted_expected_purchases",
        lambda m, c: m.discounted_expected_purchases(c, HORIZON, DISCOUNT),
    ),
    Question(
        "discounted_purchases_infinite",
        "discounted purchases without end",
        "discounted_expected_purchases",
        lambda m, c: m.discounted_expected_purchases(c, None, DISCOUNT),
    ),
    Question(
        "purchases_infinite",
        "purchases without end, discount 0",
        "discounted_expected_purchases",
        lambda m, c: m.discounted_expected_purchases(c, None, NO_DISCOUNT),
    ),
    Question(
        "new_customer_purchases",
        "purchases of a new customer",
        "expected_purchases_new_customer",
        lambda m, _: one(m.expected_purchases_new_customer(HORIZON)),
    ),
    Question(
        "new_customer_distribution",
        "distribution of purchases of a new customer",
        "purchase_distribution_new_customer",
        lambda m, _: m.purchase_distribution_new_customer(HORIZON, 30),
        probability=True,
    ),
    Question(
        "new_customer_discounted",
        "discounted purchases of a new customer, with and without end",
        "discounted_expected_purchases_new_customer",
        lambda m, _: np.array(
            [
                m.discounted_expected_purchases_new_customer(HORIZON, DISCOUNT),
                m.discounted_expected_purchases_new_customer(None, DISCOUNT),
            ]
        ),
    ),
    Question("expected_lifetime", "expected lifetime", "expected_lifetime", lambda m, c: m.expected_lifetime(c)),
    Question(
        "truncated_lifetime",
        "expected lifetime within a cap",
        "expected_lifetime",
        lambda m, c: m.expected_lifetime(c, cap=CAP),
    ),
    Question("median_lifetime", "median lifetime", "median_lifetime", lambda m, c: m.median_lifetime(c)),
    Question(
        "next_purchase",
        "time until the next purchase",
        "expected_next_purchase",
        lambda m, c: m.expected_next_purchase(c),
    ),
    Question(
        "sample",
        "drawn histories of new customers",
        "sample",
        lambda m, _: m.sample(weeks(30), np.random.default_rng(1), customers=20).x,
    ),
    Question(
        "sample_future",
        "drawn futures",
        "sample_future",
        lambda m, c: m.sample_future(c, HORIZON, np.random.default_rng(1)),
    ),
    Question(
        "predict_cells",
        "everything that a valuation needs",
        "predict_cells",
        lambda m, c: m.predict_cells(c, HORIZON, DISCOUNT, CAP).expected_purchases,
    ),
)
"""Every question, in the order of the table in the documentation."""


def answers(model: type[Any]) -> dict[str, str | None]:
    """What a class of models answers to each question, for a table; None is a hole.

    >>> from keepers.models.btyd.nbd import NBD
    >>> answers(NBD)["expected_lifetime"], answers(NBD)["expected_purchases"]
    ('infinite always', 'finite')
    """
    return declared_answers(model, QUESTIONS)
