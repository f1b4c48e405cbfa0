"""The steps of a simulation in their order: who comes, what they do, what the shop writes down, and what is true."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np

from keepers.data.engine import Engine
from keepers.domain.cells import FloatArray, IntArray
from keepers.domain.money import MoneyBasis
from keepers.simulate import event_tables, order_tables, people_tables
from keepers.simulate.acquisition import draw_arrivals
from keepers.simulate.behaviour import draw_later_purchases, draw_purchases
from keepers.simulate.engagement import draw_engagement
from keepers.simulate.feedback import draw_feedback
from keepers.simulate.funnel import draw_visits
from keepers.simulate.margins import OrderWorth
from keepers.simulate.offers import OfferedPurchases, Scene, all_offers, run_experiments
from keepers.simulate.orderbook import OrderBook, add_blemishes, write_book
from keepers.simulate.people import draw_persons
from keepers.simulate.plan import StorePlan
from keepers.simulate.population import Traits, draw_population, draw_traits
from keepers.simulate.referrals import draw_referrals
from keepers.simulate.refunds import RefundEvents, draw_refunds
from keepers.simulate.season import Tempo
from keepers.simulate.spend import draw_amounts
from keepers.simulate.streams import stream
from keepers.simulate.subscriptions import draw_contracts
from keepers.simulate.tables import TableWriter
from keepers.simulate.touches import draw_touches
from keepers.simulate.truth import ChannelTruth, CustomerTruth, LeadTruth, Truth


class Builder:
    """Simulates one store; `span` days from `first_day`, customers coming in the first `days` of them."""

    def __init__(
        self, plan: StorePlan, customers: int, seed: int, first_day: dt.date, span: int, days: int, engine: Engine
    ) -> None:
        self.plan, self.seed, self.span = plan, seed, span
        self.tempo = Tempo(first_day, plan.season)
        self.writer = TableWriter(engine, self.tempo, span, plan.time_zone)
        self.arrivals = draw_arrivals(plan.channels, customers, days, span, self.tempo, seed)
        self.population = draw_population(
            self.arrivals, plan.channels, plan.behaviour, plan.spend, plan.correlation, seed
        )
        self.traits: Traits | None = self._traits() if plan.people or plan.referrals else None
        self.worth = self._worth()
        self.campaigns = event_tables.campaign_names(plan)[0]
        self.campaign = event_tables.draw_campaigns(plan, self.population.channel, "customers", seed)

    def build(self, follow_up: float) -> Truth:
        """Write all tables of the plan and give the truth; `follow_up` days go on unseen after the end."""
        plan, seed, span = self.plan, self.seed, self.span
        latents, start = self.population.latents, self.population.start
        bought = draw_purchases(latents, start, span, self.tempo, stream(seed, "purchases"))
        later = draw_later_purchases(
            bought, latents, start, span, span + follow_up, self.tempo, stream(seed, "later purchases")
        )
        made = OfferedPurchases(bought.customer, bought.moment, np.full(bought.customer.size, -1))
        if plan.experiments and self.traits is not None:
            scene = Scene(self.population, self.traits, self.worth, bought.dropout, self.tempo, span)
            made = run_experiments(plan.experiments, bought, scene, seed)
        leads = self.arrivals.leads
        unnamed = 0 if leads is None else leads.created.size
        persons = draw_persons(self.population.size + unnamed, plan.countries, stream(seed, "persons"))
        book = self._book(made, persons.country)
        refunds: RefundEvents | None = None
        if plan.refunds is not None:
            paid = np.flatnonzero(book.status == 0)
            drawn = draw_refunds(plan.refunds, book.moment[paid], book.amount[paid], span, stream(seed, "refunds"))
            refunds = replace(drawn, order=paid[drawn.order])
        order_tables.write_orders(
            self.writer, plan, book, self.population, self.traits, self.campaign, self.campaigns, refunds, seed
        )
        if refunds is not None:
            order_tables.write_refunds(self.writer, plan, book, refunds)
        if plan.catalogue is not None:
            order_tables.write_lines(self.writer, plan, book, plan.catalogue)
            order_tables.write_products(self.writer, plan.catalogue)
        unsubscribed = self._engagement(book, bought.dropout)
        if self.traits is not None:
            self._feedback(book, refunds, bought.dropout, self.traits)
            self._referrals(bought.dropout, self.traits)
            if plan.people:
                people_tables.write_people(
                    self.writer, plan, self.population, self.traits, persons, self.campaign, self.campaigns, leads,
                    unsubscribed,
                )  # fmt: skip
        if leads is not None:
            lead_campaign = event_tables.draw_campaigns(plan, leads.channel, "leads", seed)
            people_tables.write_leads(
                self.writer, plan, self.population, leads, persons, self.campaigns, lead_campaign, span, seed
            )
        event_tables.write_spend(self.writer, plan, self.arrivals, float(np.mean(self.population.mean_spend)), seed)
        if plan.paths is not None:
            touches = draw_touches(plan.paths, plan.channels, self.arrivals, seed)
            event_tables.write_touches(self.writer, plan, touches, self.campaign, seed)
        if made.truths:
            event_tables.write_experiments(self.writer, made.truths, span)
        return self._truth(book, made, bought.dropout, later.customer)

    def _traits(self) -> Traits:
        popularity = np.ones(1) if self.plan.catalogue is None else self.plan.catalogue.popularity
        use = self.plan.coupons.standing_use if self.plan.coupons else 0.1
        return draw_traits(self.population, popularity, use, self.plan.signal, self.seed)

    def _worth(self) -> OrderWorth:
        size = self.population.size
        margin, use, rate = np.full(size, np.nan), np.zeros(size), 0.0
        if self.plan.catalogue is not None and self.traits is not None:
            margin = self.plan.catalogue.margin_rates(self.traits.favourite)
        if self.plan.coupons is not None and self.traits is not None:
            use, rate = self.traits.discount_use, self.plan.coupons.rate
        refunds = self.plan.refunds
        counted, kept = (1.0, 1.0) if refunds is None else (refunds.counted, refunds.kept)
        return OrderWorth(self.population.mean_spend, margin, use, rate, counted, kept)

    def _book(self, made: OfferedPurchases, home: IntArray) -> OrderBook:
        """First orders and later ones up to the end, with the rows that every export has, in the order of time."""
        size = self.population.size
        customer = np.concatenate([np.arange(size), made.customer])
        # The last moment belongs to the last day.
        moment = np.minimum(np.concatenate([self.population.start, made.moment]), self.span - 1e-6)
        offer = np.concatenate([np.full(size, -1), made.offer])
        first = np.arange(customer.size) < size
        status = np.zeros(customer.size, dtype=np.int64)
        if self.plan.blemishes is not None:
            who, when, state, status = add_blemishes(self.plan.blemishes, customer, moment, float(self.span), self.seed)
            customer, moment = np.concatenate([customer, who]), np.concatenate([moment, when])
            offer = np.concatenate([offer, np.full(who.size, -1)])
            first = np.concatenate([first, np.zeros(who.size, dtype=bool)])
            status = np.concatenate([status, state])
        order = np.argsort(moment, kind="stable")
        return write_book(
            customer[order], moment[order], first[order], offer[order], status[order],
            population=self.population, traits=self.traits, home=home, countries=self.plan.countries,
            catalogue=self.plan.catalogue, coupons=self.plan.coupons,
            offer_discount=np.array([one.discount for one in all_offers(self.plan.experiments)]), seed=self.seed,
        )  # fmt: skip

    def _engagement(self, book: OrderBook, dropout: FloatArray) -> tuple[IntArray, FloatArray]:
        """Mailings and visits; gives back who unsubscribed when."""
        none = np.zeros(0, dtype=np.int64), np.zeros(0)
        if self.plan.newsletters is None or self.traits is None:
            return none
        events = draw_engagement(
            self.plan.newsletters, self.population, self.traits, dropout, (book.customer, book.moment), self.tempo,
            self.span, self.seed,
        )  # fmt: skip
        event_tables.write_engagement(self.writer, events)
        out = events.kind == 3
        return events.customer[out], events.moment[out]

    def _feedback(self, book: OrderBook, refunds: RefundEvents | None, dropout: FloatArray, traits: Traits) -> None:
        if self.plan.surveys is None:
            return
        customer = np.where(book.status == 0, book.customer, -1)
        events = draw_feedback(self.plan.surveys, traits, dropout, customer, book.moment, refunds, self.span, self.seed)
        event_tables.write_feedback(self.writer, self.plan, events, book.main_article)

    def _referrals(self, dropout: FloatArray, traits: Traits) -> None:
        if self.plan.referrals is None:
            return
        by_friends = [row for row, channel in enumerate(self.plan.channels) if channel.by_referral]
        referred = np.flatnonzero(np.isin(self.population.channel, by_friends))
        events = draw_referrals(
            self.plan.referrals, referred, self.population.start, dropout, traits.referral_pull, self.span, self.seed
        )
        event_tables.write_referrals(self.writer, self.plan.referrals, events)

    def _truth(self, book: OrderBook, made: OfferedPurchases, dropout: FloatArray, later: IntArray) -> Truth:
        population, plan = self.population, self.plan
        amounts = draw_amounts(
            population.mean_spend[later], population.spend_shape[later], stream(self.seed, "later amounts")
        )
        customers = CustomerTruth(
            population.channel, population.start, dropout, population.latents, self.worth,
            np.bincount(later, minlength=population.size).astype(np.int64),
            np.bincount(later, amounts, population.size).astype(np.float64),
            self.tempo, self.span, tuple(channel.name for channel in plan.channels),
        )  # fmt: skip
        truth = Truth(
            customers,
            {channel.name: self._channel(row) for row, channel in enumerate(plan.channels)},
            {one.experiment.name: one for one in made.truths},
        )
        leads = self.arrivals.leads
        if leads is not None:
            laws = {row: channel.leads for row, channel in enumerate(plan.channels) if channel.leads is not None}
            truth = replace(truth, leads=LeadTruth(leads, laws, self.span))
        if plan.contracts is not None:
            rows, contracts = draw_contracts(
                plan.contracts, population.start, dropout, self.tempo, self.span, self.seed
            )
            event_tables.write_contracts(self.writer, plan, plan.contracts, rows)
            truth = replace(truth, contracts=contracts)
        if plan.funnel is not None:
            online = np.flatnonzero((book.status == 0) & (book.customer >= 0))
            visits, funnel = draw_visits(
                plan.funnel, online, book.moment[online], ~book.first[online], self.span, self.seed
            )
            event_tables.write_visits(self.writer, plan, visits, funnel, book.customer, self.seed)
            truth = replace(truth, funnel=funnel)
        return truth

    def _channel(self, row: int) -> ChannelTruth:
        plan, channel = self.plan, self.plan.channels[row]
        mine = np.flatnonzero(self.population.channel == row)
        revenue = float(self.worth.mean_spend[mine].sum())
        factor = {
            basis: float(self.worth.of(basis)[mine].sum() / revenue) if mine.size else float("nan")
            for basis in MoneyBasis
        }
        value_factor = 1.0
        if self.arrivals.leads is not None and channel.leads is not None and mine.size:
            value_factor = float(np.mean(self.arrivals.leads.value_factor[self.population.lead[mine]]))
        return ChannelTruth(
            channel, mine.size, float(self.arrivals.ceiling[row]), self.arrivals.daily_spend[row],
            self.tempo.demand[: self.arrivals.daily_spend.shape[1]], channel.behaviour or plan.behaviour,
            channel.spend or plan.spend, plan.correlation, factor, value_factor,
        )  # fmt: skip
