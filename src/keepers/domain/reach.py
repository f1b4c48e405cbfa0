"""How far ahead values are looked at: the horizons at which every live customer is valued."""

from __future__ import annotations

from dataclasses import dataclass

from keepers.domain.time import Horizon, TimeUnit

_LETTERS = {TimeUnit.DAY: "d", TimeUnit.WEEK: "w", TimeUnit.MONTH: "m", TimeUnit.YEAR: "y"}

WITHOUT_END = "infinite"


def horizon_label(horizon: Horizon) -> str:
    """A horizon as it stands in names of columns and in addresses.

    >>> from keepers.domain.time import months, weeks
    >>> horizon_label(months(12)), horizon_label(weeks(52)), horizon_label(weeks(6.5))
    ('12m', '52w', '6_5w')
    """
    return f"{horizon.length:g}".replace(".", "_") + _LETTERS[horizon.unit]


@dataclass(frozen=True, slots=True)
class Reach:
    """How far values look, and where a live customer's are.

    Attributes
    ----------
    horizon : Horizon or None
        None is without end.
    column : str
        Of live customers, with the value.
    low, high, orders : str or None
        Fields beside the columns with the ends of the interval and the expected orders; None where they are columns, as
        for a run's own horizon, or where nobody works them out.
    """

    horizon: Horizon | None
    column: str = "value"
    low: str | None = None
    high: str | None = None
    orders: str | None = None

    @property
    def own(self) -> bool:
        """Whether it is the run's own horizon."""
        return self.column == "value"

    @property
    def name(self) -> str:
        """As it stands in an address."""
        return WITHOUT_END if self.horizon is None else horizon_label(self.horizon)

    @property
    def words(self) -> str:
        """As a person says it.

        >>> from keepers.domain.time import months
        >>> Reach(months(3)).words, Reach(None).words
        ('next 3 months', 'without end')
        """
        return "without end" if self.horizon is None else f"next {self.horizon}"


OWN = Reach(None)
"""The run's own horizon, where nothing needs its length."""


def reaches(own: Horizon, also: Horizon | None, lifetime: Horizon | None) -> tuple[Reach, ...]:
    """The horizons at which customers are valued, the nearest first.

    Parameters
    ----------
    own : Horizon
        The run's.
    also : Horizon or None
        The second one; None where there is none.
    lifetime : Horizon or None
        The cap; None where a run kept nothing beyond its own horizon.
    """
    found = [Reach(own)]
    if also is not None:
        label, value = horizon_label(also), f"clv_predicted_{horizon_label(also)}"
        found.append(Reach(also, "value_also", f"{value}_low", f"{value}_high", f"expected_orders_{label}"))
    if lifetime is not None and lifetime.days > own.days:
        ends = ("clv_lifetime_low", "clv_lifetime_high")
        found.append(Reach(lifetime, "value_lifetime", *ends, "expected_orders_lifetime"))
    found.sort(key=lambda one: 0.0 if one.horizon is None else one.horizon.days)
    return tuple(found) if lifetime is None else (*found, Reach(None, "value_infinite", "", "", ""))
