"""What is true of a simulated store, beside the data that show it only in part."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from keepers.domain.cells import FloatArray, IntArray
from keepers.domain.errors import ConfigError
from keepers.domain.money import DiscountRate, MoneyBasis
from keepers.domain.time import Horizon, parse_day
from keepers.simulate.acquisition import Channel
from keepers.simulate.advertising import Response
from keepers.simulate.behaviour import Behaviour, Latents
from keepers.simulate.expectation import purchases_ahead, survival
from keepers.simulate.funnel import FunnelTruth
from keepers.simulate.leads import LeadBatch, LeadLaw
from keepers.simulate.margins import OrderWorth
from keepers.simulate.offers import OfferTruth
from keepers.simulate.season import Tempo
from keepers.simulate.spend import Correlation, Spend
from keepers.simulate.streams import stream
from keepers.simulate.subscriptions import ContractTruth

_DRAWS = 100_000


@dataclass(frozen=True, eq=False)
class CustomerTruth:
    """The truth of every customer; row i is the customer with the key ``keys[i]``.

    Attributes
    ----------
    channel : array of int, shape (n,)
        Position of the channel that truly brought the customer.
    start, dropout : arrays
        Moments of the first purchase and of leaving for good, in days since the store's first day; the latter
        infinite for who never leaves.
    latents : Latents
        Purchase rate, dropout hazard and dropout probability, per day.
    worth : OrderWorth
        What an order is worth on average, in every money basis.
    later_purchases, later_revenue : arrays
        What happened in the follow-up after the end; zeros without one.
    """

    channel: IntArray
    start: FloatArray
    dropout: FloatArray
    latents: Latents
    worth: OrderWorth
    later_purchases: IntArray
    later_revenue: FloatArray
    tempo: Tempo
    end: int
    channel_names: tuple[str, ...]

    @property
    def size(self) -> int:
        """Number of customers."""
        return int(self.start.size)

    @property
    def keys(self) -> NDArray[np.str_]:
        """The customer_key of every row."""
        return np.char.add("C", np.char.zfill((np.arange(self.size) + 1).astype(np.str_), 7))

    @property
    def mean_spend(self) -> FloatArray:
        """True mean order value, before refunds."""
        return self.worth.mean_spend

    def alive(self, at: dt.date | str | None = None) -> NDArray[np.bool_]:
        """Who is a customer at the end of a day (the store's last day if left out)."""
        moment = self._moment(at)
        return (self.start < moment) & (self.dropout > moment)

    def survival(self, horizon: Horizon, at: dt.date | str | None = None) -> FloatArray:
        """Probability of being a customer at the end of the horizon, knowing the rates and who is one now."""
        return self.alive(at) * survival(self.latents, self.tempo, self._moment(at), horizon.days)

    def expected_purchases(
        self, horizon: Horizon | None, at: dt.date | str | None = None, discount: DiscountRate | None = None
    ) -> FloatArray:
        """Expected orders after a day (None: for ever), knowing the rates and who is still a customer.

        With a discount, later orders count for less. Orders that will be cancelled or sent back are in it.
        """
        days = np.inf if horizon is None else horizon.days
        rate = 0.0 if discount is None else discount.per_day
        return self.alive(at) * purchases_ahead(self.latents, self.tempo, self._moment(at), days, rate)

    def expected_value(
        self,
        horizon: Horizon | None,
        discount: DiscountRate | None = None,
        basis: MoneyBasis = MoneyBasis.NET_REVENUE,
        at: dt.date | str | None = None,
    ) -> FloatArray:
        """Expected worth of those orders in a money basis; NaN for contribution where costs are not known."""
        return self.expected_purchases(horizon, at, discount) * self.worth.of(basis)

    def columns(self) -> dict[str, NDArray[np.generic]]:
        """The truth as columns, with rates per day; what `Store.write` puts into `truth.parquet`."""
        return {
            "customer_key": self.keys,
            "channel": np.array(self.channel_names)[self.channel],
            "start": self.start,
            "dropout": self.dropout,
            "alive": self.alive(),
            "purchase_rate": self.latents.rate,
            "dropout_hazard": self.latents.hazard,
            "dropout_probability": self.latents.drop_probability,
            "mean_spend": self.worth.mean_spend,
            "order_net_revenue": self.worth.of(MoneyBasis.NET_REVENUE),
            "order_contribution": self.worth.of(MoneyBasis.CONTRIBUTION),
            "later_purchases": self.later_purchases,
            "later_revenue": self.later_revenue,
        }

    def _moment(self, at: dt.date | str | None) -> float:
        if at is None:
            return float(self.end)
        return float(self.tempo.day_number(parse_day(at, "at")) + 1)


@dataclass(frozen=True, eq=False)
class ChannelTruth:
    """What a channel truly brings: how it answers to money, and what its customers are worth.

    Attributes
    ----------
    channel : Channel
        As planned.
    customers : int
        Customers that it brought.
    ceiling : float
        Customers (leads, for a channel of leads) an average day would bring at full saturation; for a free
        channel, what an average first day brings.
    daily_spend : array, shape (days,)
        Money.
    """

    channel: Channel
    customers: int
    ceiling: float
    daily_spend: FloatArray
    demand: FloatArray
    behaviour: Behaviour
    spend: Spend
    correlation: Correlation | None
    order_factor: dict[MoneyBasis, float]
    value_factor: float

    @property
    def response(self) -> Response | None:
        """How it answers to money; None for a free channel."""
        return None if self.channel.advertising is None else self.channel.advertising.response

    def expected_arrivals(self, daily_spend: FloatArray | None = None) -> FloatArray:
        """Customers (or leads) of each day that a plan of spend brings in expectation; the real plan if left out."""
        if self.response is None:
            growth = self.channel.growth ** (np.arange(self.demand.size) / 365.25)
            return np.asarray(self.ceiling * growth * self.demand)
        plan = self.daily_spend if daily_spend is None else np.asarray(daily_spend, dtype=np.float64)
        if plan.size > self.demand.size:
            raise ConfigError(f"The plan has {plan.size} days, but the store only {self.demand.size}.")
        shape = self.response.saturation(self.response.pressure(plan))
        return np.asarray(self.ceiling * shape * self.demand[: plan.size])

    def steady_arrivals(self, spend_a_day: float) -> float:
        """Customers (or leads) of an average day when so much is spent every day."""
        response = self._needs_response()
        return float(self.ceiling * response.saturation(spend_a_day))

    def marginal_arrivals(self, spend_a_day: float) -> float:
        """How many more one more unit of money a day brings, when so much is spent every day."""
        response = self._needs_response()
        return float(self.ceiling * response.marginal_saturation(spend_a_day))

    def _needs_response(self) -> Response:
        if self.response is None:
            raise ConfigError(f"Channel `{self.channel.name}` costs nothing, so it has no response to money.")
        return self.response

    def new_customer_value(
        self,
        horizon: Horizon | None,
        discount: DiscountRate | None = None,
        basis: MoneyBasis = MoneyBasis.NET_REVENUE,
        include_first: bool = True,
    ) -> float:
        """Expected worth of a customer whom the channel brings, from the first order on.

        The mean over 100,000 draws from the channel's laws, on average days; the same draws for every question.
        Infinite where the law says so.
        """
        latents, means = self._typical
        days = np.inf if horizon is None else horizon.days
        steady = Tempo(dt.date(2000, 1, 1))
        later = purchases_ahead(latents, steady, 0.0, days, 0.0 if discount is None else discount.per_day)
        orders = ~latents.lost_at_once * later + float(include_first)
        return float(np.mean(orders * means) * self.order_factor[basis])

    @cached_property
    def _typical(self) -> tuple[Latents, FloatArray]:
        rng = stream(0, f"value of {self.channel.name}")
        ranks = None if self.correlation is None else self.correlation.draw_ranks(_DRAWS, rng)
        latents = self.behaviour.draw(_DRAWS, rng, ranks)
        return latents, self.spend.draw_means(_DRAWS, rng, None if ranks is None else ranks[2]) * self.value_factor


@dataclass(frozen=True, eq=False)
class LeadTruth:
    """The truth of every lead; row i is the lead ``L`` and i + 1 with six digits.

    Attributes
    ----------
    batch : LeadBatch
        What was known, the probability of ever becoming a customer, and what came of it.
    laws : tuple of LeadLaw
        The law of each lead's channel, by `channel`.
    """

    batch: LeadBatch
    laws: dict[int, LeadLaw]
    end: int

    @property
    def ids(self) -> NDArray[np.str_]:
        """The lead_id of every row."""
        return np.char.add("L", np.char.zfill((np.arange(self.batch.created.size) + 1).astype(np.str_), 6))

    @property
    def probability(self) -> FloatArray:
        """Probability, when the lead came, of ever becoming a customer."""
        return self.batch.probability

    @property
    def open(self) -> NDArray[np.bool_]:
        """Leads that are neither won nor given up at the end."""
        return self.batch.closes >= self.end

    def converted_within(self, horizon: Horizon) -> FloatArray:
        """Probability, when the lead came, of becoming a customer within the horizon."""
        share = np.zeros(self.batch.created.size)
        for channel, law in self.laws.items():
            share[self.batch.channel == channel] = law.converted_within(horizon.days)
        return self.batch.probability * share


@dataclass(frozen=True, eq=False)
class Truth:
    """All that is true of the store.

    Attributes
    ----------
    customers : CustomerTruth
        Rates, dropout, spend and value of everybody.
    channels : dict of ChannelTruth
        By name.
    offers : dict of OfferTruth
        By experiment.
    leads, contracts, funnel : optional
        Where the plan has them.
    """

    customers: CustomerTruth
    channels: dict[str, ChannelTruth]
    offers: dict[str, OfferTruth] = field(default_factory=dict)
    leads: LeadTruth | None = None
    contracts: ContractTruth | None = None
    funnel: FunnelTruth | None = None
