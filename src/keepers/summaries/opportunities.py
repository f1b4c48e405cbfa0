"""Summaries that count opportunities: in each day, week, month or year a customer bought or did not."""

from __future__ import annotations

from keepers.data.engine import template
from keepers.domain.errors import InputError
from keepers.domain.money import Margin
from keepers.domain.time import ObservationWindow, TimeUnit
from keepers.summaries.opportunity_periods import last_whole_day, number_sql, shifted_end, whole_periods_between
from keepers.summaries.purchases import PACKAGE, PurchaseSource, day_literal, money_of, purchase_days_sql
from keepers.summaries.split import holdout_columns, split_days_sql
from keepers.summaries.summary import Summary
from keepers.summaries.summary_facts import SummaryFacts

_HELD = """,
        max(CASE WHEN held_on IS NOT NULL THEN 1 ELSE 0 END) AS held,
        sum(held_revenue) AS held_revenue,
        sum(held_money) AS held_money"""

_HOLDOUT_SUMS = """,
        sum(held) AS held_frequency,
        sum(held_revenue) AS held_revenue,
        sum(held_money) AS held_money"""


def summarise_opportunities(
    orders: PurchaseSource,
    window: ObservationWindow | None = None,
    period: TimeUnit | str = TimeUnit.MONTH,
    margin: Margin | float | None = None,
) -> Summary:
    """Make one row a customer whose time counts opportunities, for `keepers.BGBB`.

    An opportunity is a calendar month or year, a day, or seven days that end with the calibration. However often
    somebody buys in one, it is one purchase, and its money is that of all of them. The period of the first purchase is
    opportunity 0. A month or year that the calibration or the holdout ends within is left out, since it is not over;
    the summary's `remarks` say so.

    Parameters
    ----------
    orders : Orders
        As `keepers.read_orders` gives them.
    window : ObservationWindow, optional
        Its end of the calibration is the last day that counts, and its holdout is what follows; its unit plays no part.
    period : TimeUnit or str
        "day", "week", "month" or "year": the length of an opportunity, and the unit of the summary.
    margin : Margin or float, optional
        As for `keepers.summarise`.

    Returns
    -------
    Summary
        `frequency` counts opportunities with a purchase after the first one, `recency` is the last of them and `T`
        how many there were; `monetary_value` is the mean money of such an opportunity. With a holdout
        `holdout_frequency` counts its opportunities with a purchase.

    Raises
    ------
    InputError
        If nobody bought in a whole period.

    Examples
    --------
    >>> import keepers as kp
    >>> frame = {"who": ["a", "a", "a", "b"], "on": ["2024-01-05", "2024-01-25", "2024-03-01", "2024-02-08"]}
    >>> orders = kp.Orders.from_frame(frame, customer="who", date="on")
    >>> summary = kp.summarise_opportunities(orders, kp.ObservationWindow(end="2024-04-30"), period="month")
    >>> summary.engine.rows(f"SELECT customer_key, frequency, recency, T FROM {summary.name} ORDER BY 1")
    [('a', 1, 2.0, 3.0), ('b', 0, 0.0, 2.0)]
    """
    engine = orders.engine
    unit = TimeUnit.parse(period)
    given = (window or ObservationWindow()).resolved(orders.last_day)
    cut, end = given.calibration_end, given.end
    assert cut is not None
    assert end is not None
    last = last_whole_day(cut, unit)
    ahead = whole_periods_between(last, end, unit) if end > cut else 0
    until = shifted_end(last, ahead, unit)
    if margin is None or isinstance(margin, (int, float)):
        margin = Margin(margin)
    money, remarks = money_of(orders, margin, until) if orders.has_money else ("amount", ())
    if last < cut:
        remarks = (
            *remarks,
            f"The {unit.value} of {cut} is not over; purchases after {last}, the end of the last whole one, are not "
            "counted.",
        )
    if end > cut and until < end:
        remarks = (*remarks, f"The holdout is the {ahead} whole {unit.value}s up to {until}.")
    days = split_days_sql(orders, last, until, money) if ahead else purchase_days_sql(orders, last, money=money)
    name = engine.create(
        engine.new_name("summary"),
        template(PACKAGE, "opportunities").format(
            purchase_days=days,
            period=number_sql("day", unit, last),
            last_period=number_sql(day_literal(last), unit, last),
            unit_days=repr(unit.days),
            held_opportunities=_HELD if ahead else "",
            holdout_sums=_HOLDOUT_SUMS if ahead else "",
            holdout_columns=holdout_columns((until - last).days, orders.has_money) if ahead else "",
        ),
    )
    facts = SummaryFacts(
        ObservationWindow(last, until, unit),
        orders.has_money,
        orders.currency,
        margin,
        orders,
        money,
        remarks,
        opportunities=True,
    )
    summary = Summary(engine, name, facts)
    if not len(summary):
        engine.drop(name)
        raise InputError(
            f"Nobody who can be named bought anything up to {last}, the end of the last whole {unit.value}. The last "
            f"order is of {orders.last_day}; choose a later day (`calibration_end`) or a shorter `period`."
        )
    return summary
