"""Customers told apart by their rhythm too: a summary whose cells know how evenly each customer bought."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from keepers.data.engine import quoted
from keepers.summaries.cells import GAP_FINENESS, GAP_LEVEL
from keepers.summaries.summary import Summary


def told_apart(summary: Summary, model: Any) -> Summary:
    """The same customers, those of unlike rhythm in cells of their own, where a model looks at each one's rhythm.

    Parameters
    ----------
    summary : Summary
        If neither orders nor a column `log_gaps` are behind it, it comes back as it is: the model then averages over
        all rhythms that a history allows.
    model : fitted model
        Of buying; one that looks at histories alone gets the summary as it is.
    """
    if getattr(model, "gaps", None) != "each" or not summary.knows_gaps or GAP_LEVEL in summary.key:
        return summary
    gaps = summary.gaps_table()
    # With one repeat purchase the gap is the recency, and without any there is none.
    level = f"CASE WHEN summary.frequency > 1 THEN CAST(floor(gaps.log_gaps * {GAP_FINENESS!r}) AS INTEGER) ELSE 0 END"
    name = summary.engine.create(
        summary.engine.new_name("summary"),
        f"SELECT summary.*, coalesce({level}, 0) AS {GAP_LEVEL} FROM {quoted(summary.name)} AS summary "
        f"LEFT JOIN {quoted(gaps)} AS gaps ON gaps.customer_key = summary.customer_key"
        + (f" ORDER BY summary.{summary.engine.row_number(summary.name)}" if summary.engine.is_embedded else ""),
    )
    return Summary(summary.engine, name, replace(summary.facts, gaps=gaps, gap_levels=True))
