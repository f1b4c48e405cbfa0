"""Promises about a model, tested one by one, and the error that lists the broken ones in words."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np

S = TypeVar("S")
S_contra = TypeVar("S_contra", contravariant=True)


@dataclass(frozen=True, slots=True)
class Promise(Generic[S]):
    """One thing that a model of a kind promises.

    Parameters
    ----------
    title : str
        The promise as a sentence without its full stop.
    broken : callable
        Given the subject, yields a sentence for everything that breaks the promise.
    applies : callable
        Whether the promise means anything for the subject.
    """

    title: str
    broken: Callable[[S], Iterable[str]]
    applies: Callable[[S], bool] = lambda _: True


@dataclass(frozen=True, slots=True)
class Proof:
    """What was proved of a model.

    Attributes
    ----------
    model : str
        Its class.
    kept : tuple of str
        Promises that hold.
    not_applicable : tuple of str
        Promises that mean nothing for such a model.
    """

    model: str
    kept: tuple[str, ...]
    not_applicable: tuple[str, ...]


class BrokenContractError(AssertionError):
    """A model does not keep what every model promises; the text lists each broken promise with the numbers.

    Attributes
    ----------
    broken : dict of str to tuple of str
        Sentences by promise.
    """

    def __init__(self, model: str, broken: dict[str, tuple[str, ...]], promises: int) -> None:
        self.broken = broken
        lines = [f"{model} breaks {len(broken)} of {promises} promises of the contract."]
        for title, sentences in broken.items():
            lines += [f"- {title}:", *(f"    {sentence}" for sentence in sentences)]
        super().__init__("\n".join(lines))


def prove(model: str, promises: Sequence[Promise[S]], subject: S) -> Proof:
    """Test every promise; an exception or a warning on the way breaks the promise that met it.

    Raises
    ------
    BrokenContractError
        If any promise is broken.
    """
    kept, passed, broken = [], [], {}
    for promise in promises:
        if not promise.applies(subject):
            passed.append(promise.title)
            continue
        sentences: list[str] = []
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                sentences += promise.broken(subject)
        except Exception as error:  # whatever goes wrong is a finding about the model, not about the proof
            sentences.append(f"raises {type(error).__name__}: {error}")
        if sentences:
            broken[promise.title] = tuple(sentences)
        else:
            kept.append(promise.title)
    if broken:
        raise BrokenContractError(model, broken, len(promises) - len(passed))
    return Proof(model, tuple(kept), tuple(passed))


def differs(what: str, found: Any, wanted: Any, rel: float, abs_: float = 0.0) -> Iterable[str]:
    """A sentence where two arrays are not equal within a tolerance; equal infinities are equal.

    >>> list(differs("the mean", [1.0, 2.0], [1.0, 2.5], 1e-6))
    ['the mean differs in 1 of 2 (first at 1: 2 and not 2.5).']
    """
    one, other = np.broadcast_arrays(np.asarray(found, dtype=float), np.asarray(wanted, dtype=float))
    one, other = np.atleast_1d(one).ravel(), np.atleast_1d(other).ravel()
    with np.errstate(invalid="ignore"):
        far = ~((one == other) | (np.abs(one - other) <= abs_ + rel * np.abs(other)))
    if far.any():
        row = int(np.argmax(far))
        first = f"first at {row}: {one[row]:.9g} and not {other[row]:.9g}"
        yield f"{what} differs in {int(far.sum())} of {one.size} ({first})."


def violates(what: str, holds: Any, *shown: Any) -> Iterable[str]:
    """A sentence where a condition does not hold everywhere, with the numbers of the first place."""
    wrong = ~np.atleast_1d(np.asarray(holds, dtype=bool)).ravel()
    if wrong.any():
        row = int(np.argmax(wrong))
        numbers = [
            f"{np.broadcast_to(np.asarray(column, float).ravel(), wrong.shape)[row]:.9g}"
            if np.ndim(column) <= 1
            else f"{np.asarray(column, float).ravel()[row]:.9g}"
            for column in shown
        ]
        told = f": {', '.join(numbers)}" if numbers else ""
        yield f"{what}, not so in {int(wrong.sum())} of {wrong.size} (first at {row}{told})."
