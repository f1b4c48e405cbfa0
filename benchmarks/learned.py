"""Learned value against models of buying, the plain ratio and the truth of simulated stores, into docs/learned.md."""

from __future__ import annotations

import argparse
import dataclasses
import datetime as dt
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import keepers as kp
from keepers.domain.money import Margin, MoneyBasis
from keepers.evaluation.results import Standing
from keepers.models.learned.attrition import EXPECTED_MONEY
from keepers.models.learned.lessons import money_after
from keepers.simulate import Behaviour, Newsletters, Spend, Store, StorePlan, Surveys, simulate_store
from keepers.simulate.demo import PLAN
from keepers.simulate.store import DEFAULT_END
from keepers.summaries.purchases import money_of
from keepers.valuation.equity import Interval, equity
from keepers.valuation.season import by_season

PAGE = Path(__file__).parents[1] / "docs" / "learned.md"
BEGIN, END = "<!-- learned table: begin -->", "<!-- learned table: end -->"

LAW = Behaviour("pareto_nbd", {"r": 0.8, "alpha": 9.0, "s": 0.75, "beta": 15.0}, "week")
MONEY = Spend(5.0, 6.0, 42.0)
STORES = {
    "orders alone": StorePlan(behaviour=LAW, spend=MONEY),
    "letters, visits, answers": StorePlan(
        behaviour=LAW, spend=MONEY, people=True, newsletters=Newsletters(), surveys=Surveys(), signal=0.7
    ),
    "the demo without its season": dataclasses.replace(PLAN, season=None),
    "the demo": PLAN,
}
DAYS, AHEAD = 4 * 365, 365
"""Days of a store, and those at its end whose money is to be foretold."""
LEVEL = 0.9
_PAGE = """
Measured on {today} by `scripts/bench learned`: {seeds} stores of each kind, four years, {customers:,} customers.

From three days in the past, value over the holdout that followed. Normalised Gini says how well customers are ranked (1
is hindsight). "Used" is the mix where it pays and the model of buying where not; "worst" is its Gini over that of the
model of buying, in the store where it does worst. Coverage is randomised.

| store | plain ratio | model of buying | learned | used | worst | mix pays | 80% intervals hold | 95% |
|---|---|---|---|---|---|---|---|---|
{ranks}

Learned with three years, the fourth held out. Totals of the fourth year over the true one, which the simulation knows
for every customer: the mean of the stores and, in brackets, their standard deviation. "Came" is what happened: its
deviation is chance. "The run's total" is customer equity, and "held" in how many stores its 80% interval held what
came. Coverage of 90% intervals: the mean of the stores, and the store farthest from it.

| store | learned total | what it starts from | the run's total | held | came | 90% hold | randomised | CPU time |
|---|---|---|---|---|---|---|---|---|
{totals}

"""


@dataclass(frozen=True, slots=True)
class Found:
    """What one store showed: normalised Gini in a backtest, then totals and intervals of a year that was held out."""

    ratio: float
    buying: float
    learned: float
    used: float
    pays: bool
    used_coverage: tuple[float, float]
    total: float
    """Learned total over the true one, less one."""
    start: float
    """The same of the model of buying that learned value starts from."""
    headline: float
    """The same of the sum of what models chosen by a backtest expect."""
    holds: bool
    """Whether its interval of 80% held what came."""
    came: float
    """The same of what happened."""
    plain: float
    randomised: float


def main() -> None:
    """Measure all stores, print, and write the page."""
    parser = argparse.ArgumentParser(prog="scripts/bench learned", description=__doc__)
    parser.add_argument("--customers", type=int, default=4_000, help="of each store")
    parser.add_argument("--seeds", type=int, default=10, help="stores of each kind")
    parser.add_argument("--kinds", nargs="*", default=list(STORES), choices=list(STORES), help="only these")
    parser.add_argument("--no-write", action="store_true", help="print only")
    asked = parser.parse_args()
    ranks, totals = [], []
    for name in asked.kinds:
        started = time.process_time()
        found = []
        for seed in range(1, asked.seeds + 1):
            found.append(_measured(STORES[name], asked.customers, seed))
            print(f"  {name}, store {seed}: {found[-1]}", flush=True)
        seconds = (time.process_time() - started) / asked.seeds
        ranks.append(f"| {name} | {_ranks(found)} |")
        totals.append(f"| {name} | {_totals(found)} | {seconds:.0f} s |")
        print(ranks[-1], totals[-1], sep="\n", flush=True)
    if not asked.no_write:
        _write(ranks, totals, asked.customers, asked.seeds)


def _measured(plan: StorePlan, customers: int, seed: int) -> Found:
    store = simulate_store(customers, seed, plan, start=DEFAULT_END - dt.timedelta(days=DAYS - 1))
    test = kp.backtest([kp.LearnedValue("hurdle"), kp.ParetoNBD(), kp.MBGNBD()], store, origins=3)
    some = {one.model: one for one in test.standings("value")}
    used = next(one for one in some.values() if one.chosen)
    # 80% and 95%, randomised
    held = (used.coverage[0].randomised, used.coverage[1].randomised)
    ginis = (
        _gini(some["SpendRatio"]),
        max(_gini(one) for name, one in some.items() if "+" in name),
        _gini(some["LearnedValue"]),
        _gini(used),
    )
    found = Found(*ginis, used.model == "MixedValue", held, **_year(store))
    store.engine.close()
    return found


def _year(store: Store) -> dict[str, Any]:
    """Of the last year: totals over the true one, learned, by what it starts from, the run's and whether its interval
    held, and as it came; and coverage.
    """
    cut, ahead = store.last_day - dt.timedelta(days=AHEAD), kp.days(AHEAD)
    features = kp.features_at(store, cut)
    summary = kp.summarise(store.orders, kp.ObservationWindow(end=cut))
    season = kp.season_of(summary, ahead)
    clock = season.clock if season is not None and season.is_used else None
    model = kp.LearnedValue("hurdle").learn(store, ahead, cut, clock=clock, today=features)
    truth = store.truth.customers.expected_value(ahead, None, MoneyBasis.NET_REVENUE, cut).sum()
    money, _ = money_of(store.orders, Margin(), store.last_day)
    keys, _ = features.matrix([])
    came = money_after(store.orders, cut, store.last_day, money, keys)
    held = model.interval_coverage(features, came, LEVEL)
    design = model._designed(features)
    start = float(np.nansum(design.X[:, design.names.index(EXPECTED_MONEY)]))
    total = float(model.predict(features).sum())
    said = _headline(store, by_season(summary, season))
    happened = float(came.sum())
    return {
        "total": total / truth - 1,
        "start": start / truth - 1,
        "headline": said.value / truth - 1,
        "holds": said.low <= happened <= said.high,
        "came": happened / truth - 1,
        "plain": held["plain"],
        "randomised": held["randomised"],
    }


def _headline(store: Store, summary: kp.Summary) -> Interval:
    """Customer equity by the models that a run chooses, undiscounted."""
    window = kp.ObservationWindow(end=summary.calibration_end)
    chosen = kp.choose_model(store.orders, window, summary=summary)
    values = kp.lifetime_value(chosen.buying, chosen.spending, summary, kp.days(AHEAD), kp.annual_rate(0.0))
    total = equity(values.stored()).total
    assert total is not None
    return total


def _ranks(found: list[Found]) -> str:
    ginis = [f"{np.mean([getattr(one, name) for one in found]):.3f}" for name in ("ratio", "buying", "learned", "used")]
    worst = min(one.used / one.buying - 1.0 for one in found)
    held = np.mean([one.used_coverage for one in found], axis=0)
    return " | ".join(
        [
            *ginis,
            f"{worst:+.1%}",
            f"{sum(one.pays for one in found)} of {len(found)}",
            f"{held[0]:.1%}",
            f"{held[1]:.1%}",
        ]
    )


def _totals(found: list[Found]) -> str:
    def spread(name: str) -> str:
        some = [getattr(one, name) for one in found]
        return f"{np.mean(some):+.1%} ({np.std(some, ddof=1) if len(some) > 1 else 0.0:.1%})"

    plain, randomised = ([getattr(one, name) for one in found] for name in ("plain", "randomised"))
    away = max(randomised, key=lambda one: abs(one - LEVEL))
    return " | ".join(
        [*map(spread, ("total", "start", "headline")), f"{sum(one.holds for one in found)} of {len(found)}",
         spread("came"), f"{np.mean(plain):.1%}, {min(plain):.1%}",
         f"{np.mean(randomised):.1%}, {away:.1%}"]
    )  # fmt: skip


def _gini(one: Standing) -> float:
    return one.gini or 0.0


def _write(ranks: list[str], totals: list[str], customers: int, seeds: int) -> None:
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    text = _PAGE.format(
        today=dt.date.today(), seeds=seeds, customers=customers, ranks="\n".join(ranks), totals="\n".join(totals)
    )
    PAGE.write_text(f"{before}{BEGIN}\n{text}{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
