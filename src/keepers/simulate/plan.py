"""The plan of a store: what is simulated and by which laws; what is left out does not happen."""

from __future__ import annotations

from dataclasses import dataclass

from keepers.domain.errors import ConfigError
from keepers.simulate.acquisition import Channel
from keepers.simulate.behaviour import Behaviour
from keepers.simulate.catalogue import Catalogue
from keepers.simulate.coupons import Coupons
from keepers.simulate.engagement import Newsletters
from keepers.simulate.feedback import Surveys
from keepers.simulate.funnel import Funnel
from keepers.simulate.offers import Experiment
from keepers.simulate.orderbook import Blemishes
from keepers.simulate.people import COUNTRIES, Country
from keepers.simulate.referrals import Referrals
from keepers.simulate.refunds import Refunds
from keepers.simulate.season import Season
from keepers.simulate.spend import Correlation, Spend
from keepers.simulate.subscriptions import Contracts
from keepers.simulate.touches import Paths

PLAIN_BEHAVIOUR = Behaviour("pareto_nbd", {"r": 0.55, "alpha": 10.6, "s": 0.61, "beta": 11.7}, "week")
PLAIN_SPEND = Spend(p=6.25, q=3.74, gamma=15.4)


@dataclass(frozen=True)
class StorePlan:
    """What a simulated store is like. The plain plan has orders alone, exactly by the law of buying and Gamma-Gamma.

    Parameters
    ----------
    behaviour, spend : Behaviour, Spend
        The laws of customers whose channel has none of its own.
    channels : tuple of Channel
        Where customers come from.
    correlation : Correlation, optional
        Ties rate, dropout and spend; independent without it, as the models say.
    season : Season, optional
        Busy and quiet days.
    catalogue, coupons, refunds, blemishes : optional
        What is sold, at what discount, what comes back, and rows that are no purchases.
    people : bool
        Whether customers have names, addresses and known traits.
    newsletters, surveys, referrals, paths, contracts, funnel : optional
        What else happens between the shop and its customers.
    experiments : tuple of Experiment
        Randomised offers.
    signal : float
        How much known traits say of the hidden rates, between 0 and 1.
    countries : tuple of Country
        Where customers live.
    currency : str
        ISO code of all money.
    time_zone : str
        The business's time zone, such as ``America/New_York``.
    """

    behaviour: Behaviour = PLAIN_BEHAVIOUR
    spend: Spend = PLAIN_SPEND
    channels: tuple[Channel, ...] = (Channel("direct"),)
    correlation: Correlation | None = None
    season: Season | None = None
    catalogue: Catalogue | None = None
    coupons: Coupons | None = None
    refunds: Refunds | None = None
    blemishes: Blemishes | None = None
    people: bool = False
    newsletters: Newsletters | None = None
    surveys: Surveys | None = None
    referrals: Referrals | None = None
    paths: Paths | None = None
    contracts: Contracts | None = None
    funnel: Funnel | None = None
    experiments: tuple[Experiment, ...] = ()
    signal: float = 0.5
    countries: tuple[Country, ...] = COUNTRIES
    currency: str = "USD"
    time_zone: str = "UTC"

    def __post_init__(self) -> None:
        names = [channel.name for channel in self.channels]
        if not names or len(set(names)) != len(names):
            raise ConfigError(
                f"Channels need names of their own, at least one; given were: {', '.join(names) or 'none'}."
            )
        if not 0 <= self.signal <= 1:
            raise ConfigError(f"`signal` is {self.signal!r}; it must lie between 0 and 1.")
        if not self.countries:
            raise ConfigError("A store sells to at least one country.")
        wanted = ("coupons", "newsletters", "surveys", "experiments", "catalogue")
        if not self.people and any(getattr(self, name) for name in wanted):
            named = ", ".join(name for name in wanted if getattr(self, name))
            raise ConfigError(f"The plan has {named} but no people; set `people=True`.")
