"""Promises about fitting: units and weights change nothing, every business is answered, the impossible refused."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from keepers.domain.cells import Cells
from keepers.domain.errors import ConfigError, InputError, KeepersError, NotFittedError
from keepers.domain.outcome import FitOutcome
from keepers.domain.time import TimeUnit, days, weeks
from keepers.testing.proof import Promise, differs, violates
from keepers.testing.stores import businesses, cells, crowded, repeated, store
from keepers.testing.subject import Subject, Tested

_DRAWN = ("one customer", "all alive", "thousands of purchases")
"""Businesses whose posterior is drawn from: each costs hundreds of evaluations of the likelihood."""


def speaks(subject: Tested) -> Iterable[str]:
    """Whether the model has a name and its fit gives it back with an outcome in words."""
    kind = subject.kind
    for attribute in ("name", "title"):
        if not (isinstance(getattr(kind, attribute, None), str) and getattr(kind, attribute)):
            yield f"`{attribute}` is not a text."
    if getattr(kind, "name", None) != kind.__name__:
        yield f"`name` is {getattr(kind, 'name', None)!r}; it must be the name of the class, {kind.__name__!r}."
    fresh, fitted = subject.fit
    if fitted is not fresh:
        yield "`fit` does not give the model itself back."
    if not isinstance(fitted.outcome_, FitOutcome):
        yield f"`outcome_` is {fitted.outcome_!r}, not a FitOutcome."
    if not np.isfinite(fitted.log_likelihood_):
        yield f"`log_likelihood_` is {fitted.log_likelihood_}."
    if fitted.n_customers_ != subject.data.customers:
        yield f"`n_customers_` is {fitted.n_customers_} of {subject.data.customers:g}."
    if subject.name not in repr(fitted):
        yield f"its repr does not name it: {fitted!r}"


def _units(subject: Subject) -> Iterable[str]:
    data = store(300, seed=3)
    one, other = subject.fresh().fit(data), subject.fresh().fit(data.in_unit(TimeUnit.DAY))
    shift = data.repeat_purchases * np.log(7)
    yield from differs("the log-likelihood in days", other.log_likelihood_ + shift, one.log_likelihood_, 1e-7)
    found, again = one.predict_cells(subject.rows, weeks(26)), other.predict_cells(subject.rows, days(182))
    for name in ("p_alive", "p_alive_end", "expected_purchases", "p_zero", "variance", "discounted_purchases"):
        yield from differs(f"`{name}` in days", getattr(again, name), getattr(found, name), 1e-4, 1e-9)
    yield from differs("the next purchase in days", again.next_purchase_age, 7 * found.next_purchase_age, 1e-4)


def _weights(subject: Subject) -> Iterable[str]:
    data = store(150, seed=4)
    gaps = None if data.log_gaps is None else 2 * data.log_gaps
    doubled = Cells(data.x, data.t_x, data.T, 2 * data.weight, data.unit, gaps)
    one, other = subject.fresh().fit(doubled), subject.fresh().fit(repeated(data, 2))
    yield from differs("the log-likelihood", one.log_likelihood_, other.log_likelihood_, 1e-8)
    found, again = (some.expected_purchases(subject.rows, weeks(26)) for some in (one, other))
    yield from differs("expected purchases", found, again, 1e-5)


def _businesses(subject: Subject) -> Iterable[str]:
    tried = businesses() | ({} if subject.discrete else {"thousands of purchases in 200 weeks": crowded()})
    for words, data in tried.items():
        try:
            yield from _business(subject, words, data)
        except Exception as error:  # one business must not hide the others
            yield f"{words}: raises {type(error).__name__}: {error}"


def _business(subject: Subject, words: str, data: Cells) -> Iterable[str]:
    fitted = subject.fresh().fit(data)
    if not isinstance(fitted.outcome_, FitOutcome):
        yield f"{words}: `outcome_` is {fitted.outcome_!r}, not a FitOutcome."
    elif not fitted.outcome_.usable:
        return
    if not data.repeat_purchases and fitted.outcome_ is FitOutcome.CONVERGED:
        yield f"{words}: the fit is said to have converged although nobody came back."
    if not np.isfinite(fitted.log_likelihood_):
        yield f"{words}: `log_likelihood_` is {fitted.log_likelihood_}."
    found = fitted.predict_cells(data)
    for name in found.__dataclass_fields__:
        values = getattr(found, name)
        yield from violates(f"{words}: `{name}` is a number and not negative", values >= -1e-12, values)
        if name != "next_purchase_age" and not (name == "discounted_purchases_infinite" and name in subject.infinite):
            yield from violates(f"{words}: `{name}` is finite", np.isfinite(values), values)
    for name in ("p_alive", "p_alive_end", "p_zero"):
        values = getattr(found, name)
        yield from violates(f"{words}: `{name}` is at most 1", values <= 1 + 1e-12, values)
    posterior = getattr(fitted, "posterior_", None)
    if posterior is not None and words in _DRAWN:
        drawn = posterior.draws(50, subject.rng())
        yield from violates(f"{words}: draws of the posterior are finite", np.isfinite(drawn))
        if not posterior.diagnostic.endswith("."):
            yield f"{words}: the posterior's diagnostic is no sentence: {posterior.diagnostic!r}"


def _refusals(subject: Subject) -> Iterable[str]:
    model, rows = subject.fitted, subject.rows
    late = cells([1.0], 40.0, 39.0)
    yield from refuses(
        "a prediction before the fit", NotFittedError, lambda: subject.fresh().expected_purchases(rows, weeks(4))
    )
    yield from refuses("a horizon without a unit", ConfigError, lambda: model.expected_purchases(rows, 52))
    yield from refuses(
        "a negative number of purchases", ConfigError, lambda: model.purchase_distribution(rows, weeks(4), -1)
    )
    yield from refuses("a purchase after the end", InputError, lambda: model.expected_purchases(late, weeks(4)))
    yield from refuses("a fit to such a purchase", InputError, lambda: subject.fresh().fit(late))
    yield from refuses("a fit to nobody", InputError, lambda: subject.fresh().fit(cells([0.0], 0.0, 3.0, 0.0)))
    frame = {"frequency": [0], "recency": [0], "T": [4]}
    yield from refuses("a frame without a unit", ConfigError, lambda: subject.fresh().fit(frame))
    yield from refuses("a sample of nobody knows how many", ConfigError, lambda: model.sample(weeks(4), subject.rng()))


def refuses(what: str, kind: type[KeepersError], act: Callable[[], Any]) -> Iterable[str]:
    """A sentence where something is taken that must be refused with an error of a kind."""
    try:
        act()
    except kind:
        return
    except Exception as error:  # another error is the finding
        yield f"{what} raises {type(error).__name__} ({error}) and not {kind.__name__}."
    else:
        yield f"{what} is taken; it must raise {kind.__name__}."


PROMISES: tuple[Promise[Subject], ...] = (
    Promise("it has a name and a title, and a fit ends in words", speaks),
    Promise("the unit of time does not matter", _units, lambda subject: not subject.discrete),
    Promise("a weight is so many customers", _weights),
    Promise("every business gets an outcome in words and finite predictions", _businesses),
    Promise("what cannot be is refused", _refusals),
)
