"""What learned and early value say of one customer, beside the models of buying and spend, and why they differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from keepers.reports.formatting import percent

LEARNED, BY_ORDERS, EARLY = "clv_learned_", "clv_by_orders_", "clv_early_"
EARLY_DAY = "clv_early_day"

_ALIKE = 0.1
"""Relative difference below which two values say the same."""

_NAMED = 3


@dataclass(frozen=True, slots=True)
class Amount:
    """An expected amount of the run's money with its 80% interval."""

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class LearnedSaid:
    """The same customer seen in two ways, as of the run.

    Attributes
    ----------
    learned : Amount
        By all that is known of them.
    by_orders : Amount or None
        By the models of buying and spend alone; None where these were not kept.
    mixed : bool
        Whether the run's predicted values are a mix of both, by its backtest.
    sentence : str
        Why they differ, or that they do not.
    """

    learned: Amount
    by_orders: Amount | None
    mixed: bool
    sentence: str


@dataclass(frozen=True, slots=True)
class EarlySaid:
    """What a newcomer's first year will have brought, said of their first days.

    Attributes
    ----------
    value : Amount
        What they had spent by the day is in it.
    day : int
        Of their life, on which it could be said.
    sentence : str
    """

    value: Amount
    day: int
    sentence: str


def learned_said(
    fields: Mapping[str, Any], own: Mapping[str, Any], by_event: bool, told: Mapping[str, Any] | None
) -> LearnedSaid | None:
    """What learned value says of a customer; None where the run has none.

    Parameters
    ----------
    fields : mapping
        What the run said of the customer beyond the columns of live values.
    own : mapping
        `value`, `value_low` and `value_high` within the run's own horizon, as they are served.
    by_event : bool
        Whether an order since the run has changed them.
    told : mapping or None
        The part `learned` of summary.json.
    """
    learned = _amount(fields, LEARNED)
    if learned is None or told is None:
        return None
    mixed = bool(told["used"])
    by_orders = _amount(fields, BY_ORDERS)
    if by_orders is None and not mixed and not by_event and own.get("value") is not None:
        by_orders = Amount(own["value"], own.get("value_low"), own.get("value_high"))
    return LearnedSaid(learned, by_orders, mixed, _why(learned, by_orders, mixed, told))


def learned_value(fields: Mapping[str, Any]) -> float | None:
    """Learned value alone, as of the run; None where the run has none."""
    found = _amount(fields, LEARNED)
    return None if found is None else found.value


def early_said(fields: Mapping[str, Any]) -> EarlySaid | None:
    """What early value says of a customer; None for who is no newcomer, or where the run learned none."""
    value, day = _amount(fields, EARLY), fields.get(EARLY_DAY)
    if value is None or day is None:
        return None
    when = "on the day of the first order" if int(day) == 0 else f"{int(day)} days after the first order"
    sentence = (
        f"Said {when}, from customers who were then like them. What they had spent by then is in it; it looks at one "
        "year of life from the first order on, and nothing is discounted."
    )
    return EarlySaid(value, int(day), sentence)


def _amount(fields: Mapping[str, Any], begins: str) -> Amount | None:
    name = next((one for one in fields if one.startswith(begins) and f"{one}_low" in fields), None)
    if name is None or fields[name] is None:
        return None
    return Amount(fields[name], fields[f"{name}_low"], fields.get(f"{name}_high"))


def _why(learned: Amount, by_orders: Amount | None, mixed: bool, told: Mapping[str, Any]) -> str:
    parts = []
    if by_orders is not None:
        parts.append(_compared(learned.value, by_orders.value, told))
    if mixed:
        parts.append(
            "The predicted value is a mix of both and of the plain ratio rule, which forecast best on unseen days."
        )
    elif told.get("unmixed"):
        parts.append("The predicted value is that by orders until the next run, which mixes both again.")
    else:
        parts.append("The predicted value is that by orders; the mix of both forecast no better on unseen days.")
    if told.get("update") == "kept":
        parts.append(f"Learned value is that of {told['as_of']}; orders that were added since are not in it.")
    return " ".join(parts)


def _compared(learned: float, by_orders: float, told: Mapping[str, Any]) -> str:
    larger = max(abs(learned), abs(by_orders))
    away = learned - by_orders
    named = _features(told)
    if larger == 0 or abs(away) < _ALIKE * larger:
        beside = f" ({named})" if named else ""
        return f"Both say nearly the same: what is known of them beyond when and what they ordered{beside} adds little."
    more = "more" if away > 0 else "less"
    by = f"{percent(abs(away) / abs(by_orders))} {more}" if by_orders else more
    looks = f", of which {named} tell most over all customers" if named else ""
    return (
        f"Learned value is {by}: it looks at everything that is known of them{looks}, and customers who were like them "
        f"in all of it went on to bring {more} than their orders alone would say."
    )


def _features(told: Mapping[str, Any]) -> str:
    """The features that move predictions most, in words, without what the model of buying says itself."""
    found = [str(one["meaning"]) for one in told.get("importance", ()) if one.get("meaning") and one["money"] > 0]
    some = found[:_NAMED]
    return f"{', '.join(some[:-1])} and {some[-1]}" if len(some) > 1 else "".join(some)
