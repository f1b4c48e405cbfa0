"""Promises about questions of models of every kind: each is answered in its domain, infinite where declared."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from keepers.domain.cells import FloatArray
from keepers.testing.proof import violates
from keepers.testing.question import ALWAYS, Question
from keepers.testing.subject import Tested


def every_question(subject: Tested, questions: Sequence[Question[Any]]) -> Iterable[str]:
    """Sentences about questions that are not answered, or not with numbers of their domain."""
    for question in questions:
        if not callable(getattr(subject.fitted, question.method, None)):
            yield f"there is no method `{question.method}` ({question.words})."
            continue
        try:
            found = np.asarray(question.ask(subject.fitted, subject.rows), dtype=float)
        except Exception as error:  # one hole must not hide the others
            yield f"`{question.method}` ({question.words}) raises {type(error).__name__}: {error}"
            continue
        yield from in_domain(question.words, found, question.probability)
        if question.key not in subject.infinite:
            yield from violates(f"{question.words} is finite or declared in `infinite`", np.isfinite(found), found)
    for key in subject.infinite:
        if key not in {question.key for question in questions}:
            yield f"`infinite` names {key!r}, which is no question."


def in_domain(words: str, found: FloatArray, probability: bool) -> Iterable[str]:
    """Sentences where answers are no numbers, negative, or no probabilities."""
    yield from violates(f"{words} is a number", ~np.isnan(found), found)
    yield from violates(f"{words} is not negative", ~(found < -1e-12), found)
    if probability:
        yield from violates(f"{words} is at most 1", ~(found > 1 + 1e-12), found)


def declared_infinities(subject: Tested, questions: Sequence[Question[Any]]) -> Iterable[str]:
    """What is declared finite is finite, what is declared infinite is so, over a wide range of parameters."""
    models = subject.probed()
    for question in questions:
        if question.key.startswith("sample"):
            continue
        found = [np.asarray(question.ask(model, subject.rows), dtype=float) for model in models]
        infinite = [bool(np.any(np.isinf(one))) for one in found]
        if any(np.any(np.isnan(one)) for one in found):
            yield f"{question.words} is not a number for some parameters."
        when = subject.infinite.get(question.key)
        if when is None and any(infinite):
            told = models[infinite.index(True)].parameters_
            yield f"{question.words} is infinite at {told}, which `infinite` does not declare."
        elif when is not None and not any(infinite):
            yield f"{question.words} is declared infinite ({when}) and never is."
        elif when == ALWAYS and not all(np.all(np.isinf(one)) for one in found):
            yield f"{question.words} is declared infinite always and is finite for some parameters."
