"""Experiments in which subscribers were offered a plan by lot: who got which offer, and what they went on to pay."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from keepers.data.engine import literal, quoted, template
from keepers.data.normalise import fill
from keepers.domain.columns import CANONICAL
from keepers.retention.plan_rows import PACKAGE, PlanMoments
from keepers.retention.trials import CONTROL, Trial, offers_of
from keepers.summaries.calendar_periods import whole_periods
from keepers.summaries.feature_sources import Known, Shop, tables_of
from keepers.summaries.purchases import day_literal

_FEWEST = 30


@dataclass(frozen=True, eq=False)
class PlanTrial:
    """An experiment, and the plans that its offers name, in the order of its arms beside the control."""

    trial: Trial
    plans: tuple[str, ...]


def plan_trial(source: Shop, moments: PlanMoments) -> PlanTrial | None:
    """The latest experiment whose offers are plans and which is long enough ago; None where there is none.

    Only those who subscribed on the day of the offer count. Outcomes are what they paid from that day on, in
    as many whole periods as are over for everybody, and what is expected after that up to the horizon.
    """
    plans = {plan.casefold(): plan for plan in moments.facts.states.plans}
    for name, offers in offers_of(source).items():
        if {offer.casefold() for offer in offers} <= set(plans):
            found = _read(source, moments, name, tuple(sorted(offers)))
            if found is not None:
                return PlanTrial(found, tuple(plans[offer.casefold()] for offer in found.arms[1:]))
    return None


def _read(source: Shop, moments: PlanMoments, name: str, offers: tuple[str, ...]) -> Trial | None:
    engine, tables = tables_of(source)
    facts, unit = moments.facts, moments.facts.summary.unit
    if engine is not moments.values.engine:
        return None
    known, cut = Known(engine, tables, None), day_literal(facts.summary.facts.cut)
    treated = fill(
        template(PACKAGE, "treated"),
        treatments=known.relation(CANONICAL["treatments"]), assignments=known.relation(CANONICAL["assignments"]),
    )  # fmt: skip
    held = engine.create(engine.new_name("treated"), f"SELECT * FROM ({treated}) WHERE experiment = {literal(name)}")
    first, past = engine.row(f"SELECT min(day), {whole_periods('max(day)', cut, unit)} FROM {quoted(held)}")
    ahead = min(int(past), moments.ahead)
    if ahead < 1:
        engine.drop(held)
        return None
    at = PlanMoments(moments.values, ahead)
    table = engine.create(
        engine.new_name("moments"),
        f"SELECT extent.customer_key, extent.spell, extent.start, {whole_periods('extent.start', 'treated.day', unit)} "
        "AS n, treated.day, CASE WHEN treated.day > extent.start THEN treated.day - 1 ELSE treated.day END AS before, "
        f"treated.day AS after, {at.shifted('treated.day', str(ahead))} AS over, treated.offer AS arm, "
        "treated.propensity AS chance "
        "FROM (SELECT customer_key, spell, min(paid_from) AS start, max(until) AS until "
        f"FROM {moments.contracts} AS told GROUP BY ALL) AS extent INNER JOIN {quoted(held)} AS treated "
        "ON treated.customer_key = extent.customer_key AND treated.day >= extent.start AND treated.day < extent.until",
    )
    rows = at.known_at(table)
    engine.drop(table)
    engine.drop(held)
    arms = (CONTROL, *offers)
    arm = np.array([arms.index(one) for one in rows.arm], dtype=np.int64)
    if min(np.bincount(arm, minlength=len(arms))) < _FEWEST:
        return None
    rows.known["expected"] = at.expected(rows.plan, rows.price, rows.age, rows.on_plan)
    usable = bool(np.isfinite(rows.chance).all() and (rows.chance > 0).all() and (rows.chance <= 1).all())
    names = tuple(rows.known)
    return Trial(
        name, arms, rows.keys, arm, rows.outcome, np.zeros(rows.size), rows.chance if usable else None,
        rows.matrix(names, {})[1], names, moments.values.currency, facts.margin.basis, first,
        round(facts.horizon.days),
    )  # fmt: skip
