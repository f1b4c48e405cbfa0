"""RFM groups: customers by recency, frequency and money, by rules that are numbers and stay fixed for a month."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from keepers.data.engine import literal, quoted, template
from keepers.domain.errors import ConfigError
from keepers.summaries.cells import KeyedCells
from keepers.summaries.purchases import PACKAGE
from keepers.summaries.summary import Summary

Grid = Literal["quintiles", "thirds"]

_CODES = {
    "Champions": "333 332 323",
    "Loyal": "321 322 331 232 233",
    "Recent": "312 313 311 222 223",
    "Needs attention": "213 221 123 132 133",
    "At risk": "231 212 122 131 211",
    "Inactive": "111 112 113 121",
}
# (score of recency, smallest mean of the scores of frequency and money, name), the first that fits.
_QUINTILES = (
    (5, 4.0, "Champions"),
    (5, 2.0, "Active"),
    (5, 0.0, "New"),
    (4, 4.0, "Loyal"),
    (4, 2.0, "Active"),
    (4, 0.0, "Promising"),
    (3, 4.0, "Loyal"),
    (3, 2.0, "Needs attention"),
    (3, 0.0, "Almost lost"),
    (2, 3.0, "At risk"),
    (2, 0.0, "Almost lost"),
    (1, 4.5, "Previously loyal"),
    (1, 3.0, "At risk"),
    (1, 0.0, "Dormant"),
)
GROUPS: dict[str, tuple[str, ...]] = {
    "quintiles": (
        "Champions", "Loyal", "Active", "New", "Promising", "Needs attention", "At risk", "Previously loyal",
        "Almost lost", "Dormant",
    ),
    "thirds": tuple(_CODES),
}  # fmt: skip
"""Names of the groups of each grid, from best to worst."""

_ORDER_COUNTS = {"quintiles": (1.0, 2.0, 3.0, 5.0), "thirds": (1.0, 3.0)}
_SHARES = {"quintiles": (0.2, 0.4, 0.6, 0.8), "thirds": (1 / 3, 2 / 3)}
_RECENCY_OF_THIRDS = (180.0, 365.0)
FROZEN_DAYS = 30
"""Days for which cuts hold, so that counts move only when customers do."""


@dataclass(frozen=True, slots=True)
class RfmRule:
    """The numbers that put customers into groups.

    A score starts at 1 and rises by one with every cut that is exceeded; for recency (days since the last purchase)
    it starts at the top and falls. Frequency counts days with a purchase, money is net revenue.

    Parameters
    ----------
    grid : "quintiles" or "thirds"
        Scores 1 to 5, or 1 to 3.
    recency, frequency, money : tuple of float
        Cuts; a value equal to a cut does not exceed it. No cuts of money where amounts are unknown: the score of
        frequency stands in.
    by_order_count : bool
        Whether so many customers bought once that quantiles of frequency would tie, so that fixed counts stand in.
    frozen_on : date
        Day on which the cuts were taken.
    """

    grid: Grid
    recency: tuple[float, ...]
    frequency: tuple[float, ...]
    money: tuple[float, ...]
    by_order_count: bool
    frozen_on: dt.date

    def to_dict(self) -> dict[str, Any]:
        """Plain values for a file."""
        return {**asdict(self), "frozen_on": self.frozen_on.isoformat()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> RfmRule:
        """The rule that `to_dict` wrote."""
        cuts = {name: tuple(map(float, data[name])) for name in ("recency", "frequency", "money")}
        day = dt.date.fromisoformat(data["frozen_on"])
        return cls(data["grid"], **cuts, by_order_count=bool(data["by_order_count"]), frozen_on=day)

    @property
    def sentence(self) -> str:
        """How the division is made, for a person."""
        top = len(self.recency) + 1
        frequency = "fixed numbers of purchases" if self.by_order_count else "equal shares of customers"
        money = f", money by equal shares ({_listed(self.money)})" if self.money else ""
        taken = f"{self.frozen_on.day} {self.frozen_on:%b %Y}"
        recency = "equal shares" if self.grid == "quintiles" else "fixed days"
        return (
            f"Scores 1 to {top}: days since the last purchase by {recency} ({_listed(self.recency)} days), days with a "
            f"purchase by {frequency} ({_listed(self.frequency)}){money}. Cuts were taken on {taken} and hold "
            "for a month."
        )

    def rules(self) -> dict[str, str]:
        """Who belongs to each group, by its name, in the order of `GROUPS`."""
        if self.grid == "thirds":
            return {name: f"scores {codes.replace(' ', ', ')}" for name, codes in _CODES.items()}
        rules: dict[str, list[str]] = {name: [] for name in GROUPS["quintiles"]}
        for position, (recency, least, name) in enumerate(_QUINTILES):
            above = [low for score, low, _ in _QUINTILES[:position] if score == recency]
            mean = f", mean of F and M {f'at least {least:g}' if least else f'below {min(above):g}'}"
            if least and above:
                mean += f" and below {min(above):g}"
            rules[name].append(f"R {recency}{mean}")
        return {name: "; ".join(parts) for name, parts in rules.items()}

    def scores_sql(self, summary: str) -> str:
        """The columns r_score, f_score and m_score as SQL, from a summary's columns of that alias."""
        silence, frequency = f"{summary}.T_days - {summary}.recency_days", f"{summary}.frequency + 1"
        scores = {
            "r_score": f"{len(self.recency) + 1} - {_exceeded(silence, self.recency)}",
            "f_score": f"1 + {_exceeded(frequency, self.frequency)}",
            "m_score": f"1 + {_exceeded(f'coalesce({summary}.revenue, 0)', self.money)}"
            if self.money
            else f"1 + {_exceeded(frequency, self.frequency)}",
        }
        return ",\n    ".join(f"{sql} AS {name}" for name, sql in scores.items())

    def group_sql(self) -> str:
        """The group's name as SQL, from columns r_score, f_score and m_score."""
        if self.grid == "thirds":
            code = "r_score * 100 + f_score * 10 + m_score"
            cases = [
                f"WHEN {code} IN ({codes.replace(' ', ', ')}) THEN {literal(name)}" for name, codes in _CODES.items()
            ]
        else:
            cases = [
                f"WHEN r_score = {recency} AND f_score + m_score >= {2 * least:g} THEN {literal(name)}"
                for recency, least, name in _QUINTILES
            ]
        return f"CASE {' '.join(cases)} END"


def rfm_rule(
    summary: Summary,
    grid: Grid = "quintiles",
    previous: RfmRule | None = None,
    keyed: KeyedCells | None = None,
) -> RfmRule:
    """The rule for a summary: cuts from its customers, or those of `previous` while they are not a month old.

    Parameters
    ----------
    summary : Summary
        The customers.
    grid : "quintiles" or "thirds"
        Quintiles for groups as shop owners know them; thirds for the 27 codes, with recency cut at 180 and 365 days.
    previous : RfmRule, optional
        The rule used before. Within 30 days it is kept, so that counts move only when customers do.
    keyed : KeyedCells, optional
        The summary's cells, to save grouping it again.

    Raises
    ------
    ConfigError
        If the grid is unknown.
    """
    if grid not in GROUPS:
        raise ConfigError(f"`grid` is {grid!r}; use one of: {', '.join(GROUPS)}.")
    day = summary.window.calibration_end or dt.date(1970, 1, 1)
    if previous is not None and previous.grid == grid and abs((day - previous.frozen_on).days) < FROZEN_DAYS:
        return previous
    shares = _SHARES[grid]
    groups = keyed or summary.keyed_cells()
    silence = _quantiles((groups.cells.T - groups.cells.t_x) * groups.cells.unit.days, groups.cells.weight, shares)
    purchases = _quantiles(groups.cells.x + 1.0, groups.cells.weight, shares)
    money: tuple[float | None, ...] = (None,)
    if summary.has_money:
        wanted = ", ".join(f"percentile_disc({share!r}) WITHIN GROUP (ORDER BY revenue)" for share in shares)
        money = summary.engine.row(template(PACKAGE, "money_cuts").format(cuts=wanted, summary=quoted(summary.name)))
    tied = bool(np.any(np.diff([0.0, *purchases]) <= 0))
    frequency = _ORDER_COUNTS[grid] if tied else purchases
    recency = _RECENCY_OF_THIRDS if grid == "thirds" else silence
    cuts_of_money = tuple(float(cut) for cut in money if cut is not None)
    return RfmRule(grid, recency, frequency, cuts_of_money, tied, day)


def _quantiles(
    values: NDArray[np.float64], weight: NDArray[np.float64], shares: tuple[float, ...]
) -> tuple[float, ...]:
    """The smallest values that so large shares of the weight do not exceed."""
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weight[order]) / weight.sum()
    places = np.minimum(np.searchsorted(reached, np.asarray(shares) - 1e-12), values.size - 1)
    return tuple(float(value) for value in values[order][places])


def _exceeded(value: str, cuts: tuple[float, ...]) -> str:
    return "(" + " + ".join(f"CASE WHEN {value} > {cut!r} THEN 1 ELSE 0 END" for cut in cuts) + ")"


def _listed(cuts: tuple[float, ...]) -> str:
    return ", ".join(f"{cut:,.2f}".rstrip("0").rstrip(".") for cut in cuts)
