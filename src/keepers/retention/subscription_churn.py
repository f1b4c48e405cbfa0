"""Early warning for subscriptions: whose contract may end within the horizon, why, and what that would cost."""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Mapping

import numpy as np
from scipy import special

from keepers.data.engine import quoted
from keepers.domain.cells import FloatArray
from keepers.domain.errors import ConfigError, FitError, InputError
from keepers.domain.time import Horizon, ObservationWindow, TimeUnit
from keepers.models.contractual.answering import answering
from keepers.models.contractual.contract import ContractModel
from keepers.models.contractual.known import attributes_known, columns_needed
from keepers.numerics.likelihoods import contract_outlook as outlook
from keepers.retention.reasons import OF_SUBSCRIBERS, Input
from keepers.retention.risk import Past, fit_risk
from keepers.retention.signals import signals
from keepers.retention.warnings import EarlyWarnings, WarningFacts, scored
from keepers.summaries.feature_sources import Shop
from keepers.summaries.subscriptions import SubscriptionSummary, summarise_subscriptions
from keepers.valuation.subscription_value import SubscriptionValues

_AHEAD = {
    TimeUnit.DAY: Horizon(30, TimeUnit.DAY),
    TimeUnit.WEEK: Horizon(13, TimeUnit.WEEK),
    TimeUnit.MONTH: Horizon(3, TimeUnit.MONTH),
    TimeUnit.YEAR: Horizon(1, TimeUnit.YEAR),
}
_ORIGINS = 2
_LARGEST_FIT = 100_000
_CLIP = 1e-4
_INPUTS: tuple[Input, ...] = tuple(one for reason in OF_SUBSCRIBERS for one in reason.inputs)


def subscription_warnings(data: Shop, values: SubscriptionValues, horizon: Horizon | None = None) -> EarlyWarnings:
    """Whose subscription may end within the horizon, with reasons, the greatest expected loss first.

    What is usual is the hazard of the model of contracts at the contract's age and plan. Failed payments (past due),
    falling engagement, negative feedback, refunds and complaints add to it on the log-odds, as in `early_warnings`.
    An export of subscriptions says who is past due today, and not who was at an origin in the past; its weight is the
    prior's unless failed orders tell more.

    Parameters
    ----------
    data : Dataset or simulated Store
        Subscriptions, and whatever else is known of the subscribers.
    values : SubscriptionValues
        What they are worth.
    horizon : Horizon, optional
        A quarter of a year if left out (a year for yearly contracts).

    Raises
    ------
    ConfigError
        If the horizon has no length.
    """
    summary, model = values.facts.summary, values.facts.model
    ahead = horizon or _AHEAD[summary.unit]
    if ahead.days < 1:
        raise ConfigError(f"The horizon of early warnings is {ahead}; make it a day or more, such as months(3).")
    pasts = [one for one in _pasts(data, summary, model, ahead) if one is not None]
    risk = fit_risk(_INPUTS, pasts)
    engine = summary.engine
    seen = _seen(data, summary, model, ahead, values)
    facts = WarningFacts(
        kind="subscriber",
        horizon=ahead,
        day=summary.facts.cut,
        reasons=OF_SUBSCRIBERS,
        risk=risk,
        model=model.title,
        has_money=values.has_money,
        currency=values.currency,
    )
    found = scored(engine, seen, facts)
    engine.drop(seen)
    return found


def _pasts(data: Shop, summary: SubscriptionSummary, model: ContractModel, ahead: Horizon) -> list[Past | None]:
    found: list[Past | None] = []
    table = data.tables.get("subscriptions")
    if table is None:
        return found
    for back in range(_ORIGINS, 0, -1):
        cut = summary.facts.cut - dt.timedelta(days=round(back * ahead.days))
        try:
            then = summarise_subscriptions(table, ObservationWindow(calibration_end=cut), summary.unit)
            if summary.facts.attributes:
                then = then.with_columns(summary.attribute_table())
            fitted = copy.copy(model)
            fitted.plans_ = {}
            found.append(_past(data, then, fitted.fit(then), summary, ahead))
        except (InputError, FitError):
            # Too few contracts by then.
            continue
    return found


def _past(
    data: Shop, then: SubscriptionSummary, model: ContractModel, now: SubscriptionSummary, ahead: Horizon
) -> Past | None:
    engine = then.engine
    seen = _seen(data, then, model, ahead, None)
    until = then.facts.cut + dt.timedelta(days=round(ahead.days))
    columns = ", ".join(f"{one.sql} AS {one.name}" for one in _INPUTS)
    rows = engine.columns(
        f"SELECT logit_usual, tenure, {columns}, EXISTS (SELECT 1 FROM {quoted(now.name)} AS later "
        "WHERE later.customer_key = seen.customer_key AND later.started_on = seen.started_on "
        f"AND later.ended_on <= DATE '{until.isoformat()}') AS gone FROM ("
        f"SELECT * FROM {quoted(seen)} ORDER BY hash(customer_key) LIMIT {_LARGEST_FIT}) AS seen ORDER BY customer_key"
    )
    engine.drop(seen)
    if not rows["logit_usual"].size:
        return None
    return Past(
        usual=np.asarray(rows["logit_usual"], dtype=np.float64),
        inputs=np.column_stack([np.asarray(rows[one.name], dtype=np.float64) for one in _INPUTS]),
        left=np.asarray(rows["gone"], dtype=np.float64),
        rivals={
            "the model's chance of ending": np.asarray(rows["logit_usual"], dtype=np.float64),
            "the youngest contracts": -np.asarray(rows["tenure"], dtype=np.float64),
        },
    )


def _seen(
    data: Shop, summary: SubscriptionSummary, model: ContractModel, ahead: Horizon, values: SubscriptionValues | None
) -> str:
    """A table of the contracts that run, with everything that inputs are made of."""
    engine = summary.engine
    known = {name: f"known_{place}" for place, name in enumerate(columns_needed(model.covariates))}
    listed = "".join(f", {quoted(name)} AS {called}" for name, called in known.items())
    runs = engine.columns(
        f"SELECT DISTINCT plan, tenure, periods{listed} FROM {quoted(summary.name)} WHERE latest AND NOT ended "
        "ORDER BY ALL"
    )
    columns = {name: runs[called] for name, called in known.items()}
    length = ahead.in_unit(summary.unit)
    chance = _ending(model, runs["plan"], runs["tenure"], runs["periods"], columns, length)
    table = engine.from_columns(
        engine.new_name("contract_risk"),
        {
            "plan": runs["plan"],
            "tenure": runs["tenure"],
            **{called: runs[called] for called in known.values()},
            "logit_usual": special.logit(np.clip(chance, _CLIP, 1.0 - _CLIP)),
        },
    )
    running = f"SELECT customer_key, started_on AS first_day FROM {quoted(summary.name)} WHERE latest AND NOT ended"
    late = None
    if values is not None:
        late = f"SELECT customer_key FROM {quoted(summary.name)} WHERE latest AND state = 'past_due'"
    signalled = signals(engine, data.tables, running, summary.facts.cut, late)
    stake, join = "CAST(NULL AS DOUBLE) AS value_at_stake", ""
    if values is not None:
        stake = "worth.clv_if_stays AS value_at_stake" if values.has_money else stake
        join = f" INNER JOIN {quoted(values.name)} AS worth ON worth.customer_key = contract.customer_key"
    alike = "".join(f" AND cell.{called} IS NOT DISTINCT FROM contract.{quoted(one)}" for one, called in known.items())
    name = engine.create(
        engine.new_name("seen"),
        "SELECT signal.*, contract.started_on, contract.tenure, cell.logit_usual, "
        "CAST(NULL AS BIGINT) AS silence_days, "
        f"CAST(NULL AS DOUBLE) AS usual_gap_days, {stake} FROM {quoted(summary.name)} AS contract "
        f"INNER JOIN {quoted(table)} AS cell ON cell.plan IS NOT DISTINCT FROM contract.plan "
        f"AND cell.tenure = contract.tenure{alike} "
        f"INNER JOIN {quoted(signalled)} AS signal ON signal.customer_key = contract.customer_key{join} "
        "WHERE contract.latest AND NOT contract.ended",
    )
    engine.drop(table)
    engine.drop(signalled)
    return name


def _ending(
    model: ContractModel,
    plan: np.ndarray,
    tenure: np.ndarray,
    periods: np.ndarray,
    known: Mapping[str, np.ndarray],
    length: float,
) -> FloatArray:
    """Chance of contracts to end within a time, by plan, age and what else is known of them."""
    age = np.asarray(periods if model.family.DISCRETE else tenure, dtype=np.float64)
    attributes, pattern = attributes_known(model.covariates, known)
    found = np.zeros(age.size)
    names = np.array([str(name) for name in plan])
    for name in np.unique(names):
        own = np.flatnonzero(names == name)
        for fit, some in answering(model.fit_of(str(name)), own, age, attributes, pattern, length):
            found[some] = 1.0 - outlook.survival(fit.law, fit.theta, age[some], length)
    return found
