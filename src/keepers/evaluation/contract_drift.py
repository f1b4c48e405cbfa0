"""Whether contracts still end as a fitted model says: an alarm whose false alarms are as rare as it says."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from keepers.data.engine import quoted, template
from keepers.domain.cells import FloatArray
from keepers.domain.errors import ConfigError, InputError
from keepers.domain.time import ObservationWindow, calendar_shift, parse_day, whole_calendar_periods
from keepers.evaluation.contract_origin import ContractOrigin, open_contract_origin
from keepers.evaluation.drift import ParameterDrift, judged, replicates_for, threshold_of
from keepers.evaluation.drift_statistics import Counted
from keepers.models.contractual.answering import Answering, answering
from keepers.models.contractual.contract import ContractModel
from keepers.models.contractual.known import attributes_known, columns_needed
from keepers.numerics.likelihoods import contract_outlook as outlook
from keepers.summaries.calendar_periods import part_of_period, whole_periods
from keepers.summaries.purchases import day_literal
from keepers.summaries.subscriptions import contract_span, subscription_table, summarise_subscriptions

_PACKAGE = "keepers.evaluation.sql"
_SEED = 20070514
_NORMAL_FROM = 2000
_CHUNK = 4_000_000


class _Group(NamedTuple):
    """Contracts alike in plan, age and what is known of them: how many, of which so many ended in the time since."""

    plan: np.ndarray
    age: FloatArray
    later: FloatArray
    weight: FloatArray
    ended: FloatArray
    known: dict[str, np.ndarray]


def contract_drift(
    model: ContractModel,
    subscriptions: Any,
    fitted_on: dt.date | str,
    until: dt.date | str | None = None,
    *,
    attributes: Any = None,
    false_alarms: float = 0.05,
    checks: int = 1,
    **settings: Any,
) -> ParameterDrift:
    """Say whether contracts still end as a model fitted on an earlier day says, and what moved, without a fit.

    The sibling of `keepers.parameter_drift`. From the posterior of the parameters the time since the fit is drawn:
    which of the contracts that ran then end, given their ages, plans and covariates, and which of those that began
    since. If nothing has changed, the time as it was is one more of them. Whole calendar periods since are counted.

    Parameters
    ----------
    model : fitted model of contracts
        Of the contracts up to `fitted_on`; one that was read from a file will do.
    subscriptions : Table or frame
        All contracts as they are known now, as for `keepers.summarise_subscriptions`.
    fitted_on : date or str
        The last day that the fit knew.
    until : date or str, optional
        Today; the last day on which anything began or ended if left out.
    attributes : frame or Table, optional
        What is known of customers, a row each, where the model has covariates beyond the summary's own columns.
    false_alarms : float
        How likely a false alarm may be over all `checks`.
    checks : int
        How often the question will be asked; each check is then stricter.
    settings
        `grace` and `observed_from`, as for `keepers.summarise_subscriptions`.

    Returns
    -------
    ParameterDrift
        Its statistics are the endings, the share of the younger half among them, and the endings of new contracts.

    Raises
    ------
    ConfigError
        If the model is none of contracts or has covariates that vary in time, or less than a period has passed.
    InputError
        If too few contracts ran, or nothing can be counted.

    Examples
    --------
    >>> import keepers as kp
    >>> import numpy as np
    >>> rng = np.random.default_rng(1)
    >>> start = np.datetime64("2022-01-01") + rng.integers(0, 700, 900)
    >>> end = start + 30 * rng.geometric(rng.beta(0.9, 6.0, 900))
    >>> ended = np.where(end < np.datetime64("2024-01-01"), end.astype(str), None)
    >>> contracts = {"customer_key": np.arange(900).astype(str), "started_on": start.astype(str), "ended_on": ended}
    >>> then = kp.summarise_subscriptions(contracts, kp.ObservationWindow(calibration_end="2023-09-30"))
    >>> kp.contract_drift(kp.ShiftedBetaGeometric().fit(then), contracts, "2023-09-30").alarm
    False
    """
    if not isinstance(model, ContractModel):
        raise ConfigError(f"{type(model).__name__} is no model of contracts; for models of buying see parameter_drift.")
    model._theta()
    if model.varying_coefficients:
        raise ConfigError(
            f"{model.title} has covariates that vary in time, whose values since the fit it does not know. Fit a model "
            "without them to be watched."
        )
    threshold = threshold_of(false_alarms, checks)
    table = subscription_table(subscriptions)
    begun = parse_day(fitted_on, "fitted_on")
    last = contract_span(table)[1] if until is None else parse_day(until, "until")
    periods = whole_calendar_periods(begun, last, model.unit_)
    if periods < 1:
        raise ConfigError(
            f"Between {begun} and {last} less than one {model.unit_.value} has passed, the period of renewals. "
            "Ask later."
        )
    end = calendar_shift(begun, periods, model.unit_)
    columns = columns_needed(model.covariates)
    origin = open_contract_origin(
        table, begun, end, periods, model.unit_, attributes=attributes, columns=columns, **settings
    )
    if isinstance(origin, str):
        raise InputError(origin)
    try:
        groups = [*_known_ones(origin, model, periods), _newcomers(table, origin, model, end, attributes, settings)]
    finally:
        origin.drop()
    replicates = replicates_for(threshold)
    young, old, new = _drawn(model, groups, replicates).T
    rows = np.column_stack([young + old, (young + 0.5) / (young + old + 1.0), new])
    found = Counted(("endings", "young_among_endings", "newcomers_endings"), rows).varying()
    if not found.names:
        raise InputError("There is nothing to judge the model by: no contract can have ended since the fit.")
    return judged(model, found, threshold, (), "contracts")


def _known_ones(origin: ContractOrigin, model: ContractModel, periods: int) -> Iterator[_Group]:
    """The younger half of the contracts that ran on the day of the fit, and the older one."""
    found = origin.outcomes
    age = found.whole if model.family.DISCRETE else found.tenure
    order = np.argsort(age, kind="stable")
    middle = age[order][np.searchsorted(np.cumsum(found.weight[order]), 0.5 * found.contracts)]
    for some in (age < middle, age >= middle):
        known = {name: column[some] for name, column in found.known.items()}
        weight = found.weight[some]
        ended = weight * (found.lasted[some] < periods)
        yield _Group(found.plan[some], age[some], np.full(weight.size, float(periods)), weight, ended, known)


def _newcomers(
    table: Any, origin: ContractOrigin, model: ContractModel, end: dt.date, attributes: Any, settings: dict[str, Any]
) -> _Group:
    """Contracts that began after the fit, by how old they can be."""

    unit, cut = model.unit_, origin.window.calibration_end
    assert cut is not None
    later = summarise_subscriptions(table, ObservationWindow(calibration_end=end), unit, **settings)
    if attributes is not None:
        later = later.with_columns(attributes)
    engine, columns = later.engine, columns_needed(model.covariates)
    rows = engine.columns(
        template(_PACKAGE, "new_contracts").format(
            later=quoted(later.name), cut=day_literal(cut), whole=whole_periods("started_on", day_literal(end), unit),
            part=part_of_period("started_on", day_literal(end), "whole", unit),
            further="".join(f", {quoted(name)} AS known_{place}" for place, name in enumerate(columns)),
        )
    )  # fmt: skip
    for name in (later.name, later.facts.spells):
        engine.drop(name)
    number = {name: np.asarray(rows[name], dtype=np.float64) for name in ("whole", "age", "periods", "tenure", "ended")}
    length, lived = ("whole", "periods") if model.family.DISCRETE else ("age", "tenure")
    # A contract that ended in a period that is not over would not yet have come up for renewal.
    ended = number["ended"] * (number[lived] <= number[length])
    known = {name: rows[f"known_{place}"] for place, name in enumerate(columns)}
    ones = np.ones(ended.size)
    return _Group(np.asarray(rows["plan"]).astype(str), 0.0 * ones, number[length], ones, ended, known)


def _drawn(model: ContractModel, groups: list[_Group], replicates: int) -> FloatArray:
    """Endings of each group, shape (1 + replicates, groups): as they were, then as drawn."""
    rng = np.random.default_rng(_SEED)
    table = np.zeros((replicates + 1, len(groups)))
    theta: dict[int, list[FloatArray]] = {}
    for column, group in enumerate(groups):
        table[0, column] = group.ended.sum()
        for fit, some in _answering(model, group):
            if id(fit.model) not in theta:
                correct = fit.model.n_customers_ < _NORMAL_FROM
                drawn = fit.posterior.draws(replicates, rng, correct=correct)
                theta[id(fit.model)] = [np.ascontiguousarray(one)[:, None] for one in drawn.T]
            pairs, index = np.unique(np.column_stack([group.age[some], group.later[some]]), axis=0, return_inverse=True)
            weight = np.bincount(index.ravel(), weights=group.weight[some]).astype(np.int64)
            for part in np.array_split(np.arange(len(pairs)), max(1, len(pairs) * replicates // _CHUNK)):
                stay = outlook.survival(fit.law, theta[id(fit.model)], pairs[part, 0], pairs[part, 1])
                chance = np.clip(1.0 - stay, 0.0, 1.0)
                table[1:, column] += rng.binomial(weight[part], chance).sum(axis=1)
    return table


def _answering(model: ContractModel, group: _Group) -> Iterator[tuple[Answering, np.ndarray]]:
    attributes, pattern = attributes_known(model.covariates, group.known)
    for plan in np.unique(group.plan):
        own = np.flatnonzero(group.plan == plan)
        yield from answering(model.fit_of(str(plan)), own, group.age, attributes, pattern)
