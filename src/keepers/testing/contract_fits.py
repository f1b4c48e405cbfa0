"""Promises about fits of contract models: weights, units, every book of contracts, likelihood, chance and forms."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from keepers.domain.cells import FloatArray
from keepers.domain.contracts import ContractCells
from keepers.domain.errors import ConfigError, InputError, NotFittedError
from keepers.domain.outcome import FitOutcome
from keepers.domain.time import ObservationWindow, TimeUnit, months, years
from keepers.testing.chance import near, not_recovered
from keepers.testing.contract_subject import ContractSubject, book, businesses_by_contract, contracts, running
from keepers.testing.fits import refuses, speaks
from keepers.testing.keeping import registered
from keepers.testing.likelihoods import difference
from keepers.testing.proof import Promise, differs, violates

_DRAWS = 20_000


def _weights(subject: ContractSubject) -> Iterable[str]:
    data = book(700, seed=4)
    entry, tenure, ended, weight = (np.tile(column, 2) for column in (data.entry, data.tenure, data.ended, data.weight))
    twice = ContractCells(entry, tenure, ended, weight, data.unit)
    one, other = subject.fresh().fit(replace(data, weight=2 * data.weight)), subject.fresh().fit(twice)
    yield from differs("the log-likelihood", one.log_likelihood_, other.log_likelihood_, 1e-8)
    found, again = (some.survival(subject.rows, months(12)) for some in (one, other))
    yield from differs("survival", found, again, 1e-5)


def _units(subject: ContractSubject) -> Iterable[str]:
    data = subject.data
    in_years = ContractCells(data.entry / 12, data.tenure / 12, data.ended, data.weight, TimeUnit.YEAR)
    rows = subject.rows
    same = ContractCells(rows.entry / 12, rows.tenure / 12, rows.ended, rows.weight, TimeUnit.YEAR)
    one, other = subject.fitted, subject.fresh().fit(in_years)
    shift = data.endings * np.log(12)
    yield from differs("the log-likelihood in years", other.log_likelihood_ - shift, one.log_likelihood_, 1e-7)
    for n in (1, 3):
        found = other.survival(same, years(n))
        yield from differs("survival in years", found, one.survival(rows, months(12 * n)), 1e-4, 1e-9)


def _businesses(subject: ContractSubject) -> Iterable[str]:
    for words, data in businesses_by_contract().items():
        try:
            yield from _business(subject, words, data)
        except Exception as error:  # one business must not hide the others
            yield f"{words}: raises {type(error).__name__}: {error}"


def _business(subject: ContractSubject, words: str, data: ContractCells) -> Iterable[str]:
    fitted = subject.fresh().fit(data)
    if not isinstance(fitted.outcome_, FitOutcome):
        yield f"{words}: `outcome_` is {fitted.outcome_!r}, not a FitOutcome."
    elif not fitted.outcome_.usable:
        return
    if not data.endings and fitted.outcome_ is FitOutcome.CONVERGED:
        yield f"{words}: the fit is said to have converged although no contract ended."
    if not np.isfinite(fitted.log_likelihood_):
        yield f"{words}: `log_likelihood_` is {fitted.log_likelihood_}."
    for name, found, most in (
        ("survival", fitted.survival(subject.rows, months(12)), 1.0),
        ("churn", fitted.churn_probability(subject.rows, months(12)), 1.0),
        ("renewal", fitted.renewal_probability(subject.rows), 1.0),
        ("tenure within five years", fitted.expected_residual_tenure(subject.rows, cap=years(5)), 60.0),
        ("discounted tenure", fitted.discounted_expected_tenure(subject.rows), np.inf),
    ):
        inside = (found >= 0) & (found <= most * (1 + 1e-9)) & np.isfinite(found)
        yield from violates(f"{words}: {name} is finite and in its domain", inside, found)


def _refusals(subject: ContractSubject) -> Iterable[str]:
    model, rows, fresh = subject.fitted, subject.rows, subject.fresh
    yield from refuses("a prediction before the fit", NotFittedError, lambda: fresh().survival(rows, months(3)))
    yield from refuses("a horizon without a unit", ConfigError, lambda: model.survival(rows, 12))
    yield from refuses("a fit to nobody", InputError, lambda: fresh().fit(contracts(3.0, 0.0, 0.0, 0.0)))
    yield from refuses("an end before its observation", InputError, lambda: fresh().fit(contracts(3.0, 1.0, 5.0)))
    yield from refuses("a negative age", InputError, lambda: fresh().fit(contracts(-1.0, 0.0)))
    frame = {"tenure": [3.0], "ended": [1]}
    yield from refuses("a frame without a unit", ConfigError, lambda: fresh().fit(frame))
    yield from refuses("contracts of another period", ConfigError, lambda: model.survival(_weekly(rows), months(3)))
    yield from refuses("a level beyond 100", ConfigError, lambda: model.interval(rows, "survival", level=120))
    yield from refuses("a question that is none", ConfigError, lambda: model.interval(rows, "no such thing"))
    if subject.discrete:
        yield from refuses("a part of a period", InputError, lambda: fresh().fit(contracts(2.5, 1.0)))


def _weekly(rows: ContractCells) -> ContractCells:
    return replace(rows, unit=TimeUnit.WEEK)


def _derivatives(subject: ContractSubject) -> Iterable[str]:
    here = _log_parameters(subject) + 0.15 * (-1.0) ** np.arange(len(subject.fitted.symbols))
    evaluate = _evaluation(subject, subject.data)

    def value(point: FloatArray) -> FloatArray:
        return np.array([evaluate(point, 0).value])

    def gradient(point: FloatArray) -> FloatArray:
        return np.asarray(evaluate(point, 1).gradient)

    found = evaluate(here, 2)
    size = float(np.abs(found.gradient).max())
    yield from differs("the gradient", found.gradient, difference(value, here)[0], 1e-5, 1e-5 * size)
    size = float(np.abs(found.hessian).max())
    yield from differs("the Hessian", found.hessian, difference(gradient, here), 1e-5, 1e-6 * size)
    yield from differs("the Hessian's transpose", found.hessian.T, found.hessian, 1e-9, 1e-9 * size)


def _likelihood_of_everything(subject: ContractSubject) -> Iterable[str]:
    """A contract runs on or ends in one of the periods: likelihoods are survival, and sum to one."""
    model, here, n = subject.fitted, _log_parameters(subject), 18

    def likelihood(cells: ContractCells) -> float:
        return float(np.exp(_evaluation(subject, cells)(here, 0).value))

    kept = model.survival_new_customer(np.arange(n + 1.0))
    for age in (1, 6, n):
        yield from differs(f"the likelihood to run at {age}", likelihood(contracts(float(age), 0.0)), kept[age], 1e-8)
        late = likelihood(contracts(float(n), 0.0, float(age) - 1.0))
        yield from differs(f"the same seen from {age - 1} on", late, kept[n] / kept[age - 1], 1e-8)
    ends = [replace(contracts(k, 1.0), since=np.array([k - 1.0])) for k in np.arange(1.0, n + 1.0)]
    yield from differs("the sum over all ends and none", sum(map(likelihood, ends)) + kept[n], 1.0, 1e-8)
    if not subject.discrete:
        places, weights = np.polynomial.legendre.leggauss(40)
        times = 1.0 + (n - 1.0) * (places + 1) / 2
        density = np.array([likelihood(contracts(float(time), 1.0)) for time in times])
        between = (n - 1.0) / 2 * float(weights @ density)
        yield from differs("the density of ends between 1 and the last age", between, kept[1] - kept[n], 1e-6)


def _evaluation(subject: ContractSubject, cells: ContractCells) -> Callable[[FloatArray, int], Any]:
    from keepers.numerics.likelihoods.contract_family import ContractTables, log_likelihood_sum

    family = subject.fitted.family
    tables = ContractTables.of(cells, family.DISCRETE)
    return lambda point, order: log_likelihood_sum(family, np.exp(point).tolist(), tables, order)


def _log_parameters(subject: ContractSubject) -> FloatArray:
    return np.log([subject.fitted.parameters_[name] for name in subject.fitted.symbols])


def _draws(subject: ContractSubject) -> Iterable[str]:
    model, rng = subject.fitted, subject.rng()
    drawn = model.sample(_DRAWS, rng, months(24))
    wanted = float(model.survival_new_customer(np.array([24.0]))[0])
    still = float(drawn.weight @ (drawn.ended <= 0)) / drawn.customers
    yield from near("the share that runs after 24 months", still, wanted, wanted * (1 - wanted) / _DRAWS)
    rows = running(subject.rows)
    many = contracts(np.repeat(rows.tenure, _DRAWS), 0.0)
    left = np.asarray(model.sample_future(many, rng)).reshape(rows.size, _DRAWS)
    wanted_row = model.survival(rows, months(12))
    spread = wanted_row * (1 - wanted_row) / _DRAWS
    yield from near("the share that outlasts 12 months", (left > 12).mean(axis=1), wanted_row, spread)
    capped = np.minimum(left, 24.0)
    mean = model.expected_residual_tenure(rows, cap=months(24))
    yield from near("the mean tenure within 24 months", capped.mean(axis=1), mean, capped.var(axis=1) / _DRAWS)


def _recovery(subject: ContractSubject) -> Iterable[str]:
    model = subject.fitted
    again = subject.fresh().fit(model.sample(8000, subject.rng(), months(36)).merged())
    ages = np.array([1.0, 12.0, 48.0])
    yield from differs("survival", again.survival_new_customer(ages), model.survival_new_customer(ages), 0.1)
    yield from not_recovered(model, again)


def _saved(subject: ContractSubject) -> Iterable[str]:
    from keepers.models.catalogue import load_model

    unknown = registered(subject)
    if unknown:
        yield unknown
        return
    model = subject.fresh().fit(_frame(("small", "large")), unit="month", by="plan")
    with tempfile.TemporaryDirectory() as folder:
        again: Any = load_model(model.save(Path(folder) / "model.json"))
    if type(again) is not type(model) or again.outcome_ is not model.outcome_:
        yield f"it comes back as {type(again).__name__} with the outcome {again.outcome_}."
    if set(again.plans_) != set(model.plans_):
        yield f"plans {set(model.plans_)} come back as {set(again.plans_)}."
    for plan in (None, *model.plans_):
        one, other = (some.survival_new_customer(np.arange(30.0), plan=plan) for some in (again, model))
        yield from differs(f"survival of plan {plan}", one, other, 1e-12)


def _frame(plans: tuple[str, ...]) -> dict[str, Any]:
    """Contracts as a frame, those of the second plan ending sooner."""
    cells = [book(600, seed=7 + place) for place in range(len(plans))]
    shorter = replace(cells[-1], tenure=np.maximum(np.ceil(cells[-1].tenure / 2), cells[-1].entry + 1))
    parts = [*cells[:-1], shorter]
    return {
        "tenure": np.concatenate([part.tenure for part in parts]),
        "ended": np.concatenate([part.ended for part in parts]),
        "entry": np.concatenate([part.entry for part in parts]),
        "weight": np.concatenate([part.weight for part in parts]),
        "plan": np.repeat(plans, [part.size for part in parts]),
    }


def _forms(subject: ContractSubject) -> Iterable[str]:
    model, rows, horizon = subject.fitted, subject.rows, months(12)
    frame = {"tenure": rows.tenure, "ended": rows.ended}
    found = model.survival(frame, horizon)
    if list(found) != ["tenure", "ended", "survival"]:
        yield f"a dict of columns comes back with {list(found)}."
    yield from differs("a frame", found["survival"], model.survival(rows, horizon), 1e-12)
    told = _frame(("small", "large"))
    fitted = subject.fresh().fit(told, unit="month", by="plan")
    answers = np.asarray(fitted.survival(told, horizon)["survival"])
    for plan in ("small", "large"):
        own = told["plan"] == plan
        alone = fitted.plans_[plan].survival(contracts(told["tenure"][own], told["ended"][own]), horizon)
        yield from differs(f"contracts of the plan {plan}", answers[own], alone, 1e-12)


def _summary(subject: ContractSubject) -> Iterable[str]:
    from keepers.summaries.subscriptions import summarise_subscriptions

    told = {
        "customer_key": ["a", "b", "c", "d"],
        "started_on": ["2024-01-30", "2023-06-30", "2024-06-30", "2024-02-29"],
        "ended_on": [None, None, None, "2024-05-29"],
    }
    summary = summarise_subscriptions(told, ObservationWindow(calibration_end="2024-06-30"))
    table = subject.fitted.survival(summary, months(12))
    found = [row[0] for row in table.engine.rows(f"SELECT survival FROM {table.name} ORDER BY customer_key")]
    same = subject.fitted.survival(contracts([5.0, 12.0, 0.0, 3.0], [0, 0, 0, 1]), months(12))
    yield from differs("a summary", found, same, 1e-9)
    summary.engine.close()


def _parametric(subject: ContractSubject) -> bool:
    return subject.parametric


PROMISES: tuple[Promise[ContractSubject], ...] = (
    Promise("it has a name and a title, and a fit ends in words", speaks),
    Promise("the unit of time does not matter", _units, lambda subject: not subject.discrete),
    Promise("a weight is so many contracts", _weights),
    Promise("every book of contracts gets an outcome in words and finite answers", _businesses),
    Promise("what cannot be is refused", _refusals),
    Promise("gradient and Hessian of the likelihood are exact", _derivatives, _parametric),
    Promise("likelihoods are survival, and those of all ends sum to one", _likelihood_of_everything, _parametric),
    Promise("drawn contracts and futures agree with what is expected", _draws),
    Promise("a fit to drawn contracts finds what they were drawn with", _recovery),
    Promise("a saved model answers as before", _saved),
    Promise("a frame gets the answer that cells get, each plan that of its own fit", _forms),
    Promise("a summary gets the answer that cells get", _summary),
)
