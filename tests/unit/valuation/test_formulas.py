"""Simple formulas: identities between them, their limits, and what they are fed with."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from history import PurchaseRows
from keepers.domain.errors import ConfigError, InputError
from keepers.domain.money import annual_rate
from keepers.domain.time import ObservationWindow
from keepers.models.btyd.bg_nbd import BGNBD
from keepers.models.spend.gamma_gamma import GammaGamma
from keepers.summaries.activity import activity
from keepers.summaries.summary import summarise
from keepers.valuation import formulas
from keepers.valuation.discounting import annuity, mean_factor, retention_gain
from keepers.valuation.formula_inputs import Quantity
from keepers.valuation.formula_table import formula_table
from keepers.valuation.lifetime_value import lifetime_value
from keepers.valuation.values import Values

SHARES = st.floats(0.01, 0.99)


@given(SHARES, st.floats(0.01, 0.5))
def test_margin_multiples_agree(retention: float, discount: float) -> None:
    later = formulas.margin_multiple(1.0, retention, discount)
    assert formulas.margin_multiple_first_now(1.0, retention, discount) == pytest.approx(1 + later)
    assert formulas.margin_multiple_growing(1.0, retention, discount, 0.0) == pytest.approx(later)
    endless = formulas.berger_nasr_1(1.0, 0.0, retention, discount, 4000)
    assert endless == pytest.approx(1 + later, rel=1e-6)


@given(SHARES, st.floats(0.01, 0.5), st.floats(0, 20))
def test_cases_reduce_to_one_another(retention: float, discount: float, promotion: float) -> None:
    first = formulas.berger_nasr_1(100.0, promotion, retention, discount, 7)
    assert formulas.berger_nasr_2a(100.0, promotion, retention, discount, 7, 1.0) == pytest.approx(first)
    assert formulas.berger_nasr_2b(100.0, promotion, retention, discount, 7, 1.0) == pytest.approx(first)
    assert formulas.berger_nasr_5(100.0, [retention], discount, 7, promotion) == pytest.approx(first)
    without = formulas.berger_nasr_1(100.0, 0.0, retention, discount, 7)
    assert formulas.berger_nasr_3(lambda _: 100.0, retention, discount, 7) == pytest.approx(without)
    ratio = retention / (1 + discount)
    flow = 100.0 * (ratio**7 - 1) / math.log(ratio)
    assert formulas.berger_nasr_4(lambda _: 100.0, retention, discount, 7) == pytest.approx(flow, rel=1e-6)


def test_customers_who_may_come_back_are_worth_more() -> None:
    lost = formulas.berger_nasr_5(100.0, [0.6], 0.1, 10)
    assert formulas.berger_nasr_5(100.0, [0.6, 0.3, 0.1], 0.1, 10) > lost


def test_what_has_no_value_says_so() -> None:
    assert formulas.lifespan(0.0) == math.inf
    assert formulas.acquisition_cost(10.0, 0) == math.inf
    assert formulas.payback([0, 30], [5.0, 6.0], 10.0) is None
    assert formulas.payback([0, 30], [12.0, 16.0], 10.0) == 0
    assert formulas.payback([0, 30, 60], [5.0, math.nan, 20.0], 10.0) is None
    with pytest.raises(ConfigError, match="never ends"):
        formulas.margin_multiple_growing(1.0, 0.9, 0.05, 0.2)
    with pytest.raises(ConfigError, match=r"write 80% as 0.8"):
        formulas.retention_clv(10.0, 80)


def test_discounting() -> None:
    assert mean_factor(annual_rate(0.0), ObservationWindow("2024-01-01", "2024-12-31").holdout) == 1  # type: ignore[arg-type]
    assert annuity(0.0, None) == math.inf
    assert annuity(-0.1, 1.0) == pytest.approx(math.expm1(0.1) / 0.1)
    # A year's money of those who stay, kept better, is the same money discounted less.
    gain = retention_gain(0.5, 0.01)
    assert math.exp(gain) == pytest.approx(0.51 / 0.5)


def rows(last_year: bool = True) -> list[tuple[Any, ...]]:
    """Four customers of 2022, two of whom return in 2023 with twice the money, and one new customer."""
    found: list[tuple[Any, ...]] = [(who, "2022-02-01", 10) for who in "abcd"]
    found += [(who, "2022-08-01", 10) for who in "abcd"]
    if last_year:
        found += [(who, day, 40) for who in "ab" for day in ("2023-03-01", "2023-09-01")]
        found += [("new", "2023-12-01", 40), ("new", "2023-12-31", 40)]
    return found


def valued(given_rows: list[tuple[Any, ...]], end: str) -> Values:
    summary = summarise(PurchaseRows(given_rows), ObservationWindow(end), margin=0.5)
    return lifetime_value(BGNBD().fit(summary), GammaGamma().fit(summary), summary)


def test_activity_of_the_last_year() -> None:
    seen = activity(summarise(PurchaseRows(rows()), ObservationWindow("2023-12-31")))
    assert seen.period.days == 349  # half of the 698 days since the first order
    assert seen.retention == 0.5
    assert seen.customers.tolist() == [1, 4]
    assert seen.buyers.tolist() == [1, 2]
    assert seen.orders.sum() == 6
    assert seen.money.sum() == 240
    assert seen.repurchase.tolist() == [0.5]
    with pytest.raises(InputError, match="too short to see who stays"):
        activity(summarise(PurchaseRows([("a", "2024-01-01", 1), ("a", "2024-01-10", 1)])))


def test_every_formula_shows_its_inputs() -> None:
    values = valued(rows(), "2023-12-31")
    table = {row.key: row for row in formula_table(values, marketing_spend=90.0, equity=500.0, value_of_new=60.0)}
    year = 349 / 365.25
    retention = 0.5 ** (1 / year)
    order, often = 0.5 * 240 / 6, 6 / 3 / year
    assert table["simple_clv"].result == pytest.approx(order * often / (1 - retention))
    assert [one.name for one in table["simple_clv"].inputs] == [
        "average order value", "orders a customer and year", "lifespan"
    ]  # fmt: skip
    assert table["retention_clv"].result == pytest.approx(order * retention)
    assert table["lifespan"].result == pytest.approx(1 / (1 - retention))
    assert table["lifespan"].quantity is Quantity.YEARS
    assert "the buyers of the 349 days before who did not return in the last 349 days" in table["lifespan"].remark
    contribution = 0.5 * 240 / 3 / year
    assert table["margin_multiple"].result == pytest.approx(contribution * retention / (1.1 - retention))
    assert table["cac"].result == 90
    assert table["ltv_cac"].result == pytest.approx(60 / 90)
    assert table["payback"].result is None
    assert table["ltv_0_days"].result == pytest.approx(0.5 * (4 * 10 + 40) / 5)
    assert table["ltv_720_days"].result is None
    assert "No customer is 720 days old" in table["ltv_720_days"].remark
    assert table["customer_equity"].result is not None
    assert {"berger_nasr_1", "berger_nasr_2b", "berger_nasr_3", "berger_nasr_4", "berger_nasr_5"} <= set(table)
    assert all(row.remark for row in table.values())
    assert all(row.basis is values.basis for row in table.values() if row.quantity is Quantity.MONEY)


def test_without_spend_money_or_anybody_returning() -> None:
    values = valued(rows(), "2023-12-31")
    assert "cac" not in {row.key for row in formula_table(values)}
    bare = summarise(PurchaseRows([(who, day, None) for who, day, _ in rows()]))
    assert formula_table(lifetime_value(BGNBD().fit(bare), None, bare)) == ()


@pytest.mark.parametrize("growth", [0.41, 0.5])
def test_a_growing_margin_has_a_multiple_only_while_the_sum_ends(growth: float) -> None:
    with pytest.raises(ConfigError, match="sum never ends"):
        formulas.margin_multiple_growing(1.0, 0.8, 0.12, growth)
    assert formulas.margin_multiple_growing(1.0, 0.8, 0.12, 0.39) == pytest.approx(0.8 / (1.12 - 0.8 * 1.39))


def test_cases_of_berger_and_nasr_refuse_plans_of_another_case() -> None:
    with pytest.raises(ConfigError, match="berger_nasr_2b"):
        formulas.berger_nasr_2a(100.0, 0.0, 0.5, 0.1, 5, 0.5)
    with pytest.raises(ConfigError, match="berger_nasr_2a"):
        formulas.berger_nasr_2b(100.0, 0.0, 0.5, 0.1, 5, 0.5)
    with pytest.raises(ConfigError, match="`years`"):
        formulas.berger_nasr_4(lambda _: 1.0, 0.5, 0.1, -1)
    with pytest.raises(ConfigError, match="`discount`"):
        formulas.berger_nasr_1(100.0, 0.0, 0.5, -1.0, 5)


def test_every_formula_is_where_users_look() -> None:
    for name in formulas.__all__:
        assert getattr(formulas, name).__doc__
