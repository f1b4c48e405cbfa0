"""How many customers an experiment needs, how long it takes, and what it could earn."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy.special import ndtri

from keepers.domain.amounts import money
from keepers.domain.errors import InputError


@dataclass(frozen=True, slots=True)
class ExperimentPlan:
    """An experiment that is proposed.

    Attributes
    ----------
    customers_an_arm : int
        In every arm, the control among them.
    arms : int
        With the control.
    smallest_gain : float
        Gain a customer that it finds with the given power.
    confidence, power : float
    days : int
        How long outcomes are counted.
    available : int or None
        Customers who are there for it.
    detectable : float or None
        Smallest gain that can be found with those.
    """

    customers_an_arm: int
    arms: int
    smallest_gain: float
    confidence: float
    power: float
    days: int
    available: int | None
    detectable: float | None

    @property
    def customers(self) -> int:
        """In all arms."""
        return self.customers_an_arm * self.arms

    @property
    def is_possible(self) -> bool:
        """Whether there are enough customers."""
        return self.available is None or self.customers <= self.available

    def sentence(self, unit: str = "") -> str:
        """The plan in words; `unit` is the currency."""
        text = (
            f"{self.customers_an_arm:,} customers in each of {self.arms} groups for {self.days} days find a gain of "
            f"{money(self.smallest_gain, unit)} a customer in {self.power:.0%} of cases"
        )
        if self.is_possible:
            return f"{text}."
        return (
            f"{text}; {self.available:,} customers are there, which are enough for a gain of "
            f"{money(self.detectable, unit)} or more."
        )


def plan_experiment(
    spread: float,
    smallest_gain: float,
    *,
    offers: int = 1,
    days: int = 60,
    confidence: float = 0.95,
    power: float = 0.8,
    available: int | None = None,
) -> ExperimentPlan:
    """Plan a randomised experiment with equal groups.

    ``n = 2 (z_confidence + z_power)^2 spread^2 / gain^2`` customers in each group, one-sided; offers divide the
    chance of a false claim among them.

    Parameters
    ----------
    spread : float
        Standard deviation of the money of one customer in `days`, after what is known before is taken out.
    smallest_gain : float
        Smallest gain a customer that is worth finding.
    offers : int
        Arms beside the control.
    days : int
        How long outcomes are counted.
    confidence, power : float
        Chance to claim nothing where there is nothing, and to find what is there.
    available : int, optional
        Customers who are there.

    Raises
    ------
    InputError
        Where a number makes no sense.

    Examples
    --------
    >>> plan_experiment(spread=40.0, smallest_gain=4.0).customers_an_arm
    1237
    """
    if not (spread > 0 and smallest_gain > 0 and math.isfinite(spread)):
        raise InputError(
            f"`spread` is {spread!r} and `smallest_gain` {smallest_gain!r}; both must be positive amounts."
        )
    if not (0.5 < confidence < 1.0 and 0.5 <= power < 1.0 and offers >= 1):
        raise InputError("`confidence` and `power` must lie between 0.5 and 1, and `offers` must be at least 1.")
    reach = float(ndtri(1.0 - (1.0 - confidence) / offers) + ndtri(power))
    size = math.ceil(2.0 * (reach * spread / smallest_gain) ** 2)
    detectable = None if not available else reach * spread * math.sqrt(2.0 * (offers + 1) / available)
    return ExperimentPlan(size, offers + 1, smallest_gain, confidence, power, days, available, detectable)
