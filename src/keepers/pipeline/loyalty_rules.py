"""Loyalty tiers as keepers.toml says them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from keepers.domain.errors import ConfigError
from keepers.retention.loyalty import LoyaltyRule

_KEYS = {"from": "spent_from", "discount": "discount", "cost": "cost_each"}


def loyalty_rules(section: Mapping[str, Any]) -> tuple[LoyaltyRule, ...]:
    """The tiers of the section ``[loyalty]``.

    Raises
    ------
    ConfigError
        A tier says something impossible.

    >>> loyalty_rules({"Gold": {"from": 300, "discount": "5%", "cost": 4}})
    (LoyaltyRule(name='Gold', spent_from=300.0, discount=0.05, cost_each=4.0),)
    """
    found = []
    for name, said in section.items():
        example = f'{name} = {{ from = 300, discount = "5%", cost = 4.0 }}'
        if not isinstance(said, Mapping) or "from" not in said or not set(said) <= set(_KEYS):
            raise ConfigError(f"[loyalty] {name} should say from which amount on it counts, such as {example}.")
        found.append(LoyaltyRule(name, **{_KEYS[key]: _number(value, example) for key, value in said.items()}))
    return tuple(found)


def _number(value: Any, example: str) -> float:
    text = str(value).strip()
    try:
        return float(text.removesuffix("%")) / 100.0 if text.endswith("%") else float(text)
    except ValueError:
        raise ConfigError(f"[loyalty] has {value!r} where a number belongs, such as {example}.") from None
