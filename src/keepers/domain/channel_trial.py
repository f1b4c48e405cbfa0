"""An experiment with a channel as its owner describes it: places or people held back, or a study by somebody else."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from keepers.domain.errors import ConfigError


@dataclass(frozen=True, slots=True)
class ChannelTrial:
    """One table ``[[channel_experiments]]`` of keepers.toml.

    Parameters
    ----------
    channel : str
        The channel, by its name in the results.
    since, until : date, optional
        First and last day; of a holdout they stand in the data.
    places, by : tuple of str, str
        Where the channel was switched off, and whether these are countries, regions or cities.
    holdout : str, optional
        Name of the experiment among the assignments of people.
    customers : int
        Of a study: new customers in it.
    brought, brought_low, brought_high : float
        Of a study: how many of them the channel brought, with the 80% interval.

    Raises
    ------
    ConfigError
        It says neither places nor a holdout nor a study, or more than one.
    """

    channel: str
    since: dt.date | None = None
    until: dt.date | None = None
    places: tuple[str, ...] = ()
    by: str = "region"
    holdout: str | None = None
    customers: int = 0
    brought: float = 0.0
    brought_low: float = 0.0
    brought_high: float = 0.0

    def __post_init__(self) -> None:
        ways = [bool(self.places), self.holdout is not None, self.customers > 0]
        if sum(ways) != 1:
            raise ConfigError(
                f"The experiment with {self.channel} needs one of: `places` where the channel was off, `holdout` with "
                "the name of an experiment among the assignments, or `customers`, `brought`, `brought_low` and "
                "`brought_high` of a study."
            )
        if self.holdout is None and (self.since is None or self.until is None):
            raise ConfigError(
                f"The experiment with {self.channel} needs its days: since = 2026-03-01, until = 2026-03-31."
            )

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> ChannelTrial:
        """A trial from what a file says.

        Raises
        ------
        ConfigError
            A key is not known, or a value is of the wrong kind.

        >>> ChannelTrial.of({"channel": "paid search", "holdout": "no brand ads"}).holdout
        'no brand ads'
        """
        known = {field.name for field in fields(cls)}
        unknown = sorted(set(said) - known)
        if unknown or not isinstance(said.get("channel"), str):
            what = f"has no `{unknown[0]}`" if unknown else "needs a channel"
            raise ConfigError(f"[[channel_experiments]] {what}. It may say: {', '.join(sorted(known))}.")
        for name in ("since", "until"):
            if name in said and type(said[name]) is not dt.date:
                raise ConfigError(
                    f"[[channel_experiments]] {name} = {said[name]!r} should be a day, such as 2026-03-01."
                )
        for name in ("customers", "brought", "brought_low", "brought_high"):
            if not isinstance(said.get(name, 0), (int, float)) or isinstance(said.get(name), bool):
                raise ConfigError(f"[[channel_experiments]] {name} = {said[name]!r} should be a number.")
        for name in ("by", "holdout"):
            if not isinstance(said.get(name, ""), str):
                raise ConfigError(f"[[channel_experiments]] {name} = {said[name]!r} should be a text.")
        places = said.get("places", ())
        if isinstance(places, str) or not all(isinstance(place, str) for place in places):
            raise ConfigError(f"[[channel_experiments]] places = {places!r} should be a list of texts.")
        return cls(**{**said, "places": tuple(places)})
