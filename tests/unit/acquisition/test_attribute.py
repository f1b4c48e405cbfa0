"""Attribution of value on a store whose truth is known: totals kept, the truth inside, experiments heeded."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest

import keepers as kp
from keepers.acquisition.attribution.attribute import attribute
from keepers.acquisition.attribution.credits import METHODS, NO_CONTACT, Attribution
from keepers.acquisition.attribution.experiments import ChannelExperiment
from keepers.data.table import Table
from keepers.domain.cells import FloatArray
from keepers.domain.decision import EvidenceGrade
from keepers.domain.money import MoneyBasis
from keepers.simulate.acquisition import Channel
from keepers.simulate.plan import StorePlan
from keepers.simulate.spend import Spend
from keepers.simulate.store import Store, simulate_store
from keepers.simulate.touches import Paths
from keepers.valuation.values import Values

PLAN = StorePlan(
    channels=(
        Channel("organic search", 0.35),
        Channel("paid search", 0.25),
        Channel("paid social", 0.3, spend=Spend(6.25, 3.74, 6.0)),
        Channel("friends", 0.1, spend=Spend(6.25, 3.74, 40.0)),
    ),
    paths=Paths(harvest=(("paid search", 0.3),)),
)


@pytest.fixture(scope="module")
def store() -> Store:
    return simulate_store(1500, 11, PLAN, start="2025-07-01", end="2026-06-30")


@pytest.fixture(scope="module")
def values(store: Store) -> Values:
    summary = kp.summarise(store.orders, kp.ObservationWindow(unit="week"))
    found: Values = kp.lifetime_value(kp.MBGNBD().fit(summary), kp.GammaGamma().fit(summary), summary).stored()
    return found


@pytest.fixture(scope="module")
def found(store: Store, values: Values) -> Attribution:
    return attribute(store, values)


def truth(store: Store, found: Attribution) -> FloatArray:
    """Customers whom each channel truly brought among those who are attributed, about: the shares of all times."""
    brought = store.truth.customers.channel
    share = np.bincount(brought, minlength=4) / brought.size
    return np.asarray(share * found.customers)


def test_every_method_divides_the_same_customers_and_the_same_value(found: Attribution, values: Values) -> None:
    assert tuple(one.name for one in found.methods) == METHODS
    for method in found.methods:
        assert sum(one.customers for one in method.credits) == pytest.approx(found.customers)
        assert sum(one.value or 0.0 for one in method.credits) == pytest.approx(found.total)
        assert sum(one.share for one in method.credits) == pytest.approx(1.0)
        for one in method.credits:
            assert one.customers_low <= one.customers <= one.customers_high
            assert (one.value_low or 0.0) <= (one.value or 0.0) <= (one.value_high or 0.0)
    assert found.unseen + found.customers <= len(values)
    assert found.basis is MoneyBasis.NET_REVENUE


def test_the_total_is_what_customers_have_brought_and_will_bring(found: Attribution, values: Values) -> None:
    first, last = found.since, found.end
    rows = values.to_numpy()
    days = rows["first_order_date"].astype("datetime64[D]")
    worth = rows["clv_historic"].astype(float) + rows[values.value_column].astype(float)
    # Some of these days came by a way that began too early or too late to count.
    there = worth[(days >= np.datetime64(first)) & (days <= np.datetime64(last))]
    assert 0.9 * there.sum() < (found.total or 0.0) < there.sum()


def test_the_last_contact_is_taken_in_by_harvest_and_the_incremental_method_is_not(
    found: Attribution, store: Store
) -> None:
    true = dict(zip((channel.name for channel in PLAN.channels), truth(store, found), strict=True))
    caused, last = found.method("incremental"), found.method("last")
    assert last.of("paid search").customers > 1.4 * true["paid search"]
    for name, customers in true.items():
        one = caused.of(name)
        chance = 3 * np.sqrt(customers)
        assert one.customers == pytest.approx(customers, abs=0.1 * customers + chance)
        assert one.customers_low - chance < customers < one.customers_high + chance
        assert one.lost is not None
        assert 0 < one.lost <= one.customers
    # Last contacts may have brought orders: that is left open, upwards where they are many and downwards elsewhere.
    assert caused.of("paid search").customers_high > 1.3 * true["paid search"]
    assert caused.of("paid social").customers_low < 0.9 * true["paid social"]


def test_value_follows_whom_a_channel_brings(found: Attribution) -> None:
    caused = found.method("incremental")
    a_customer = {one.channel: (one.value or 0.0) / one.customers for one in caused.credits}
    assert a_customer["friends"] > 2 * a_customer["paid social"]
    assert found.channels[-1] == NO_CONTACT
    shares = [caused.of(name).share for name in found.channels[:-1]]
    assert shares == sorted(shares, reverse=True)


def test_evidence_is_said(found: Attribution) -> None:
    assert {one.evidence for one in found.method("markov").credits} == {EvidenceGrade.PREDICTIVE}
    assert {one.evidence for one in found.method("incremental").credits} == {EvidenceGrade.ADJUSTED}
    columns = found.columns()
    assert {len(column) for column in columns.values()} == {len(METHODS) * 5}


def test_an_experiment_sets_a_channel_right_and_closes_its_interval(
    found: Attribution, store: Store, values: Values
) -> None:
    since, until = dt.date(2026, 1, 1), dt.date(2026, 3, 31)
    trial = ChannelExperiment("paid search", since, until, share=0.05, error=0.01, kind="holdout")
    again = attribute(store, values, experiments=[trial])
    before, after = (one.method("incremental") for one in (found, again))
    assert after.of("paid search").customers == pytest.approx(0.05 * found.customers, rel=0.3)
    assert after.of("paid search").evidence is EvidenceGrade.EXPERIMENTAL
    assert after.of("paid search").customers_high < 0.1 * found.customers
    gone = before.of("paid search").customers - after.of("paid search").customers
    assert after.of(NO_CONTACT).customers - before.of(NO_CONTACT).customers == pytest.approx(gone)
    assert sum(one.value or 0.0 for one in after.credits) == pytest.approx(again.total)
    assert any("paid search" in note and "5% of the new customers" in note for note in again.notes)


def test_an_experiment_may_find_more_than_contacts_told(found: Attribution, store: Store, values: Values) -> None:
    days = dt.date(2025, 9, 1), dt.date(2026, 5, 31)
    again = attribute(
        store, values,
        experiments=[ChannelExperiment("paid social", *days, 0.6, 0.05), ChannelExperiment("radio", *days, 0.1, 0.05)],
    )  # fmt: skip
    after = again.method("incremental")
    assert after.of("paid social").customers == pytest.approx(0.6 * found.customers, rel=0.08)
    assert sum(one.customers for one in after.credits) == pytest.approx(found.customers)
    assert all(one.customers >= 0 for one in after.credits)
    assert any(note.startswith("The experiment with radio was left out") for note in again.notes)


def test_without_money_customers_are_attributed(store: Store, found: Attribution) -> None:
    summary = kp.summarise(store.orders, kp.ObservationWindow(unit="week"))
    counted = attribute(store, kp.lifetime_value(kp.NBD().fit(summary), None, summary, columns="main"))
    assert counted.total is None
    assert counted.currency is None
    for method in counted.methods:
        assert sum(one.customers for one in method.credits) == pytest.approx(found.customers)
        assert {one.value for one in method.credits} == {None}
    assert counted.method("last") != found.method("last")
    assert [one.customers for one in counted.method("last").credits] == [
        one.customers for one in found.method("last").credits
    ]


def test_contacts_of_customers_alone_prove_less_and_it_is_said(store: Store, values: Values) -> None:
    name = store.engine.create("known_touches", (
        f"SELECT * FROM {store.tables['touches'].name} WHERE customer_key IS NOT NULL AND channel = 'paid search'"
    ))  # fmt: skip
    alone = replace(store, tables={**store.tables, "touches": Table(store.engine, name)})
    found = attribute(alone, values)
    assert found.channels == ("paid search", NO_CONTACT)
    assert found.unled > 0
    caused = found.method("incremental")
    assert {one.evidence for one in caused.credits} == {EvidenceGrade.PREDICTIVE}
    assert any("of customers alone" in note for note in found.notes)
    assert sum(one.customers for one in caused.credits) == pytest.approx(found.customers)
