"""What a run leaves in a warehouse: a table of customers and a row about the run, in place of the last ones."""

from __future__ import annotations

import datetime as dt
import secrets
from typing import Any

from keepers.data.engine import literal
from keepers.domain.version import VERSION
from keepers.pipeline.scoring import Scored
from keepers.valuation.values import Values

CUSTOMERS = "customers"
RUN = "run"


def run_name(now: dt.datetime) -> str:
    """A name of a run that no other one has.

    >>> run_name(dt.datetime(2026, 5, 1, 12))[:15]
    '20260501t120000'
    """
    return f"{now:%Y%m%dt%H%M%S}_{secrets.token_hex(3)}"


def publish(customers: Values, scored: Scored, source: str, now: dt.datetime) -> dict[str, Any]:
    """Put the customers and a row about the run in the place of the last run's, both or neither.

    Parameters
    ----------
    customers : Values
        The table that a person gets, stored in the engine.
    scored : Scored
        What it was made of.
    source : str
        The table of orders.
    now : datetime
        The present.

    Returns
    -------
    dict
        For summary.json: the engine, where the tables stand, and how many rows left it.
    """
    engine, run = customers.engine, run_name(now)
    tables = {CUSTOMERS: customers.sql, RUN: _run_row(run, scored, source, now)}
    places = engine.publish(tables, run)
    return {
        "engine": engine.backend.label,
        "address": engine.backend.address,
        "run": run,
        "tables": places,
        "rows_fetched": engine.rows_fetched,
    }


def _run_row(run: str, scored: Scored, source: str, now: dt.datetime) -> str:
    values, summary = scored.values, scored.summary
    moment = now.astimezone(dt.UTC).replace(tzinfo=None) if now.tzinfo else now
    spending = "CAST(NULL AS VARCHAR)" if scored.spending is None else literal(type(scored.spending).name)
    cells = scored.values.facts.cells.cells
    columns = {
        "run": literal(run),
        "generated_at": f"TIMESTAMP {literal(moment.isoformat(sep=' ', timespec='seconds'))}",
        "keepers_version": literal(VERSION),
        "orders_table": literal(source),
        "last_day": f"DATE {literal(summary.calibration_end.isoformat())}",
        "customers": f"CAST({round(cells.customers)} AS BIGINT)",
        "cells": f"CAST({cells.size} AS BIGINT)",
        "model_buying": literal(scored.buying.name),
        "model_spend": spending,
        "verdict": literal(scored.verdict.trust.value),
        "meaning": literal(values.meaning) if values.has_money else "CAST(NULL AS VARCHAR)",
    }
    return "SELECT " + ", ".join(f"{sql} AS {name}" for name, sql in columns.items())
