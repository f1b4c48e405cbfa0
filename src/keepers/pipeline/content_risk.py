"""The report's part about customers who may be leaving, and how much money that is."""

from __future__ import annotations

from typing import Any

from keepers.data.engine import quoted
from keepers.reports.content import AtRisk, RiskCustomer, RiskGroup, RiskReason
from keepers.reports.figures import MoneyMeaning
from keepers.valuation.rhythm import RULE
from keepers.valuation.states import MODEL_RULE
from keepers.valuation.values import Values

_LISTED = 50


def risk_content(values: Values, meaning: MoneyMeaning | None) -> AtRisk:
    """Who may be leaving; customers whom both views give up as lost are not among them.

    Parameters
    ----------
    values : Values
        With names, where they are known.
    meaning : MoneyMeaning or None
        The five things for the money at risk; None without money.
    """
    at_risk = "customer_state = 'at risk'"
    return AtRisk(
        either=_group(values, at_risk),
        by_model=_group(values, f"{at_risk} AND at_risk_by_model"),
        by_rhythm=_group(values, f"{at_risk} AND at_risk_by_rhythm"),
        model_rule=MODEL_RULE,
        rhythm_rule=RULE,
        customers=tuple(_listed(values, at_risk)),
        meaning=meaning,
    )


def _group(values: Values, where: str) -> RiskGroup:
    if not values.has_money:
        count = values.engine.row(f"SELECT count(*) FROM {quoted(values.name)} WHERE {where}")[0]
        return RiskGroup(int(count))
    count, active, risk = values.engine.row(
        "SELECT count(*), coalesce(sum(clv_if_active), 0), coalesce(sum(money_at_risk), 0) "
        f"FROM {quoted(values.name)} WHERE {where}"
    )
    return RiskGroup(int(count), float(active), float(active) - float(risk))


def _listed(values: Values, where: str) -> list[RiskCustomer]:
    present = set(values.columns)
    named = [column for column in ("name", "email") if column in present]
    shown = f"coalesce({', '.join([*named, 'customer_key'])})"
    worth = "money_at_risk" if values.has_money else "CAST(NULL AS DOUBLE)"
    historic = "clv_historic" if values.has_money else "CAST(NULL AS DOUBLE)"
    order = "money_at_risk" if values.has_money else "frequency"
    rows = values.engine.rows(
        f"SELECT {shown}, frequency + 1, last_order_date, days_since_last_order, at_risk_by_model, at_risk_by_rhythm, "
        f"CASE WHEN frequency >= 2 THEN recency_days / frequency END, probability_alive, {worth}, {historic}, "
        f"customer_key FROM {quoted(values.name)} WHERE {where} ORDER BY {order} DESC, customer_key LIMIT {_LISTED}"
    )
    return [_customer(row) for row in rows]


def _customer(row: tuple[Any, ...]) -> RiskCustomer:
    name, orders, last, silence, by_model, by_rhythm, gap, alive, worth, historic, key = row
    reason = RiskReason.BOTH if by_model and by_rhythm else RiskReason.MODEL if by_model else RiskReason.RHYTHM
    return RiskCustomer(
        name=str(name),
        orders=int(orders),
        last_order=last,
        days_since=int(silence),
        reason=reason,
        usual_gap_days=None if gap is None else float(gap),
        probability_alive=float(alive),
        value_at_risk=None if worth is None else float(worth),
        value_historic=None if historic is None else float(historic),
        customer_key=str(key),
    )
