"""Learned value against models of buying and the plain ratio rule on simulated stores, into docs/learned.md."""

from __future__ import annotations

import argparse
import datetime as dt
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np

import keepers as kp
from keepers.evaluation.results import Backtest, Standing
from keepers.simulate import Behaviour, Newsletters, Spend, Store, StorePlan, Surveys, demo_store, simulate_store

PAGE = Path(__file__).parents[1] / "docs" / "learned.md"
BEGIN, END = "<!-- learned table: begin -->", "<!-- learned table: end -->"

LAW = Behaviour("pareto_nbd", {"r": 0.8, "alpha": 9.0, "s": 0.75, "beta": 15.0}, "week")
MONEY = Spend(5.0, 6.0, 42.0)


def plain(customers: int, seed: int) -> Store:
    """Orders alone, by the law that a model of buying knows."""
    return simulate_store(customers, seed, StorePlan(behaviour=LAW, spend=MONEY))


def lively(customers: int, seed: int) -> Store:
    """The same buying, with traits, letters, visits and answers that tell of it."""
    told = StorePlan(behaviour=LAW, spend=MONEY, people=True, newsletters=Newsletters(), surveys=Surveys(), signal=0.7)
    return simulate_store(customers, seed, told)


def demo(customers: int, seed: int) -> Store:
    """The demo's store: seasons, channels, coupons, refunds, experiments."""
    return demo_store(seed=seed, customers=customers)


STORES = {"orders alone": plain, "letters, visits, answers": lively, "the demo": demo}


def main() -> None:
    """Backtest all stores, print, and write the page."""
    parser = argparse.ArgumentParser(prog="scripts/bench learned", description=__doc__)
    parser.add_argument("--customers", type=int, default=4_000, help="of each store")
    parser.add_argument("--seeds", type=int, default=3, help="stores of each kind")
    parser.add_argument("--no-write", action="store_true", help="print only")
    asked = parser.parse_args()
    rows = []
    for name, make in STORES.items():
        started = time.process_time()
        tests = [_tested(make(asked.customers, seed)) for seed in range(1, asked.seeds + 1)]
        rows.append(f"| {name} | {_row(tests)} | {(time.process_time() - started) / asked.seeds:.0f} s |")
        print(rows[-1], flush=True)
    if not asked.no_write:
        _write(rows, asked.customers, asked.seeds)


def _tested(store: Store) -> Backtest:
    found = kp.backtest([kp.LearnedValue("hurdle"), kp.ParetoNBD(), kp.MBGNBD()], store, origins=3)
    store.engine.close()
    return found


def _row(tests: list[Backtest]) -> str:
    standings = [{one.model: one for one in test.standings("value")} for test in tests]
    buying = [max((one for name, one in some.items() if "+" in name), key=_gini) for some in standings]
    used = [next(one for one in some.values() if one.chosen) for some in standings]
    ratio, learned = ([some[name] for some in standings] for name in ("SpendRatio", "LearnedValue"))
    ginis = [f"{np.mean([_gini(one) for one in some]):.3f}" for some in (ratio, buying, learned, used)]
    worst = min(_gini(a) - _gini(b) for a, b in zip(used, buying, strict=True))
    total = np.mean([abs(one.total_error or 0.0) for one in used])
    mixed = sum(one.model == "MixedValue" for one in used)
    return " | ".join([*ginis, f"{worst:+.3f}", f"{mixed} of {len(used)}", f"{total:.1%}", *_held(used)])


def _held(used: list[Standing]) -> list[str]:
    found: Mapping[float, list[str]] = {0.8: [], 0.95: []}
    for place, level in enumerate(found):
        plain_, randomised = (
            np.mean([getattr(one.coverage[place], kind) for one in used]) for kind in ("plain", "randomised")
        )
        found[level].append(f"{plain_:.0%}, {randomised:.1%}")
    return [text for texts in found.values() for text in texts]


def _gini(one: Standing) -> float:
    return one.gini or 0.0


def _write(rows: list[str], customers: int, seeds: int) -> None:
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    head = (
        f"Measured on {dt.date.today()}: {seeds} stores of each kind with {customers:,} customers, from three days in "
        "the past, value over the holdout that followed. Normalised Gini says how well customers are ranked (1 is "
        'hindsight). "Used" is the mix where it pays and the model of buying where not; "worst" is its Gini less that '
        "of the model of buying, in the store where it does worst. Coverage is ordinary and randomised.\n\n"
        "| store | plain ratio | model of buying | learned | used | worst | mix pays | total off by "
        "| 80% intervals hold | 95% intervals hold | CPU time |\n"
        "|---|---|---|---|---|---|---|---|---|---|---|\n"
    )
    PAGE.write_text(f"{before}{BEGIN}\n\n{head}" + "\n".join(rows) + f"\n\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
