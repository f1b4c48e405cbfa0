"""What every subscription is worth: how long it lasts, what it pays meanwhile, margin and discount."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from keepers.data.engine import Engine, literal, quoted, template
from keepers.data.table import Table
from keepers.domain.errors import ConfigError, InputError
from keepers.domain.money import DEFAULT_DISCOUNT, DiscountRate, Margin, MoneyBasis
from keepers.domain.outcome import FitOutcome
from keepers.domain.time import DEFAULT_HORIZON, LIFETIME_CAP, Horizon, TimeUnit
from keepers.models.contractual.contract import ContractModel
from keepers.models.contractual.known import attributes_known, columns_needed
from keepers.numerics.likelihoods import contract_outlook as outlook
from keepers.summaries.calendar_periods import whole_periods
from keepers.summaries.free_plans import latest_sql
from keepers.summaries.plan_history import plan_history
from keepers.summaries.purchases import day_literal
from keepers.summaries.subscriptions import SubscriptionSummary
from keepers.valuation.facts import horizon_label
from keepers.valuation.plan_states import MOST_ON_FREE, PlanStates
from keepers.valuation.subscription_cells import SubscriptionCells, expected_units
from keepers.valuation.subscription_draws import spread_units

_PACKAGE = "keepers.valuation.sql"
_ENDS = (0.10, 0.90)
_SEED = 20100101
_MONTHS = {TimeUnit.DAY: 12.0 / 365.0, TimeUnit.WEEK: 12.0 / 52.0, TimeUnit.MONTH: 1.0, TimeUnit.YEAR: 12.0}


@dataclass(frozen=True, slots=True, eq=False)
class PricedCells:
    """Distinct situations of customers with what they pay; arrays of shape (n,).

    Parameters
    ----------
    cells : SubscriptionCells
        The situations.
    customers, price, squares : arrays
        Customers in each, the sum of their prices a month, and that of the squares.
    worth, worth_squares : arrays
        The same of the prices that units stand for: on plans that cost nothing the one that these are compared with.
    deviations : dict of str to array
        Standard deviation of what a price of one brings, by the column of the value.
    """

    cells: SubscriptionCells
    customers: np.ndarray
    price: np.ndarray
    squares: np.ndarray
    worth: np.ndarray
    worth_squares: np.ndarray
    deviations: dict[str, np.ndarray]


@dataclass(frozen=True, slots=True)
class SubscriptionValueFacts:
    """What a table of values of subscriptions means and was made of."""

    summary: SubscriptionSummary
    """The contracts."""
    model: ContractModel
    """The model of their duration."""
    states: PlanStates
    """Changes of plan, pauses and returns."""
    horizon: Horizon
    """What "predicted" covers."""
    discount: DiscountRate
    """What later money is worth now."""
    lifetime: Horizon
    """What "lifetime" covers."""
    margin: Margin
    """From price to contribution."""
    cells: PricedCells | None = None
    """Distinct situations of customers, with their prices."""

    @property
    def scale(self) -> float:
        """From a price a month to contribution a period."""
        return _MONTHS[self.summary.unit] * self.margin.factor

    @property
    def delta(self) -> float:
        """Continuous discount rate of a period."""
        return self.discount.continuous(self.summary.unit)


class SubscriptionValues(Table):
    """A table of the engine, one row a customer, with what the customer's last subscription will bring.

    Columns, where 12m stands for the horizon:

    - `customer_key`, `plan`, `state`, `started_on`, `ended_on`, `end_kind`, `tenure`, `mrr`, `revenue`
    - `churn_probability`: that the contract ends within `churn_horizon_days`; 1 for who left
    - `renewal_probability`: that it outlasts one more period; `expected_residual_tenure`: periods within the
      lifetime's cap
    - `clv_historic`: what it brought so far; `clv_predicted_12m`: expected within the horizon, discounted;
      `clv_lifetime`: within the stated lifetime; `clv_infinite`: without end. Contracts that follow, of customers who
      left or will leave and come back, are in all of them; nothing where nobody was ever seen to come back
    - `clv_predicted_12m_low`, `_high`, `clv_lifetime_low`, `_high`: the 80% interval of what will really come
    - `clv_if_stays`: what it would bring within the horizon if the contract certainly ran on; `money_at_risk`: how much
      more that is than what is expected, zero for who left
    - columns joined to the summary that the model has as covariates, such as `channel`
    - `clv_percentile`, `clv_basis`, `clv_model_version`, and `clv_scored_at` if the caller has a clock
    """

    def __init__(self, engine: Engine, name: str, facts: SubscriptionValueFacts) -> None:
        super().__init__(engine, name)
        self.facts = facts

    @property
    def value_column(self) -> str:
        """Name of the column with the value predicted for the horizon."""
        return f"clv_predicted_{horizon_label(self.facts.horizon)}"

    @property
    def has_money(self) -> bool:
        """Whether prices are known; columns of money are empty otherwise."""
        return self.facts.summary.has_money

    @property
    def basis(self) -> MoneyBasis:
        """What the money is."""
        return self.facts.margin.basis

    @property
    def currency(self) -> str:
        """Currency, or "unspecified"."""
        return self.facts.summary.currency

    @property
    def meaning(self) -> str:
        """The five things that say what a sum of `value_column` means, in one sentence."""
        facts = self.facts
        if not self.has_money:
            return "The subscriptions carry no prices: how long they last is predicted, and no money."
        margin = f" at {facts.margin.rate:.0%}" if facts.margin.rate is not None else ""
        return (
            f"{self.basis.value.capitalize()}{margin} of subscriptions over {facts.horizon} from "
            f"{facts.summary.facts.cut}, of customers who subscribed before, payments after that day alone, discounted "
            f"at {100 * facts.discount.annual:g}% a year, cost of acquisition not deducted."
        )

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a person should know of how the values were made."""
        facts, remarks = self.facts, []
        if facts.model.outcome_ is FitOutcome.NO_ENDINGS:
            remarks.append(
                "No contract has ended yet. Price by churn would be infinite; the values here are finite, because the "
                "prior holds some churn to be likely, and their intervals are as wide as that leaves them."
            )
        if not facts.states.returns_seen:
            remarks.append("Nobody was seen to come back after leaving, so customers who left are worth nothing here.")
        elif facts.delta <= 0:
            remarks.append(
                "Customers come back and later money counts in full, so that what they bring without end is infinite; "
                "give a discount, or read the values within a time."
            )
        if facts.states.free:
            named = " and ".join(f"“{facts.states.plans[place]}”" for place in facts.states.free)
            remarks.append(
                f"Who is on {named}, which costs nothing, is worth what those who move to a paid plan bring, as often "
                "and as soon as others did."
                if facts.states.upgrades_seen
                else f"Nobody was seen to move from {named}, which costs nothing, to a paid plan, so that it cannot be "
                "said what its subscribers may bring one day; nothing is counted for them."
            )
        return (*facts.summary.remarks, *remarks)


def subscription_value(
    model: ContractModel,
    summary: Any,
    horizon: Horizon = DEFAULT_HORIZON,
    discount: DiscountRate = DEFAULT_DISCOUNT,
    margin: Margin | float | None = None,
    *,
    lifetime: Horizon = LIFETIME_CAP,
    scored_at: dt.datetime | None = None,
    seed: int = _SEED,
    without_prices: bool = False,
) -> SubscriptionValues:
    """What every customer's subscription will bring from now on, and how sure that is.

    The expected value is the sum over coming payments of the chance that the contract still runs by then, times the
    price expected by then, discounted from the payment's own time, times margin. The price starts from the customer's
    own and moves with the changes of plan and the pauses that were seen; rows of plans that were seen rarely lean
    on all plans. Who is on a plan that costs nothing moves to a paid one, and pays its mean price, as others did who
    had been on it as long. A payment made before the cut is not counted. Where customers were ever seen to come back,
    what they bring then is in the value: of those who left and of those who will, however often.

    Discrete models pay at renewals, the first at `next_renewal`; continuous ones as time flows. The 80% interval is one
    of what will really come: tenure, changes of plan, pauses and returns at random, and the parameters uncertain.

    A value without end is finite for any discount above zero; without one it is infinite where customers come back.
    Price divided by churn is infinite where nobody has left yet; here the prior holds some churn to be likely, and
    `remarks` says so.

    Parameters
    ----------
    model : fitted model of contracts
        With a fit of each plan (``fit(summary, by="plan")``) each contract is answered by that of its plan.
    summary : SubscriptionSummary
        As `summarise_subscriptions` makes it, in the model's period.
    horizon : Horizon
        What "predicted" covers.
    discount : DiscountRate
        What later money is worth now.
    margin : Margin or float, optional
        The part of the price that is contribution, 0.8 for 80%; net revenue without it.
    lifetime : Horizon
        The cap that `clv_lifetime` covers.
    scored_at : datetime, optional
        The present moment, for the column `clv_scored_at`.
    seed : int
        Of the intervals' draws.
    without_prices : bool
        Whether subscriptions without any price are answered, with empty columns of money, rather than refused.

    Returns
    -------
    SubscriptionValues

    Raises
    ------
    ConfigError
        If the model counts another period than the summary, or the margin is one of orders.
    InputError
        If the summary is none of subscriptions, or no prices are known.

    Examples
    --------
    >>> import keepers as kp
    >>> contracts = {
    ...     "customer_key": list("abcdef"), "plan": ["small", "large"] * 3, "amount": [10.0, 25.0] * 3,
    ...     "started_on": ["2024-01-15", "2024-02-01", "2024-02-10", "2024-03-05", "2024-03-20", "2024-05-01"],
    ...     "ended_on": [None, None, "2024-06-10", None, "2024-05-20", None],
    ... }
    >>> summary = kp.summarise_subscriptions(contracts, kp.ObservationWindow(calibration_end="2024-06-30"))
    >>> model = kp.ShiftedBetaGeometric().fit(summary)
    >>> values = kp.subscription_value(model, summary, kp.months(12), margin=0.8).to_numpy()
    >>> [round(float(value)) for value in values["clv_predicted_12m"]]
    [69, 151, 0, 147, 0, 139]
    """
    if not isinstance(model, ContractModel):
        raise ConfigError(
            f"{type(model).__name__} is no model of contracts. Use ShiftedBetaGeometric, BetaDiscreteWeibull, "
            "ExponentialGamma or WeibullGamma; for orders without a contract see `lifetime_value`."
        )
    if not isinstance(summary, SubscriptionSummary):
        raise InputError(
            f"A {type(summary).__name__} is no summary of subscriptions. Make one with "
            "`keepers.summarise_subscriptions`."
        )
    used = margin if isinstance(margin, Margin) else Margin(margin)
    if used.per_order:
        raise ConfigError("A subscription has no orders to carry a margin. Give a rate, for example margin=0.8.")
    model.fit_of("")
    if model.unit_ is not summary.unit:
        raise ConfigError(
            f"The model counts {model.unit_.value}s and the summary {summary.unit.value}s, and calendar periods do "
            f'not convert. Make the summary with period="{model.unit_.value}", or fit the model to this one.'
        )
    if not summary.has_money and not without_prices:
        raise InputError(
            "No price of any subscription is known, so that there is nothing to value. Give a column `amount`; how "
            "long contracts last the model answers without it."
        )
    states = PlanStates.of(plan_history(summary))
    facts = SubscriptionValueFacts(summary, model, states, horizon, discount, lifetime, used)
    name, cells = _values(facts, scored_at, seed)
    return SubscriptionValues(summary.engine, name, replace(facts, cells=cells))


def _values(facts: SubscriptionValueFacts, scored_at: dt.datetime | None, seed: int) -> tuple[str, PricedCells]:
    summary, unit = facts.summary, facts.summary.unit
    engine = summary.engine
    gone = f"({whole_periods('ended_on', day_literal(summary.facts.cut), unit)})"
    known = columns_needed(facts.model.covariates)
    missing = [name for name in known if name not in summary.columns]
    if missing:
        raise InputError(
            f"The model has covariates, and the summary of subscriptions lacks {', '.join(missing)}. Join what is "
            "known of customers: summary.with_columns(table)."
        )
    states = facts.states
    free = tuple(states.plans[place] for place in states.free)
    latest = latest_sql(summary, free, MOST_ON_FREE)
    unpaid = f"(mrr = 0 AND plan IN ({', '.join(map(literal, free))}))" if free else "FALSE"
    key = engine.columns(
        template(_PACKAGE, "subscription_cells").format(
            gone=gone, latest=latest, free=unpaid,
            known="".join(f", {quoted(name)} AS known_{place}" for place, name in enumerate(known)),
            places="".join(f", {12 + place}" for place in range(len(known))),
        )
    )  # fmt: skip
    cells = _cells(facts, key, {name: key[f"known_{place}"] for place, name in enumerate(known)})
    plain = _plain(facts, cells)
    money, deviations = _money(facts, cells, seed)
    table = engine.from_columns(engine.new_name("subscription_cells"), {**key, **plain, **money})
    value = f"clv_predicted_{horizon_label(facts.horizon)}"
    constants = [
        f"CAST({round(facts.horizon.days)} AS INTEGER) AS churn_horizon_days",
        f"{literal(facts.margin.basis.value)} AS clv_basis",
        f"{literal(facts.model.name)} AS clv_model_version",
    ]
    # What the model knew of customers beyond their contracts, so that the values can be understood, and made again.
    constants += [f"customer.{quoted(name)}" for name in known if name in summary.facts.attributes]
    if scored_at is not None:
        moment = scored_at if scored_at.tzinfo is None else scored_at.astimezone(dt.UTC).replace(tzinfo=None)
        constants.append(f"TIMESTAMP {literal(moment.isoformat(sep=' ', timespec='seconds'))} AS clv_scored_at")
    name = engine.create(
        engine.new_name("subscription_values"),
        template(_PACKAGE, "subscription_values").format(
            gone=gone,
            scale=repr(facts.scale),
            margin=repr(facts.margin.factor),
            latest=latest,
            free=unpaid,
            unit_price=repr(states.free_price),
            cells=quoted(table),
            plain=", ".join(f"cell.{column}" for column in plain),
            money=", ".join(f"customer.price * cell.{column} AS {column}" for column in money),
            value=value,
            known="".join(
                f" AND cell.known_{place} IS NOT DISTINCT FROM customer.{quoted(name)}"
                for place, name in enumerate(known)
            ),
            constants=", ".join(constants),
        ),
    )
    engine.drop(table)
    customers, price, squares, freely = (
        np.asarray(key[column], dtype=np.float64) for column in ("customers", "mrr_sum", "mrr_squares", "free")
    )
    worth, worth_squares = price + freely * states.free_price, squares + freely * states.free_price**2
    return name, PricedCells(cells, customers, price, squares, worth, worth_squares, deviations)


def _cells(facts: SubscriptionValueFacts, key: dict[str, Any], known: dict[str, Any]) -> SubscriptionCells:
    place = {plan: index for index, plan in enumerate(facts.states.plans)}
    age = key["periods"] if facts.model.family.DISCRETE else key["tenure"]
    attributes, pattern = attributes_known(facts.model.covariates, known)
    plans = np.array([place[str(plan)] for plan in key["plan"]], dtype=np.int64)
    return SubscriptionCells(
        facts.states.state(plans, np.asarray(key["on_free"], dtype=np.int64)),
        key["state"] == "paused",
        key["state"] == "ended",
        np.asarray(age, dtype=np.float64),
        np.asarray(key["next_renewal"], dtype=np.float64),
        np.asarray(key["gone"], dtype=np.int64),
        pattern,
        attributes,
    )


def _plain(facts: SubscriptionValueFacts, cells: SubscriptionCells) -> dict[str, np.ndarray]:
    """Columns that are no money."""
    unit = facts.summary.unit
    horizon, cap = facts.horizon.in_unit(unit), facts.lifetime.in_unit(unit)
    found = {name: np.zeros(cells.age.size) for name in ("churn_probability", "renewal_probability")}
    found["expected_residual_tenure"] = np.zeros(cells.age.size)
    found["churn_probability"][cells.ended] = 1.0
    for _, fit, rows in cells.answering(facts.model, facts.states, cap):
        some = rows[~cells.ended[rows]]
        if some.size:
            law, theta, age = fit.law, fit.theta, cells.age[some]
            found["churn_probability"][some] = 1.0 - outlook.survival(law, theta, age, horizon)
            found["renewal_probability"][some] = outlook.survival(law, theta, age, 1.0)
            found["expected_residual_tenure"][some] = outlook.residual_tenure(law, theta, age, cap)
    return found


def _money(
    facts: SubscriptionValueFacts, cells: SubscriptionCells, seed: int
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Columns that a customer's price is multiplied with, and the standard deviations behind them."""
    unit = facts.summary.unit
    delta = facts.delta
    lengths = (facts.horizon.in_unit(unit), facts.lifetime.in_unit(unit))
    label = f"clv_predicted_{horizon_label(facts.horizon)}"
    columns: dict[str, np.ndarray] = {}
    deviations: dict[str, np.ndarray] = {}
    spread = spread_units(facts.model, facts.states, cells, delta, lengths, _ENDS, seed)
    for name, length, (low, high, deviation) in zip((label, "clv_lifetime"), lengths, spread, strict=True):
        columns[name] = expected_units(facts.model, facts.states, cells, delta, length)
        columns |= {f"{name}_low": low, f"{name}_high": high}
        deviations[name] = deviation
    columns["clv_infinite"] = expected_units(facts.model, facts.states, cells, delta, None)
    columns["clv_if_stays"] = expected_units(facts.model, facts.states, cells, delta, lengths[0], stays=True)
    columns["money_at_risk"] = np.where(cells.ended, 0.0, np.maximum(columns["clv_if_stays"] - columns[label], 0.0))
    return columns, deviations
