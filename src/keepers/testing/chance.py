"""Promises about chance: draws have the mean that is predicted, and a fit to them finds where they came from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from keepers.domain.cells import FloatArray
from keepers.domain.histories import check_histories
from keepers.domain.time import weeks
from keepers.testing.proof import Promise, differs, violates
from keepers.testing.stores import NEW, repeated
from keepers.testing.subject import Subject

_FAR = 5.0
"""Standard errors that no seed should reach."""


def _futures(subject: Subject) -> Iterable[str]:
    model, rows, horizon = subject.fitted, subject.rows, weeks(26)
    times = subject.futures
    drawn = np.asarray(model.sample_future(repeated(rows, times), horizon, subject.rng())).reshape(rows.size, times)
    yield from violates("drawn purchases are whole numbers", (drawn == np.floor(drawn)).all(axis=1))
    found = model.predict_cells(rows, horizon)
    variance = np.maximum(found.variance - found.expected_purchases_se**2, 0.0)
    yield from near("the mean of drawn futures", drawn.mean(axis=1), found.expected_purchases, variance / times)
    none = found.p_zero
    yield from near("the share without a purchase", (drawn == 0).mean(axis=1), none, none * (1 - none) / times)


def _histories(subject: Subject) -> Iterable[str]:
    model, customers = subject.fitted, subject.drawn
    drawn = model.sample(weeks(40), subject.rng(), customers=customers)
    check_histories(drawn)
    if drawn.customers != customers or not np.allclose(drawn.T, 40 * 7 / drawn.unit.days):
        yield f"{customers} customers of 40 weeks were asked for, and {drawn.customers:g} of {drawn.T.max():g} came."
    expected = model.expected_purchases_new_customer(weeks(40))
    yield from near("the mean of drawn purchases", drawn.x.mean(), expected, drawn.x.var() / customers)
    none = model.purchase_distribution_new_customer(weeks(40), 1)[0]
    yield from near("the share of one-time buyers", np.mean(drawn.x == 0), none, none * (1 - none) / customers)


def _histories_ahead(subject: Subject) -> Iterable[str]:
    """What is expected of a new customer is the mean of what is expected of each history that may follow."""
    model, customers = subject.fitted, subject.drawn
    cells = model.sample(weeks(40), subject.rng(), customers=customers).merged()
    share = cells.weight / cells.customers
    later = model.expected_purchases(cells, weeks(20))
    whole = model.expected_purchases_new_customer(weeks(60)) - model.expected_purchases_new_customer(weeks(40))
    yield from near("expectations after 40 weeks", share @ later, whole, _spread(share, later) / customers)
    alive = model.probability_alive(cells)
    at_40 = float(np.ravel(model.probability_alive(NEW, at=weeks(40)))[0])
    yield from near("P(alive) after 40 weeks", share @ alive, at_40, _spread(share, alive) / customers)


def _recovery(subject: Subject) -> Iterable[str]:
    model, rng = subject.fitted, subject.rng()
    drawn = model.sample(rng.integers(20, 81, subject.drawn).astype(float), rng)
    again = subject.fresh().fit(drawn if getattr(model, "gaps", None) == "each" else drawn.merged())
    for n in (13, 52):
        one, other = (some.expected_purchases_new_customer(weeks(n)) for some in (again, model))
        yield from differs(f"expected purchases of a new customer in {n} weeks", one, other, 0.15)
    if not subject.pooled:
        yield from not_recovered(model, again)


def not_recovered(model: Any, again: Any) -> Iterable[str]:
    """A sentence where the parameters of a fit to drawn data are further from the truth than chance explains."""
    from scipy.special import chdtri

    known = getattr(again, "posterior_", None)
    if known is None or not again.outcome_.trustworthy_parameters:
        return
    truth = np.log([model.parameters_[name] for name in known.parameters])
    away = known.mean - truth
    distance, unlikely = float(away @ np.linalg.solve(known.covariance, away)), float(chdtri(away.size, 1e-6))
    if distance > unlikely:
        yield (
            f"the parameters {again.parameters_} are {distance:.1f} from those that the data were drawn with "
            f"({model.parameters_}), where chance explains {unlikely:.1f}."
        )


def near(
    what: str, found: FloatArray | float, wanted: FloatArray | float, variance: FloatArray | float
) -> Iterable[str]:
    """A sentence where a mean of draws is further from what is predicted than chance, of a variance, explains."""
    error = np.sqrt(np.maximum(variance, 0.0)) + 1e-9
    yield from violates(
        f"{what} is what is predicted, within chance", np.abs(found - wanted) <= _FAR * error, found, wanted
    )


def _spread(share: FloatArray, values: FloatArray) -> float:
    return float(share @ (values - share @ values) ** 2)


PROMISES = (
    Promise("drawn futures agree with what is expected", _futures),
    Promise("drawn histories agree with what is expected of new customers", _histories),
    Promise(
        "what is expected of drawn histories adds up to what is expected of new customers",
        _histories_ahead,
        lambda subject: not subject.pooled,
    ),
    Promise("a fit to drawn customers finds what they were drawn with", _recovery),
)
