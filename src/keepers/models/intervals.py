"""What the uncertainty of the parameters makes of any answer of a model: the same question at many draws of them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keepers.data.table import Table
from keepers.domain.errors import ConfigError
from keepers.models.frames import Give, giver, table_giver

FloatArray = NDArray[np.float64]

DRAWS = 200
"""Draws of the parameters behind an interval."""

_ROWS, _SEED = 20_000, 20050514


def answer_interval(
    ask: Callable[[FloatArray, slice], FloatArray],
    estimate: FloatArray,
    draws: FloatArray,
    rows: int,
    level: float,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """An answer at the estimate, and the ends between which it lies for `level` per cent of the draws.

    Parameters
    ----------
    ask : callable
        The answer for a slice of the rows at parameters, shape (n,) or (n, k).
    estimate : array, shape (d,)
        Estimated parameters.
    draws : array, shape (m, d)
        Draws of them.
    rows : int
        Number of rows; they are asked about in parts, so that memory stays small.
    level : float
        In per cent.

    Returns
    -------
    value, low, high : arrays
        The ends never exclude the estimate, which is a mode and may lie in a tail of a skewed answer.
    """
    ends = (0.5 - level / 200.0, 0.5 + level / 200.0)
    found: list[tuple[FloatArray, FloatArray, FloatArray]] = []
    for part in _parts(rows):
        value = ask(estimate, part)
        # Quantiles by order, not by interpolation: answers may be infinite, and between infinities nothing lies.
        low, high = np.quantile(np.stack([ask(draw, part) for draw in draws]), ends, axis=0, method="nearest")
        found.append((value, np.minimum(low, value), np.maximum(high, value)))
    value, low, high = (np.concatenate(columns) for columns in zip(*found, strict=True))
    return value, low, high


def _parts(rows: int) -> Iterator[slice]:
    return (slice(begin, min(begin + _ROWS, rows)) for begin in range(0, max(rows, 1), _ROWS))


def check_level(level: float) -> None:
    """Refuse a level that is none.

    Raises
    ------
    ConfigError
        Unless it lies between 0 and 100.
    """
    if not 0 < level < 100:
        raise ConfigError(f"`level` is {level!r}; it is in per cent, between 0 and 100.")


def check_question(question: str, known: tuple[str, ...]) -> None:
    """Refuse a question that has no interval.

    Raises
    ------
    ConfigError
        Listing those that have one.
    """
    if question not in known:
        raise ConfigError(f"There is no interval for {question!r}. Ask for one of: {', '.join(known)}.")


def check_arguments(ask: Callable[..., Any], arguments: Mapping[str, Any], of_customers: bool = True) -> None:
    """Refuse arguments that a question does not take, or lacks.

    Parameters
    ----------
    ask : callable
        The question, a method of a model.
    arguments : mapping
        What was given by name.
    of_customers : bool
        Whether customers come first.

    Raises
    ------
    ConfigError
        Saying which.
    """
    try:
        inspect.signature(ask).bind(*([None] if of_customers else []), **arguments)
    except TypeError as error:
        raise ConfigError(
            f"`{ask.__name__}` cannot be asked like this: {error}. Its own arguments follow by name, for example "
            "horizon=weeks(52)."
        ) from None


def posterior_draws(posterior: Any, draws: int) -> FloatArray:
    """So many draws of a posterior, the same ones each time, so that equal questions get equal answers."""
    if draws < 20:
        raise ConfigError(f"`draws` is {draws}; an interval needs at least 20.")
    return np.asarray(posterior.draws(draws, np.random.default_rng(_SEED)), dtype=np.float64)


def given_together(results: Mapping[str, FloatArray], give: Give) -> Any:
    """Several results given back in one: as further columns of the data, or where cells were asked as a dict."""
    found: Any = None
    for name, values in results.items():
        found = give(name, values)
        if isinstance(found, np.ndarray):
            return dict(results)
        give = (
            table_giver(found.engine, found.name, np.arange(len(values))) if isinstance(found, Table) else giver(found)
        )
    return found
