"""Summaries that count opportunities: in each day, week, month or year a customer bought or did not."""

from __future__ import annotations

import datetime as dt

from keepers.data.engine import template
from keepers.domain.errors import InputError
from keepers.domain.money import Margin
from keepers.domain.time import ObservationWindow, TimeUnit
from keepers.summaries.purchases import PACKAGE, PurchaseSource, day_literal, money_of, purchase_days_sql
from keepers.summaries.summary import Summary, SummaryFacts


def summarise_opportunities(
    orders: PurchaseSource,
    window: ObservationWindow | None = None,
    period: TimeUnit | str = TimeUnit.MONTH,
    margin: Margin | float | None = None,
) -> Summary:
    """Make one row a customer whose time counts opportunities, for `keepers.BGBB`.

    An opportunity is a calendar month or year, a day, or seven days that end with the calibration. However often
    somebody buys in one, it is one purchase, and its money is that of all of them. The period of the first purchase is
    opportunity 0. A month or year that the calibration ends within is left out, since it is not over; the summary's
    `remarks` say so.

    Parameters
    ----------
    orders : Orders
        As `keepers.read_orders` gives them.
    window : ObservationWindow, optional
        Its end of the calibration is the last day that counts; its unit and its holdout play no part.
    period : TimeUnit or str
        "day", "week", "month" or "year": the length of an opportunity, and the unit of the summary.
    margin : Margin or float, optional
        As for `keepers.summarise`.

    Returns
    -------
    Summary
        `frequency` counts opportunities with a purchase after the first one, `recency` is the last of them and `T`
        how many there were; `monetary_value` is the mean money of such an opportunity.

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
    cut = (window or ObservationWindow()).resolved(orders.last_day).calibration_end
    assert cut is not None
    last = last_whole_day(cut, unit)
    if margin is None or isinstance(margin, (int, float)):
        margin = Margin(margin)
    money, remarks = money_of(orders, margin, last) if orders.has_money else ("amount", ())
    if last < cut:
        remarks = (
            *remarks,
            f"The {unit.value} of {cut} is not over; purchases after {last}, the end of the last whole one, are not "
            "counted.",
        )
    name = engine.create(
        engine.new_name("summary"),
        template(PACKAGE, "opportunities").format(
            purchase_days=purchase_days_sql(orders, last, money=money),
            period=_number_sql("day", unit, last),
            last_period=_number_sql(day_literal(last), unit, last),
            unit_days=repr(unit.days),
        ),
    )
    facts = SummaryFacts(
        ObservationWindow(last, last, unit), orders.has_money, orders.currency, margin, orders, money, remarks
    )
    summary = Summary(engine, name, facts)
    if not len(summary):
        engine.drop(name)
        raise InputError(
            f"Nobody who can be named bought anything up to {last}, the end of the last whole {unit.value}. The last "
            f"order is of {orders.last_day}; choose a later day (`calibration_end`) or a shorter `period`."
        )
    return summary


def last_whole_day(cut: dt.date, unit: TimeUnit) -> dt.date:
    """The last day of the last period that is over at the end of a day.

    >>> last_whole_day(dt.date(2024, 2, 28), TimeUnit.MONTH).isoformat()
    '2024-01-31'
    >>> last_whole_day(dt.date(2024, 2, 29), TimeUnit.MONTH).isoformat()
    '2024-02-29'
    """
    tomorrow = cut + dt.timedelta(days=1)
    if unit is TimeUnit.MONTH:
        return tomorrow.replace(day=1) - dt.timedelta(days=1)
    if unit is TimeUnit.YEAR:
        return tomorrow.replace(month=1, day=1) - dt.timedelta(days=1)
    return cut


def _number_sql(day: str, unit: TimeUnit, last: dt.date) -> str:
    """The number of the period of a day, as SQL."""
    if unit in (TimeUnit.MONTH, TimeUnit.YEAR):
        return f"date_diff('{unit.value}', DATE '1970-01-01', {day})"
    return f"-(date_diff('day', {day}, {day_literal(last)}) // {round(unit.days)})"
