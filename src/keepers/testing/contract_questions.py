"""The questions of the house to every model of contracts, and whether the answer can be infinite."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from keepers.domain.cells import FloatArray
from keepers.domain.contracts import ContractCells
from keepers.domain.time import months, years
from keepers.testing.questions import DISCOUNT, NO_DISCOUNT

_HORIZON, _CAP = months(12), years(5)


@dataclass(frozen=True, slots=True)
class ContractQuestion:
    """One question.

    Parameters
    ----------
    key : str
        Its name, under which a model declares when the answer is infinite.
    words : str
        The question for people.
    method : str
        What answers it.
    ask : callable
        Asks a fitted model about cells; gives an array of numbers.
    probability : bool
        Whether answers lie between 0 and 1.
    """

    key: str
    words: str
    method: str
    ask: Callable[[Any, ContractCells], FloatArray]
    probability: bool = False


def _one(value: float) -> FloatArray:
    return np.array([value], dtype=float)


CONTRACT_QUESTIONS = (
    ContractQuestion(
        "survival", "running after a horizon", "survival", lambda m, c: m.survival(c, _HORIZON), probability=True
    ),
    ContractQuestion(
        "churn_probability",
        "ended within a horizon",
        "churn_probability",
        lambda m, c: m.churn_probability(c, _HORIZON),
        probability=True,
    ),
    ContractQuestion(
        "renewal_probability",
        "renewal of the next period",
        "renewal_probability",
        lambda m, c: m.renewal_probability(c),
        probability=True,
    ),
    ContractQuestion(
        "residual_tenure_capped",
        "expected residual tenure within a cap",
        "expected_residual_tenure",
        lambda m, c: m.expected_residual_tenure(c, cap=_CAP),
    ),
    ContractQuestion(
        "residual_tenure",
        "expected residual tenure",
        "expected_residual_tenure",
        lambda m, c: m.expected_residual_tenure(c),
    ),
    ContractQuestion(
        "tenure_capped",
        "expected tenure in all within a cap",
        "expected_tenure",
        lambda m, c: m.expected_tenure(c, cap=_CAP),
    ),
    ContractQuestion("tenure", "expected tenure in all", "expected_tenure", lambda m, c: m.expected_tenure(c)),
    ContractQuestion(
        "median_residual_tenure",
        "median residual tenure",
        "median_residual_tenure",
        lambda m, c: m.median_residual_tenure(c),
    ),
    ContractQuestion(
        "discounted_tenure",
        "discounted tenure in a horizon",
        "discounted_expected_tenure",
        lambda m, c: m.discounted_expected_tenure(c, _HORIZON, DISCOUNT),
    ),
    ContractQuestion(
        "discounted_tenure_endless",
        "discounted tenure without end",
        "discounted_expected_tenure",
        lambda m, c: m.discounted_expected_tenure(c, None, DISCOUNT),
    ),
    ContractQuestion(
        "undiscounted_tenure_endless",
        "tenure without end, discount 0",
        "discounted_expected_tenure",
        lambda m, c: m.discounted_expected_tenure(c, None, NO_DISCOUNT),
    ),
    ContractQuestion(
        "interval",
        "any of these with an interval",
        "interval",
        lambda m, c: np.concatenate(list(m.interval(c, "survival", horizon=_HORIZON, draws=50).values())),
        probability=True,
    ),
    ContractQuestion(
        "new_survival",
        "survival of a new contract",
        "survival_new_customer",
        lambda m, _: m.survival_new_customer(np.arange(0.0, 25.0)),
        probability=True,
    ),
    ContractQuestion(
        "retention_curve",
        "retention curve with intervals",
        "retention_curve",
        lambda m, _: np.concatenate([column for name, column in m.retention_curve(24).items() if name != "age"]),
        probability=True,
    ),
    ContractQuestion(
        "new_tenure_capped",
        "tenure of a new contract within a cap",
        "expected_tenure_new_customer",
        lambda m, _: _one(m.expected_tenure_new_customer(_CAP)),
    ),
    ContractQuestion(
        "new_tenure",
        "tenure of a new contract",
        "expected_tenure_new_customer",
        lambda m, _: _one(m.expected_tenure_new_customer()),
    ),
    ContractQuestion(
        "new_median",
        "median tenure of a new contract",
        "median_tenure_new_customer",
        lambda m, _: _one(m.median_tenure_new_customer()),
    ),
    ContractQuestion(
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
    ContractQuestion(
        "sample",
        "drawn new contracts",
        "sample",
        lambda m, _: m.sample(20, np.random.default_rng(1), _HORIZON).tenure,
    ),
    ContractQuestion(
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
    declared: Mapping[str, str] = getattr(model, "infinite", {})
    found: dict[str, str | None] = {}
    for question in CONTRACT_QUESTIONS:
        if not callable(getattr(model, question.method, None)):
            found[question.key] = None
        else:
            when = declared.get(question.key)
            found[question.key] = "finite" if when is None else f"may be infinite: {when}"
    return found
