"""Early warnings on simulated stores, against recency and P(alive): who is found in time, and how much of the money."""

from __future__ import annotations

import argparse
import datetime as dt
from collections import defaultdict

import numpy as np

import keepers as kp
from keepers.domain.cells import FloatArray
from keepers.domain.money import MoneyBasis
from keepers.retention.churn import _INPUTS, _past
from keepers.retention.risk import captured, rank_test
from keepers.simulate import demo_store
from keepers.simulate.store import Store
from keepers.valuation.values import Values

_A_YEAR = 365.25


def valued(store: Store) -> Values:
    """Values as a run would give them, by a model that is quick to fit."""
    summary = kp.summarise(store.orders)
    columns = ("clv_if_active", "probability_alive", "days_since_last_order")
    values: Values = kp.lifetime_value(kp.MBGNBD().fit(summary), kp.GammaGamma().fit(summary), summary, columns=columns)
    return values.stored()


def one_store(seed: int, customers: int) -> dict[str, dict[str, float]]:
    """What every ranking finds in one store, by the truth of the simulation."""
    store = demo_store(seed=seed, customers=customers)
    values = valued(store)
    found = kp.early_warnings(store, values)
    rows, known = found.to_numpy(), values.to_numpy()
    place = {str(key): row for row, key in enumerate(known["customer_key"])}
    mine = np.array([place[str(key)] for key in rows["customer_key"]])
    truth = store.truth.customers
    row = np.array([int(str(key)[1:]) - 1 for key in rows["customer_key"]])
    horizon, end = found.horizon.days, float(truth.end)
    leaves = truth.dropout[row]
    now = ((leaves > end - horizon) & (leaves <= end + horizon)).astype(float)
    worth = now * truth.latents.rate[row] * _A_YEAR * truth.worth.of(MoneyBasis.NET_REVENUE)[row]
    left = 1.0 - known["probability_alive"][mine]
    scores: dict[str, FloatArray] = {
        "days since the last order": known["days_since_last_order"][mine].astype(float),
        "1 - P(alive)": left,
        "(1 - P(alive)) x value": left * known["clv_if_active"][mine],
        "early warnings": rows["expected_loss"],
    }
    result = {
        name: {"leaving": rank_test(score, now).precision, "money": captured(score, worth)}
        for name, score in scores.items()
    }
    test = found.facts.risk.test
    assert test is not None
    result["all"] = {"leaving": float(now.mean()), "money": 0.1}
    result["auc"] = {"own": test.own.auc, **{name: one.auc for name, one in test.rivals.items()}}
    result["auc"]["boosted trees"] = boosted(store, values, horizon)
    return result


def boosted(store: Store, values: Values, horizon: float) -> float:
    """The area under the curve of boosted trees on the same inputs, learnt at the older origin, at the newer one."""
    import lightgbm

    summary = values.facts.summary
    pasts = [
        _past(store, summary, values.facts.buying, kp.days(horizon), summary.calibration_end - dt.timedelta(days=back))
        for back in (2 * round(horizon), round(horizon))
    ]
    older, newer = pasts
    assert older is not None
    assert newer is not None
    columns = [np.column_stack([one.usual, one.inputs]) for one in (older, newer)]
    settings = {
        "objective": "binary", "num_leaves": 15, "learning_rate": 0.05, "min_data_in_leaf": 30, "num_threads": 1,
        "monotone_constraints": [1] * (1 + len(_INPUTS)), "verbosity": -1, "seed": 1,
    }  # fmt: skip
    model = lightgbm.train(settings, lightgbm.Dataset(columns[0], older.left), num_boost_round=150)
    return rank_test(np.asarray(model.predict(columns[1])), newer.left).auc


def main() -> None:
    """Print a table over seeds: means with the 95% interval of the mean."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seeds", type=int, default=12)
    arguments.add_argument("--customers", type=int, default=4000)
    chosen = arguments.parse_args()
    kept: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for seed in range(1, chosen.seeds + 1):
        for name, numbers in one_store(seed, chosen.customers).items():
            for what, number in numbers.items():
                kept[name][what].append(number)
        print(f"store {seed} of {chosen.seeds}", flush=True)
    print("\n| ranked by | leaving now, of the top tenth | money of those leaving now that it holds |\n|---|---|---|")
    for name in ("all", "days since the last order", "1 - P(alive)", "(1 - P(alive)) x value", "early warnings"):
        said = "anybody" if name == "all" else name
        print(f"| {said} | {_text(kept[name]['leaving'])} | {_text(kept[name]['money'])} |")
    print("\nArea under the curve (no order within the horizon), at the newest origin:")
    for name, numbers in kept["auc"].items():
        print(f"  {name}: {np.mean(numbers):.4f} +- {_half(numbers):.4f}")
    gain = np.subtract(kept["early warnings"]["money"], kept["(1 - P(alive)) x value"]["money"])
    print(f"\nMoney beyond (1 - P(alive)) x value: {_text(gain.tolist())}")


def _half(numbers: list[float]) -> float:
    return float(1.96 * np.std(numbers, ddof=1) / np.sqrt(len(numbers))) if len(numbers) > 1 else float("nan")


def _text(numbers: list[float]) -> str:
    return f"{100 * np.mean(numbers):.1f}% ± {100 * _half(numbers):.1f}"


if __name__ == "__main__":
    main()
