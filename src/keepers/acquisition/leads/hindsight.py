"""How scores of leads would have done on days of the past: learned from what was known then, against what followed."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from keepers.acquisition.leads.conversion import fit_lead_conversion
from keepers.acquisition.leads.design import lead_design
from keepers.acquisition.leads.table import LeadTable
from keepers.acquisition.leads.value import LeadMoney, fit_lead_value
from keepers.domain.cells import FloatArray
from keepers.numerics.conversion import Outcome

_CUTS = 3
_SHORTEST, _LONGEST = 14, 120
_FEWEST, _FEWEST_WON = 60, 10
_GROUPS = 10
TOP = 0.1
_REPEATS = 400
_SEED = 20261130


@dataclass(frozen=True, slots=True)
class Captured:
    """What share of all that followed came from the tenth of the leads that stood first in an order."""

    order: str
    share: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class LeadTest:
    """What scores of earlier days said, and what came of it.

    Attributes
    ----------
    cuts : tuple of date
        Days from which nothing later was known.
    days : int
        How long outcomes were waited for.
    leads, won : int
    predicted : float
        Expected wins.
    calibration_error : float
        Mean distance between the predicted chance and the share that was won, over groups of like chance.
    by_chance : float
        What chance alone makes of it where every prediction is right.
    groups : array, shape (g, 3)
        Leads, mean predicted chance and share won of each group.
    captured : tuple of Captured
        By expected value, by the chance alone, and by age; empty without money.
    gain, gain_low, gain_high : float
        Share captured by value less that by chance alone, with its 80% interval.
    """

    cuts: tuple[dt.date, ...]
    days: int
    leads: int
    won: int
    predicted: float
    calibration_error: float
    by_chance: float
    groups: FloatArray
    captured: tuple[Captured, ...] = ()
    gain: float = np.nan
    gain_low: float = np.nan
    gain_high: float = np.nan


def leads_in_hindsight(table: LeadTable, money: LeadMoney | None, left_out: tuple[str, ...] = ()) -> LeadTest | None:
    """Score leads as of days in the past and wait for what follows; None where leads are too few or too young.

    At each cut the models see outcomes up to that day alone. They score the leads that were open then, at their age,
    and those that came in the time after it, as they came. What leads say carries no day: it is taken to have stood so
    when they came, which is why columns that were written later must be left out.

    Parameters
    ----------
    table : LeadTable
        As of today.
    money : LeadMoney or None
        What the customers brought; without it orders by value are not compared.
    left_out : tuple of str
        Columns that are not used.
    """
    dated = table.outcome == Outcome.WON
    if dated.sum() < 2 * _FEWEST_WON:
        return None
    wait = int(np.clip(np.quantile(table.days[dated], 0.8) + 1, _SHORTEST, _LONGEST))
    parts, cuts = [], []
    for place in range(_CUTS, 0, -1):
        cut = table.until - dt.timedelta(days=(place + 1) * wait)
        found = _at(table, money, cut, wait, left_out)
        if found is not None:
            parts.append(found)
            cuts.append(cut)
    if not parts:
        return None
    chance, won, value, worth, age = (np.concatenate(column) for column in zip(*parts, strict=True))
    if chance.size < _FEWEST or won.sum() < _FEWEST_WON:
        return None
    groups = _groups(chance, won)
    weight = groups[:, 0] / groups[:, 0].sum()
    noise = np.sqrt(2 / np.pi * groups[:, 1] * (1 - groups[:, 1]) / groups[:, 0])
    error = float(weight @ np.abs(groups[:, 1] - groups[:, 2]))
    made = LeadTest(
        tuple(cuts), wait, int(chance.size), int(won.sum()), float(chance.sum()), error, float(weight @ noise), groups
    )
    if money is None or not np.nansum(worth) > 0:
        return made
    orders = {"value": value, "chance": chance, "age": -age}
    captured, gain = _captured(orders, worth)
    return LeadTest(
        made.cuts, made.days, made.leads, made.won, made.predicted, made.calibration_error, made.by_chance, groups,
        captured, *gain,
    )  # fmt: skip


def _at(
    table: LeadTable, money: LeadMoney | None, cut: dt.date, wait: int, left_out: tuple[str, ...]
) -> tuple[FloatArray, ...] | None:
    """Chance, outcome, expected value, what followed and age of leads as of one cut."""
    edge = np.datetime64(cut, "D")
    known = table.as_of(cut)
    if known.size < _FEWEST or known.won.sum() < _FEWEST_WON:
        return None
    design = lead_design(known, left_out)
    model = fit_lead_conversion(known, design)
    dated = (table.outcome != Outcome.WON_UNDATED) & (table.outcome != Outcome.LOST_UNDATED)
    closed = np.where(table.outcome == Outcome.OPEN, np.datetime64("9999-01-01"), table.day + table.days)
    was_open = dated & (table.day <= edge) & (closed > edge)
    span = np.timedelta64(wait, "D")
    came = dated & (table.day > edge) & (table.day <= edge + span)
    rows = np.flatnonzero(was_open | came)
    if not rows.size:
        return None
    start = np.where(came[rows], table.day[rows] - np.timedelta64(1, "D"), edge)
    age = np.where(came[rows], 0, (edge - table.day[rows]).astype(np.int64) + 1).astype(np.float64)
    codes = design.codes(table)[rows]
    chance = model.chance(codes, age, float(wait))
    won = (table.outcome[rows] == Outcome.WON) & (closed[rows] <= start + span)
    value, worth = np.zeros(rows.size), np.zeros(rows.size)
    if money is not None:
        told = fit_lead_value(known, design, _as_of(table, money, known))
        value = chance * told.value(codes)
        ratio = np.nan_to_num(money.money[rows] / money.usual[rows])
        worth = np.where(won, money.whole * ratio, 0.0)
    return chance, won.astype(np.float64), value, worth, age


def _as_of(table: LeadTable, money: LeadMoney, known: LeadTable) -> LeadMoney:
    """Money of leads that were won by a cut. What their customers brought is taken to today: their ratio to what is
    usual is the same at any age, and knowing it better favours neither order of leads."""
    place = {event: row for row, event in enumerate(table.events.tolist())}
    rows = np.array([place[event] for event in known.events.tolist()], dtype=np.int64)
    won_by = known.outcome != Outcome.OPEN
    return LeadMoney(
        np.where(won_by, money.money[rows], np.nan), money.usual[rows], money.whole, money.horizon, money.discount,
        money.basis, money.margin, money.currency, money.of_deals,
    )  # fmt: skip


def _groups(chance: FloatArray, won: FloatArray) -> FloatArray:
    """Groups of like chance: leads, mean chance, share won."""
    count = int(np.clip(won.sum() // 8, 2, _GROUPS))
    parts = [part for part in np.array_split(np.argsort(chance, kind="stable"), count) if part.size]
    return np.array([[part.size, chance[part].mean(), won[part].mean()] for part in parts])


def _captured(
    orders: dict[str, FloatArray], worth: FloatArray
) -> tuple[tuple[Captured, ...], tuple[float, float, float]]:
    """Shares captured by the first tenth of every order, and how much more the first order captures than the second."""
    n = worth.size
    top = max(round(TOP * n), 1)
    first: dict[str, NDArray[np.bool_]] = {}
    for name, score in orders.items():
        chosen = np.zeros(n, dtype=bool)
        chosen[np.argsort(-score, kind="stable")[:top]] = True
        first[name] = chosen
    rng = np.random.default_rng(_SEED)
    again = rng.multinomial(n, np.full(n, 1.0 / n), size=_REPEATS).astype(np.float64)
    total = again @ worth
    shares = {name: (again @ (worth * chosen)) / np.maximum(total, 1e-12) for name, chosen in first.items()}
    found = tuple(
        Captured(
            name, float(worth[chosen].sum() / worth.sum()), *(float(q) for q in np.quantile(shares[name], (0.1, 0.9)))
        )
        for name, chosen in first.items()
    )
    more = shares["value"] - shares["chance"]
    low, high = np.quantile(more, (0.1, 0.9))
    return found, (found[0].share - found[1].share, float(low), float(high))
