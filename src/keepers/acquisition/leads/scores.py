"""Which lead to call first: what each open lead is expected to bring, how sure that is, and why."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from keepers.acquisition.leads.conversion import LeadConversion, fit_lead_conversion
from keepers.acquisition.leads.design import lead_design
from keepers.acquisition.leads.hindsight import LeadTest, leads_in_hindsight
from keepers.acquisition.leads.leaks import find_lead_leaks
from keepers.acquisition.leads.reasons import LeadReason, lead_reasons
from keepers.acquisition.leads.table import LeadTable, read_leads
from keepers.acquisition.leads.team import TeamPlan, plan_team, usual_pace
from keepers.acquisition.leads.value import LeadMoney, LeadValue, deal_money, fit_lead_value, lead_money
from keepers.data.table import Table
from keepers.domain.amounts import money as amount
from keepers.domain.cells import FloatArray
from keepers.domain.decision import EvidenceGrade
from keepers.domain.errors import ConfigError, InputError
from keepers.domain.money import Margin
from keepers.domain.time import Horizon, ObservationWindow, years
from keepers.evaluation.leaks import Leak
from keepers.models.btyd.bg_nbd import BGNBD
from keepers.models.spend.gamma_gamma import GammaGamma
from keepers.summaries.feature_sources import tables_of
from keepers.summaries.summary import summarise
from keepers.valuation.lifetime_value import lifetime_value
from keepers.valuation.values import Values

LEVEL = 0.80
WITHIN = years(1)
"""How long a lead may take to become a customer."""
FEWEST, FEWEST_WON = 20, 3
_DRAWS = 200
_SEED = 20261130
_CHUNK = 4_000


@dataclass(frozen=True, eq=False)
class LeadScores:
    """Open leads, the most valuable first, and how they were scored.

    Attributes
    ----------
    table : Table
        A row an open lead: `lead_id`, `customer_key`, `company`, `channel`, `owner`, `came_on`, `age_days`;
        `probability_30d`, `probability_90d` and `probability` of becoming a customer within 30 and 90 days and within
        the time looked at, from today, the last with `_low` and `_high`; `value_if_won`; `expected_value` (chance
        times value less the cost of working on it) with `_low` and `_high`; `rank`, `this_week`, `assigned_to`,
        `reasons`, `prior_share` and `evidence`. Intervals are of the expectation, 80%. Money is empty where nothing is
        known of it; leads are then ranked by their chance.
    leads : LeadTable
        All leads.
    conversion : LeadConversion
    value : LeadValue or None
    plan : TeamPlan
        In the order of the table.
    reasons : list of tuple of LeadReason
        In the order of the table.
    leaks : tuple of Leak
        Columns that were left out because they know the outcome.
    test : LeadTest or None
        How such scores would have done; None where leads are too few or too young.
    within : Horizon
    cost : float
        Of working on one lead.
    prior_share : float
        How much of what is known of the open leads, on average, is prior.
    notes : tuple of str
    """

    table: Table
    leads: LeadTable
    conversion: LeadConversion
    value: LeadValue | None
    plan: TeamPlan
    reasons: list[tuple[LeadReason, ...]]
    leaks: tuple[Leak, ...]
    test: LeadTest | None
    within: Horizon
    cost: float
    prior_share: float
    notes: tuple[str, ...]

    @property
    def money(self) -> LeadMoney | None:
        """What the value is: horizon, basis, discount."""
        return None if self.value is None else self.value.money

    @property
    def meaning(self) -> str:
        """What `expected_value` means, in one sentence."""
        money = self.money
        if money is None:
            return f"Leads are ranked by the chance of becoming a customer within {self.within}; no money is known."
        cost = "the cost of working on it not deducted"
        if self.cost:
            cost = f"less {amount(self.cost, money.currency)} for working on it"
        what = (
            f"size of the deal ({money.basis.value})"
            if money.horizon is None or money.discount is None
            else f"{money.basis.value} over {money.horizon} from the first order, discounted at "
            f"{100 * money.discount.annual:g}% a year"
        )
        return (
            f"Chance of becoming a customer within {self.within} times the {what}, of {len(self.table):,} open leads; "
            f"{cost}, cost of acquisition not deducted."
        )


def score_leads(
    source: Any,
    values: Values | None = None,
    *,
    until: dt.date | str | None = None,
    cost: float = 0.0,
    capacity: Mapping[str, int] | int | None = None,
    may_move: bool = True,
    left_out: tuple[str, ...] = (),
    within: Horizon = WITHIN,
    margin: Margin | None = None,
    tested: bool = True,
) -> LeadScores:
    """Score every open lead by what it is expected to bring, and say whom to call first.

    The chance is that of a discrete-time model of who converts and when: leads that are young are no failures, and a
    share never converts. Its columns are everything the list says of a lead but what was written later, which is found
    and named. The value is what customers who came as leads have brought in relation to what is usual at their age,
    times what a new customer of the store is worth. Few leads lean on priors, and the result says how far.

    The score is predictive: it says which leads will bring most, not what a call adds to them.

    Parameters
    ----------
    source : Dataset or Store
        With leads; with orders for their value.
    values : Values, optional
        Of all customers; made with BG/NBD and Gamma-Gamma if left out.
    until : date or ISO text, optional
        The last day that is known.
    cost : float
        Of working on one lead, in the currency of the orders.
    capacity : mapping of str to int, or int, optional
        Leads a week that each person, or the team, can work on; the pace of the last weeks if left out.
    may_move : bool
        Whether a lead may go to somebody else than its owner.
    left_out : tuple of str
        Columns that are not used, besides those that leak.
    within : Horizon
        How long a lead may take.
    margin : Margin, optional
        For values made here and for deals.
    tested : bool
        Whether to score days of the past and hold them against what followed.

    Raises
    ------
    InputError
        Without leads, without their days, or with too few to say anything.

    Examples
    --------
    >>> from keepers.simulate.demo import demo_store
    >>> found = score_leads(demo_store(customers=900), tested=False)
    >>> found.table.columns[:3], found.conversion.leads > 100
    (('lead_id', 'customer_key', 'company'), True)
    """
    if cost < 0:
        raise ConfigError(f"`cost` is {cost!r}; working on a lead cannot cost less than nothing.")
    leads = read_leads(source, until)
    won = int(leads.won.sum())
    if leads.size < FEWEST or won < FEWEST_WON:
        raise InputError(
            f"There are {leads.size:,} leads with a day, {won:,} of them won. To score leads takes at least {FEWEST} "
            f"and {FEWEST_WON}: {max(FEWEST - leads.size, 0)} more leads and {max(FEWEST_WON - won, 0)} more that were "
            "won."
        )
    leaks = find_lead_leaks(leads)
    barred = (*left_out, *(leak.column for leak in leaks))
    design = lead_design(leads, barred)
    conversion = fit_lead_conversion(leads, design)
    money, notes = _money(source, leads, values, margin or Margin())
    value = None if money is None else fit_lead_value(leads, design, money)
    test = leads_in_hindsight(leads, money, barred) if tested else None
    rows = np.flatnonzero(leads.open)
    columns, codes, age, prior = _scored(leads, conversion, value, rows, within.days, cost)
    worth = columns["expected_value"] if value is not None else columns["probability"]
    order = np.lexsort((-columns["came"].astype(np.int64), -worth))
    rows, codes, age = rows[order], codes[order], age[order]
    columns = {name: column[order] for name, column in columns.items()}
    pace = usual_pace(leads) if capacity is None else capacity
    plan = plan_team(worth[order], leads.owner[rows], pace, may_move=may_move, from_pace=capacity is None)
    reasons = lead_reasons(conversion, value, codes, age, within.days)
    table = _table(leads, rows, columns, plan, reasons)
    return LeadScores(
        table, leads, conversion, value, plan, reasons, leaks, test, within, cost, prior, (*leads.notes, *notes)
    )


def _money(
    source: Any, leads: LeadTable, values: Values | None, margin: Margin
) -> tuple[LeadMoney | None, tuple[str, ...]]:
    """What won leads brought: by orders, else by the size of their deals; and why not, where neither is known."""
    _, tables = tables_of(source)
    found = None
    if "orders" in tables:
        orders = source.orders
        if values is None and orders.has_money:
            summary = summarise(orders, ObservationWindow(end=leads.until), margin)
            values = lifetime_value(BGNBD().fit(summary), GammaGamma().fit(summary), summary)
        if values is not None and values.has_money:
            found = lead_money(leads, orders, values)
            if np.isfinite(found.money).any():
                return found, ()
    deals = deal_money(leads, margin, getattr(source, "currency", "unspecified"))
    if deals is not None:
        return deals, (
            "No order of a customer who came as a lead was found: leads are valued by the size of deals that were won. "
            "Add the orders, with the e-mail addresses that the leads have, to value what comes after the first deal.",
        )
    return found, (
        "No order of a customer who came as a lead was found, and deals carry no size: their value is that of an "
        "average customer." if found is not None else
        "Neither orders nor the size of deals are known: leads are ranked by their chance alone.",
    )  # fmt: skip


def _scored(
    leads: LeadTable, conversion: LeadConversion, value: LeadValue | None, rows: Any, within: float, cost: float
) -> tuple[dict[str, Any], Any, FloatArray, float]:
    """Columns of the open leads, with intervals by draws of the parameters."""
    codes, age = conversion.design.codes(leads)[rows], leads.age[rows].astype(np.float64)
    matrix = conversion.design.matrix(codes)
    chance = conversion.chance(codes, age, within)
    columns: dict[str, Any] = {
        "came": leads.day[rows],
        "probability_30d": conversion.chance(codes, age, 30.0),
        "probability_90d": conversion.chance(codes, age, 90.0),
        "probability": chance,
    }
    points = conversion.fit.draws(_DRAWS, _SEED)
    ratios = None if value is None else value.fit.draws(_DRAWS, _SEED + 1)
    ends = np.zeros((4, rows.size))
    for start in range(0, rows.size, _CHUNK):
        part = slice(start, start + _CHUNK)
        some = matrix[part]
        drawn = np.array([conversion.fit.converting(some, some[:, 1:], age[part], within, point) for point in points])
        ends[:2, part] = np.quantile(drawn, ((1 - LEVEL) / 2, (1 + LEVEL) / 2), axis=0)
        if value is not None and ratios is not None:
            drawn = drawn * value.money.whole * np.exp(ratios @ some.T) - cost
            ends[2:, part] = np.quantile(drawn, ((1 - LEVEL) / 2, (1 + LEVEL) / 2), axis=0)
    columns["probability_low"], columns["probability_high"] = ends[0], ends[1]
    share = conversion.fit.share_of_prior(matrix) if rows.size else np.zeros(0)
    if value is None:
        nothing = np.full(rows.size, np.nan)
        columns |= dict.fromkeys(("value_if_won", *_MONEY), nothing)
    else:
        columns["value_if_won"] = value.value(codes)
        columns["expected_value"] = chance * columns["value_if_won"] - cost
        columns["expected_value_low"], columns["expected_value_high"] = ends[2], ends[3]
        share = 0.5 * (share + value.fit.share_of_prior(matrix)) if rows.size else share
    columns["prior_share"] = share
    return columns, codes, age, float(share.mean()) if rows.size else float("nan")


_MONEY = ("expected_value", "expected_value_low", "expected_value_high")


def _table(
    leads: LeadTable, rows: Any, columns: dict[str, Any], plan: TeamPlan, reasons: list[tuple[LeadReason, ...]]
) -> Table:
    n = rows.size
    made = {
        "lead_id": leads.ids[rows], "customer_key": leads.keys[rows], "company": leads.company[rows],
        "channel": leads.channel[rows], "owner": leads.owner[rows],
        "came_on": leads.day[rows].astype("datetime64[us]"), "age_days": leads.age[rows] - 1,
        "probability_30d": columns["probability_30d"], "probability_90d": columns["probability_90d"],
        "probability": columns["probability"], "probability_low": columns["probability_low"],
        "probability_high": columns["probability_high"], "value_if_won": columns["value_if_won"],
        **{name: columns[name] for name in _MONEY},
        "rank": np.arange(1, n + 1), "this_week": plan.chosen, "assigned_to": plan.person,
        "reasons": np.array(["; ".join(one.text for one in some) for some in reasons], dtype=object),
        "reason_gains": np.array(["; ".join(f"{one.gain:.6g}" for one in some) for some in reasons], dtype=object),
        "prior_share": columns["prior_share"],
        "evidence": np.full(n, EvidenceGrade.PREDICTIVE.value, dtype=object),
    }  # fmt: skip
    engine = leads.engine
    staged = engine.from_columns(engine.new_name("lead_scores"), made)
    texts = (
        "lead_id",
        "customer_key",
        "company",
        "channel",
        "owner",
        "assigned_to",
        "reasons",
        "reason_gains",
        "evidence",
    )
    listed = ", ".join(
        f"CAST({name} AS VARCHAR) AS {name}" if name in texts
        else "CAST(came_on AS DATE) AS came_on" if name == "came_on" else name
        for name in made
    )  # fmt: skip
    table = engine.create(engine.new_name("lead_scores"), f"SELECT {listed} FROM {staged} ORDER BY rank")
    engine.drop(staged)
    return Table(engine, table)
