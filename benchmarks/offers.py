"""Offers chosen from simulated experiments against an oracle, and the gate on pure noise, into docs/offers.md."""

from __future__ import annotations

import argparse
import dataclasses
import datetime as dt
import time
from pathlib import Path

import numpy as np

from keepers.retention.effects import offer_effects
from keepers.retention.offers import choose_offers
from keepers.retention.trials import Trial, trial_of
from keepers.simulate import Behaviour, Experiment, Offer, Spend, StorePlan, simulate_store
from keepers.simulate.shop import CATALOGUE

PAGE = Path(__file__).parents[1] / "docs" / "offers.md"
BEGIN, END = "<!-- offers table: begin -->", "<!-- offers table: end -->"

DAYS = 85
PLAN = StorePlan(
    behaviour=Behaviour("pareto_nbd", {"r": 1.0, "alpha": 4.0, "s": 0.3, "beta": 200.0}, "week"),
    spend=Spend(12.0, 8.0, 30.0),
    catalogue=CATALOGUE,
    people=True,
)
GIFT = Offer("gift", lift=0.05, by_loyalty=0.4, cost_per_contact=30.0)
"""Pays with those who buy often and is lost on the others; for everybody it is worth little."""
COUPON = Offer("coupon", lift=0.25, by_loyalty=-0.3, discount=0.1)
"""The other way round."""
EXPERIMENTS = {"a dear gift": (GIFT,), "a coupon and a dear gift": (COUPON, GIFT)}
_PAGE = """
Measured on {today} by `scripts/bench offers`: the mean of {seeds} shops each. Regret is what the choice earns less than
an oracle who knows what each offer does to each customer, in parts of the range from the best single action to the
oracle: 0% is the oracle, 100% the best single action for everybody.

| experiment | customers | regret | largest | choosing for each customer ships | CPU time |
|---|---|---|---|---|---|
{rows}

On pure noise (two offers that do nothing, {noise} experiments with {few} customers) the gate refused to choose for each
customer in {refused}, and nobody was given anything in {nothing}.

"""


def main() -> None:
    """Measure, print, and write the page."""
    parser = argparse.ArgumentParser(prog="scripts/bench offers", description=__doc__)
    parser.add_argument("customers", nargs="*", type=int, default=[2_000, 6_000], help="in an experiment")
    parser.add_argument("--seeds", type=int, default=8, help="shops of each kind")
    parser.add_argument("--noise", type=int, default=100, help="experiments in which nothing works")
    parser.add_argument("--no-write", action="store_true", help="print only")
    asked = parser.parse_args()
    rows = []
    for name, offers in EXPERIMENTS.items():
        for customers in asked.customers:
            started = time.process_time()
            found = [_regret(offers, customers, seed) for seed in range(1, asked.seeds + 1)]
            regrets, ships = zip(*found, strict=True)
            seconds = (time.process_time() - started) / asked.seeds
            told = f"{np.mean(regrets):.1%} | {max(regrets):.1%} | {sum(ships)} of {len(ships)} | {seconds:.0f} s"
            rows.append(f"| {name} | {customers:,} | {told} |")
            print(rows[-1], flush=True)
    few = 600
    choices = [choose_offers(offer_effects(_noise(few, seed), learner="splines")) for seed in range(asked.noise)]
    refused = sum(not one.verdict.ships for one in choices)
    nothing = sum(not one.arm.any() for one in choices)
    print(f"noise: refused {refused}, nobody gets anything {nothing}, of {asked.noise}")
    if not asked.no_write:
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        text = _PAGE.format(
            today=dt.date.today(), seeds=asked.seeds, rows="\n".join(rows), noise=asked.noise, few=few,
            refused=refused, nothing=nothing,
        )  # fmt: skip
        PAGE.write_text(f"{before}{BEGIN}\n{text}{END}{rest.partition(END)[2]}", encoding="utf-8")


def _regret(offers: tuple[Offer, ...], customers: int, seed: int) -> tuple[float, bool]:
    """What the choice earns less than an oracle, and whether choosing for each customer passed the gate."""
    plan = dataclasses.replace(PLAN, experiments=(Experiment("trial", offers, day=90, days=DAYS),))
    store = simulate_store(customers, seed, plan, acquisition_days=600)
    truth = store.truth.offers["trial"]
    choice = choose_offers(offer_effects(trial_of(store, days=DAYS)), hold_out=0.0)
    gain = truth.gain[np.argsort(store.truth.customers.keys[truth.customer])]
    store.engine.close()
    oracle, best = gain.max(axis=1).mean(), gain.mean(axis=0).max()
    earned = gain[np.arange(len(gain)), choice.arm].mean()
    return float((oracle - earned) / (oracle - best)), choice.verdict.ships


def _noise(size: int, seed: int) -> Trial:
    """An experiment whose offers do nothing and cost nothing."""
    rng = np.random.default_rng(seed)
    rows, arm = rng.normal(size=(size, 3)), rng.integers(0, 3, size)
    outcome = 30.0 + 15.0 * rows[:, 1] + rng.normal(0.0, 10.0, size)
    keys = np.array([f"C{number:05d}" for number in range(size)], dtype=object)
    return Trial(
        "noise", ("control", "a", "b"), keys, arm.astype(np.int64), outcome, np.zeros(size), np.full(size, 1 / 3),
        rows, ("x", "y", "z"), currency="EUR", days=60,
    )  # fmt: skip


if __name__ == "__main__":
    main()
