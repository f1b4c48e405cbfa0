"""Promises about a contract model's answers: there, in their domain, and in agreement with each other."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import numpy as np

from keepers.domain.cells import FloatArray
from keepers.domain.money import continuous_rate
from keepers.domain.time import months
from keepers.testing.asking import declared_infinities, every_question
from keepers.testing.contract_questions import CONTRACT_QUESTIONS
from keepers.testing.contract_subject import NEW_CONTRACT, ContractSubject, running
from keepers.testing.proof import Promise, differs, violates
from keepers.testing.question import DISCOUNT, NO_DISCOUNT

_MONTHLY = continuous_rate(0.02, per="month")


def _every_question(subject: ContractSubject) -> Iterable[str]:
    yield from every_question(subject, CONTRACT_QUESTIONS)


def _declared_infinities(subject: ContractSubject) -> Iterable[str]:
    yield from declared_infinities(subject, CONTRACT_QUESTIONS)


def _survival(subject: ContractSubject) -> Iterable[str]:
    model, rows, tolerance = subject.fitted, subject.rows, subject.tolerance
    found = [model.survival(rows, months(n)) for n in (1, 6, 24, 240)]
    for short, long in pairwise(found):
        yield from violates("survival never rises with the horizon", long <= short * (1 + 1e-12), long, short)
    for n, value in zip((1, 6, 24, 240), found, strict=True):
        yield from differs(f"churn in {n} months", model.churn_probability(rows, months(n)), 1.0 - value, tolerance)
    yield from differs("the next renewal", model.renewal_probability(rows), found[0], tolerance)
    alive = running(rows)
    steps = model.survival(alive, months(4)) * model.survival(running(rows, 4.0), months(7))
    yield from differs("survival in two steps", steps, model.survival(alive, months(11)), 10 * tolerance)


def _ended(subject: ContractSubject) -> Iterable[str]:
    model, rows = subject.fitted, subject.rows
    gone = rows.ended > 0
    for what, found, wanted in (
        ("survival", model.survival(rows, months(3)), 0.0),
        ("churn", model.churn_probability(rows, months(3)), 1.0),
        ("the chance of a renewal", model.renewal_probability(rows), 0.0),
        ("the tenure left", model.expected_residual_tenure(rows, cap=months(12)), 0.0),
        ("the discounted tenure", model.discounted_expected_tenure(rows, months(12)), 0.0),
        ("drawn tenure", model.sample_future(rows, subject.rng()), 0.0),
    ):
        yield from differs(f"{what} of contracts that ended", found[gone], wanted, 0.0)
    total = model.expected_tenure(rows, cap=months(12))
    yield from differs("the tenure in all of contracts that ended", total[gone], rows.tenure[gone], 1e-12)


def _curve(subject: ContractSubject, length: int, delta: float, first: int) -> FloatArray:
    """Discounted survival summed over the periods from the first, or integrated over as long a time."""
    model, rows = subject.fitted, running(subject.rows)
    if subject.discrete:
        steps = np.arange(length)
        kept = [np.ones(rows.size) if k + first == 0 else model.survival(rows, months(float(k + first))) for k in steps]
        return np.asarray(np.exp(-delta * steps) @ np.array(kept))
    places, weights = np.polynomial.legendre.leggauss(40)
    # Half of the nodes in the first period, where a rate of ending may be steep.
    total = np.zeros(rows.size)
    for low, high in ((0.0, 0.01), (0.01, 0.2), (0.2, 1.0), (1.0, float(length))):
        times = low + (high - low) * (places + 1) / 2
        curve = np.array([model.survival(rows, months(float(time))) for time in times])
        total = total + (high - low) / 2 * (weights * np.exp(-delta * times)) @ curve
    return total


def _tenures(subject: ContractSubject) -> Iterable[str]:
    model, rows = subject.fitted, running(subject.rows)
    found = [model.expected_residual_tenure(rows, cap=months(n)) for n in (1, 12, 36, 360)]
    for n, value in zip((1, 12, 36, 360), found, strict=True):
        yield from violates(f"a tenure within {n} months is at most that", value <= n * (1 + 1e-9), value)
    for short, long in zip(found, [*found[1:], model.expected_residual_tenure(rows)], strict=True):
        yield from violates("a longer cap never gives a shorter tenure", long >= short * (1 - 1e-9), long, short)
    yield from differs("the tenure within 36 months, from survival", found[2], _curve(subject, 36, 0.0, 0), 1e-5)
    total = model.expected_tenure(rows, cap=months(36))
    yield from differs("the tenure in all", total, rows.tenure + found[2], 1e-9)
    median = model.median_residual_tenure(rows)
    for row in np.flatnonzero(np.isfinite(median) & (median < 1e6)):
        at = model.survival(rows, months(float(median[row])))[row]
        if subject.discrete:
            before = model.survival(rows, months(float(median[row]) - 1))[row] if median[row] > 1 else 1.0
            holds = at <= 0.5 + 1e-9 <= before + 2e-9
            yield from violates(f"the median tenure of contract {row} is where survival passes a half", holds, at)
        else:
            yield from differs(f"survival at the median tenure of contract {row}", at, 0.5, 1e-6)


def _discounting(subject: ContractSubject) -> Iterable[str]:
    model, rows, delta = subject.fitted, running(subject.rows), 0.02
    first = int(subject.discrete)

    def ahead(length: float | None, rate: object) -> FloatArray:
        horizon = None if length is None else months(length)
        return np.asarray(model.discounted_expected_tenure(rows, horizon, rate, **_now(subject)))

    # With a renewal due now, a horizon of n months holds n + 1 renewals.
    length = 37 if subject.discrete else 36
    yield from differs("discounted tenure, from survival", ahead(36, _MONTHLY), _curve(subject, length, delta, first),
                       1e-5)  # fmt: skip
    plain, endless = ahead(36, NO_DISCOUNT), ahead(None, _MONTHLY)
    yield from differs("undiscounted tenure, from survival", plain, _curve(subject, length, 0.0, first), 1e-5)
    yield from violates("discounting lessens", ahead(36, _MONTHLY) < plain, ahead(36, _MONTHLY), plain)
    found = [ahead(n, _MONTHLY) for n in (36, 200, 1500)]
    for short, long in zip(found, [*found[1:], endless], strict=True):
        yield from violates("a longer horizon never has less", long >= short * (1 - 1e-9), long, short)
    yield from differs("the limit of long horizons", found[-1], endless, 1e-6)
    more = ahead(None, continuous_rate(0.04, per="month"))
    yield from violates("a higher rate leaves less", more < endless, more, endless)


def _now(subject: ContractSubject) -> dict[str, float]:
    return {"next_renewal": 0.0} if subject.discrete else {}


def _new_contract(subject: ContractSubject) -> Iterable[str]:
    model, tolerance = subject.fitted, subject.tolerance
    for n in (1, 12, 60):
        new = model.survival_new_customer(np.array([float(n)]))
        yield from differs(f"survival to {n} months", new, model.survival(NEW_CONTRACT, months(n)), tolerance)
    for cap in (months(24), None):
        new = model.expected_tenure_new_customer(cap)
        yield from differs("the tenure", new, model.expected_residual_tenure(NEW_CONTRACT, cap=cap), tolerance)
    median = model.median_residual_tenure(NEW_CONTRACT)
    yield from differs("the median tenure", model.median_tenure_new_customer(), median, tolerance)
    for end in (months(24), None):
        wait = {"next_renewal": 1.0} if subject.discrete else {}
        later = model.discounted_expected_tenure(NEW_CONTRACT, end, DISCOUNT, **wait)
        new = model.discounted_expected_tenure_new_customer(end, DISCOUNT)
        yield from differs("discounted tenure, the first period paid now", new, later + subject.discrete, tolerance)


def _retention_curve(subject: ContractSubject) -> Iterable[str]:
    curve, model = subject.fitted.retention_curve(30), subject.fitted
    yield from differs("its survival", curve["survival"], model.survival_new_customer(curve["age"]), subject.tolerance)
    kept = np.cumprod(curve["renewal_probability"])
    yield from differs("the product of its renewals", kept, curve["survival"], 10 * subject.tolerance)
    for name in ("survival", "renewal_probability"):
        low, value, high = curve[f"{name}_low"], curve[name], curve[f"{name}_high"]
        holds = (low <= value + 1e-9) & (value <= high + 1e-9)
        yield from violates(f"its interval holds {name}", holds, low, value, high)


def _intervals(subject: ContractSubject) -> Iterable[str]:
    model, rows = subject.fitted, subject.rows
    for question, arguments in (
        ("survival", {"horizon": months(12)}),
        ("expected_residual_tenure", {"cap": months(60)}),
        ("discounted_expected_tenure", {"horizon": months(24)}),
    ):
        found = model.interval(rows, question, **arguments)
        value, low, high = found.values()
        yield from differs(f"the value of `{question}`", value, getattr(model, question)(rows, **arguments), 1e-9)
        holds = (low <= value * (1 + 1e-9) + 1e-12) & (value <= high * (1 + 1e-9) + 1e-12)
        yield from violates(f"the interval of `{question}` holds it", holds, low, value, high)


PROMISES = (
    Promise("every question is answered with numbers in their domain", _every_question),
    Promise(
        "answers are infinite where the model declares it and nowhere else",
        _declared_infinities,
        lambda subject: subject.parametric,
    ),
    Promise("survival falls with the horizon, step by step, and is one less churn", _survival),
    Promise("contracts that ended have nothing to come", _ended),
    Promise("tenures within a cap grow with it and agree with survival, as does the median", _tenures),
    Promise("discounting lessens, tends to the endless sum, and follows survival", _discounting),
    Promise("a new contract is one of age zero", _new_contract),
    Promise("the retention curve is survival and renewals, with intervals", _retention_curve),
    Promise("intervals hold the answers that they are of", _intervals),
)
