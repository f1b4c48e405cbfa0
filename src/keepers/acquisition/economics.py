"""The economics of acquisition: what customers of each channel, campaign or month cost and bring, and by when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from keepers.acquisition.claims import claims
from keepers.acquisition.costs import COSTED, Cost, Costs, costs
from keepers.acquisition.lead_counts import LeadCount, lead_counts
from keepers.acquisition.marginal import Marginal, marginal, weeks
from keepers.acquisition.newcomers import AGES, Newcomers, newcomers
from keepers.acquisition.origins import DIMENSIONS, origins
from keepers.acquisition.payback import drawn_cost, payback
from keepers.acquisition.quality import quality
from keepers.acquisition.results import Ahead, ChannelEconomics, Course, Economics
from keepers.acquisition.seen import Seen, ValueSeen, seen
from keepers.acquisition.worth import DRAWS, Worth, interval, worth
from keepers.domain.acquisition import AcquisitionRules
from keepers.domain.errors import ConfigError, InputError
from keepers.domain.money import DEFAULT_DISCOUNT, DiscountRate, Margin
from keepers.domain.time import DEFAULT_HORIZON, LIFETIME_CAP, Horizon, TimeUnit, other_horizon
from keepers.models.btyd.pareto_nbd import ParetoNBD
from keepers.models.buying import BuyingModel
from keepers.summaries.channels import channel_names
from keepers.summaries.summary import Summary, summarise
from keepers.valuation.intervals import central

_SEED = 20060402
_SHOWN_MONTHS = 24
"""Months that curves show at least."""


@dataclass(frozen=True, eq=False)
class Question:
    """What is asked of the customers, the same for every dimension.

    Parameters
    ----------
    dataset : Dataset
        With canonical names of channels.
    found : Newcomers
        The customers.
    paid : Costs or None
        What winning them cost.
    model, horizon, lifetime, discount, rules, seed
        As `channel_economics` takes them.
    notes : tuple of str
        What is missing.
    """

    dataset: Any
    found: Newcomers
    paid: Costs | None
    model: BuyingModel
    horizon: Horizon
    lifetime: Horizon
    discount: DiscountRate
    rules: AcquisitionRules
    seed: int = _SEED
    notes: tuple[str, ...] = ()

    def knows(self, by: str) -> bool:
        """Whether anything is known of a dimension: of customers, or of costs."""
        return self.found.origins.has(by) or (self.paid is not None and by in COSTED)


def channel_economics(
    dataset: Any,
    by: str = "channel",
    *,
    summary: Summary | None = None,
    model: BuyingModel | None = None,
    margin: Margin | float | None = None,
    horizon: Horizon = DEFAULT_HORIZON,
    lifetime: Horizon = LIFETIME_CAP,
    discount: DiscountRate = DEFAULT_DISCOUNT,
    rules: AcquisitionRules | None = None,
    channels: Mapping[str, str] | None = None,
    rates: Mapping[str, float] | None = None,
    seed: int = _SEED,
) -> ChannelEconomics:
    """What customers cost and bring by channel, campaign, landing page, first product, discount code or month.

    Use it to see which channels bring customers worth keeping, and what may be paid for one more. It says what came
    through a channel, not what the channel caused; only the next customer's cost is an estimate of cause, from weeks
    with more and with less spend, and labelled so.

    Parameters
    ----------
    dataset : Dataset or Store
        Orders, and spend; leads, touches, customers and referrals where there are any.
    by : str
        "channel", "campaign", "landing_page", "first_product", "discount_code" or "cohort".
    summary : Summary, optional
        Of the same orders; made of all of them if left out.
    model : BuyingModel, optional
        How customers buy and leave, fitted by group with small groups leaning on the whole; `ParetoNBD()` if left out.
    margin : Margin or float, optional
        From order value to contribution; that of the summary if left out.
    horizon, lifetime : Horizon
        What predicted and lifetime value of a new customer cover.
    discount : DiscountRate
        What later money is worth. Payback is not discounted.
    rules : AcquisitionRules, optional
        Targets and overhead.
    channels : mapping of str to str, optional
        Names of your own for channels.
    rates : mapping of str to float, optional
        Currency to its price in that of the orders, for spend in another one.
    seed : int
        Of the draws.

    Raises
    ------
    ConfigError
        There is no such dimension.
    InputError
        Nothing tells how customers came, or spend is in another currency.

    Examples
    --------
    >>> import keepers as kp
    >>> from keepers.simulate import demo_store
    >>> found = kp.channel_economics(demo_store(customers=300), margin=0.45)
    >>> found.total.cac < found.row("paid social").cac
    True
    """
    question = asked(
        dataset, summary=summary, model=model, margin=margin, horizon=horizon, lifetime=lifetime, discount=discount,
        rules=rules, channels=channels, rates=rates, seed=seed,
    )  # fmt: skip
    return economics_by(question, by)


def asked(
    dataset: Any,
    *,
    summary: Summary | None = None,
    model: BuyingModel | None = None,
    margin: Margin | float | None = None,
    horizon: Horizon = DEFAULT_HORIZON,
    lifetime: Horizon = LIFETIME_CAP,
    discount: DiscountRate = DEFAULT_DISCOUNT,
    rules: AcquisitionRules | None = None,
    channels: Mapping[str, str] | None = None,
    rates: Mapping[str, float] | None = None,
    seed: int = _SEED,
) -> Question:
    """Gather customers, origins and costs once, to ask about several dimensions; see `channel_economics`."""
    names = channel_names(dataset, channels)
    named = names.renamed(dataset)
    if summary is None:
        summary = summarise(dataset.orders, margin=margin)
    used = summary.margin if margin is None else margin if isinstance(margin, Margin) else Margin(margin)
    if used.per_order != summary.margin.per_order:
        raise ConfigError("The summary and the margin differ in whether it is each order's own. Leave `margin` out.")
    found = newcomers(summary, origins(named, summary), used)
    notes = list(names.sentences)
    paid = None
    try:
        paid = costs(named, found, rates)
    except InputError as error:
        notes.append(str(error))
    else:
        if paid is None:
            notes.append(
                "What winning customers costs is not known. A file of marketing spend by day and channel (date, "
                "channel, campaign, amount), as advertising accounts export it, would bring it."
            )
    unknown = found.origins.customers - found.origins.known
    if unknown:
        notes.append(
            f"Of {found.origins.customers:,} customers nobody knows what brought {unknown:,}. A list of touches or of "
            "customers with their channel would tell."
        )
    return Question(
        named, found, paid, model or ParetoNBD(), horizon, lifetime, discount, rules or AcquisitionRules(), seed,
        tuple(notes),
    )  # fmt: skip


def economics_by(question: Question, by: str, *, most: int = 24, draws: int = DRAWS) -> ChannelEconomics:
    """The economics of one dimension, its `most` largest groups valued by themselves.

    Raises
    ------
    ConfigError
        There is no such dimension.
    InputError
        Nothing is known of it.
    """
    found = question.found
    if by not in DIMENSIONS:
        raise ConfigError(f"`by` is {by!r}. Customers are told apart by {', '.join(DIMENSIONS)}.")
    if not question.knows(by):
        raise InputError(
            f"Nothing tells the {by.replace('_', ' ')} of any customer. Add what does: touches, customers with their "
            "channel, or orders that name it."
        )
    paid = {str(label): cost for label, cost in ({} if question.paid is None else question.paid.by(by)).items()}
    there = seen(found, by, paid)
    leads = lead_counts(question.dataset, found, by, paid)
    worths = None
    if found.summary.has_money:
        longest = max(question.lifetime.days, question.rules.payback_months * TimeUnit.MONTH.days)
        worths = worth(
            found, by, question.model, Horizon(longest, TimeUnit.DAY), question.discount, most=most, draws=draws,
            seed=question.seed,
        )  # fmt: skip
    overhead = _overhead(question, paid)
    nexts: dict[str, Marginal | str] = {}
    if by == "channel" and question.paid is not None:
        nexts = {name: marginal(one, question.seed) for name, one in weeks(found, question.paid).items()}
    rows = []
    for label in dict.fromkeys([*there, *paid]):
        brought = there.get(label) or _nobody()
        worth_of = None
        if worths is not None and label in worths.labels:
            worth_of = worths, worths.labels.index(label)
        rows.append(
            _row(question, label, brought, paid.get(label), overhead.get(label, 0.0), leads.get(label), worth_of,
                 nexts.get(label))
        )  # fmt: skip
    rows.sort(key=lambda row: (-(0.0 if row.cost is None else row.cost.cost), -row.customers))
    if by == "cohort":
        rows.sort(key=lambda row: row.label)
    return ChannelEconomics(
        by=by,
        rows=tuple(rows),
        total=_total(question, there, worths, sum(overhead.values()), leads),
        claims=None if by != "channel" or question.paid is None else claims(
            question.dataset, question.paid, paid, there
        ),
        quality=quality(found) if by == "channel" and found.summary.has_money else (),
        told_by=found.origins.told_by,
        rules=question.rules,
        basis=found.basis,
        currency=found.summary.currency,
        horizon=question.horizon,
        lifetime_horizon=question.lifetime,
        discount=question.discount,
        first=None if question.paid is None else question.paid.first,
        last=None if question.paid is None else question.paid.last,
        notes=question.notes,
    )  # fmt: skip


def _row(
    question: Question,
    label: str,
    brought: Seen,
    cost: Cost | None,
    overhead: float,
    leads: LeadCount | None,
    worth_of: tuple[Worth, int] | None,
    next_one: Marginal | str | None,
) -> Economics:
    plain = Economics(
        label, brought.customers, brought.new_customers if cost is not None else 0, cost, overhead, leads,
        brought.values, brought.one_time, marginal=next_one,
    )  # fmt: skip
    if worth_of is None:
        return plain
    worths, place = worth_of
    rules = question.rules
    curve = worths.curve[:, place]
    lifetime = worths.discounted(question.lifetime)[:, place]
    early = worths.by_age(rules.payback_months * TimeUnit.MONTH.days)[:, place]
    back = ratio = drawn = None
    if plain.cac_loaded is not None and cost is not None and cost.cost + overhead > 0:
        rng = np.random.default_rng(question.seed)
        drawn = drawn_cost(cost.cost + overhead, plain.new_customers, curve.shape[0] - 1, rng)
        back = payback(worths.ages, curve, drawn, rules.payback_months)
        ratio = interval(lifetime / drawn)
    ahead = []
    for horizon in (question.horizon, other_horizon(question.horizon)):
        if horizon.days < question.lifetime.days:
            value = worths.discounted(horizon)[:, place]
            ahead.append(Ahead(horizon, interval(value), None if drawn is None else interval(value / drawn)))
    return Economics(
        label, plain.customers, plain.new_customers, cost, overhead, leads, plain.values, plain.one_time,
        ahead=tuple(ahead),
        predicted=interval(worths.discounted(question.horizon)[:, place]),
        lifetime=interval(lifetime),
        payback=back,
        ratio=ratio,
        max_cac=interval(np.maximum(np.minimum(early, lifetime / rules.ratio), 0.0)),
        course=_course(worths, place, rules),
        prior_share=float(worths.shrinkage[place]),
        marginal=next_one,
    )  # fmt: skip


def _total(
    question: Question, there: Mapping[str, Seen], worths: Worth | None, overhead: float, leads: Mapping[str, LeadCount]
) -> Economics:
    """All customers together: the blended figures, over the days of which any cost is known."""
    cost = None if question.paid is None else question.paid.total
    everybody = _all_together(list(there.values()))
    if question.paid is not None:
        found = question.found
        count = found.engine.row(
            f"SELECT count(*) FROM ({found.table.sql}) AS newcomer "
            f"WHERE first_day BETWEEN DATE '{question.paid.first}' AND DATE '{question.paid.last}'"
        )[0]
        everybody = Seen(everybody.customers, int(count), everybody.values, everybody.one_time)
    mixed = None if worths is None else (worths.mixed(worths.customers), 0)
    return _row(question, "all", everybody, cost, overhead, _all_leads(leads), mixed, None)


def _all_together(groups: list[Seen]) -> Seen:
    values = []
    for place, age in enumerate(found.age for found in groups[0].values):
        old = [group.values[place] for group in groups if group.values[place].customers]
        count = sum(one.customers for one in old)
        if not count:
            values.append(ValueSeen(age, 0))
            continue
        mean = sum(one.customers * (one.value or 0.0) for one in old) / count
        away = np.sqrt(sum((one.customers * ((one.high or 0.0) - (one.low or 0.0)) / 2) ** 2 for one in old)) / count
        values.append(ValueSeen(age, count, mean, float(mean - away), float(mean + away)))
    asked_of = [group for group in groups if group.one_time is not None]
    weight = sum(group.at(365).customers for group in asked_of)
    one_time = sum((group.one_time or 0.0) * group.at(365).customers for group in asked_of) / weight if weight else None
    return Seen(
        sum(group.customers for group in groups), sum(group.new_customers for group in groups), tuple(values), one_time,
    )  # fmt: skip


def _all_leads(leads: Mapping[str, LeadCount]) -> LeadCount | None:
    if not leads:
        return None
    ripe, won = sum(one.ripe for one in leads.values()), sum(one.won for one in leads.values())
    first = next(iter(leads.values()))
    return LeadCount(
        sum(one.leads for one in leads.values()), sum(one.all_leads for one in leads.values()), ripe, won,
        won / ripe if ripe else 0.0, first.patience,
    )  # fmt: skip


def _overhead(question: Question, paid: Mapping[str, Cost]) -> dict[str, float]:
    """Each group's part of the overhead of the days of which costs are known, by what was spent on it."""
    if question.paid is None or not question.rules.overhead:
        return {}
    whole = question.rules.overhead * question.paid.total.months
    spent = sum(cost.spend for cost in paid.values())
    return {label: whole * cost.spend / spent for label, cost in paid.items()} if spent > 0 else {}


def _course(worths: Worth, place: int, rules: AcquisitionRules) -> Course:
    last = int(worths.ages[-1] // TimeUnit.MONTH.days)
    months = np.arange(0, min(last, max(_SHOWN_MONTHS, int(2 * rules.payback_months))) + 1)
    by_month = np.stack([worths.by_age(float(month) * TimeUnit.MONTH.days)[:, place] for month in months], axis=1)
    low, high = np.quantile(by_month[1:], central(0.80), axis=0)
    return Course(by_month[0], low, high)


def _nobody() -> Seen:
    """Of a group that cost money and brought nobody."""
    return Seen(0, 0, tuple(ValueSeen(age, 0) for age in AGES), None)
