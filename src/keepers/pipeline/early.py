"""Early value in a run: what newcomers will be worth in their first year, said of their first days, and tested."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keepers.data.engine import quoted
from keepers.data.read import Dataset
from keepers.domain.errors import FitError, InputError
from keepers.domain.ports import Progress
from keepers.domain.time import Horizon
from keepers.evaluation.early_backtest import EarlyBacktest, backtest_early_value
from keepers.models.learned.early_value import EarlyValue
from keepers.pipeline import scoring
from keepers.pipeline.learned_said import EARLY_DAY
from keepers.pipeline.options import RunOptions
from keepers.valuation.facts import horizon_label
from keepers.valuation.values import Values, create_view

LEVEL = 0.8


@dataclass(frozen=True, slots=True, eq=False)
class EarlyRun:
    """What was learned of first days.

    Attributes
    ----------
    model : EarlyValue
        Learned from those who have the whole time behind them.
    newcomers : int
        Customers who do not, of whom it says something.
    spent, expected : float
        What these have spent on the days it looks at, and what it expects of them in the whole time, all together.
    test : EarlyBacktest or None
        How it did on customers who came later than all that it had learned from.
    sentences : tuple of str
        What a person should know.
    """

    model: EarlyValue
    newcomers: int
    spent: float
    expected: float
    test: EarlyBacktest | None
    sentences: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and words for a file."""
        model, test = self.model, self.test
        return {
            "newcomers": self.newcomers,
            "spent": self.spent,
            "expected": self.expected,
            "ages": [
                {
                    "age_days": age,
                    "customers": one.n_customers_,
                    "stretch": model.stretch_[age],
                    "multiple": model.multiples_[age],
                }
                for age, one in model.models_.items()
            ],
            "backtest": None if test is None else _tested(test),
            "sentences": list(self.sentences),
        }


def early_values(
    dataset: Dataset, values: Values, cut: dt.date, options: RunOptions, progress: Progress
) -> tuple[Values, EarlyRun | None, tuple[str, ...]]:
    """Add what newcomers will be worth in their first year; or a sentence why that cannot be said.

    Whoever came less than a year ago has it in `clv_early_12m` and the ends of its interval, as it could be said on the
    day `clv_early_day` of their life, the last one that was reached: what they had spent by then is in it.
    """
    progress("Learning from first days", None)
    model = scoring.early_competitor()
    try:
        model.fit(dataset, cut, options.margin)
        said = model.predict(dataset, level=LEVEL, customers=newcomers(values, model.horizon))
    except (InputError, FitError) as error:
        return values, None, (f"What newcomers will be worth was not learned from first days. {error}",)
    new, joined = with_early(values, model, said, cut)
    test, reason = None, ""
    try:
        test = backtest_early_value(dataset, model, margin=options.margin, level=LEVEL)
    except (InputError, FitError) as error:
        reason = f"It could not be tested on the past. {error}"
    found = EarlyRun(
        model, int(new.sum()), float(said["so_far"][new].sum()), float(said["value"][new].sum()), test,
        (model.sentence, reason if test is None else test.sentence),
    )  # fmt: skip
    return joined, found, ()


def _tested(test: EarlyBacktest) -> dict[str, Any]:
    return {
        "learned_on": test.cut.isoformat(),
        "horizon_days": test.horizon.days,
        "customers": test.customers,
        "ages": [
            {
                "age_days": one.age,
                "gini": one.learned.gini,
                "gini_multiple": one.multiple.gini,
                "total_error": one.learned.total_error,
                "total_error_multiple": one.multiple.total_error,
                "coverage": one.coverage,
                "coverage_randomised": one.coverage_randomised,
            }
            for one in test.grades
        ],
    }


def newcomers(values: Values, horizon: Horizon) -> NDArray[Any] | None:
    """Keys of those who came within a horizon, of whom alone anything is said; None where nobody is known to."""
    if "age_days" not in values.columns:
        return None
    found = values.engine.columns(
        f"SELECT customer_key FROM {quoted(values.name)} AS valued WHERE age_days < {round(horizon.days)}"
    )["customer_key"]
    return np.asarray(found) if found.size else None


def with_early(
    values: Values, model: EarlyValue, said: Mapping[str, Any], cut: dt.date
) -> tuple[NDArray[np.bool_], Values]:
    """Which of those of whom something is said are newcomers on a day, and values with what is said of these.

    Parameters
    ----------
    values : Values
    model : EarlyValue
    said : mapping
        What it predicts.
    cut : date
        The day.
    """
    engine = values.engine
    since = cut - dt.timedelta(days=round(model.horizon.days))
    new = np.asarray(said["first_day"], dtype="datetime64[D]") > np.datetime64(since, "D")
    label = f"clv_early_{horizon_label(model.horizon)}"
    columns = {
        "customer_key": said["customer_key"][new],
        label: said["value"][new],
        f"{label}_low": said["value_low"][new],
        f"{label}_high": said["value_high"][new],
        EARLY_DAY: said["age_days"][new].astype(np.int32),
    }
    table = engine.from_columns(engine.new_name("early"), columns)
    added = ", ".join(f"early.{quoted(one)}" for one in columns if one != "customer_key")
    query = (
        f"SELECT v.*, {added} FROM {quoted(values.name)} AS v LEFT JOIN {quoted(table)} AS early "
        "ON early.customer_key = v.customer_key"
    )
    return new, Values(engine, create_view(engine, query), values.facts)
