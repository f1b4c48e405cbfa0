"""Budgets on simulated stores whose truth is known: regret against the oracle, other rules, and coverage of bands."""

from __future__ import annotations

import argparse
import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

import keepers as kp
from keepers.acquisition.response import ResponseCurves
from keepers.domain.cells import FloatArray
from keepers.numerics.spend_plan import SpendLimits, SpendProblem, best_spends
from keepers.simulate import StorePlan, simulate_store
from keepers.simulate.acquisition import Channel
from keepers.simulate.advertising import Advertising, Budget, Response
from keepers.simulate.behaviour import Behaviour
from keepers.simulate.shop import SEASON
from keepers.simulate.spend import Spend
from keepers.simulate.store import Store
from keepers.simulate.truth import ChannelTruth

LEAST, MOST = 0.25, 2.0
"""How far a channel may go from today's spend, for every rule alike."""
_END = dt.date(2026, 9, 30)
_PAID = 4
_LEVEL = 0.80


@dataclass(frozen=True, slots=True)
class Judged:
    """One store: value lost against the oracle, by rule, as a share of the oracle's; and where the truth lies."""

    regret: dict[str, float]
    inside: float
    inside_with_organic: float
    inside_marginal: float


def drawn_store(seed: int, weeks: int = 52, customers_a_week: float = 25.0) -> Store:
    """A shop with four paid channels whose responses and customers differ at random, and one free channel."""
    rng = np.random.default_rng(seed)
    channels = [Channel("organic search", 0.35)]
    for row in range(_PAID):
        daily = float(np.exp(rng.normal(3.4, 0.4)))
        channels.append(
            Channel(
                f"channel {'abcd'[row]}",
                float(0.65 / _PAID * np.exp(rng.normal(0, 0.3))),
                Behaviour(
                    "pareto_nbd",
                    {"r": rng.uniform(0.5, 1.0), "alpha": rng.uniform(7, 11), "s": 0.8, "beta": rng.uniform(8, 20)},
                    "week",
                ),
                Spend(5.0, 6.0, float(rng.uniform(20, 55))),
                advertising=Advertising(
                    Budget(daily, growth=float(rng.uniform(0.9, 1.2)), variation=float(rng.uniform(0.25, 0.5))),
                    Response(
                        daily * float(np.exp(rng.normal(0.3, 0.5))), float(rng.uniform(0.0, 0.8)),
                        float(rng.uniform(0.75, 1.0)),
                    ),
                ),
            )
        )  # fmt: skip
    plan = StorePlan(channels=tuple(channels), season=SEASON)
    start = _END - dt.timedelta(days=7 * weeks - 1)
    return simulate_store(round(customers_a_week * weeks), seed, plan, end=_END, start=start)


def learned(store: Store) -> ResponseCurves:
    """Curves as a run learns them, of the store's own data."""
    summary = kp.summarise(store.orders)
    values = kp.lifetime_value(kp.ParetoNBD().fit(summary), kp.GammaGamma().fit(summary), summary)
    found: ResponseCurves = kp.response_curves(store, values)
    return found


class _Truth:
    """Steady arrivals as they truly are."""

    def __init__(self, channels: Sequence[ChannelTruth]) -> None:
        self._channels = channels

    def arrivals(self, spend: FloatArray) -> tuple[FloatArray, FloatArray]:
        pairs = zip(self._channels, spend, strict=True)
        both = [(one.steady_arrivals(float(money)), one.marginal_arrivals(float(money))) for one, money in pairs]
        return np.array([[brought] for brought, _ in both]), np.array([[more] for _, more in both])


def judge(store: Store, curves: ResponseCurves) -> Judged:
    """Divide today's total by every rule under the same limits, and count what that truly brings."""
    truths = [store.truth.channels[one.channel] for one in curves.channels]
    worth = np.array([one.new_customer_value(kp.months(12), kp.annual_rate(0.10)) for one in truths])
    today = np.array([one.today / 7 for one in curves.channels])
    total = float(today.sum())
    low, high = LEAST * today, MOST * today
    truth = _Truth(truths)

    def brought(spend: FloatArray) -> float:
        return float(worth @ truth.arrivals(spend)[0][:, 0])

    oracle = best_spends(
        SpendProblem(truth, worth[:, None], today, 1, SpendLimits(low, high, total, total)), start=today
    ).spend
    bounds = {one.channel: (7 * least, 7 * most) for one, least, most in zip(curves.channels, low, high, strict=True)}
    plan = kp.plan_budget(curves, kp.BudgetLimits(spend_all=True, channels=bounds))
    spends = {
        "today's": today,
        "Keepers": np.array([one.planned / 7 for one in plan.channels]),
        "equal": _filled(np.full(today.size, total / today.size), low, high, total),
        "by CAC": _by_cost(store, curves, low, high, total),
    }
    best = brought(oracle)
    return Judged({name: 1 - brought(spend) / best for name, spend in spends.items()}, *_covered(curves, truths))


def _by_cost(store: Store, curves: ResponseCurves, low: FloatArray, high: FloatArray, total: float) -> FloatArray:
    """As much as allowed where a new customer has cost least so far, and so on."""
    spent = [store.truth.channels[one.channel].daily_spend.sum() for one in curves.channels]
    cost = np.array([money / one.customers for money, one in zip(spent, curves.channels, strict=True)])
    spend, left = low.copy(), total - float(low.sum())
    for row in np.argsort(cost):
        more = min(left, float(high[row] - low[row]))
        spend[row] += more
        left -= more
    return spend


def _filled(wanted: FloatArray, low: FloatArray, high: FloatArray, total: float) -> FloatArray:
    """The nearest spends within limits that come to the total."""
    spend = np.clip(wanted, low, high)
    for _ in range(50):
        room = (high - spend) if spend.sum() < total else (spend - low)
        spend = np.clip(spend + (total - spend.sum()) * room / max(room.sum(), 1e-12), low, high)
    return spend


def _covered(curves: ResponseCurves, truths: Sequence[ChannelTruth]) -> tuple[float, float, float]:
    """Share of spends in the seen range whose true arrivals lie in the band: brought by money, all, marginal ones.

    In these stores nobody comes under a paid channel's name without its money, which no data can prove.
    """
    inside: list[list[bool]] = [[], [], []]
    edges = [(1 - _LEVEL) / 2, (1 + _LEVEL) / 2]
    for one, truth in zip(curves.channels, truths, strict=True):
        spends = np.linspace(*one.seen, 9)
        brought = one.customers_a_week(spends)
        level = np.array([7 * truth.steady_arrivals(spend / 7) for spend in spends])
        more = np.array([truth.marginal_arrivals(spend / 7) for spend in spends])
        organic = 7 * one.curve.organic[:, None]
        drawn = (brought, level), (brought + organic, level), (one.marginal_customers(spends), more)
        for place, (draws, true) in enumerate(drawn):
            low, high = np.quantile(draws, edges, axis=0)
            inside[place] += [bool(found) for found in (low <= true) & (true <= high)]
    return float(np.mean(inside[0])), float(np.mean(inside[1])), float(np.mean(inside[2]))


def interval(values: Sequence[float], rng: np.random.Generator) -> tuple[float, float, float]:
    """The mean with its 95% interval by resampling stores."""
    known = np.asarray(values)
    means = known[rng.integers(0, known.size, (4000, known.size))].mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(known.mean()), float(low), float(high)


def main() -> None:
    """Judge and print."""
    parser = argparse.ArgumentParser(prog="scripts/bench budget", description=__doc__)
    parser.add_argument("--stores", type=int, default=30)
    parser.add_argument("--weeks", type=int, default=52)
    parser.add_argument("--customers", type=float, default=25.0, help="new customers a week")
    asked = parser.parse_args()
    found = []
    for seed in range(asked.stores):
        store = drawn_store(seed, asked.weeks, asked.customers)
        found.append(judge(store, learned(store)))
    rng = np.random.default_rng(1)
    print(f"{asked.stores} stores, {asked.weeks} weeks, {asked.customers:g} new customers a week; 95% intervals")
    print("value lost against the oracle:")
    for name in found[0].regret:
        mean, low, high = interval([one.regret[name] for one in found], rng)
        print(f"  {name:<8} {mean:6.2%} ({low:.2%} to {high:.2%})")
    for name in ("today's", "equal", "by CAC"):
        gains = [(1 - one.regret["Keepers"]) / (1 - one.regret[name]) - 1 for one in found]
        mean, low, high = interval(gains, rng)
        print(f"gain over {name}: {mean:.1%} ({low:.1%} to {high:.1%})")
    parts = {
        "inside": "arrivals brought by money",
        "inside_with_organic": "arrivals",
        "inside_marginal": "marginal arrivals",
    }
    for part, label in parts.items():
        mean, low, high = interval([getattr(one, part) for one in found], rng)
        print(f"80% bands hold the true {label} in {mean:.0%} ({low:.0%} to {high:.0%})")


if __name__ == "__main__":
    main()
