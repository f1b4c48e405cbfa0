"""What a question of the house is, and what a class of models declares of its answer, whatever kind of model it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np

from keepers.domain.cells import FloatArray
from keepers.domain.money import DiscountRate, annual_rate

NO_DISCOUNT = DiscountRate(0.0)
DISCOUNT = annual_rate(0.10)

ALWAYS = "always"
"""What a model declares of an answer that is infinite whatever its parameters are."""

C = TypeVar("C")


@dataclass(frozen=True, slots=True)
class Question(Generic[C]):
    """One question, put to a fitted model about cells of a kind.

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
    ask: Callable[[Any, C], FloatArray]
    probability: bool = False


def one(value: float) -> FloatArray:
    """A single number as an array."""
    return np.array([value], dtype=float)


def declared_answers(model: type[Any], questions: Iterable[Question[Any]]) -> dict[str, str | None]:
    """What a class of models answers to each question, for a table; None is a hole."""
    declared: Mapping[str, str] = getattr(model, "infinite", {})
    found: dict[str, str | None] = {}
    for question in questions:
        if not callable(getattr(model, question.method, None)):
            found[question.key] = None
        elif question.key in declared:
            when = declared[question.key]
            found[question.key] = f"infinite {when}" if when == ALWAYS else f"may be infinite: {when}"
        else:
            found[question.key] = "finite"
    return found
