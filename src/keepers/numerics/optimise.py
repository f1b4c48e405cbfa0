"""Maximise a smooth function of a few variables by Newton's method in a trust region, with its exact Hessian."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from keepers.numerics.evaluation import Evaluation

FloatArray = NDArray[np.float64]
Objective = Callable[[FloatArray], Evaluation]
"""Gives value, gradient and Hessian at a point."""

LOG_BOUND = 12.0
"""Logarithms of (scaled) parameters are kept within plus and minus this: a factor of 160,000 either way."""

_WALL = 1e3
_INTO_WALL = 1e-7
"""How far a step goes into a wall that it comes upon: far enough to feel it, too little to pay for it."""
TOLERANCE = 1e-9
"""A gain that is not worth another step."""
_LARGEST_STEP = 4.0
_TELLING = 1e-3
_SAME_SUMMIT, _NEAR_SUMMIT = 0.05, 0.5
"""How far from a known maximum a Newton step may lead, in the function and in each variable, and yet lead to it."""


@dataclass(frozen=True, slots=True, eq=False)
class Optimum:
    """Where a search ended.

    Parameters
    ----------
    point : array, shape (d,)
        The point.
    evaluation : Evaluation
        The function there, without the walls.
    converged : bool
        Whether no step promises a gain worth having: the gradient is nil and no direction curves upwards.
    at_bound : tuple of bool
        For each variable, whether it leans on a wall.
    steps : int
        Evaluations made.
    known : Optimum or None
        The maximum found before to which this search was on its way when it was given up.
    """

    point: FloatArray
    evaluation: Evaluation
    converged: bool
    at_bound: tuple[bool, ...]
    steps: int
    known: Optimum | None = None

    @property
    def interior(self) -> bool:
        """Whether no variable leans on a wall."""
        return not any(self.at_bound)


def maximise(
    objective: Objective,
    start: FloatArray,
    bound: float = LOG_BOUND,
    most_steps: int = 200,
    tolerance: float = TOLERANCE,
    first: Evaluation | None = None,
    known: Sequence[Optimum] = (),
) -> Optimum:
    """Climb to a local maximum from a start.

    A search that runs off along a ridge is stopped by soft walls at plus and minus `bound`: a quadratic penalty that is
    exactly zero inside, so that a maximum inside is not moved.

    Parameters
    ----------
    objective : callable
        Gives an `Evaluation` with derivatives.
    start : array, shape (d,)
        Where to begin.
    bound : float
        Half the side of the box.
    most_steps : int
        Most evaluations.
    tolerance : float
        The search ends when half of Newton's decrement, which is the gain still expected, falls below this.
    first : Evaluation, optional
        The function at the start, where it is known.
    known : sequence of Optimum
        Maxima found from other starts: the search is given up once Newton's step leads to one of them.
    """
    point = np.clip(np.asarray(start, float), -bound, bound)
    plain = objective(point) if first is None else first
    steps = 1 if first is None else 0
    radius = 1.0
    converged = False
    while plain.finite and steps < most_steps:
        here = walled(plain, point, bound)
        step, promised = _trust_step(here, radius)
        ahead = _leads_to(known, point, step, here.value + promised, radius)
        if ahead is not None:
            return Optimum(point, plain, False, ahead.at_bound, steps, ahead)
        part = _up_to_the_wall(point, step, bound)
        step = part * step
        gain = promised if part == 1.0 else _gain(here, step)
        candidate = objective(point + step)
        steps += 1
        reached = walled(candidate, point + step, bound) if candidate.finite else None
        noise = 1e-13 * (1 + abs(here.value))
        won = -np.inf if reached is None else reached.value - here.value
        # A small gain says nothing where failed steps have made the region small.
        if promised <= tolerance and (radius > _TELLING or float(np.linalg.norm(step)) < 0.9 * radius):
            # The last step squares what error is left, though the sum's rounding hides its gain.
            if won >= -noise:
                point, plain = point + step, candidate
            converged = True
            break
        if won > 0.1 * gain - noise:
            # The last steps gain less than the sum's rounding error; the gradient still leads them.
            point, plain = point + step, candidate
            if won > 0.7 * gain and np.linalg.norm(step) > 0.9 * radius:
                radius = min(2.5 * radius, _LARGEST_STEP)
        else:
            radius = 0.25 * float(np.linalg.norm(step))
            if radius < 1e-12:
                break
    beyond = np.abs(point) > bound
    if plain.finite and beyond.any():
        point, plain, settled, more = _onto_box(objective, point, beyond, bound, most_steps, tolerance)
        converged, steps = converged and settled, steps + more
    leaning = tuple(bool(value) for value in np.abs(point) > bound - 0.25)
    return Optimum(point, plain, converged, leaning, steps)


def _onto_box(
    objective: Objective, point: FloatArray, beyond: NDArray[np.bool_], bound: float, most_steps: int, tolerance: float
) -> tuple[FloatArray, Evaluation, bool, int]:
    """Put what stands beyond the walls onto them and let the rest follow: on a ridge clipping alone would leave it."""
    held, free = np.clip(point, -bound, bound), ~beyond

    def on_wall(rest: FloatArray) -> Evaluation:
        held[free] = rest
        whole = objective(held)
        return Evaluation(whole.value, whole.gradient[free], whole.hessian[np.ix_(free, free)])

    if not free.any():
        return held, objective(held), True, 1
    inner = maximise(on_wall, point[free], bound, most_steps, tolerance)
    held[free] = inner.point
    return held, objective(held), inner.converged, inner.steps + 1


def walled(evaluation: Evaluation, point: FloatArray, bound: float) -> Evaluation:
    """The function less the soft walls' quadratic penalty, which is exactly zero inside plus and minus `bound`."""
    beyond = np.sign(point) * np.maximum(np.abs(point) - bound, 0.0)
    if not beyond.any():
        return evaluation
    penalty = Evaluation(
        -0.5 * _WALL * float(beyond @ beyond), -_WALL * beyond, -_WALL * np.diag((beyond != 0).astype(float))
    )
    return evaluation + penalty


def _leads_to(
    known: Sequence[Optimum], point: FloatArray, step: FloatArray, value: float, radius: float
) -> Optimum | None:
    """The maximum to which Newton's step leads by the quadratic model here and by the one there."""
    if not known or math.sqrt(float(step @ step)) > 0.9 * radius:
        return None
    for one in known:
        away = point + step - one.point
        off = max(abs(value - one.evaluation.value), -0.5 * float(away @ one.evaluation.hessian @ away))
        if one.converged and one.interior and off < _SAME_SUMMIT and float(np.max(np.abs(away))) < _NEAR_SUMMIT:
            return one
    return None


def _up_to_the_wall(point: FloatArray, step: FloatArray, bound: float) -> float:
    """How much of a step to take: a wall that is not felt yet ends it, for the quadratic model knows nothing of it."""
    ahead = (np.abs(point) <= bound) & (np.abs(point + step) > bound + _INTO_WALL)
    if not ahead.any():
        return 1.0
    way = bound + _INTO_WALL - np.sign(step[ahead]) * point[ahead]
    return float(np.min(way / np.abs(step[ahead])))


def _gain(here: Evaluation, step: FloatArray) -> float:
    """What the quadratic model promises of a step."""
    return float(here.gradient @ step + 0.5 * step @ here.hessian @ step)


def _trust_step(here: Evaluation, radius: float) -> tuple[FloatArray, float]:
    """The step that maximises the quadratic model inside the radius, and the gain that the model promises."""
    curvature, axes = np.linalg.eigh(-here.hessian)
    along = axes.T @ here.gradient
    smallest = float(curvature[0])
    floor = 1e-12 * max(1.0, float(np.abs(curvature).max()))
    shift = 0.0 if smallest > floor else floor - smallest

    def length(by: float) -> float:
        coordinates = along / (curvature + by)
        return math.sqrt(float(coordinates @ coordinates))

    if length(shift) > radius:
        low, high = shift, shift + max(1.0, 2 * float(np.linalg.norm(along)) / radius)
        while length(high) > radius:
            high *= 4
        for _ in range(60):
            middle = 0.5 * (low + high)
            if length(middle) > radius:
                low = middle
            else:
                high = middle
            if high - low <= 1e-3 * high:
                break
        shift = high
    coordinates = along / (curvature + shift)
    left = radius**2 - float(coordinates @ coordinates)
    if smallest < -floor and left > 0:
        # On a saddle the gradient may be nil along the way up; walk it to the edge of the region.
        coordinates[0] += np.copysign(np.sqrt(left), along[0])
    gain = float(along @ coordinates - 0.5 * (curvature * coordinates) @ coordinates)
    return axes @ coordinates, gain
