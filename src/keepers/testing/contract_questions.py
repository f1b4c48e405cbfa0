"""The questions of the house to every model of contracts, and whether the answer can be infinite."""

from __future__ import annotations

from typing import Any

import numpy as np

from keepers.domain.contracts import ContractCells
from keepers.domain.time import months, years
from keepers.testing.question import DISCOUNT, NO_DISCOUNT, Question, declared_answers, one

_HORIZON, _CAP = months(12), years(5)


CONTRACT_QUESTIONS: tuple[Question[ContractCells], ...] = (
    Question("survival", "running after a horizon", "survival", lambda m, c: m.survival(c, _HORIZON), probability=True),
    Question(
        "churn_probability",
        "ended within a horizon",
        "churn_probability",
        lambda m, c: m.churn_probability(c, _HORIZON),
        probability=True,
    ),
    Question(
        "renewal_probability",
        "renewal of the next period",
        "renewal_probability",
        lambda m, c: m.renewal_probability(c),
        probability=True,
    ),
    Question(
        "residual_tenure_capped",
        "expected residual tenure within a cap",
        "expected_residual_tenure",
        lambda m, c: m.expected_residual_tenure(c, cap=_CAP),
    ),
    Question(
        "residual_tenure",
        "expected residual tenure",
        "expected_residual_tenure",
        lambda m, c: m.expected_residual_tenure(c),
    ),
    Question(
        "tenure_capped",
        "expected tenure in all within a cap",
        "expected_tenure",
        lambda m, c: m.expected_tenure(c, cap=_CAP),
    ),
    Question("tenure", "expected tenure in all", "expected_tenure", lambda m, c: m.expected_tenure(c)),
    Question(
        "median_residual_tenure",
        "median residual tenure",
        "median_residual_tenure",
        lambda m, c: m.median_residual_tenure(c),
    ),
    Question(
        "discounted_tenure",
        "discounted tenure in a horizon",
        "discounted_expected_tenure",
        lambda m, c: m.discounted_expected_tenure(c, _HORIZON, DISCOUNT),
    ),
    Question(
        "discounted_tenure_endless",
        "discounted tenure without end",
        "discounted_expected_tenure",
        lambda m, c: m.discounted_expected_tenure(c, None, DISCOUNT),
    ),
    Question(
        "undiscounted_tenure_endless",
        "tenure without end, discount 0",
        "discounted_expected_tenure",
        lambda m, c: m.discounted_expected_tenure(c, None, NO_DISCOUNT),
    ),
    Question(
        "interval",
        "any of these with an interval",
        "interval",
        lambda m, c: np.concatenate(list(m.interval(c, "survival", horizon=_HORIZON, draws=50).values())),
        probability=True,
    ),
    Question(
        "new_survival",
        "survival of a new contract",
        "survival_new_customer",
        lambda m, _: m.survival_new_customer(np.arange(0.0, 25.0)),
        probability=True,
    ),
    Question(
        "retention_curve",
        "retention curve with intervals",
        "retention_curve",
        lambda m, _: np.concatenate([column for name, column in m.retention_curve(24).items() if name != "age"]),
        probability=True,
    ),
    Question(
        "new_tenure_capped",
        "tenure of a new contract within a cap",
        "expected_tenure_new_customer",
        lambda m, _: one(m.expected_tenure_new_customer(_CAP)),
    ),
    Question(
        "new_tenure",
        "tenure of a new contract",
        "expected_tenure_new_customer",
        lambda m, _: one(m.expected_tenure_new_customer()),
    ),
    Question(
        "new_median",
        "median tenure of a new contract",
        "median_tenure_new_customer",
        lambda m, _: one(m.median_tenure_new_customer()),
    ),
    Question(
        "new_discounted",
        "discounted tenure of a new contract, with and without end",
        "discounted_expected_tenure_new_customer",
        lambda m, _: np.array(
            [
                m.discounted_expected_tenure_new_customer(_HORIZON, DISCOUNT),
                m.discounted_expected_tenure_new_customer(None, DISCOUNT),
            ]
        ),
    ),
    Question(
        "sample",
        "drawn new contracts",
        "sample",
        lambda m, _: m.sample(20, np.random.default_rng(1), _HORIZON).tenure,
    ),
    Question(
        "sample_future",
        "drawn residual tenures, within a cap",
        "sample_future",
        lambda m, c: np.minimum(m.sample_future(c, np.random.default_rng(1)), _CAP.days),
    ),
)
"""Every question, in the order of the table in the documentation."""


def contract_answers(model: type[Any]) -> dict[str, str | None]:
    """What a class of models answers to each question, for a table; None is a hole.

    >>> from keepers.models.contractual.shifted_beta_geometric import ShiftedBetaGeometric
    >>> found = contract_answers(ShiftedBetaGeometric)
    >>> found["survival"], found["residual_tenure"]
    ('finite', 'may be infinite: where `alpha` <= 1')
    """
    return declared_answers(model, CONTRACT_QUESTIONS)
