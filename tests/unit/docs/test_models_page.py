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
FAMILIES = {"NBD": ["NBD"], "BG/NBD, MBG/NBD": ["BGNBD", "MBGNBD"], "Pareto/NBD": ["ParetoNBD"]}
SMALL = {"r": 0.5, "alpha": 8.0, "a": 0.8, "b": 2.0, "s": 0.6, "beta": 12.0}
LARGE = {**SMALL, "r": 1.5, "a": 1.7, "s": 1.4}


def finite(name: str, parameters: dict[str, float], question: str) -> bool:
    """Whether the answers of a model with these parameters are all finite."""
    model = model_class(name)().fit(
        Cells([0.0, 1.0, 4.0, 2.0], [0, 5.0, 30.0, 20.0], [39.0, 39.0, 38.0, 30.0], np.ones(4), TimeUnit.WEEK)
    )
    model.parameters_ = {symbol: parameters[symbol] for symbol in model.symbols}
    answers = {
        "discounted purchases without end, discount above 0": lambda: model.discounted_expected_purchases(
            CELLS, None, annual_rate(0.1)
        ),
        "purchases without end, discount 0": lambda: model.discounted_expected_purchases(CELLS, None, annual_rate(0.0)),
        "`expected_lifetime`": lambda: model.expected_lifetime(CELLS),
        "`expected_lifetime` with a cap": lambda: model.expected_lifetime(CELLS, cap=years(5)),
        "`median_lifetime`": lambda: model.median_lifetime(CELLS),
    }
    return bool(np.isfinite(answers[question]()).all())


def said() -> list[tuple[str, str, str]]:
    """Rows of (question, family, what the page says)."""
    table = [line for line in PAGE.split("## Infinite answers")[1].split("\n## ")[0].splitlines() if line[:1] == "|"]
    head = [cell.strip() for cell in table[0].split("|")[2:-1]]
    assert head == list(FAMILIES)
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table[2:]]
    return [(row[0], family, word) for row in rows for family, word in zip(head, row[1:], strict=True)]


@pytest.mark.parametrize(("question", "family", "word"), said())
def test_infinite_answers(question: str, family: str, word: str) -> None:
    for name in FAMILIES[family]:
        small, large = (finite(name, parameters, question) for parameters in (SMALL, LARGE))
        expected = {"finite": (True, True), "infinite": (False, False)}.get(word.split(" where", maxsplit=1)[0])
        assert (small, large) == ((False, True) if " where" in word else expected)
