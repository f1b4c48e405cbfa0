"""A summary of a few customers as the running system knows them, to be valued like any other."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping

from keepers.data.engine import Engine, quoted, template
from keepers.domain.live import History
from keepers.domain.money import Margin
from keepers.domain.time import ObservationWindow, TimeUnit
from keepers.summaries.purchases import PACKAGE, day_literal
from keepers.summaries.summary import Summary
from keepers.summaries.summary_facts import SummaryFacts


def live_summary(
    engine: Engine,
    histories: Mapping[str, History],
    day: dt.date,
    unit: TimeUnit,
    currency: str,
    margin: Margin,
) -> Summary:
    """One row a customer with the ages of a day.

    Parameters
    ----------
    engine : Engine
        Where to put the table; drop it after use.
    histories : mapping of str to History
        By customer_key; not empty.
    day : date
        From which they are seen; purchases of later days make it later.
    unit : TimeUnit
        Of the models that are to value them.
    currency, margin : str, Margin
        Of the money in the histories.
    """
    known = histories.values()
    cut = max(day, *(one.last_day for one in known))
    has_money = any(one.revenue is not None for one in known)
    kept = engine.from_columns(
        engine.new_name("live"),
        {
            "customer_key": list(histories),
            "first_day": [one.first_day for one in known],
            "last_day": [one.last_day for one in known],
            "frequency": [one.frequency for one in known],
            "monetary_value": _numbers(one.monetary_value for one in known),
            "monetary_value_all": _numbers(one.monetary_value_all for one in known),
            "orders": [one.orders for one in known],
            "revenue": _numbers(one.revenue for one in known),
        },
    )
    rows = f"SELECT * FROM {quoted(kept)}"
    sql = template(PACKAGE, "kept_summary").format(customers=rows, cut=day_literal(cut), unit_days=repr(unit.days))
    name = engine.create(engine.new_name("summary"), sql)
    engine.drop(kept)
    return Summary(engine, name, SummaryFacts(ObservationWindow(cut, cut, unit), has_money, currency, margin))


def _numbers(values: Iterable[float | None]) -> list[float]:
    """Numbers with NaN for what is missing, so that the column has its type where all are missing."""
    return [float("nan") if value is None else float(value) for value in values]
