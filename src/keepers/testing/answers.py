"""Promises about the answers to single questions: there, in their domain, and in agreement with each other."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import numpy as np

from keepers.domain.cells import FloatArray
from keepers.domain.money import continuous_rate
from keepers.domain.time import days, weeks
from keepers.testing.asking import declared_infinities, every_question
from keepers.testing.proof import Promise, differs, violates
from keepers.testing.question import DISCOUNT, NO_DISCOUNT
from keepers.testing.questions import CAP, HORIZON, QUESTIONS
from keepers.testing.stores import NEW
from keepers.testing.subject import Subject

_WIDE = 200


def _every_question(subject: Subject) -> Iterable[str]:
    yield from every_question(subject, QUESTIONS)
    for words, found, shape in _shapes(subject):
        if found.shape != shape:
            yield f"{words} has shape {found.shape} and not {shape}."


def _shapes(subject: Subject) -> Iterable[tuple[str, FloatArray, tuple[int, ...]]]:
    model, rows = subject.fitted, subject.rows
    for key in ("probability_alive", "expected_purchases", "discounted_purchases", "median_lifetime", "sample_future"):
        question = next(one for one in QUESTIONS if one.key == key)
        yield question.words, np.asarray(question.ask(model, rows)), (rows.size,)
    yield "the distribution", model.purchase_distribution(rows, HORIZON, 7), (rows.size, 8)
    yield "a new customer's distribution", model.purchase_distribution_new_customer(HORIZON, 7), (8,)


def _declared_infinities(subject: Subject) -> Iterable[str]:
    """What is declared finite is finite, what is declared infinite is so, over a wide range of parameters."""
    yield from declared_infinities(subject, QUESTIONS)


def _distribution(subject: Subject) -> Iterable[str]:
    model, rows, tolerance = subject.fitted, subject.rows, subject.tolerance
    counts = np.arange(_WIDE + 1.0)
    for horizon in (weeks(1), weeks(26)):
        table = model.purchase_distribution(rows, horizon, _WIDE)
        yield from differs(f"the distribution's sum over {horizon}", table.sum(axis=1), 1.0, 10 * tolerance)
        expected = model.expected_purchases(rows, horizon)
        yield from differs(f"the distribution's mean over {horizon}", table @ counts, expected, 10 * tolerance)
        short = model.purchase_distribution(rows, horizon, 3)
        yield from differs("a shorter table of the same distribution", short, table[:, :4], tolerance, 1e-12)
        found = model.predict_cells(rows, horizon)
        of_parameters = 0.0 if getattr(model, "predictive", False) else found.expected_purchases_se**2
        moment = table @ counts**2 - (table @ counts) ** 2 + of_parameters
        yield from differs(f"the variance over {horizon}", found.variance, moment, 1e-4)


def _new_customer(subject: Subject) -> Iterable[str]:
    model, tolerance = subject.fitted, subject.tolerance
    for horizon in (weeks(1), weeks(52)):
        new = model.expected_purchases_new_customer(horizon)
        yield from differs("expected purchases", new, model.expected_purchases(NEW, horizon), tolerance)
        table = model.purchase_distribution_new_customer(horizon, 6)
        yield from differs("the distribution", table, model.purchase_distribution(NEW, horizon, 6)[0], tolerance, 1e-12)
    for end in (weeks(52), None):
        new = model.discounted_expected_purchases_new_customer(end, DISCOUNT)
        yield from differs("discounted", new, model.discounted_expected_purchases(NEW, end, DISCOUNT), tolerance)
    yield from differs("P(alive)", model.probability_alive(NEW, at=days(1e-6)), model.probability_alive(NEW), 1e-5)


def _alive_falls(subject: Subject) -> Iterable[str]:
    model, rows = subject.fitted, subject.rows
    now = model.probability_alive(rows)
    yield from differs("P(alive) a moment from now", model.probability_alive(rows, at=days(1e-6)), now, 1e-5)
    later = [now, *(model.probability_alive(rows, at=weeks(n)) for n in (1, 10, 100, 1000))]
    for earlier, after in pairwise(later):
        yield from violates("P(alive) never rises with time", after <= earlier * (1 + 1e-9), after, earlier)


def _purchases_grow(subject: Subject) -> Iterable[str]:
    model, rows = subject.fitted, subject.rows
    found = [model.expected_purchases(rows, weeks(n)) for n in (1, 13, 52, 520)]
    yield from violates("hardly any purchase in a moment", model.expected_purchases(rows, days(1e-6)) < 1e-4)
    for short, long in pairwise(found):
        yield from violates("a longer horizon never has fewer purchases", long >= short * (1 - 1e-9), long, short)
    yield from violates("longer horizons have more purchases", found[1] > found[0], found[1], found[0])


def _discounting(subject: Subject) -> Iterable[str]:
    model, rows, tolerance = subject.fitted, subject.rows, subject.tolerance
    plain = model.expected_purchases(rows, weeks(50))
    undiscounted = model.discounted_expected_purchases(rows, weeks(50), NO_DISCOUNT)
    yield from differs("discounted at zero", undiscounted, plain, tolerance)
    rate = continuous_rate(0.02, per="week")
    finite = [model.discounted_expected_purchases(rows, weeks(n), rate) for n in (50, 300, 1500)]
    endless = model.discounted_expected_purchases(rows, None, rate)
    yield from violates("discounted purchases are fewer", finite[0] < plain, finite[0], plain)
    for short, long in zip(finite, [*finite[1:], endless], strict=True):
        yield from violates("a longer horizon never has less", long >= short * (1 - 1e-9), long, short)
    yield from differs("the limit of long horizons", finite[-1], endless, max(10 * tolerance, 1e-9))
    more = model.discounted_expected_purchases(rows, None, continuous_rate(0.04, per="week"))
    yield from violates("a higher rate leaves less", more < endless, more, endless)
    yield from differs("discounting by the curve of purchases", finite[0], _by_curve(subject, 50, 0.02), 10 * tolerance)


def _by_curve(subject: Subject, n: int, delta: float) -> FloatArray:
    """Discounted purchases from expected ones: by parts in continuous time, opportunity by opportunity otherwise."""
    model, rows = subject.fitted, subject.rows
    if subject.discrete:
        curve = np.array([np.zeros(rows.size), *(model.expected_purchases(rows, weeks(k)) for k in range(1, n + 1))])
        return np.asarray(np.exp(-delta * np.arange(1, n + 1)) @ np.diff(curve, axis=0))
    places, weights = np.polynomial.legendre.leggauss(24)
    times = n * (places + 1) / 2
    curve = np.array([model.expected_purchases(rows, weeks(float(time))) for time in times])
    inner = delta * n / 2 * (weights * np.exp(-delta * times)) @ curve
    return np.asarray(np.exp(-delta * n) * model.expected_purchases(rows, weeks(n)) + inner)


def _lifetimes(subject: Subject) -> Iterable[str]:
    model, rows, tolerance = subject.fitted, subject.rows, subject.tolerance
    found = [model.expected_lifetime(rows, cap=weeks(n)) for n in (1, 10, 52, 520)]
    for n, value in zip((1, 10, 52, 520), found, strict=True):
        yield from violates(f"a lifetime within {n} weeks is at most that", value <= n * (1 + 1e-9), value)
    for short, long in zip(found, [*found[1:], model.expected_lifetime(rows)], strict=True):
        yield from violates("a longer cap never gives a shorter lifetime", long >= short * (1 - 1e-9), long, short)
    if subject.discrete:
        curve = sum(model.probability_alive(rows, at=weeks(k) if k else None) for k in range(52))
    else:
        places, weights = np.polynomial.legendre.leggauss(24)
        curve = 26 * weights @ np.array([model.probability_alive(rows, at=weeks(float(26 * (p + 1)))) for p in places])
    yield from differs("the lifetime within 52 weeks, from P(alive)", found[2], curve, max(10 * tolerance, 1e-5))
    median, alive = model.median_lifetime(rows), model.probability_alive(rows)
    yield from violates("whoever is likelier gone than not has median 0", (median == 0) | (alive > 0.5), median, alive)
    for row in np.flatnonzero((alive > 0.5) & np.isfinite(median)):
        half = model.probability_alive(rows, at=weeks(float(median[row])))[row]
        yield from differs(f"P(alive) at the median lifetime of history {row}", half, 0.5, 1e-5)


def _next_purchase(subject: Subject) -> Iterable[str]:
    model, rows = subject.fitted, subject.rows
    wait, alive = model.expected_next_purchase(rows), model.probability_alive(rows)
    yield from violates("the wait is positive", wait > 0, wait)
    for row in np.flatnonzero(np.isfinite(wait)):
        none = model.purchase_distribution(rows, weeks(float(wait[row])), 0)[row, 0]
        # Leaving can only add to the chance of no purchase.
        least = 1 - alive[row] / 2
        # A pool's wait lies between those of its members and is not the exact median of its distribution.
        slack = 0.1 if subject.pooled else 1e-6
        yield from violates(
            f"half of the living buy by the median wait of history {row}", none >= least * (1 - slack), none, least
        )


def _together(subject: Subject) -> Iterable[str]:
    model, rows, tolerance = subject.fitted, subject.rows, subject.tolerance
    found = model.predict_cells(rows, HORIZON, DISCOUNT, CAP)
    single = {
        "p_alive": model.probability_alive(rows),
        "p_alive_end": model.probability_alive(rows, at=HORIZON),
        "expected_purchases": model.expected_purchases(rows, HORIZON),
        "p_zero": model.purchase_distribution(rows, HORIZON, 0)[:, 0],
        "discounted_purchases": model.discounted_expected_purchases(rows, HORIZON, DISCOUNT),
        "discounted_purchases_lifetime": model.discounted_expected_purchases(rows, CAP, DISCOUNT),
        "discounted_purchases_infinite": model.discounted_expected_purchases(rows, None, DISCOUNT),
        "next_purchase_age": model.expected_next_purchase(rows),
    }
    for name, values in single.items():
        yield from differs(f"`{name}`", getattr(found, name), values, tolerance, 1e-12)
    for name in ("expected_purchases_se", "variance"):
        values = getattr(found, name)
        yield from violates(f"`{name}` is finite and not negative", np.isfinite(values) & (values >= 0), values)


def _rows_alone(subject: Subject) -> Iterable[str]:
    model, many = subject.fitted, subject.data
    some = np.linspace(0, many.size - 1, 9).astype(int)
    whole, part = model.predict_cells(many, HORIZON), model.predict_cells(many.take(some), HORIZON)
    for name in whole.__dataclass_fields__:
        yield from differs(f"`{name}`", getattr(whole, name)[some], getattr(part, name), max(subject.tolerance, 1e-8))


PROMISES = (
    Promise("every question is answered with numbers of the right shape and in their domain", _every_question),
    Promise(
        "answers are infinite where the model declares it and nowhere else",
        _declared_infinities,
        lambda subject: subject.parametric,
    ),
    Promise("the distribution sums to one and has the mean and variance that are told", _distribution),
    Promise("a new customer is one without history", _new_customer),
    Promise("P(alive) falls with time, from what it is now", _alive_falls),
    Promise("expected purchases grow with the horizon, from zero", _purchases_grow),
    Promise("discounting lessens, tends to the endless sum, and follows the purchases over time", _discounting),
    Promise("lifetimes within a cap grow with it and agree with P(alive), as does the median", _lifetimes),
    Promise("the next purchase agrees with the distribution", _next_purchase),
    Promise("what is computed together is what is computed alone", _together),
    Promise("an answer does not depend on what else is asked", _rows_alone),
)
