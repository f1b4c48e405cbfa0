"""What is believed of a channel's response before its data are seen, by business type and kind of channel."""

from __future__ import annotations

import math
import tomllib
from functools import cache
from importlib import resources
from typing import Any

from keepers.domain.errors import ConfigError
from keepers.numerics.response_posterior import Belief

_SHARES = ("shape", "organic")
_PLAIN = ("season", "growth")
_LEVEL = 1.0


def business_types() -> tuple[str, ...]:
    """Names of the business types that have beliefs of their own."""
    return tuple(_written()["business"])


def response_beliefs(business: str, channel: str, arrivals_a_week: float) -> dict[str, Belief]:
    """Beliefs about a channel's response, by coordinate of `keepers.numerics.response_posterior`.

    Parameters
    ----------
    business : str
        One of `business_types`.
    channel : str
        Canonical name; channels of a known kind carry over for longer or shorter.
    arrivals_a_week : float
        Rough level of the channel, around which the level is believed to lie within a factor of e.

    Raises
    ------
    ConfigError
        There is no such business type.

    >>> round(math.exp(response_beliefs("shop", "paid search", 10.0)["half_life"].centre), 6)
    1.5
    """
    said = _written()
    if business not in said["business"]:
        raise ConfigError(f"There is no business type {business!r}. Say one of: {', '.join(said['business'])}.")
    lines: dict[str, list[float]] = {
        **said["business"]["shop"], **said["business"][business], **said["channel"].get(channel, {}),
    }  # fmt: skip
    beliefs = {name: _belief(name, *pair) for name, pair in lines.items()}
    beliefs["level"] = Belief(math.log(max(arrivals_a_week, 0.1)), _LEVEL)
    return beliefs


def _belief(name: str, centre: float, spread: float) -> Belief:
    if name in _PLAIN:
        return Belief(centre, spread)
    if name in _SHARES:
        return Belief(math.log(centre / (1.0 - centre)), spread)
    return Belief(math.log(centre), math.log(spread))


@cache
def _written() -> dict[str, Any]:
    return tomllib.loads(resources.files("keepers.acquisition").joinpath("priors.toml").read_text(encoding="utf-8"))
