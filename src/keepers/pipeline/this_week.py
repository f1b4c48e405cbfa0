"""What there is to decide this week: everything that a run proposes, each with its money and how it is known."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from keepers.domain.alert import Alert
from keepers.domain.decision import EvidenceGrade
from keepers.domain.proposal import Proposal, by_money, proposal_key
from keepers.pipeline.lead_list import Lead
from keepers.reports.decision_sentences import proposal
from keepers.reports.decisions import Proposed
from keepers.reports.figures import Estimate
from keepers.reports.formatting import count, money, plural

_A_WEEK, _FOUR_WEEKS = 7, 28
_TAKE = 0.1
"""Share of those to whom a plan is offered who take it, where it is not known."""
_OVER_TARGET = 0.5
"""Probability of being back in time below which a channel is over its payback."""


def proposals(
    said: Mapping[str, Any],
    leads: Sequence[Lead] = (),
    week: Estimate | None = None,
    offered: Mapping[str, int] | None = None,
) -> tuple[Proposal, ...]:
    """What a run proposes, the most money first.

    Parameters
    ----------
    said : mapping
        Its summary.json.
    leads : sequence of Lead
        Its open leads.
    week : Estimate, optional
        What this week's leads are expected to bring together, where the report says it.
    offered : mapping of str to int, optional
        Customers among whom offers were chosen, by experiment.
    """
    won = said.get("acquisition") or {}
    found = [
        *_budget(won.get("budget")), *_leads(won.get("leads"), leads, week), *_channels(won),
        *_spend_tests(won.get("budget")), *_offers(said, offered or {}), *_plans(said), *_driver_tests(said),
    ]  # fmt: skip
    return tuple(sorted(found, key=by_money))


def of_alerts(alerts: Iterable[Alert]) -> tuple[Proposal, ...]:
    """Customers to look after; the answer is that of the alert."""
    return tuple(
        Proposal(
            f"alert-{one.number}", "customer", f"Look after customer {one.proposal.customer_key}",
            f"{_sentence(one.proposal.reason)} {_sentence(one.proposal.action)}", one.proposal.expected_loss,
            None, None, f"at stake if nobody does anything within {round(one.proposal.horizon_days)} days",
            one.currency, EvidenceGrade.PREDICTIVE, f"/leaving#alert-{one.number}", alert=one.number,
            customer=one.proposal.customer_key,
        )
        for one in alerts
    )  # fmt: skip


def _budget(told: Mapping[str, Any] | None) -> Iterable[Proposal]:
    plan = (told or {}).get("plan")
    if plan is None or not plan["recommended"]:
        return
    currency = plan["currency"]
    moves = [one for one in plan["channels"] if abs(one["planned_a_week"] - one["today_a_week"]) > 0.005]
    moves.sort(key=lambda one: -abs(one["planned_a_week"] - one["today_a_week"]))
    listed = "; ".join(
        f"{one['channel']} {money(one['planned_a_week'], currency)} instead of {money(one['today_a_week'], currency)}"
        for one in moves[:4]
    )
    more = f"; and {plural(len(moves) - 4, 'more channel')}" if len(moves) > 4 else ""
    gain = plan["gain"]
    yield Proposal(
        "budget", "budget", "Divide the marketing budget anew",
        f"A week: {listed}{more}. {_chance(plan['probability'])}", gain["value"], gain["low"], gain["high"],
        f"more than today's plan brings, from {plan['days']} days of spend, net of it", _currency(currency),
        EvidenceGrade(plan["evidence"]), "/budget", plan["days"],
    )  # fmt: skip


def _leads(told: Mapping[str, Any] | None, leads: Sequence[Lead], week: Estimate | None) -> Iterable[Proposal]:
    chosen = [lead for lead in leads if lead.this_week]
    if told is None or not chosen:
        return
    sums = [
        _sum([lead.expected_value for lead in chosen]), _sum([lead.expected_value_low for lead in chosen]),
        _sum([lead.expected_value_high for lead in chosen]),
    ]  # fmt: skip
    room = told["this_week"]
    # What the report says of them together is of all who were chosen; somebody may have been erased since.
    if week is not None and len(chosen) == room["chosen"]:
        sums = [week.value, week.low, week.high]
    why = (
        f"They are the {plural(len(chosen), 'lead')} with the most to bring of {count(len(leads))} that are open"
        f"{', as many as were taken up in a week of late' if room['from_pace'] else ''}."
    )
    yield Proposal(
        "leads", "leads", f"Call {plural(len(chosen), 'lead')} first", why, sums[0], sums[1], sums[2],
        "expected of them: chance times value, less the cost of working on them", _currency(told["currency"]),
        EvidenceGrade.PREDICTIVE, "/leads?this_week=1", _A_WEEK,
    )  # fmt: skip


def _channels(won: Mapping[str, Any]) -> Iterable[Proposal]:
    """Channels whose cost is not back in time, unless the plan of the budget spends less on them already."""
    told = won.get("channels")
    if told is None or not told.get("costs_from") or not told.get("costs_to"):
        return
    plan = (won.get("budget") or {}).get("plan")
    less = {
        one["channel"] for one in (plan["channels"] if plan and plan["recommended"] else ())
        if one["planned_a_week"] < one["today_a_week"]
    }  # fmt: skip
    length = _days(told["costs_from"], told["costs_to"])
    target, currency = told["targets"]["payback_months"], told["currency"]
    for row in told["rows"]:
        cost, most, chance = row["cac_loaded"], row["max_cac"], row["payback_probability"]
        if row["label"] in less or not row["new_customers"] or None in (cost, most, chance) or chance >= _OVER_TARGET:
            continue
        a_month = row["new_customers"] * _FOUR_WEEKS / length
        lost = [(cost - paid) * a_month for paid in (most, row["max_cac_high"], row["max_cac_low"])]
        if lost[0] <= 0:
            continue
        months = row["payback_months"]
        back = "is not back within the lifetime" if months is None else f"takes {months:.0f} months to come back"
        yield Proposal(
            proposal_key("channel", row["label"]), "channel", f"Pay less for customers of {row['label']}",
            f"A new customer costs {money(cost, currency)}, which {back}; the target is {target:g} months. At most "
            f"{money(most, currency)} may be paid.", lost[0], lost[1], lost[2],
            f"paid in {_FOUR_WEEKS} days beyond what may be paid", _currency(currency), EvidenceGrade.PREDICTIVE,
            "/channels", subject=row["label"],
        )  # fmt: skip


def _spend_tests(told: Mapping[str, Any] | None) -> Iterable[Proposal]:
    if told is None or told.get("plan") is None:
        return
    currency = told["plan"]["currency"]
    grades = {one["channel"]: one["evidence"] for one in told["curves"]}
    for one in told["experiments"]:
        yield Proposal(
            proposal_key("experiment", one["channel"]), "experiment",
            f"Find out more about {one['channel']}: spend {money(one['spend_a_week'], currency)} a week for "
            f"{one['days']} days instead of {money(one['today_a_week'], currency)}",
            f"Knowing better how it answers to money is worth {money(one['worth'], currency)} in a year of plans; the "
            f"experiment is expected to cost {money(one['cost'], currency)} meanwhile.",
            one["worth"] - one["cost"], -one["cost"], None, "worth of knowing in a year of plans, less what it costs",
            _currency(currency), EvidenceGrade(grades.get(one["channel"], "predictive")), "/budget",
            subject=one["channel"],
        )  # fmt: skip


def _offers(said: Mapping[str, Any], offered: Mapping[str, int]) -> Iterable[Proposal]:
    currency = _money_currency(said)
    for one in said.get("offers") or ():
        chosen = {name: size for name, size in one["chosen"].items() if size}
        if not chosen:
            continue
        listed = ", ".join(f"“{name}” to {plural(size, 'customer')}" for name, size in chosen.items())
        rule = one["gain_a_customer"]
        treated = sum(chosen.values())
        # Those held out bring nothing more, whatever the rule would earn with them.
        size = offered.get(one["experiment"], 0) * treated / (treated + one["held_out"])
        mean, low, high = (rule[name] * size if size else None for name in ("mean", "low", "high"))
        yield Proposal(
            proposal_key("offer", one["experiment"]), "offer", f"Send {listed}",
            f"{_offer_verdict(one, currency)} {plural(one['held_out'], 'customer')} who would get it are held out, so "
            "that it can be seen later what it earned.", mean, low, high,
            f"what the rule earned in the experiment “{one['experiment']}”, for today's customers",
            currency, EvidenceGrade(one["evidence"]), "/drivers#offers", subject=one["experiment"],
        )  # fmt: skip


def _offer_verdict(one: Mapping[str, Any], currency: str) -> str:
    """Whether it is chosen for each customer, and what that earned in the experiment."""
    chosen = (
        "It is chosen for each customer: on customers it was not learned from that earned more than any one offer for "
        "everybody." if one["personalised"]
        else "Everybody gets the same, as choosing for each customer is not proven to earn more."
    )  # fmt: skip
    gain = one["gain_a_customer"]
    mean, low, high = (None if gain[name] is None else money(gain[name], currency) for name in ("mean", "low", "high"))
    if mean is None:
        return chosen
    between = "" if low is None or high is None else f" ({low} to {high})"
    return f"{chosen} In the experiment this earned {mean} a customer{between}."


def _plans(said: Mapping[str, Any]) -> Iterable[Proposal]:
    """Changes of plan; where only changes were seen, and no offers, it is not known how many would take an offer."""
    subscribed = said.get("subscriptions") or {}
    for one in (subscribed.get("next_plans") or {}).get("changes", ()):
        if not one["proposed"]:
            continue
        tested = one["evidence"] == EvidenceGrade.EXPERIMENTAL.value
        share = 1.0 if tested else _TAKE
        gain, many = one["gain"], one["proposed"]
        low, high = (gain[end] * many * share for end in ("low", "high"))
        what = {"upgrade": "a larger plan", "downgrade": "a smaller plan", "add-on": "one more plan"}.get(one["name"])
        more = money(gain["value"], _plan_currency(subscribed) or None)
        each = "shown by the experiment" if tested else f"if one in ten takes it; each who does brings {more}"
        why = (
            f"Those to whom it was offered by lot brought {more} more each." if tested
            else f"Those who changed went on to bring {more} more each than subscribers like them who did not."
        )  # fmt: skip
        alone = f" {plural(one['held_out'], 'subscriber')} who would get it are left alone, to see what it brings."
        yield Proposal(
            proposal_key("plan", one["name"]), "plan",
            f"Offer {what or 'the plan of the experiment'} to {plural(many, 'subscriber')}",
            f"{why}{alone if one['held_out'] else ''}", one["expected_gain"] * share,
            low, high, f"more than would come anyway, {each}", _plan_currency(subscribed),
            EvidenceGrade(one["evidence"]), "/subscriptions#plans", subject=one["name"],
        )  # fmt: skip


def _plan_currency(subscribed: Mapping[str, Any]) -> str:
    return _currency((subscribed.get("money") or {}).get("currency"))


def _driver_tests(said: Mapping[str, Any]) -> Iterable[Proposal]:
    told = said.get("drivers")
    if told is None:
        return
    adjusted = {one["key"] for one in told["adjusted"]}
    labels = {one["key"]: one["label"] for one in (*told["predictive"], *told["adjusted"])}
    for one in told["proposals"]:
        if not one["possible"]:
            continue
        key = one["driver"]
        yield Proposal(
            proposal_key("experiment", f"driver {key}"), "experiment", f"Test whether it pays: {labels.get(key, key)}",
            _driver_test(one, _money_currency(said), labels.get(key, key)), one["could_earn"], 0.0, one["could_earn"],
            "what it could earn, if it is a cause and not only a sign", _money_currency(said),
            EvidenceGrade.ADJUSTED if key in adjusted else EvidenceGrade.PREDICTIVE, "/drivers#drivers",
            subject=key,
        )  # fmt: skip


def _driver_test(one: Mapping[str, Any], currency: str, label: str) -> str:
    """Who, how many, how long, and what it could earn."""
    if "finds" not in one:
        # As runs have written it before they wrote the figures beside it.
        return _sentence(one["sentence"])
    return proposal(
        Proposed(label, one["test"], one["customers_a_group"], one["days"], one["finds"], one["could_earn"],
                 one["without"], one["possible"]), currency or None,
    )  # fmt: skip


def _sum(values: Sequence[float | None]) -> float | None:
    """The sum; None where a part of it is not known."""
    known = [value for value in values if value is not None]
    return float(sum(known)) if len(known) == len(values) else None


def _days(first: str, last: str) -> int:
    return max((dt.date.fromisoformat(last) - dt.date.fromisoformat(first)).days + 1, _FOUR_WEEKS)


def _chance(probability: float) -> str:
    if probability > 0.99:
        return "It is better than today's plan with more than 99% probability."
    return f"It is better than today's plan with {math.floor(100 * probability)}% probability."


def _sentence(text: str) -> str:
    told = text.strip()
    return f"{told[:1].upper()}{told[1:]}{'' if told.endswith(('.', '!', '?')) else '.'}"


def _currency(text: str | None) -> str:
    return "" if text is None or text == "unspecified" else text


def _money_currency(said: Mapping[str, Any]) -> str:
    return _currency((said.get("money") or {}).get("currency"))
