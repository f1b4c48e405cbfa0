"""Leads by channel or campaign: how many came, and which share of those old enough to judge has bought."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from keepers.acquisition.costs import Cost
from keepers.acquisition.newcomers import PACKAGE, Newcomers
from keepers.acquisition.worth import UNKNOWN, group_sql
from keepers.data.engine import quoted, template
from keepers.data.normalise import fill
from keepers.domain.columns import LEADS
from keepers.summaries.feature_sources import Known, tables_of

_FEWEST = 20
"""Leads won without which the usual patience stands for their own."""
_USUAL = 90
_LENT = 20.0
"""Leads of the whole that lend a small group their conversion."""


@dataclass(frozen=True, slots=True)
class LeadCount:
    """Leads of one group.

    Parameters
    ----------
    leads : int
        Those who came in the days of which costs are known.
    all_leads : int
        Every one.
    ripe, won : int
        Leads old enough to judge, and those of them who bought within `patience` days.
    conversion : float
        Share that buys, drawn to that of all leads where there are few.
    patience : int
        Days within which 95% of those who buy have bought.
    """

    leads: int
    all_leads: int
    ripe: int
    won: int
    conversion: float
    patience: int


def lead_counts(dataset: Any, found: Newcomers, dimension: str, costs: Mapping[Any, Cost]) -> dict[str, LeadCount]:
    """Leads by group; nothing where there are no leads, or leads do not tell the dimension."""
    engine, tables = tables_of(dataset)
    known = Known(engine, tables, None)
    if not known.has("leads") or dimension not in ("channel", "campaign", "cohort"):
        return {}
    label = "CAST(date_trunc('month', day) AS DATE)" if dimension == "cohort" else group_sql(dimension)
    windows = engine.from_columns(
        engine.new_name("known"),
        {
            "of": np.array([*(str(one) for one in costs), ""], dtype=object),
            "first": np.array([*(cost.first for cost in costs.values()), None], dtype="datetime64[D]"),
            "last": np.array([*(cost.last for cost in costs.values()), None], dtype="datetime64[D]"),
        },
    )
    sql = fill(
        template(PACKAGE, "lead_counts"),
        label=label,
        leads=known.relation(LEADS),
        newcomers=quoted(found.table.name),
        until=found.summary.calibration_end.isoformat(),
        fewest=str(_FEWEST),
        usual=str(_USUAL),
        unknown=UNKNOWN,
        known=quoted(windows),
    )
    rows = engine.rows(sql)
    engine.drop(windows)
    ripe, won = sum(int(row[3]) for row in rows), sum(int(row[4]) for row in rows)
    whole = won / ripe if ripe else 0.0
    return {
        str(row[0]): LeadCount(
            int(row[1]), int(row[2]), int(row[3]), int(row[4]), (int(row[4]) + _LENT * whole) / (int(row[3]) + _LENT),
            int(row[5]),
        )
        for row in rows
    }  # fmt: skip
