"""What docs/reference/models.md says of infinite answers is what the models answer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from keepers.domain.cells import Cells
from keepers.domain.money import annual_rate
from keepers.domain.time import TimeUnit, years
from keepers.models.catalogue import model_class

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "models.md").read_text(encoding="utf-8")
CELLS = Cells([0.0, 3.0], [0.0, 30.0], [35.0, 38.0], [1.0, 1.0], TimeUnit.WEEK)
MODELS = {model_class(name).title: name for name in ("NBD", "BGNBD", "MBGNBD", "ParetoNBD", "BGCNBD", "MBGCNBD")}
SMALL = {"r": 0.5, "alpha": 8.0, "a": 0.8, "b": 2.0, "s": 0.6, "beta": 12.0}
LARGE = {**SMALL, "r": 1.5, "a": 1.7, "s": 1.4}


def finite(name: str, parameters: dict[str, float], question: str) -> bool:
    """Whether the answers of a model with these parameters are all finite."""
    model = model_class(name)().fit(
        Cells([0.0, 1.0, 4.0, 2.0], [0, 5.0, 30.0, 20.0], [39.0, 39.0, 38.0, 30.0], np.ones(4), TimeUnit.WEEK)
    )
    model.parameters_ = {symbol: parameters[symbol] for symbol in model.symbols}
    answers = {
        "discounted purchases without end": lambda: model.discounted_expected_purchases(CELLS, None, annual_rate(0.1)),
        "purchases without end, discount 0": lambda: model.discounted_expected_purchases(CELLS, None, annual_rate(0.0)),
        "expected lifetime": lambda: model.expected_lifetime(CELLS),
        "expected lifetime within a cap": lambda: model.expected_lifetime(CELLS, cap=years(5)),
        "median lifetime": lambda: model.median_lifetime(CELLS),
    }
    return bool(np.isfinite(answers[question]()).all())


QUESTIONS = (
    "discounted purchases without end",
    "purchases without end, discount 0",
    "expected lifetime",
    "expected lifetime within a cap",
    "median lifetime",
)


def said() -> list[tuple[str, str, str]]:
    """Rows of (question, model, what the page says)."""
    table = [
        line for line in PAGE.split("<!-- begin matrix -->")[1].split("<!-- end")[0].splitlines() if line[:1] == "|"
    ]
    head = [cell.strip() for cell in table[0].split("|")[2:-1]]
    rows = {cells[1].strip(): [cell.strip() for cell in cells[2:-1]] for cells in (line.split("|") for line in table)}
    return [
        (question, MODELS[title], word)
        for question in QUESTIONS
        for title, word in zip(head, rows[question], strict=True)
        if title in MODELS
    ]


@pytest.mark.parametrize(("question", "name", "word"), said())
def test_infinite_answers(question: str, name: str, word: str) -> None:
    small, large = (finite(name, parameters, question) for parameters in (SMALL, LARGE))
    expected = {"finite": (True, True), "infinite always": (False, False)}
    assert (small, large) == expected.get(word, (False, True))
