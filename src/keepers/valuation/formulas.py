"""The formulas of customer value that users know by name, each as a function of plain numbers.

Shares are fractions (0.35 for 35%), rates are effective and for one year unless said otherwise. A formula that has no
value for its inputs gives `inf` or raises `ConfigError` with the condition.

Beside what stands here, the module gives the names of `keepers.valuation.recurring_revenue` (quick ratio, net and gross
revenue retention, movements of monthly recurring revenue), `keepers.valuation.customer_migration` (Markov chains) and
`keepers.valuation.engagement_value` (CLV + CRV + CIV + CKV), so that ``kp.formulas`` holds all of them.

Sources: Berger and Nasr (1998), "Customer Lifetime Value: Marketing Models and Applications", Journal of Interactive
Marketing 12(1), cases 1 to 5; Gupta and Lehmann (2003), "Customers as Assets", Journal of Interactive Marketing 17(1);
Gupta and Lehmann (2005), "Managing Customers as Investments".
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from keepers.domain.errors import ConfigError
from keepers.valuation.customer_migration import Migration, migration_matrix, migration_value, recency_matrix
from keepers.valuation.engagement_value import (
    EngagementEquity,
    EngagementValue,
    Influence,
    Knowledge,
    Referral,
    engagement_equity,
    engagement_value,
    influence_value,
    knowledge_value,
    referral_value,
)
from keepers.valuation.formula_conditions import check_ends, check_not_negative, check_positive, check_rate, check_share
from keepers.valuation.recurring_revenue import (
    Movements,
    gross_revenue_retention,
    monthly_amount,
    movements,
    net_revenue_retention,
    quick_ratio,
)

__all__ = [
    "EngagementEquity",
    "EngagementValue",
    "Influence",
    "Knowledge",
    "Migration",
    "Movements",
    "Referral",
    "acquisition_cost",
    "annual_clv",
    "berger_nasr_1",
    "berger_nasr_2a",
    "berger_nasr_2b",
    "berger_nasr_3",
    "berger_nasr_4",
    "berger_nasr_5",
    "customer_equity",
    "engagement_equity",
    "engagement_value",
    "gross_revenue_retention",
    "influence_value",
    "knowledge_value",
    "lifespan",
    "ltv_to_cac",
    "margin_multiple",
    "margin_multiple_first_now",
    "margin_multiple_growing",
    "migration_matrix",
    "migration_value",
    "monthly_amount",
    "movements",
    "n_day_ltv",
    "net_revenue_retention",
    "payback",
    "quick_ratio",
    "recency_matrix",
    "referral_value",
    "retention_clv",
    "simple_clv",
]


def lifespan(churn: float) -> float:
    """Expected years as a customer where the share `churn` leaves every year: 1 / churn.

    >>> lifespan(0.25)
    4.0
    """
    check_share("churn", churn)
    return math.inf if churn == 0 else 1.0 / churn


def simple_clv(average_order_value: float, orders_per_year: float, lifespan_years: float) -> float:
    """Average order value times purchase frequency times customer lifespan, undiscounted.

    >>> simple_clv(50.0, 4.0, 3.0)
    600.0
    """
    return average_order_value * orders_per_year * lifespan_years


def retention_clv(average_order_value: float, retention: float) -> float:
    """Average order value times retention rate.

    >>> retention_clv(50.0, 0.6)
    30.0
    """
    check_share("retention", retention)
    return average_order_value * retention


def annual_clv(annual_revenue: float, years_in_service: float) -> float:
    """Annual revenue of a customer times years in service.

    >>> annual_clv(200.0, 2.5)
    500.0
    """
    return annual_revenue * years_in_service


def margin_multiple(margin: float, retention: float, discount: float) -> float:
    """Gupta and Lehmann: m r / (1 + i - r), the first margin coming a year from now if the customer stays.

    >>> [round(margin_multiple(1.0, r, 0.12), 2) for r in (0.6, 0.7, 0.8, 0.9)]
    [1.15, 1.67, 2.5, 4.09]
    """
    return margin_multiple_growing(margin, retention, discount, 0.0)


def margin_multiple_first_now(margin: float, retention: float, discount: float) -> float:
    """The same with the first margin now: m (1 + i) / (1 + i - r).

    >>> round(margin_multiple_first_now(1.0, 0.8, 0.12), 2)
    3.5
    """
    check_share("retention", retention)
    check_ends(discount, retention, 0.0)
    return margin * (1 + discount) / (1 + discount - retention)


def margin_multiple_growing(margin: float, retention: float, discount: float, growth: float) -> float:
    """The same with a margin that grows at `growth` a year: m r / (1 + i - r (1 + g)), valid while 1 + i > r (1 + g).

    >>> round(margin_multiple_growing(1.0, 0.8, 0.12, 0.05), 3)
    2.857
    """
    check_share("retention", retention)
    check_ends(discount, retention, growth)
    return margin * retention / (1 + discount - retention * (1 + growth))


def berger_nasr_1(contribution: float, promotion: float, retention: float, discount: float, years: int) -> float:
    """Case 1: sales once a year, promotion in the middle of each year.

    ``GC sum_{i=0..n} r^i / (1+d)^i - M sum_{i=1..n} r^(i-1) / (1+d)^(i-1/2)``

    >>> round(berger_nasr_1(260.0, 50.0, 0.75, 0.20, 10), 2)
    568.78
    """
    return berger_nasr_2a(contribution, promotion, retention, discount, years, 1.0)


def berger_nasr_2a(
    contribution: float, promotion: float, retention: float, discount: float, years: float, cycle: float
) -> float:
    """Case 2a: a sale every `cycle` years, one year or longer; contribution and retention are those of a cycle.

    >>> round(berger_nasr_2a(9000.0, 95.0, 0.4, 0.20, 12, 3.0), 1)
    11479.0
    """
    _check_plan(retention, discount, years)
    if not cycle >= 1:
        raise ConfigError(
            f"`cycle` is {cycle!r}; in case 2a a sale comes every `cycle` years, one or more. For several sales a year "
            "use berger_nasr_2b."
        )
    sales = math.fsum(retention**i * (1 + discount) ** (-i * cycle) for i in range(_whole(years / cycle) + 1))
    return contribution * sales - promotion * _promotions(retention ** (1 / cycle), discount, years)


def berger_nasr_2b(
    contribution: float, promotion: float, retention: float, discount: float, years: float, cycles: float
) -> float:
    """Case 2b: `cycles` sales a year, more than one; contribution and retention are those of a cycle.

    >>> berger_nasr_2b(260.0, 50.0, 0.75, 0.20, 10, 1) == berger_nasr_1(260.0, 50.0, 0.75, 0.20, 10)
    True
    """
    _check_plan(retention, discount, years)
    if not cycles >= 1:
        raise ConfigError(
            f"`cycles` is {cycles!r}; in case 2b there are `cycles` sales a year, one or more. For less than one use "
            "berger_nasr_2a."
        )
    sales = math.fsum(retention**i * (1 + discount) ** (-i / cycles) for i in range(_whole(years * cycles) + 1))
    return contribution * sales - promotion * _promotions(retention**cycles, discount, years)


def berger_nasr_3(profile: Callable[[float], float], retention: float, discount: float, years: int) -> float:
    """Case 3: a yearly contribution, net of promotion, that changes with the customer's age: sum pi(t) [r / (1+d)]^t.

    >>> round(berger_nasr_3(lambda year: 100.0 + 10 * year, 0.8, 0.1, 3), 2)
    293.48
    """
    _check_plan(retention, discount, years)
    return math.fsum(profile(t) * (retention / (1 + discount)) ** t for t in range(years + 1))


def berger_nasr_4(profile: Callable[[float], float], retention: float, discount: float, years: float) -> float:
    """Case 4: the same without a calendar, money flowing all the time: the integral of pi(t) [r / (1+d)]^t dt.

    >>> round(berger_nasr_4(lambda year: 100.0, 0.8, 0.1, 3), 2)
    193.22
    """
    _check_plan(retention, discount, years)
    steps = 2 * max(200, math.ceil(80 * years))
    width = years / steps
    weight = (1, *((4, 2) * (steps // 2))[:-1], 1)
    values = (profile(i * width) * (retention / (1 + discount)) ** (i * width) for i in range(steps + 1))
    return width / 3 * math.fsum(w * value for w, value in zip(weight, values, strict=True))


def berger_nasr_5(
    contribution: float, repurchase: Sequence[float], discount: float, periods: int, promotion: float = 0.0
) -> float:
    """Case 5, customer migration: whoever does not buy in a period may come back, less likely the longer it was.

    Parameters
    ----------
    contribution : float
        What a purchase brings in a period.
    repurchase : sequence of float
        Chance to buy in a period for customers whose last purchase was one, two, ... periods ago; beyond the last
        one nobody comes back.
    discount : float
        Rate of one period.
    periods : int
        How far to look; the first purchase is now.
    promotion : float
        Cost of promotion to each customer who may still come back, in the middle of every period.

    Examples
    --------
    With one state it is case 1:

    >>> round(berger_nasr_5(260.0, [0.75], 0.20, 10, 50.0), 2)
    568.78
    """
    for chance in repurchase:
        check_share("repurchase", chance)
    waiting = [1.0, *[0.0] * (len(repurchase) - 1)]
    value = contribution
    for period in range(1, periods + 1):
        value -= promotion * sum(waiting) / (1 + discount) ** (period - 0.5)
        bought = sum(share * chance for share, chance in zip(waiting, repurchase, strict=True))
        missed = [share * (1 - chance) for share, chance in zip(waiting, repurchase, strict=True)]
        waiting = [bought, *missed[:-1]]
        value += contribution * bought / (1 + discount) ** period
    return value


def customer_equity(
    current: float,
    new_customers_a_year: float,
    value_of_new: float,
    acquisition_cost: float,
    discount: float,
    years: int,
) -> float:
    """Value of today's customers and of those who will be won, each year's net of what it costs to win them.

    Cohorts come in the middle of each year; `value_of_new` counts from the first order.

    >>> round(customer_equity(1000.0, 10.0, 50.0, 20.0, 0.10, 2), 2)
    1546.07
    """
    cohorts = math.fsum(1 / (1 + discount) ** (year + 0.5) for year in range(years))
    return current + new_customers_a_year * (value_of_new - acquisition_cost) * cohorts


def acquisition_cost(spend: float, new_customers: float) -> float:
    """Cost of winning a customer: what was spent on it by the new customers.

    With advertising alone it is the blended cost; with salaries, tools and agencies too, the fully loaded one.

    >>> acquisition_cost(5000.0, 200)
    25.0
    """
    check_not_negative("new_customers", new_customers, "a number of customers")
    return math.inf if new_customers == 0 else spend / new_customers


def payback(ages: Sequence[float], cumulative: Sequence[float], cost: float) -> float | None:
    """The first age at which what a customer has brought covers the cost of winning one; None if it has not yet.

    >>> payback([0, 30, 60], [10.0, 18.0, 26.0], 22.0)
    45.0
    """
    before_age, before = 0.0, 0.0
    for age, value in zip(ages, cumulative, strict=True):
        if math.isnan(value):
            break
        if value >= cost:
            share = 1.0 if value == before or before_age == age else (cost - before) / (value - before)
            return before_age + max(share, 0.0) * (age - before_age)
        before_age, before = age, value
    return None


def ltv_to_cac(value: float, cost: float) -> float:
    """Lifetime value of a new customer by the cost of winning one; 3 is a usual mark, not a law.

    >>> ltv_to_cac(90.0, 30.0)
    3.0
    """
    check_not_negative("cost", cost, "the cost of winning a customer")
    return math.inf if cost == 0 else value / cost


def n_day_ltv(ages: Sequence[float], amounts: Sequence[float], customers: float, age: float, youngest: float) -> float:
    """What a customer of a cohort has brought up to an age in days, on average; NaN while the cohort is not that old.

    Parameters
    ----------
    ages, amounts : sequences of float
        Age in days of the customer at each order, and what the order brought.
    customers : float
        Customers of the cohort, those without further orders included.
    age : float
        Up to which age, in days.
    youngest : float
        Age of the cohort's youngest customer today.

    Examples
    --------
    >>> n_day_ltv([0, 10, 0, 70], [20.0, 30.0, 10.0, 60.0], customers=2, age=30, youngest=45)
    30.0
    >>> n_day_ltv([0, 10, 0, 70], [20.0, 30.0, 10.0, 60.0], customers=2, age=60, youngest=45)
    nan
    """
    check_positive("customers", customers, "the number of customers in the cohort")
    if youngest < age:
        return math.nan
    return math.fsum(amount for at, amount in zip(ages, amounts, strict=True) if at <= age) / customers


def _check_plan(retention: float, discount: float, years: float) -> None:
    check_share("retention", retention)
    check_rate(discount)
    check_not_negative("years", years, "a length of time")


def _promotions(retention: float, discount: float, years: float) -> float:
    """Promotion in the middle of each year to whoever was there at its beginning."""
    return math.fsum(retention ** (i - 1) * (1 + discount) ** (0.5 - i) for i in range(1, _whole(years) + 1))


def _whole(value: float) -> int:
    return math.floor(value + 1e-9)
