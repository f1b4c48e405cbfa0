"""The report's divisions of the customers: tiers, RFM groups, breakdowns and the map of who is still there."""

from __future__ import annotations

from typing import Any

from keepers.data.engine import quoted
from keepers.domain.reach import WITHOUT_END, horizon_label
from keepers.reports.figures import MoneyMeaning
from keepers.reports.groups import AliveMap, Breakdown, BreakdownRow, Dimension, Group, Grouping
from keepers.summaries.rfm_groups import GROUPS
from keepers.valuation.values import Values

_DIMENSIONS = {
    "first_product": Dimension.PRODUCT,
    "first_category": Dimension.CATEGORY,
    "first_country": Dimension.COUNTRY,
    "first_channel": Dimension.CHANNEL,
}
ORDER_CUTS = (1, 2, 3, 5, 9)
"""Largest number of orders in each band of the map; one more band for the rest."""
SILENCE_CUTS = (30, 60, 90, 180, 365, 730)
"""Days at which each band of silence ends; one more band for the rest."""


def tier_content(values: Values, meaning: MoneyMeaning | None, past: MoneyMeaning | None) -> Grouping:
    """Customers by predicted value."""
    rules = values.facts.tiers.rules()
    return grouping(values, "clv_tier", rules, values.facts.tiers.sentence, meaning, past)


def rfm_content(values: Values, meaning: MoneyMeaning | None, past: MoneyMeaning | None) -> Grouping:
    """Customers by recency, frequency and money, groups from best to worst."""
    rule = values.facts.rfm
    assert rule is not None
    words = rule.rules()
    ordered = {name: words[name] for name in GROUPS[rule.grid]}
    return grouping(values, "rfm_group", ordered, rule.sentence, meaning, past)


def breakdowns_content(values: Values, meaning: MoneyMeaning | None) -> tuple[Breakdown, ...]:
    """Value by month of the first order, and by product, category, country and channel as far as orders name them."""
    months = _sums(values, "CAST(date_trunc('month', first_order_date) AS DATE)")
    found = [
        Breakdown(
            Dimension.ACQUISITION_MONTH,
            tuple(_row(values, row, "", month=row[0]) for row in sorted(months, key=lambda row: row[0])),
            meaning,
        )
    ]
    present = set(values.columns)
    for column, dimension in _DIMENSIONS.items():
        if column in present:
            rows = tuple(_row(values, row, row[0] or "") for row in _sums(values, quoted(column)))
            if any(row.label for row in rows):
                found.append(Breakdown(dimension, rows, meaning))
    return tuple(found)


def alive_content(values: Values) -> AliveMap:
    """Mean probability of still being a customer by number of orders and days since the last one."""
    orders, silence = _bands("frequency + 1", ORDER_CUTS), _bands("days_since_last_order", SILENCE_CUTS, strict=True)
    cells = {
        (row, column): (float(alive), int(count))
        for row, column, alive, count in values.engine.rows(
            f"SELECT {orders}, {silence}, avg(probability_alive), count(*) FROM {quoted(values.name)} GROUP BY 1, 2"
        )
    }
    rows = range(1 + max(row for row, _ in cells))
    columns = range(1 + max(column for _, column in cells))
    return AliveMap(
        order_bands=tuple(order_band(row) for row in rows),
        silence_bands=tuple(silence_band(column) for column in columns),
        probability=tuple(tuple(cells.get((r, c), (None, 0))[0] for c in columns) for r in rows),
        customers=tuple(tuple(cells.get((r, c), (None, 0))[1] for c in columns) for r in rows),
    )


def grouping(
    values: Values,
    column: str,
    rules: dict[str, str],
    sentence: str,
    meaning: MoneyMeaning | None,
    past: MoneyMeaning | None,
) -> Grouping:
    """Customers divided by a column, the groups in the order of their rules."""
    found = {row[0]: row for row in _sums(values, quoted(column))}
    rows = tuple(
        Group(
            name=name,
            rule=rule,
            customers=int(found[name][1]),
            value=_number(found[name][2]),
            value_historic=_number(found[name][3]),
            probability_alive=_number(found[name][4]),
            expected_orders=_number(found[name][5]),
            ahead=_ahead(values, found[name]),
        )
        for name, rule in rules.items()
        if name in found
    )
    return Grouping(rows, sentence, meaning, past)


def _sums(values: Values, by: str) -> list[tuple[Any, ...]]:
    """Rows of (group, customers, value, historic value, mean P(alive), expected orders, repeat customers, and values
    within other horizons)."""
    further = "".join(f", sum({quoted(name)})" for name in _further(values).values())
    return values.engine.rows(
        f"SELECT {by}, count(*), sum({quoted(values.value_column)}), sum(clv_historic), avg(probability_alive), "
        f"sum(expected_orders), count(*) FILTER (WHERE frequency > 0){further} FROM {quoted(values.name)} GROUP BY 1"
    )


def _row(values: Values, row: tuple[Any, ...], label: str, month: Any = None) -> BreakdownRow:
    return BreakdownRow(
        label=label,
        customers=int(row[1]),
        value=_number(row[2]),
        value_historic=_number(row[3]),
        repeat_customers=int(row[6]),
        expected_orders=_number(row[5]),
        month=month,
        ahead=_ahead(values, row),
    )


def _further(values: Values) -> dict[str, str]:
    """Columns of value within other horizons than the run's own, by the horizon's name."""
    facts = values.facts
    if facts.also is None or facts.also_column is None or not values.has_money:
        return {}
    return {
        horizon_label(facts.also.horizon): facts.also_column, horizon_label(facts.lifetime): "clv_lifetime",
        WITHOUT_END: "clv_infinite",
    }  # fmt: skip


def _ahead(values: Values, row: tuple[Any, ...]) -> dict[str, float | None]:
    return {name: _number(value) for name, value in zip(_further(values), row[7:], strict=True)}


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _bands(value: str, cuts: tuple[int, ...], strict: bool = False) -> str:
    sign = ">=" if strict else ">"
    return " + ".join(f"CAST({value} {sign} {cut} AS INTEGER)" for cut in cuts)


def order_band(number: int) -> str:
    """A band of the number of orders in words."""
    if number == len(ORDER_CUTS):
        return f"{ORDER_CUTS[-1] + 1} or more"
    last = ORDER_CUTS[number]
    first = ORDER_CUTS[number - 1] + 1 if number else 1
    return f"{last}" if first == last else f"{first}-{last}"


def silence_band(number: int) -> str:
    """A band of the time since the last order in words."""
    if number == 0:
        return f"under {SILENCE_CUTS[0]} days"
    if number == len(SILENCE_CUTS):
        return f"{SILENCE_CUTS[-1]} days or more"
    return f"{SILENCE_CUTS[number - 1]}-{SILENCE_CUTS[number] - 1} days"
