"""Effects of columns and of paths on contracts are recovered, and 80% intervals hold them about as often."""

from __future__ import annotations

import numpy as np
import pytest

import keepers as kp
from keepers.domain.time import TimeUnit, calendar_shift
from keepers.models.contractual.contract import ContractModel

pytestmark = pytest.mark.statistical

ORIGIN, CUT, STEPS = np.datetime64("2021-01-04"), np.datetime64("2023-12-31"), range(1, 37)
WEEKS = ORIGIN + 7 * np.arange(160)
RAISED = (np.datetime64("2022-07-04") <= WEEKS).astype(float)
PATHS = kp.TimeVarying.from_frame({"day": WEEKS.astype(str), "raised": RAISED}, date="day")
TRUTH = {"dropout:channel[shop]": -0.6, "dropout:price": 0.03, "dropout:raised": 0.7}


def renewals(start: np.ndarray) -> np.ndarray:
    """Days since the origin of the first renewals of contracts, shape (n, months)."""
    known = {
        day: [
            (calendar_shift((ORIGIN + np.int64(day)).item(), step, TimeUnit.MONTH) - ORIGIN.item()).days
            for step in STEPS
        ]
        for day in np.unique(start).tolist()
    }
    return np.array([known[day] for day in start.tolist()])


def drawn(count: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Told contract by contract and month by month: risk is propensity times effects; a third is seen from later on."""
    channel, price = rng.choice(["ads", "shop"], count), rng.choice([10.0, 20.0, 40.0], count)
    start = rng.integers(0, 800, count)
    days = renewals(start)
    own = -np.log1p(-rng.beta(0.9, 9.0, count))
    steady = TRUTH["dropout:channel[shop]"] * (channel == "shop") + TRUTH["dropout:price"] * (price - 20.0)
    raised = RAISED[np.minimum(days // 7, WEEKS.size - 1)]
    run = np.cumsum(own[:, None] * np.exp(steady[:, None] + TRUTH["dropout:raised"] * raised), axis=1)
    seen = np.sum(days <= (CUT - ORIGIN).astype(int), axis=1)
    until = rng.exponential(size=count)
    outlived = np.sum(run < until[:, None], axis=1)
    ended = outlived < seen
    tenure = np.where(ended, outlived + 1.0, seen)
    entry = np.where(rng.random(count) < 1 / 3, np.minimum(rng.integers(0, 5, count), seen), 0)
    kept = (tenure > entry) | (~ended & (tenure >= entry))
    columns = {
        "tenure": tenure, "ended": ended * 1, "entry": entry, "channel": channel, "price": price,
        "started_on": (ORIGIN + start).astype(str),
    }  # fmt: skip
    return {name: column[kept] for name, column in columns.items()}


@pytest.mark.parametrize(("model", "books"), [(kp.ShiftedBetaGeometric, 10), (kp.BetaDiscreteWeibull, 6)])
def test_intervals_hold_what_they_promise(model: type[ContractModel], books: int) -> None:
    rng = np.random.default_rng(41)
    held, errors = [], []
    covariates = kp.Covariates(
        dropout=["channel", "price", "raised"], varying=PATHS, reference={"channel": "ads"}, prior=None
    )
    for _ in range(books):
        fitted = model(prior=None, covariates=covariates).fit(drawn(1500, rng), unit="month")
        for one in fitted.coefficients_:
            held.append(one.low <= TRUTH[one.name] <= one.high)
            errors.append((one.value - TRUTH[one.name]) / one.standard_error)
    assert np.mean(held) == pytest.approx(0.8, abs=4 * np.sqrt(0.16 / len(held)))
    assert np.mean(errors) == pytest.approx(0.0, abs=4 / np.sqrt(len(errors)))
