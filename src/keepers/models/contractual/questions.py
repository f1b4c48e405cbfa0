"""The questions that every model of contracts answers, as functions of parameters and ages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from keepers.domain.cells import FloatArray
from keepers.domain.errors import ConfigError
from keepers.domain.money import DEFAULT_DISCOUNT
from keepers.domain.time import Horizon, TimeUnit
from keepers.numerics.likelihoods import contract_outlook as outlook
from keepers.numerics.likelihoods.contract_family import Columns, ContractLaw

Compute = Callable[[ContractLaw, Columns, FloatArray, FloatArray], FloatArray]
"""Of a family, parameters, ages and the periods until the next renewal; answers of contracts that run."""

_WITHOUT_END = ("residual_tenure", "tenure", "undiscounted_tenure_endless", "new_tenure")


def without_end(when: str) -> Mapping[str, str]:
    """The answers of a model that are infinite under a condition: tenures without cap and without discount."""
    return MappingProxyType(dict.fromkeys(_WITHOUT_END, f"where {when} <= 1"))


@dataclass(frozen=True, slots=True)
class Question:
    """One question.

    Parameters
    ----------
    column : str
        Name of the answer in frames.
    compute : callable
        The answer for contracts that run.
    gone : callable
        The answer for contracts that ended, of their tenure.
    reach : float
        Periods ahead that must be known of covariates that vary in time.
    """

    column: str
    compute: Compute
    gone: Callable[[FloatArray], FloatArray] = np.zeros_like
    reach: float = 0.0


def survival(later: float) -> Question:
    """Whether a contract still runs after a time."""
    return Question("survival", lambda family, theta, age, _: outlook.survival(family, theta, age, later), reach=later)


def churn(later: float) -> Question:
    """Whether a contract ends within a time; one that ended has."""
    return Question(
        "churn_probability",
        lambda family, theta, age, _: 1.0 - outlook.survival(family, theta, age, later),
        np.ones_like,
        later,
    )


def renewal() -> Question:
    """Whether a contract outlasts the next period."""
    return Question(
        "renewal_probability", lambda family, theta, age, _: outlook.survival(family, theta, age, 1.0), reach=1.0
    )


def residual(cap: float | None) -> Question:
    """How long a contract still lasts on average."""
    return Question(
        "expected_residual_tenure",
        lambda family, theta, age, _: outlook.residual_tenure(family, theta, age, cap),
        reach=cap or 0.0,
    )


def total(cap: float | None) -> Question:
    """How long a contract lasts in all on average; one that ended has lasted its tenure."""
    return Question(
        "expected_tenure",
        lambda family, theta, age, _: age + outlook.residual_tenure(family, theta, age, cap),
        np.array,
        cap or 0.0,
    )


def median() -> Question:
    """The time that a contract outlasts as likely as not."""
    return Question("median_residual_tenure", lambda family, theta, age, _: outlook.median_residual(family, theta, age))


def discounted(delta: float, horizon: float | None) -> Question:
    """Periods still to come, each discounted to now."""
    return Question(
        "discounted_expected_tenure",
        lambda family, theta, age, wait: outlook.discounted_tenure(family, theta, age, delta, horizon, wait),
        reach=horizon or 0.0,
    )


def discounted_new(delta: float, horizon: float | None) -> Question:
    """Periods of a contract that begins now, each discounted to now; a discrete family's first is paid now."""

    def compute(family: ContractLaw, theta: Columns, age: FloatArray, _: FloatArray) -> FloatArray:
        later = outlook.discounted_tenure(family, theta, age, delta, horizon, np.ones(age.shape))
        return later + 1.0 if family.DISCRETE else later

    return Question("discounted_expected_tenure", compute, reach=horizon or 0.0)


def survival_curve(law: ContractLaw, theta: Columns, ages: FloatArray) -> FloatArray:
    """S(age) of a contract that begins now."""
    return outlook.survival(law, theta, np.zeros(ages.shape), ages)


_HORIZON = {"survival": survival, "churn_probability": churn}
_CAP = {"expected_residual_tenure": residual, "expected_tenure": total}
_PLAIN = {"renewal_probability": renewal, "median_residual_tenure": median}


def ask(name: str, unit: TimeUnit, arguments: Mapping[str, Any]) -> Question:
    """A question by the name of the model's method and its arguments.

    Raises
    ------
    ConfigError
        If there is no such question, or an argument is missing or not one of its.
    """
    given = dict(arguments)

    def length(argument: str, needed: bool) -> float | None:
        value = given.pop(argument, None)
        if value is None and not needed:
            return None
        if not isinstance(value, Horizon):
            raise ConfigError(f"`{name}` needs `{argument}`, a length of time: {argument}=months(12), not {value!r}.")
        return value.in_unit(unit)

    if name in _HORIZON:
        made = _HORIZON[name](length("horizon", True) or 0.0)
    elif name in _CAP:
        made = _CAP[name](length("cap", False))
    elif name in _PLAIN:
        made = _PLAIN[name]()
    elif name == "discounted_expected_tenure":
        made = discounted(given.pop("discount", DEFAULT_DISCOUNT).continuous(unit), length("horizon", False))
    else:
        known = ", ".join([*_HORIZON, *_CAP, *_PLAIN, "discounted_expected_tenure"])
        raise ConfigError(f"There is no question {name!r} with an interval. Ask one of: {known}.")
    if given:
        raise ConfigError(f"`{name}` has no argument {', '.join(given)}.")
    return made
