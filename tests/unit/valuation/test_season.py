"""The season of a store: found where there is one, not where there is none, and totals come closer to the truth."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from keepers.domain.money import Margin
from keepers.domain.store_clock import day_number
from keepers.domain.time import ObservationWindow, days, months
from keepers.evaluation.backtest import backtest
from keepers.evaluation.compare import choose_model
from keepers.evaluation.origin import Origin, open_origin
from keepers.models.btyd.mbg_nbd import MBGNBD
from keepers.models.learned.attrition import Attrition
from keepers.models.learned.lessons import horizon_factor
from keepers.models.spend.gamma_gamma import GammaGamma
from keepers.pipeline.insights import season_told
from keepers.reports.charts.season import season_chart
from keepers.reports.season import busy_months
from keepers.simulate import Behaviour, Store, StorePlan, simulate_store
from keepers.simulate.season import Peak
from keepers.simulate.season import Season as Planted
from keepers.summaries.summary import Summary, summarise
from keepers.valuation.season import Season, SeasonCheck, clock_of, in_season, season_of

LAW = Behaviour("pareto_nbd", {"r": 0.8, "alpha": 9.0, "s": 0.75, "beta": 15.0}, "week")
MONTHS = (0.8, 0.8, 0.9, 0.9, 0.9, 0.8, 0.7, 0.8, 1.0, 1.2, 1.6, 1.6)
YEAR = months(12)


def store(season: Planted | None, seed: int = 4, customers: int = 3000) -> Store:
    return simulate_store(customers, seed, StorePlan(behaviour=LAW, season=season), end=dt.date(2026, 9, 30))


def seen(shop: Store, until: dt.date) -> Summary:
    return summarise(shop.orders, ObservationWindow(until))


@pytest.fixture(scope="module")
def shop() -> Store:
    return store(Planted(monthly=MONTHS, peaks=(Peak(11, 24, 7, 1.8),)))


@pytest.fixture(scope="module")
def season(shop: Store) -> Season:
    found = season_of(seen(shop, shop.last_day), YEAR)
    assert found is not None
    return found


def test_months_are_those_that_were_planted(season: Season) -> None:
    assert season.is_certain
    assert np.mean(season.factors) == pytest.approx(1.0)
    assert np.corrcoef(season.factors, np.array(MONTHS))[0, 1] > 0.95
    assert max(season.factors) > 1.4
    assert season.helps
    assert season.errors is not None


def test_totals_come_closer_to_the_truth_before_and_after_the_busy_months(shop: Store) -> None:
    off = []
    for until in (dt.date(2026, 1, 5), dt.date(2026, 9, 30)):
        summary = seen(shop, until)
        found = season_of(summary, YEAR)
        assert found is not None
        cells = summary.keyed_cells().cells
        plain = float(cells.weight @ MBGNBD().fit(summary).expected_purchases(cells, YEAR))
        truth = float(shop.truth.customers.expected_purchases(YEAR, at=until).sum())
        off.append((plain / truth - 1.0, plain * found.ratio / truth - 1.0))
    # Seen after the busy months customers seem better than they are, seen after the quiet ones worse.
    assert off[0][0] > off[1][0] + 0.05
    assert max(abs(with_it) for _, with_it in off) < 0.05
    assert np.mean(np.abs(off), axis=0)[1] < np.mean(np.abs(off), axis=0)[0]


def test_nothing_is_found_where_there_is_nothing() -> None:
    found = [season_of(seen(shop, shop.last_day), YEAR) for shop in (store(None, seed, 1200) for seed in range(4))]
    assert sum(one is not None and one.is_certain for one in found) == 0
    assert all(busy_months(one) is None for one in found if one is None or not one.is_certain)
    assert all(abs(one.ratio - 1.0) < 0.04 for one in found if one is not None)


def test_what_came_later_is_not_known(shop: Store) -> None:
    until = dt.date(2026, 1, 5)
    name = shop.tables["orders"].name
    kept = shop.engine.create(shop.engine.new_name("kept"), f"SELECT * FROM {name}")
    try:
        before = season_of(seen(shop, until), YEAR)
        shop.engine.execute(f"DELETE FROM {name} WHERE day > DATE '{until}'")
        assert season_of(seen(shop, until), YEAR) == before
    finally:
        shop.engine.execute(f"DELETE FROM {name}")
        shop.engine.execute(f"INSERT INTO {name} SELECT * FROM {kept}")


def test_a_backtest_knows_the_season_of_its_day_and_none_before_two_years(shop: Store) -> None:
    cut = dt.date(2026, 6, 30)
    early = cut - dt.timedelta(days=400)
    known = clock_of(seen(shop, cut))
    assert known is not None
    for day, clock in ((cut, known), (early, None)):
        for wanted in (True, False):
            window = ObservationWindow(day, day + dt.timedelta(days=90))
            origin = open_origin(shop.orders, window, Margin(), season=wanted)
            assert isinstance(origin, Origin)
            origin.grade("MBGNBD", MBGNBD())
            fitted = origin.fitted["MBGNBD"]
            assert isinstance(fitted, MBGNBD)
            assert fitted.clock_ == (clock if wanted else None)
            origin.drop()


def test_the_verdict_says_from_where_the_season_could_not_be_known(shop: Store) -> None:
    tested = backtest([MBGNBD()], shop.orders, origins=2, spending=[GammaGamma()])
    early, late = (window.calibration_end for window in tested.windows)
    said = [one for one in tested.verdict_.reservations if "could not be known yet" in one]
    assert len(said) == 1
    assert f"on {early}:" in said[0]
    assert str(late) not in said[0]
    alike = backtest([MBGNBD()], shop.orders, origins=1, season=False, spending=[GammaGamma()])
    assert not any("season" in one for one in alike.verdict_.reservations)
    # From the later day the season was known, and totals are nearer.
    graded = [[row for row in one.rows if row.model == "MBGNBD"][-1] for one in (tested, alike)]
    assert graded[0].origin == graded[1].origin == late
    off, off_alike = (abs(row.metrics.total_error or 1.0) for row in graded)
    assert off < 0.5 * off_alike


def test_a_choice_says_where_no_day_of_the_test_could_know_the_season(shop: Store) -> None:
    window = ObservationWindow(end=shop.first_day + dt.timedelta(days=800))
    found = choose_model(shop.orders, window, [MBGNBD()], 1, spending=[GammaGamma()])
    assert found.buying.clock_ is not None
    assert "no date of the test could know yet" in found.backtest.verdict_.reservations[-1]
    alike = choose_model(shop.orders, window, [MBGNBD()], 1, spending=[GammaGamma()], season=False)
    assert alike.buying.clock_ is None
    assert not any("could know yet" in one for one in alike.backtest.verdict_.reservations)


def test_what_was_learned_of_a_quarter_is_stretched_by_the_months_ahead(shop: Store) -> None:
    cut = dt.date(2026, 9, 30)
    clock = clock_of(seen(shop, cut))
    assert clock is not None
    # October to December are busy: half a year is not twice as long on the clock.
    longer = clock.ahead(float(day_number(cut)), 182.0) / clock.ahead(float(day_number(cut)), 91.0)
    assert longer < 1.7
    short, long = days(91), days(182)
    known, alike = (Attrition.known_on(shop.orders, cut, short, clock=one) for one in (clock, None))
    factor = horizon_factor(known, shop.orders, cut, short, long, clock)
    # As customers leave meanwhile, purchases grow a little less than time.
    assert longer**0.85 < factor < longer
    assert horizon_factor(alike, shop.orders, cut, short, long) > 1.1 * factor


def test_two_years_are_needed(shop: Store) -> None:
    assert season_of(seen(shop, shop.first_day + dt.timedelta(days=600)), YEAR) is None


def test_the_past_can_speak_against_a_season(season: Season) -> None:
    assert season.is_used
    against = replace(season, checks=(SeasonCheck(season.day, 10_000.0, 10_100.0, 9_000.0),))
    assert not against.is_used
    assert replace(season, checks=(SeasonCheck(season.day, 1_000.0, 1_010.0, 900.0),)).is_used
    vaguely = replace(season, checks=(SeasonCheck(season.day, 100.0, 101.0, 97.5),))
    assert vaguely.is_used
    assert not vaguely.helps
    told = busy_months(vaguely)
    assert told is not None
    assert "off by 1.0% with every month alike and by 2.5% with the season, a difference as chance" in told.lines[2]
    assert replace(season, checks=()).is_used
    assert not replace(season, chance=0.02).is_used


def test_values_follow_a_season_that_is_fit_for_use_and_no_other(shop: Store) -> None:
    summary = seen(shop, shop.last_day)
    assert in_season(summary).facts.clock is not None
    without = seen(store(None, 3, 800), dt.date(2026, 9, 30))
    assert in_season(without).facts.clock is None


def said(found: Season | None) -> str:
    part = busy_months(found)
    return "" if part is None else " ".join(part.lines)


def test_it_is_said_in_plain_words(season: Season) -> None:
    part = busy_months(season)
    assert part is not None
    assert part.first == 10
    assert part.lines[0].startswith("Customers buy fastest in ")
    assert part.lines[0].endswith("All values follow the season.")
    assert part.lines[1].startswith("The next three months are ")
    assert "busier than three average ones." in part.lines[1]
    assert "more than if every month counted alike, as the newest of them were seen in quiet months." in part.lines[1]
    assert part.lines[2].startswith("Tried on 29\N{NO-BREAK SPACE}Sep\N{NO-BREAK SPACE}2025")
    # Ahead of a quarter the season of these very months counts, too.
    quarter = said(replace(season, horizon=months(3)))
    assert "counted alike, because of the months that lie ahead and those in which they were seen." in quarter
    assert "about as much as if every month counted alike" in said(replace(season, ratio=1.001))
    untried = Season(season.factors, season.chance, 0.95, YEAR, season.day)
    assert said(untried).endswith("it takes three years of orders.")
    against = replace(season, checks=(SeasonCheck(season.day, 10_000.0, 10_100.0, 9_000.0),))
    assert "Values count every month alike nevertheless: tried on" in said(against)
    assert said(None) == said(replace(season, chance=0.02)) == ""


def test_the_chart_begins_with_the_month_that_comes(season: Season) -> None:
    part = busy_months(season)
    assert part is not None
    chart = season_chart(part)
    assert chart.option["xAxis"]["data"][0] == "Oct"
    assert chart.option["series"][0]["data"][1] == pytest.approx(season.factors[10])
    assert chart.table.rows[3] == ("January", f"{season.factors[0]:.2f} times")


def test_every_key_stands_in_the_chapter(season: Season) -> None:
    page = (Path(__file__).parents[3] / "docs" / "learned.md").read_text(encoding="utf-8")
    table = page.split("## Season")[1].split("| key | meaning |")[1].split("## ")[0]
    documented = set(re.findall(r"\w+", " ".join(line.split("|")[1] for line in table.splitlines() if "`" in line)))
    told = season_told(season)
    nested = [*told, *told["error"], *told["checks"][0]]
    assert {"season", *nested} == documented
