"""Mailings, feedback, referrals, contacts, contracts and visits: each by its own law, and in line with the rest."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from keepers.domain.errors import ConfigError
from keepers.simulate import Contracts, Decision, Fading, Funnel, Paths, Plan, Store, StorePlan, Variant, simulate_store
from keepers.simulate.demo import PLAN
from keepers.simulate.funnel import TYPES


def number(column: str) -> str:
    return f"CAST(substr({column}, 2) AS INTEGER) - 1"


def days_to_dropout(store: Store, table: str, value: str, where: str) -> tuple[np.ndarray, np.ndarray]:
    found = store.engine.columns(
        f"""SELECT {number("customer_key")} AS customer, {value} AS value,
                   CAST(date_diff('day', DATE '{store.first_day}', day) AS DOUBLE) AS day
            FROM {store.tables[table].name} WHERE {where}"""
    )
    left = store.truth.customers.dropout[found["customer"].astype(int)] - found["day"]
    return left, found["value"].astype(float)


def test_fading_falls_in_a_straight_line_to_its_floor() -> None:
    fading = Fading(days=50.0, floor=0.2)
    at = np.array([0.0, 50.0, 75.0, 100.0, 400.0])
    assert fading.interest(at, np.full(5, 100.0)).tolist() == pytest.approx([1.0, 1.0, 0.6, 0.2, 0.2])


def test_mailings_are_opened_less_and_less_before_a_customer_leaves(demo: Store) -> None:
    opens = f"""(SELECT s.customer_key, s.day, (o.customer_key IS NOT NULL)::INTEGER AS opened
        FROM {demo.tables["engagement"].name} s LEFT JOIN {demo.tables["engagement"].name} o
        ON o.customer_key = s.customer_key AND o.campaign = s.campaign AND o.kind = 'open' WHERE s.kind = 'sent')"""
    found = demo.engine.columns(
        f"""SELECT {number("customer_key")} AS customer, opened,
                   CAST(date_diff('day', DATE '{demo.first_day}', day) AS DOUBLE) AS day FROM {opens}"""
    )
    left = demo.truth.customers.dropout[found["customer"].astype(int)] - found["day"]
    rates = [found["opened"][(left > low) & (left <= high)].mean() for low, high in ((90, 1e9), (20, 60), (-1e9, 0))]
    assert rates[0] > 1.2 * rates[1] > 1.2 * 1.2 * rates[2]


def test_scores_and_words_turn_sour_before_a_customer_leaves(demo: Store) -> None:
    left, score = days_to_dropout(demo, "feedback", "score", "kind = 'nps'")
    assert score[left > 120].mean() > score[(left > 0) & (left < 60)].mean() + 0.8
    assert score.min() >= 0
    assert score.max() <= 10
    sour, glad = (
        demo.engine.row(
            f"SELECT avg(score) FROM {demo.tables['feedback'].name} WHERE kind = 'nps' AND text LIKE '%{words}%'"
        )
        for words in ("disappointed", "very happy")
    )
    assert sour[0] < 5
    assert glad[0] > 7
    texts = demo.engine.rows(f"SELECT text FROM {demo.tables['feedback'].name} WHERE text IS NOT NULL")
    assert not [text for (text,) in texts if "{" in text or "  " in text or text != text.strip()]


def test_nobody_gets_mail_after_unsubscribing_nor_before_the_first_order(demo: Store) -> None:
    table, orders = demo.tables["engagement"].name, demo.tables["orders"].name
    late = demo.engine.row(
        f"""SELECT count(*) FROM {table} s JOIN {table} u ON u.customer_key = s.customer_key AND u.kind = 'unsubscribe'
            WHERE s.kind = 'sent' AND s.occurred_at > u.occurred_at"""
    )
    early = demo.engine.row(
        f"""SELECT count(*) FROM {table} s JOIN (SELECT customer_key, min(day) AS day FROM {orders} GROUP BY 1) o
            USING (customer_key) WHERE s.kind = 'sent' AND s.day < o.day"""
    )
    assert late == early == (0,)
    unwanted = demo.engine.row(
        f"""SELECT count(*) FROM {table} s JOIN {demo.tables["customers"].name} c USING (customer_key)
            WHERE s.kind = 'sent' AND NOT c.accepts_marketing"""
    )
    assert unwanted == (0,)


def test_referrers_were_customers_when_they_referred(demo: Store) -> None:
    found = demo.engine.columns(
        f"""SELECT {number("referrer_key")} AS referrer, {number("customer_key")} AS referred,
                   epoch(occurred_at - TIMESTAMP '{demo.first_day}') / 86400.0 AS at
            FROM {demo.tables["referrals"].name}"""
    )
    truth = demo.truth.customers
    referrer = found["referrer"].astype(int)
    assert np.all(truth.start[referrer] <= found["at"] + 1.0)  # to the day: hours are local
    assert np.all(truth.dropout[referrer] >= found["at"] - 1.0)
    known = ~np.isnan(found["referred"])
    referred = found["referred"][known].astype(int)
    names = list(demo.truth.channels)
    assert {names[row] for row in np.unique(truth.channel[referred])} == {"friends"}
    assert np.all(truth.start[referred] >= found["at"][known] - 1.0)
    assert not np.any(referred == referrer[known])
    assert known.mean() == pytest.approx(1 / 1.6, abs=0.06)


def test_paths_end_with_the_first_order_and_hold_the_channel_that_caused_it(demo: Store) -> None:
    touches, customers = demo.tables["touches"].name, demo.tables["customers"].name
    without = demo.engine.row(
        f"""SELECT count(*) FROM {customers} c WHERE NOT EXISTS
            (SELECT 1 FROM {touches} t WHERE t.customer_key = c.customer_key AND t.channel = c.channel
             AND t.campaign IS NOT DISTINCT FROM c.campaign)"""
    )
    late = demo.engine.row(
        f"""SELECT count(*) FROM {touches} t JOIN (
                SELECT customer_key, min(occurred_at) AS at FROM {demo.tables["orders"].name}
                WHERE status <> 'void' GROUP BY 1) o USING (customer_key) WHERE t.occurred_at > o.at"""
    )
    assert without == late == (0,)
    visitors, buyers = demo.engine.row(
        f"""SELECT count(DISTINCT visitor_id), count(DISTINCT visitor_id) FILTER (customer_key IS NOT NULL)
            FROM {touches}"""
    )
    assert buyers == 3200
    assert visitors / buyers == pytest.approx(4.0, abs=0.1)
    first = demo.engine.row(
        f"""SELECT avg((t.channel = c.channel)::INTEGER) FROM {customers} c JOIN (
                SELECT customer_key, arg_min(channel, occurred_at) AS channel FROM {touches} GROUP BY 1) t
            USING (customer_key)"""
    )[0]
    assert 0.5 < first < 0.9  # neither the first nor the last contact gives the cause away
    numbers = demo.engine.columns(
        f"SELECT DISTINCT substr(visitor_id, 2)::INTEGER AS n, customer_key IS NOT NULL AS bought FROM {touches}"
    )
    bought = numbers["bought"].astype(bool)
    assert stats.mannwhitneyu(numbers["n"][bought], numbers["n"][~bought]).pvalue > 1e-3


def test_harvesting_channels_close_paths_they_did_not_cause() -> None:
    plan = StorePlan(channels=PLAN.channels[:3], paths=Paths(extra=0.5, harvest=(("organic search", 0.5),)))
    store = simulate_store(4000, 1, plan)
    last = dict(
        store.engine.rows(
            f"""SELECT channel, count(*) FROM (SELECT customer_key, arg_max(channel, occurred_at) AS channel
                FROM {store.tables["touches"].name} WHERE customer_key IS NOT NULL GROUP BY 1) GROUP BY 1"""
        )
    )
    assert last["organic search"] > 1.4 * store.truth.channels["organic search"].customers
    with pytest.raises(ConfigError, match="is not a channel"):
        simulate_store(50, 1, StorePlan(paths=Paths(harvest=(("nowhere", 0.1),))))


def test_contracts_churn_by_the_shifted_beta_geometric_law() -> None:
    law = Contracts(
        (Plan("small", 10.0), Plan("large", 20.0)), share=1.0, a=0.8, b=4.0, delay=1.0, trial_days=0, upgrade=0.05
    )
    store = simulate_store(20_000, 2, StorePlan(contracts=law), acquisition_days=30)
    truth = store.truth.contracts
    assert truth is not None
    assert stats.kstest(truth.churn, "beta", args=(0.8, 4.0)).pvalue > 1e-3
    survival = 1.0
    for month in range(1, 7):
        survival *= 1.0 - 0.8 / (0.8 + 4.0 + month - 1)
        assert (truth.months > month).mean() == pytest.approx(survival, abs=0.012)
    assert truth.retained(3) == pytest.approx((1 - truth.churn) ** 3)
    ended = store.engine.columns(
        f"""SELECT CAST(split_part(substr(subscription_id, 2), '-', 1) AS INTEGER) - 1 AS subscriber,
                   count(*) AS parts, min(started_on) AS began, max(ended_on) AS left_on,
                   bool_or(ended_on IS NULL) AS runs
            FROM {store.tables["subscriptions"].name} GROUP BY 1"""
    )
    lasted = np.array([
        (left.astype("M8[M]") - began.astype("M8[M]")).astype(int)
        for began, left in zip(ended["began"].astype("M8[D]"), ended["left_on"].astype("M8[D]"), strict=True)
    ])  # fmt: skip
    done = ~ended["runs"].astype(bool)
    assert np.array_equal(lasted[done], truth.months[ended["subscriber"].astype(int)][done])
    assert ended["parts"].max() > 1


def test_contracts_of_one_subscriber_follow_each_other(demo: Store) -> None:
    gaps = demo.engine.row(
        f"""WITH parts AS (
                SELECT *, split_part(subscription_id, '-', 1) AS whose,
                       CAST(split_part(subscription_id, '-', 2) AS INTEGER) AS part
                FROM {demo.tables["subscriptions"].name})
            SELECT count(*), count(*) FILTER (b.started_on <> a.ended_on),
                   count(*) FILTER (a.cancellation_reason <> 'changed plan')
            FROM parts a JOIN parts b ON a.whose = b.whose AND b.part = a.part + 1"""
    )
    assert gaps[0] > 5
    assert gaps[1:] == (0, 0)


def test_visits_convert_as_their_variants_and_kinds_say() -> None:
    funnel = Funnel(
        (
            Decision("landing", (Variant("old"), Variant("new", newcomers=1.4, returning=0.8)), lean=0.4),
            Decision("checkout", (Variant("long"), Variant("short", 1.1, 1.1))),
        ),
        days=300,
        coverage=1.0,
    )
    store = simulate_store(20_000, 3, StorePlan(funnel=funnel))
    truth = store.truth.funnel
    assert truth is not None
    rows = store.engine.rows(
        f"""WITH shown AS (
                SELECT visitor_id, any_value(variant) FILTER (decision_point = 'landing') AS landing,
                       any_value(variant) FILTER (decision_point = 'checkout') AS checkout,
                       any_value(propensity) FILTER (decision_point = 'landing') AS chance
                FROM {store.tables["exposures"].name} GROUP BY 1),
            seen AS (SELECT visitor_id, any_value(device) AS device, bool_or(converted) AS bought, count(*) AS pages
                     FROM {store.tables["visits"].name} GROUP BY 1)
            SELECT device, landing, chance, count(*), sum(bought::INTEGER), sum((pages > 1)::INTEGER)
            FROM seen JOIN shown USING (visitor_id) GROUP BY ALL"""
    )
    devices = ("phone", "computer", "tablet")
    for device, landing, chance, count, bought, went_on in rows:
        variant = ("old", "new").index(landing)
        kinds = [k for k, (_, d) in enumerate(TYPES) if d == devices.index(device)]
        (kind,) = [k for k in kinds if truth.propensity[0][k, variant] == pytest.approx(chance)]
        passing = truth.passing[0][kind, variant]
        assert abs(went_on / count - passing) < 4.5 * np.sqrt(passing * (1 - passing) / count)
        logged = (truth.passing[3] * truth.propensity[3]).sum(axis=1)[kind]
        converts = passing * truth.passing[1][kind, 0] * truth.passing[2][kind, 0] * logged
        assert abs(bought / count - converts) < 4.5 * np.sqrt(converts / count)
    assert truth.conversion((1, 0, 0, 0))[0] > truth.conversion((0, 0, 0, 0))[0]
    best = truth.best()[0]
    assert {best[k] for k, (returns, _) in enumerate(TYPES) if returns} == {0}
    assert {best[k] for k, (returns, _) in enumerate(TYPES) if not returns} == {1}
    orders = store.engine.row(
        f"""SELECT count(DISTINCT visitor_id) FROM {store.tables["visits"].name}
            WHERE converted AND customer_key IS NOT NULL"""
    )
    last = f"DATE '{store.last_day}'"
    expected = store.engine.row(f"SELECT count(*) FROM {store.tables['orders'].name} WHERE day > {last} - 300")
    assert orders == expected


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Decision("nowhere", (Variant("a"), Variant("b"))), "not a page"),
        (lambda: Decision("cart", (Variant("a"),)), "two variants"),
        (lambda: Funnel((Decision("cart", (Variant("a"), Variant("b"))),) * 2), "on one page"),
        (lambda: Contracts(()), "at least one plan"),
        (lambda: StorePlan(newsletters=PLAN.newsletters), "but no people"),
    ],
)
def test_impossible_plans_are_refused(make: object, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        make()  # type: ignore[operator]
