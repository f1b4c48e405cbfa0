"""Levels of service by tier: what they cost, what is at stake, and whether they pay."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from keepers.data.engine import quoted
from keepers.domain.errors import ConfigError
from keepers.retention.warnings import EarlyWarnings
from keepers.valuation.tiers import TierRule
from keepers.valuation.values import Values

SAVED = 0.10
"""Share of the expected loss that a level of service is assumed to save, until an experiment says what it does."""

_LEVELS = ("personal", "priority", "standard", "self-service")
_WORDS = {
    "personal": "a named person who knows them, calls when something is the matter and offers first what is new",
    "priority": "answers within the day, makes good generously, early access",
    "standard": "answers in the usual time, reminders and news by mail",
    "self-service": "clear pages, automatic mails, no calls",
}


@dataclass(frozen=True, slots=True)
class ServiceLevel:
    """One tier's level of service, with what it costs and is expected to gain within the horizon of values.

    Parameters
    ----------
    tier, level, words : str
        The tier, the level's name and what it is.
    customers : int
        How many.
    value : float or None
        What they are predicted to bring.
    expected_loss : float or None
        Of those whom warnings see leaving.
    cost_each : float or None
        What serving one of them costs a year; None where nobody said.
    gain : float or None
        What is saved of the loss, by assumption, less the cost.
    affordable : float or None
        What serving one of them may cost a year so that it just pays.
    """

    tier: str
    level: str
    words: str
    customers: int
    value: float | None
    expected_loss: float | None
    cost_each: float | None
    gain: float | None
    affordable: float | None


def service_levels(
    values: Values, warnings: EarlyWarnings, costs: Mapping[str, float] | None = None, saved: float = SAVED
) -> tuple[ServiceLevel, ...]:
    """A level of service for each tier, best first.

    The gain is an assumption until it has been measured: that the level saves `saved` of the loss that is expected of
    the tier's customers within the horizon of warnings, for a year of them. Hold some customers out to learn it.

    Parameters
    ----------
    values : Values
        With tiers and money.
    warnings : EarlyWarnings
        Of the same customers.
    costs : mapping of str to float, optional
        What serving a customer of a tier costs a year.
    saved : float
        The assumed share.

    Raises
    ------
    ConfigError
        If a cost is of no tier, or the share is none.
    """
    rule: TierRule = values.facts.tiers
    names = [name for name, _ in rule.tiers]
    given = dict(costs or {})
    unknown = sorted(set(given) - set(names))
    if unknown:
        raise ConfigError(f"[service] names {unknown[0]!r}, which is no tier. The tiers are: {', '.join(names)}.")
    if not 0.0 < saved <= 1.0:
        raise ConfigError(f"The share that service saves is {saved!r}; give one between 0 and 1, such as 0.1.")
    rows = {
        str(tier): (int(count), worth, loss)
        for tier, count, worth, loss in values.engine.rows(
            f"SELECT clv_tier, count(*), sum({quoted(values.value_column)}), sum(coalesce(expected_loss, 0)) "
            f"FROM {quoted(values.name)} AS v LEFT JOIN (SELECT customer_key, expected_loss FROM "
            f"{quoted(warnings.name)}) AS w ON w.customer_key = v.customer_key GROUP BY clv_tier"
        )
    }
    a_year = 365.25 / warnings.horizon.days
    found = []
    for place, name in enumerate(names):
        count, worth, loss = rows.get(name, (0, None, None))
        level = _LEVELS[min(place, len(_LEVELS) - 1)]
        known = values.has_money and worth is not None and count > 0
        # Warnings look one horizon ahead, and a year holds several; nobody can lose more than they are worth.
        lost = min(float(loss) * a_year, max(float(worth), 0.0)) if known else None
        cost = given.get(name)
        found.append(
            ServiceLevel(
                tier=name,
                level=level,
                words=_WORDS[level],
                customers=count,
                value=float(worth) if known else None,
                expected_loss=lost,
                cost_each=cost,
                gain=None if lost is None or cost is None else saved * lost - cost * count,
                affordable=None if lost is None else saved * lost / count,
            )
        )
    return tuple(found)
