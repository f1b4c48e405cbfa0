"""What is the matter with a customer, in a clause that a person understands, from what was seen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from keepers.retention.reasons import RECENT, Reason

_LONG = 90
_FEEDBACK = {
    "nps": ("gave", "of 10 when asked"),
    "csat": ("gave", "of 5 when asked"),
    "review": ("gave", "of 5 in a review"),
}


def said(reason: Reason, row: Mapping[str, Any]) -> str:
    """The clause of a reason for one customer.

    Parameters
    ----------
    reason : Reason
        Which.
    row : mapping
        The customer's row of warnings.

    Examples
    --------
    >>> from keepers.retention.reasons import BY_KEY
    >>> said(BY_KEY["overdue"], {"silence_days": 74, "usual_gap_days": 31.2, "bought": 6})
    'no order for 74 days, usually one every 31'
    >>> said(BY_KEY["feedback"], {"unhappy_score": "nps 3", "unhappy_days": 12})
    'gave 3 of 10 when asked 12 days ago'
    """
    return _CLAUSES[reason.key](row)


def _overdue(row: Mapping[str, Any]) -> str:
    silence, gap = row["silence_days"], row["usual_gap_days"]
    text = f"no order for {silence:,.0f} days"
    if gap is None or gap > 10 * 365:
        return text
    whose = "usually one every" if row["bought"] > 1 else "while others who come back do so after"
    return f"{text}, {whose} {gap:,.0f}"


def _engagement(row: Mapping[str, Any]) -> str:
    if row["unsubscribed_days"] < 180:
        return f"unsubscribed from mails {_ago(row['unsubscribed_days'])}"
    usual = row["usual_45"]
    lately = row["recent_45"]
    said = "nothing" if not lately else "once" if lately == 1 else f"{lately:,} times"
    often = f"{usual:,.0f}" if usual >= 10 else f"{usual:,.1f}"
    if usual <= row["recent_45"]:
        return "opens and visits less than in the months before"
    return f"opened or visited {said} in the last {RECENT} days, usually {often} times"


def _feedback(row: Mapping[str, Any]) -> str:
    kind, _, score = str(row["unhappy_score"]).partition(" ")
    verb, of = _FEEDBACK[kind]
    return f"{verb} {score} {of} {_ago(row['unhappy_days'])}"


def _payments(row: Mapping[str, Any]) -> str:
    if row["past_due"]:
        return "the subscription is past due"
    return f"a payment failed {_ago(row['failed_days'])} and none has gone through since"


def _refunds(row: Mapping[str, Any]) -> str:
    complained, refunded = row["complained_days"], row["refunded_days"]
    if complained is not None and (refunded is None or complained <= refunded):
        return f"complained {_ago(complained)}"
    return f"got money back {_ago(refunded)}"


def _discounts(row: Mapping[str, Any]) -> str:
    return f"{row['discounted']:,} of {row['bought']:,} orders with a discount"


def _ago(days: int) -> str:
    if days <= 0:
        return "today"
    if days <= _LONG:
        return f"{days} day{'s' if days != 1 else ''} ago"
    return f"{round(days / 30.4375)} months ago"


_CLAUSES = {
    "overdue": _overdue,
    "engagement": _engagement,
    "feedback": _feedback,
    "payments": _payments,
    "refunds": _refunds,
    "discounts": _discounts,
}
