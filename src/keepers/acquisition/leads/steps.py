"""What e-mails, offers and pages add to leads: by experiment where there is one, else against leads that are alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from keepers.acquisition.leads.scores import LeadScores
from keepers.acquisition.leads.table import PACKAGE, LeadTable
from keepers.data.engine import quoted, template
from keepers.data.normalise import fill
from keepers.domain.cells import FloatArray
from keepers.domain.columns import CANONICAL
from keepers.domain.decision import EvidenceGrade
from keepers.numerics.conversion import Outcome
from keepers.numerics.logistic import fit_logistic
from keepers.summaries.feature_sources import Known, tables_of

LANDMARK = 7
"""Days after a lead came by which it has taken a step or not; those that closed before say nothing of it."""
_FEWEST, _FEWEST_WON, _MOST = 30, 5, 8
_TRIM = 0.05
_Z80 = float(special.ndtri(0.9))


@dataclass(frozen=True, slots=True)
class StepEffect:
    """What one step added to a lead that took it.

    Attributes
    ----------
    step : str
        The sequence, offer, experiment or page.
    kind : str
        `e-mail`, `offer`, `experiment` or `page`.
    leads, without : int
        Leads that took it, and those they are compared with.
    days : int
        How long wins were waited for.
    chance, chance_low, chance_high : float
        What it added to the chance of a win, with the 80% interval.
    value, value_low, value_high : float
        The same in money a lead; NaN without money.
    evidence : EvidenceGrade
        Experimental where chance decided, else adjusted: leads alike in all that is known, which what nobody wrote
        down may still tell apart.
    """

    step: str
    kind: str
    leads: int
    without: int
    days: int
    chance: float
    chance_low: float
    chance_high: float
    value: float
    value_low: float
    value_high: float
    evidence: EvidenceGrade

    @property
    def is_certain(self) -> bool:
        """Whether the interval of the chance lies on one side of nothing."""
        return self.chance_low > 0 or self.chance_high < 0

    def to_dict(self) -> dict[str, Any]:
        """For a file."""
        money = None if np.isnan(self.value) else {
            "value": self.value, "low": self.value_low, "high": self.value_high
        }  # fmt: skip
        return {
            "step": self.step, "kind": self.kind, "leads": self.leads, "without": self.without, "days": self.days,
            "chance": {"value": self.chance, "low": self.chance_low, "high": self.chance_high}, "money": money,
            "evidence": self.evidence.value,
        }  # fmt: skip


def lead_steps(source: Any, scores: LeadScores) -> tuple[StepEffect, ...]:
    """Say what steps that leads took while they were open added to their chance and their value.

    Where offers were held back from some by lot, or an experiment assigned leads, those who got it are compared with
    those who did not, from that day on. Otherwise leads that were open a week after they came are compared by whether
    they had taken the step by then, so that nobody counts as untouched because they were won too soon; they are made
    alike by the chance of the step and by what the model expected of them.

    Parameters
    ----------
    source : Dataset or Store
        With engagement, treatments, assignments or visits of people who are leads.
    scores : LeadScores

    Returns
    -------
    tuple of StepEffect
        Those with enough leads on either side, proven ones first.
    """
    engine, tables = tables_of(source)
    known = Known(engine, tables, None)
    names = ("engagement", "visits", "treatments", "assignments")
    leads = scores.leads
    if not any(known.has(name) for name in names):
        return ()
    has_key = np.flatnonzero(np.array([key is not None for key in leads.keys.tolist()], dtype=bool))
    staged = engine.from_columns(
        engine.new_name("stepping"),
        {
            "place": has_key, "customer_key": leads.keys[has_key], "came": leads.day[has_key].astype("datetime64[us]"),
            "days": leads.days[has_key],
        },
    )  # fmt: skip
    relations = {name: known.relation(CANONICAL[name]) for name in names}
    came = f"(SELECT place, customer_key, CAST(came AS DATE) AS came, days FROM {quoted(staged)})"
    try:
        rows = engine.columns(fill(template(PACKAGE, "steps"), leads=came, **relations))
    finally:
        engine.drop(staged)
    wait = 60 if scores.test is None else scores.test.days
    found = [*_offers(rows, scores, wait), *_observed(rows, scores, wait)]
    grade = {EvidenceGrade.EXPERIMENTAL: 0}
    return tuple(sorted(found, key=lambda one: (grade.get(one.evidence, 1), -abs(one.chance))))


def _offers(rows: dict[str, NDArray[Any]], scores: LeadScores, wait: int) -> list[StepEffect]:
    """Offers with a control by lot, and experiments."""
    found = []
    for kind in ("offer", "experiment"):
        of_kind = rows["kind"] == kind
        held = of_kind & ~rows["taken"].astype(bool)
        for step in sorted({str(one) for one in rows["step"][of_kind & rows["taken"].astype(bool)]}):
            given = of_kind & rows["taken"].astype(bool) & (rows["step"] == step)
            control = held & (rows["step"] == step) if kind == "experiment" else held
            place = np.concatenate([rows["place"][given], rows["place"][control]]).astype(np.int64)
            taken = np.concatenate([np.ones(given.sum()), np.zeros(control.sum())])
            after = np.concatenate([rows["after"][given], rows["after"][control]]).astype(np.float64)
            chance = np.concatenate([rows["chance"][given], rows["chance"][control]]).astype(np.float64)
            grade = EvidenceGrade.EXPERIMENTAL if np.isfinite(chance).all() else EvidenceGrade.ADJUSTED
            share = np.full(taken.size, taken.mean()) if taken.size else taken
            effect = _effect(step, kind, scores, place, taken, after, share, wait, grade)
            found += [] if effect is None else [effect]
    return found


def _observed(rows: dict[str, NDArray[Any]], scores: LeadScores, wait: int) -> list[StepEffect]:
    """Mailings and pages, by whether a lead had them within a week."""
    leads, found = scores.leads, []
    still = np.flatnonzero(leads.days > LANDMARK)
    asked = (rows["kind"] == "e-mail") | (rows["kind"] == "page")
    names, counts = np.unique(
        np.array([f"{kind}\t{step}" for kind, step in zip(rows["kind"][asked], rows["step"][asked], strict=True)]),
        return_counts=True,
    )
    codes = scores.conversion.design.codes(leads)
    for name in names[np.argsort(-counts, kind="stable")][:_MOST]:
        kind, step = str(name).split("\t", 1)
        early = asked & (rows["kind"] == kind) & (rows["step"] == step) & (rows["after"] <= LANDMARK)
        taken = np.isin(still, rows["place"][early].astype(np.int64)).astype(np.float64)
        if min(taken.sum(), taken.size - taken.sum()) < _FEWEST:
            continue
        matrix = scores.conversion.design.matrix(codes[still])
        wide = np.full(matrix.shape[1], 1.0)
        wide[0] = 10.0
        fitted = fit_logistic(matrix, taken, np.zeros(wide.size), wide)
        share = special.expit(fitted.log_odds(matrix))
        age = np.full(still.size, float(LANDMARK))
        effect = _effect(step, kind, scores, still, taken, age, share, wait, EvidenceGrade.ADJUSTED)
        found += [] if effect is None else [effect]
    return found


def _effect(
    step: str,
    kind: str,
    scores: LeadScores,
    place: NDArray[np.int64],
    taken: FloatArray,
    after: FloatArray,
    share: FloatArray,
    wait: int,
    grade: EvidenceGrade,
) -> StepEffect | None:
    """The difference in wins, beyond what the model expected, weighted by the chance of the step."""
    leads: LeadTable = scores.leads
    age = leads.age[place]
    # Only who has been watched for long enough, and for whom both could have happened.
    ripe = (age >= after + wait) & (share > _TRIM) & (share < 1 - _TRIM) & (leads.days[place] >= after)
    ripe &= ~np.isin(leads.outcome[place], (Outcome.WON_UNDATED, Outcome.LOST_UNDATED))
    place, taken, after, share = place[ripe], taken[ripe], after[ripe], share[ripe]
    if min(taken.sum(), taken.size - taken.sum()) < _FEWEST:
        return None
    won = (leads.outcome[place] == Outcome.WON) & (leads.days[place] <= after + wait)
    if won.sum() < _FEWEST_WON:
        return None
    codes = scores.conversion.design.codes(leads)[place]
    expected = scores.conversion.chance(codes, after, float(wait))
    off = won.astype(np.float64) - expected
    gain = _difference(off, taken, share)
    money = (np.nan, np.nan, np.nan)
    if scores.value is not None:
        money = _difference(off * scores.value.value(codes), taken, share)
    without = int(taken.size - taken.sum())
    return StepEffect(step, kind, int(taken.sum()), without, wait, *gain, *money, grade)


def _difference(off: FloatArray, taken: FloatArray, share: FloatArray) -> tuple[float, float, float]:
    """Weighted difference of means with its 80% interval."""
    middle, variance = [], 0.0
    for here, weight in ((taken == 1, 1 / share), (taken == 0, 1 / (1 - share))):
        w = weight[here] / weight[here].sum()
        mean = float(w @ off[here])
        middle.append(mean)
        variance += float(np.square(w) @ np.square(off[here] - mean))
    found, half = middle[0] - middle[1], _Z80 * float(np.sqrt(variance))
    return found, found - half, found + half
