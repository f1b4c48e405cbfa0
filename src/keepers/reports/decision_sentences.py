"""The plain sentences about offers and drivers: each says in words what the figures beside it say."""

from __future__ import annotations

from keepers.reports.decisions import OfferExperiment, OfferMade, Proposed
from keepers.reports.formatting import count, day, money, percent, plural
from keepers.reports.sentences import interval

_WIDTH = 3.2897
"""Standard errors in an interval of 90%."""
_FINDS = 2.4865
"""Standard errors of a gain that is found in 80% of cases at 95% confidence, one-sided."""


def experiment_lead(found: OfferExperiment) -> str:
    """Who took part, when, and how far it can be believed."""
    when = f", from {day(found.day)}" if found.day is not None else ""
    text = f"“{found.name}”{when}: {plural(found.customers, 'customer')}, orders of {plural(found.days, 'day')}."
    if found.experimental:
        return f"{text} Chance decided who got what, so the difference is what the offer did."
    return (
        f"{text} Nobody recorded the chance with which offers were given, so customers were made alike in all that is "
        "known. What nobody knows may still have decided both."
    )


def experiment_verdict(found: OfferExperiment, currency: str | None) -> str:
    """Whether offers are chosen for each customer, given to all, or not at all."""
    gain = money(abs(found.advantage), currency)
    single = "nothing" if found.best_single == "control" else f"“{found.best_single}”"
    if found.personalised:
        return (
            f"Choose for each customer: that earned {gain} a customer more than {single} for everybody, and at least "
            f"{money(found.advantage_low, currency)} more than any one action ({percent(found.confidence)} sure, on "
            "customers it was not learned from)."
        )
    text = f"Choosing for each customer earned no more than {single} for everybody"
    if found.advantage > 0:
        text = (
            f"Choosing for each customer earned {gain} a customer more than {single} for everybody, which may be chance"
        )
    if found.constant is not None and found.constant != "control":
        return f"{text}. Give “{found.constant}” to everybody: that is proven to pay."
    return f"{text}, and no offer is proven to pay: give nobody one yet."


def experiment_size(found: OfferExperiment, currency: str | None) -> str:
    """What an experiment of this size could find, where it has shown nothing."""
    if found.treated:
        return ""
    errors = [(row.gain.high - row.gain.low) / _WIDTH for row in found.rows if row.gain.high and row.gain.low]
    if not errors:
        return ""
    return (
        f"An experiment of this size finds a gain of {money(_FINDS * min(errors), currency)} a customer or more in "
        "four of five cases; for half of that four times as many customers are needed."
    )


def experiment_counts(found: OfferExperiment) -> str:
    """Who gets an offer now, who is held out, who is left alone."""
    parts = []
    if found.treated:
        parts.append(f"Of today’s {plural(found.choosable, 'customer')} {count(found.treated)} get an offer")
        parts.append(f"{count(found.held_out)} of those chosen are held back as control, to see what it earned")
    if found.leave_alone:
        parts.append(
            f"{count(found.leave_alone)} are better left alone: every offer is expected to lose money with them"
        )
    return "; ".join(parts) + "." if parts else ""


def experiment_gain(found: OfferExperiment, currency: str | None) -> str:
    """What the rule earned."""
    if not found.treated:
        return ""
    return (
        f"In the experiment this rule earned {money(found.gain.value, currency)} a customer "
        f"({interval(found.gain, currency)}), those who got nothing included."
    )


def earned(found: OfferMade) -> str:
    """Whether an offer has paid, or, where nobody knows that it was given, how those chosen differ from the others."""
    if not found.is_over:
        return f"Orders count until {day(found.last_day)}."
    if found.earned is None:
        return found.remark
    low, high = found.earned.low or 0.0, found.earned.high or 0.0
    if found.known:
        said = "It paid." if low > 0 else "It cost more than it brought." if high < 0 else "It may be chance."
    else:
        which = "more" if low > 0 else "less" if high < 0 else ""
        said = f"Who was chosen brought {which} than who was held out." if which else "It may be chance."
    return f"{said} {found.remark}".strip()


def proposal(found: Proposed, currency: str | None) -> str:
    """Who, how many, how long, and what it could earn."""
    text = (
        f"{found.test[:1].upper()}{found.test[1:]}. {count(found.group)} customers in each of two groups for "
        f"{plural(found.days, 'day')} show a gain of {money(found.finds, currency)} a customer. If it is a cause, "
        f"a year's {count(found.without)} new customers who are without it could bring "
        f"{money(found.could_earn, currency)} more."
    )
    return text if found.possible else f"{text} So many customers are not there yet: it takes longer."
