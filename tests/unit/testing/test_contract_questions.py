"""Every model of contracts answers every question, and an answer is infinite where the model says so and only there."""

from __future__ import annotations

import numpy as np
import pytest

import keepers as kp
from keepers.domain.contracts import ContractCells
from keepers.domain.time import TimeUnit
from keepers.models.catalogue import CATALOGUE, model_class
from keepers.models.contractual.contract import ContractModel
from keepers.testing.contract_questions import CONTRACT_QUESTIONS, contract_answers

MODELS = [kind for name in CATALOGUE if issubclass(kind := model_class(name), ContractModel)]
CELLS = ContractCells([0.0, 2.0, 0.0], [3.0, 20.0, 0.0], [0.0] * 3, [40.0, 9.0, 5.0], TimeUnit.MONTH)
HEAVY = {"alpha": 0.7, "beta": 4.0, "a": 0.6, "b": 4.0, "r": 0.6, "c": 1.3}
LIGHT = {"alpha": 2.4, "beta": 9.0, "a": 1.9, "b": 9.0, "r": 1.7, "c": 1.3}


def test_there_are_all_four() -> None:
    assert [kp.ShiftedBetaGeometric, kp.BetaDiscreteWeibull, kp.ExponentialGamma, kp.WeibullGamma] == MODELS


@pytest.mark.parametrize("question", CONTRACT_QUESTIONS, ids=lambda question: question.key)
@pytest.mark.parametrize("model", MODELS)
def test_every_question_is_answered(model, question) -> None:
    assert contract_answers(model)[question.key] is not None
    fitted = model().fit({"tenure": [1.0, 2.0, 5.0, 9.0] * 9, "ended": [1, 1, 0, 0] * 9}, unit="month")
    declared = question.key in model.infinite
    for parameters, heavy in ((HEAVY, True), (LIGHT, False)):
        scale = {"alpha": 6.0} if model in (kp.ExponentialGamma, kp.WeibullGamma) else {}
        fitted.parameters_ = {symbol: {**parameters, **scale}[symbol] for symbol in model.symbols}
        answer = np.asarray(question.ask(fitted, CELLS))
        assert answer.size
        assert not np.any(np.isnan(answer))
        assert np.all(answer >= 0)
        if question.probability:
            assert np.all(answer <= 1)
        assert np.all(np.isfinite(answer)) != (declared and heavy)
