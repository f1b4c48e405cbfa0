"""Promises about covariates of contract models: no effect is no covariate, and every question is answered with them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from keepers.domain.attributes import Attributes
from keepers.domain.contracts import ContractCells
from keepers.domain.time import months
from keepers.models.covariates.specification import Covariates
from keepers.testing.contract_questions import CONTRACT_QUESTIONS
from keepers.testing.contract_subject import ContractSubject, asked_contracts, book
from keepers.testing.proof import Promise, differs, violates

_NAME, _EFFECT = "group", "dropout:group"


def _groups(cells: ContractCells) -> ContractCells:
    """Contracts of two groups, one after the other."""
    pattern = np.arange(cells.size) % 2
    return replace(cells, pattern=pattern, attributes=Attributes({_NAME: np.array([0.0, 1.0])}))


def _with(subject: ContractSubject, **settings: Any) -> Any:
    return subject.kind(covariates=Covariates(dropout=[_NAME], **settings))


def _without_effect(subject: ContractSubject) -> Iterable[str]:
    data, rows = _groups(book(700, seed=11)), _groups(subject.rows)
    plain = subject.kind().fit(replace(data, pattern=None, attributes=None))
    none = _with(subject, fixed={_EFFECT: 0.0}).fit(data)
    yield from differs("the log-likelihood", none.log_likelihood_, plain.log_likelihood_, 1e-8)
    found, same = none.survival(rows, months(12)), plain.survival(subject.rows, months(12))
    yield from differs("survival", found, same, 1e-5)
    free = _with(subject).fit(data)
    yield from violates(
        "an effect never fits worse", np.array(free.log_likelihood_ > none.log_likelihood_ - 1e-2),
        free.log_likelihood_, none.log_likelihood_,
    )  # fmt: skip
    more = _with(subject, fixed={_EFFECT: 0.5}).fit(data)
    low, high = (more.survival_new_customer(np.arange(1.0, 25.0), attributes={_NAME: one}) for one in (1.0, 0.0))
    yield from violates("a higher risk of ending leaves fewer", low < high, low, high)


def _every_question(subject: ContractSubject) -> Iterable[str]:
    fitted = _with(subject).fit(_groups(book(700, seed=12)))
    yield from violates("`remarks_` are sentences", [isinstance(one, str) for one in fitted.remarks_])
    for question in CONTRACT_QUESTIONS:
        found = np.asarray(question.ask(fitted, _groups(asked_contracts())))
        inside = (found >= 0) & (found <= 1 + 1e-9) if question.probability else found >= 0
        yield from violates(f"{question.words}, with covariates", inside & ~np.isnan(found), found)


def _carries(subject: ContractSubject) -> bool:
    return bool(getattr(subject.kind, "covariate_shifts", None))


PROMISES = (
    Promise("covariates without effect are none, and with one move survival", _without_effect, _carries),
    Promise("every question is answered with covariates", _every_question, _carries),
)
