"""Models that count time by a store's clock: the law on the clock, answers about the calendar, nothing without one."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepers.domain.attributes import Attributes
from keepers.domain.cells import Cells
from keepers.domain.errors import ConfigError, InputError
from keepers.domain.money import annual_rate
from keepers.domain.store_clock import Calendar, StoreClock, day_number
from keepers.domain.time import Horizon, days, months, years
from keepers.models.btyd.bg_cnbd import BGCNBD
from keepers.models.btyd.hierarchical_pareto_nbd import HierarchicalParetoNBD
from keepers.models.btyd.mbg_nbd import MBGNBD
from keepers.models.btyd.pareto_nbd import ParetoNBD
from keepers.models.buying import BuyingModel
from keepers.models.by_clock import later
from keepers.models.catalogue import load_model
from keepers.models.covariates.specification import Covariates
from keepers.models.customer_states import CustomerStates
from keepers.models.likelihood_ratio import likelihood_ratio_test
from keepers.models.pooled import PooledModel
from keepers.models.realtime import CustomerState, Scorer
from keepers.models.stack import Stack
from keepers.testing.stores import store

SEEN = dt.date(2026, 9, 30)
CLOCK = StoreClock((0.8, 0.7, 0.8, 0.9, 0.9, 0.8, 0.7, 0.8, 1.0, 1.2, 1.7, 1.7))
NOW = float(day_number(SEEN))
CELLS = replace(store(1500), calendar=Calendar(SEEN, CLOCK))
FACTORS = st.lists(st.floats(0.1, 5.0), min_size=12, max_size=12).map(tuple)


@given(FACTORS, st.floats(-1e4, 3e4), st.floats(0.0, 3e3))
def test_a_clock_goes_forward_by_a_year_a_year_and_can_be_read_backwards(
    factors: tuple[float, ...], now: float, ahead: float
) -> None:
    clock = StoreClock(factors)
    assert clock.moment(clock.at(np.array([now]))) == pytest.approx(now, abs=1e-6)
    assert clock.ahead(now, 1461.0) == pytest.approx(1461.0)
    assert clock.ahead(now, ahead) >= 0
    whole = clock.ahead(now, ahead) + clock.ahead(now + ahead, 100.0)
    assert clock.ahead(now, ahead + 100.0) == pytest.approx(whole, abs=1e-6)
    assert StoreClock((factors[0],) * 12).ahead(now, ahead) == pytest.approx(ahead, abs=1e-6)


def test_a_clock_needs_twelve_positive_numbers() -> None:
    for wrong in ((1.0,) * 11, (0.0, *(1.0,) * 11), (float("nan"), *(1.0,) * 11)):
        with pytest.raises(ConfigError, match="twelve positive numbers"):
            StoreClock(wrong)


def test_a_day_of_a_busy_month_is_longer() -> None:
    november, july = (float(day_number(dt.date(2026, month, 1))) for month in (11, 7))
    assert CLOCK.ahead(november, 20.0) / CLOCK.ahead(july, 20.0) == pytest.approx(1.7 / 0.7)


@pytest.mark.parametrize("model", [MBGNBD(), ParetoNBD(), BGCNBD(2)])
def test_a_steady_clock_is_the_calendar_to_the_last_bit(model: BuyingModel) -> None:
    plain = type(model)(**({"k": 2} if isinstance(model, BGCNBD) else {})).fit(replace(CELLS, calendar=None))
    steady = model.fit(replace(CELLS, calendar=Calendar(SEEN, StoreClock((1.3,) * 12))))
    assert steady.clock_ is None
    assert steady.parameters_ == plain.parameters_
    one, other = steady.predict_cells(CELLS, months(3)), plain.predict_cells(replace(CELLS, calendar=None), months(3))
    assert (one.discounted_purchases == other.discounted_purchases).all()
    assert (one.variance == other.variance).all()


@pytest.fixture(scope="module")
def model() -> ParetoNBD:
    return ParetoNBD().fit(CELLS)


def test_the_law_stands_on_the_clock_and_answers_on_the_calendar(model: ParetoNBD) -> None:
    read, theta = CELLS.by_clock(CLOCK, SEEN), model._theta()
    plain = ParetoNBD().fit(replace(read, calendar=None))
    assert model.parameters_ == plain.parameters_
    quarter = CLOCK.ahead(NOW, months(3).days)
    assert quarter > 1.2 * months(3).days  # October, November and December are ahead
    assert model.expected_purchases(CELLS, months(3)) == pytest.approx(plain.expected_purchases(read, days(quarter)))
    table = model.purchase_distribution(CELLS, months(3), 40)
    assert table @ np.arange(41.0) == pytest.approx(model.expected_purchases(CELLS, months(3)), rel=1e-3)
    assert model.probability_alive(CELLS) == pytest.approx(plain.probability_alive(read))
    wait = np.asarray(model.expected_next_purchase(CELLS)) * CELLS.unit.days
    on_clock = np.asarray(plain.expected_next_purchase(read)) * CELLS.unit.days
    some = np.isfinite(wait) & (wait < 2000)
    assert [CLOCK.ahead(NOW, one) for one in wait[some]] == pytest.approx(on_clock[some])
    assert model.answer("expected_lifetime", theta, CELLS).shape == CELLS.x.shape


@pytest.mark.parametrize("horizon", [months(3), months(12), years(5), None])
def test_orders_are_discounted_by_the_calendar(model: ParetoNBD, horizon: Horizon | None) -> None:
    rate = annual_rate(0.10)
    reach = years(40) if horizon is None else horizon
    edges = np.linspace(0.0, reach.days, (4 if reach.days < 400 else 1) * round(reach.days / 30) + 1)[1:]
    some = CELLS.take(np.arange(0, CELLS.size, CELLS.size // 40))
    reached = np.stack([np.zeros(some.size), *(model.expected_purchases(some, days(float(end))) for end in edges)])
    middle = np.concatenate([[0.0], edges])
    exact = np.exp(-rate.per_day * (middle[1:] + middle[:-1]) / 2) @ np.diff(reached, axis=0)
    found = model.discounted_expected_purchases(some, horizon, rate)
    assert found == pytest.approx(exact, rel=3e-3 if horizon is not None else 1e-2)
    told = model.predict_cells(some, months(3), rate, years(5))
    if horizon == months(3):
        assert told.discounted_purchases == pytest.approx(found)
    if horizon is None:
        assert told.discounted_purchases_infinite == pytest.approx(found)


@pytest.mark.parametrize(
    "made", [ParetoNBD(), BGCNBD(2), Stack([MBGNBD(), ParetoNBD()], [0.4, 0.6]), HierarchicalParetoNBD(draws=3)]
)
def test_cells_states_and_a_saved_model_agree(made: BuyingModel, tmp_path: Path) -> None:
    model = made.fit(CELLS)
    assert model.clock_ == CLOCK
    cells = CELLS.take(np.arange(0, CELLS.size, CELLS.size // 30))
    # The day that they are seen from is another one than that of the fit.
    now = SEEN + dt.timedelta(days=47)
    cells = Cells(cells.x, np.rint(cells.t_x * 7) / 7, np.rint(cells.T * 7) / 7, np.ones(cells.size), cells.unit)
    cells = replace(cells, calendar=Calendar(now))
    first = [now - dt.timedelta(days=round(one * 7)) for one in cells.T]
    states = CustomerStates.of(
        [
            CustomerState(day, day + dt.timedelta(days=round(last * 7)), round(x))
            for day, last, x in zip(first, cells.t_x, cells.x, strict=True)
        ]
    )
    asked = model.predict_cells(cells, months(4))
    again = load_model(model.save(tmp_path / "model.json"))
    assert isinstance(again, BuyingModel)
    assert again.calendar_ is not None
    assert again.clock_ == CLOCK
    assert again.calendar_.seen == SEEN
    for scores in (
        model.score(states, now, months(4)),
        again.score(states, now, months(4)),
        Scorer.load(tmp_path / "model.json").score(states, now, months(4)),
    ):
        assert scores.discounted_purchases == pytest.approx(asked.discounted_purchases)
        assert scores.probability_alive == pytest.approx(asked.p_alive)
        assert scores.days_to_next_purchase == pytest.approx(asked.next_purchase_age * 7)
    assert again.expected_purchases(cells, months(4)) == pytest.approx(asked.expected_purchases)


def test_groups_and_refits_keep_or_lose_the_clock_with_their_data(tmp_path: Path) -> None:
    pattern = np.arange(CELLS.size) % 2
    cells = replace(CELLS, pattern=pattern, attributes=Attributes({"channel": np.array(["ads", "shop"])}))
    pooled = PooledModel(MBGNBD(), by="channel").fit(cells)
    assert pooled.clock_ == CLOCK
    again = load_model(pooled.save(tmp_path / "pooled.json"))
    assert isinstance(again, PooledModel)
    assert again.expected_purchases(cells, months(3)) == pytest.approx(pooled.expected_purchases(cells, months(3)))
    model = MBGNBD().fit(CELLS)
    assert model.fit(replace(CELLS, calendar=None)).clock_ is None


def test_fits_by_different_clocks_are_not_compared() -> None:
    pattern = np.arange(CELLS.size) % 2
    cells = replace(CELLS, pattern=pattern, attributes=Attributes({"noise": np.array([0.0, 1.0])}))
    small = MBGNBD(prior=None).fit(CELLS)
    large = MBGNBD(prior=None, covariates=Covariates(purchase=["noise"])).fit(cells)
    assert large.clock_ == CLOCK
    assert likelihood_ratio_test(small, large).degrees_of_freedom == 1
    with pytest.raises(ConfigError, match="by a store's clock"):
        likelihood_ratio_test(MBGNBD(prior=None).fit(replace(CELLS, calendar=None)), large)


def test_who_is_more_likely_gone_has_no_time_left() -> None:
    model = ParetoNBD().fit(CELLS)
    gone = Cells(np.array([9.0]), np.array([10.0]), np.array([150.0]), np.ones(1), CELLS.unit)
    assert model.median_lifetime(gone)[0] == 0.0


def test_a_time_that_is_not_known_stays_unknown() -> None:
    found = later(CLOCK, NOW, 1.0, np.array([np.nan, np.inf, 0.0]))
    np.testing.assert_array_equal(found, [np.nan, np.inf, 0.0])


def test_histories_without_a_day_are_read_from_the_day_that_is_said() -> None:
    bare = replace(CELLS, calendar=None)
    bare.by_clock(CLOCK, SEEN)
    for seen in (SEEN, dt.date(2026, 12, 31)):
        np.testing.assert_array_equal(
            bare.by_clock(CLOCK, seen).T, replace(bare, calendar=Calendar(seen)).by_clock(CLOCK, seen).T
        )


def test_a_frame_says_which_day_it_is_seen_from_or_is_told_which_is_taken(model: ParetoNBD) -> None:
    """A summer's frame was silently read as of the fit, whose busy months it does not have before it."""
    some = CELLS.take(np.arange(20))
    frame = {"frequency": some.x, "recency": some.t_x, "T": some.T}
    summer, length = dt.date(2026, 6, 30), np.round(some.T * some.unit.days).astype("timedelta64[D]")
    true = model.expected_purchases(replace(some, calendar=Calendar(summer)), months(3))

    def asked(**columns: object) -> np.ndarray:
        return model.expected_purchases({**frame, **columns}, months(3))["expected_purchases"]

    for told in ({"as_of": [summer] * 20}, {"first_day": np.datetime64(summer, "D") - length}):
        np.testing.assert_allclose(asked(**told), true, rtol=1e-3 if "first_day" in told else 1e-12)
    with pytest.warns(UserWarning, match="2026-09-30 is taken, the day of the fit") as warned:
        found = asked()
    assert warned[0].filename == __file__
    assert np.abs(found / true - 1).max() > 0.1
    with pytest.raises(InputError, match="not seen from one day"):
        asked(as_of=[summer] * 19 + [SEEN])
    with pytest.raises(InputError, match="not a column of days"):
        asked(as_of=[20260630] * 20)
    plain = ParetoNBD().fit(replace(CELLS, calendar=None))
    assert plain.expected_purchases(frame, months(3)) is not None, "nothing to say without a clock"


def test_times_between_purchases_are_stretched_with_the_rest() -> None:
    gaps = CELLS.weight * CELLS.x * np.log(np.where(CELLS.x > 0, CELLS.t_x, 1.0) / np.maximum(CELLS.x, 1.0))
    read = replace(CELLS, log_gaps=gaps).by_clock(CLOCK, SEEN)
    even = read.weight * read.x * np.log(np.where(read.x > 0, read.t_x, 1.0) / np.maximum(read.x, 1.0))
    assert read.log_gaps == pytest.approx(even, abs=1e-9)
