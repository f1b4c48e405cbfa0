"""What `keepers run` and `keepers demo` print when they are done."""

from __future__ import annotations

from typing import Any

from keepers.cli.tables import print_json, print_pairs, print_text
from keepers.pipeline.run import RunResult

_MOST_WARNINGS = 3


def show_result(result: RunResult, json: bool) -> None:
    """Print the result in a few sentences and name the files; or the whole summary as JSON."""
    if json:
        print_json({**result.summary, "folder": str(result.folder)})
        return
    for line in _lines(result.summary):
        print_text(line)
    for warning in _warnings(result.summary):
        print_text(f"Look at this: {warning}", style="yellow")
    print_text(f"\nEverything is in {result.folder}:")
    print_pairs((file["name"], file["what"]) for file in result.summary["files"])
    engine = result.summary.get("engine")
    if engine is not None:
        print_text(f"\nThe customers are in {engine['tables']['customers']} of {engine['address']}.")
    if result.report is not None:
        print_text(f"\nOpen {result.report} in your browser.")


def _lines(summary: dict[str, Any]) -> list[str]:
    if summary["store"]["orders"] is None:
        return _alone(summary)
    store, money, equity = summary["store"], summary["money"], summary["equity"]
    lines = [
        f"{store['name']}: {_count(store['customers'], 'customer')}, {_count(store['orders'], 'order')} from "
        f"{store['first_day']} to {store['last_day']}"
    ]
    if equity is not None and money is not None:
        total = equity["total"]
        lines.append(
            f"Your customers are worth {_money(total['value'], money)} over the next {money['horizon']['text']} "
            f"({_range(total, money)}{money['basis']}, "
            f"discounted at {money['discount_annual']:.0%} a year, acquisition cost not deducted)."
        )
        lines.append(
            f"The mean customer is worth {_money(equity['mean'], money)}, the median one "
            f"{_money(equity['median'], money)}{_concentration(store, equity)}."
        )
    else:
        orders = summary["activity"]["expected_orders"]
        lines.append(
            f"Expected orders over the next {summary['horizon']['text']}: {orders['value']:,.0f}"
            + (" (the data hold no money)." if money is None else ".")
        )
    risk = summary["at_risk"]
    if risk is not None and risk["customers"]:
        at_stake = "" if risk["money"] is None or money is None else f"; {_money(risk['money'], money)} is at stake"
        lines.append(f"At risk of leaving: {_count(risk['customers'], 'customer')}{at_stake}.")
    won = (summary.get("acquisition") or {}).get("channels")
    if won is not None and money is not None:
        lines += _won(won["total"], money)
        lines += _budget((summary["acquisition"].get("budget") or {}).get("plan"), money)
    added = summary.get("update")
    if added is not None:
        lines.append(_added(added))
        lines += added["remarks"]
    lines += _trust(summary["verdict"])
    if summary["subscriptions"] is not None:
        lines += _subscriptions(summary["subscriptions"], summary["horizon"])
        lines.append(summary["subscriptions"]["verdict"]["sentence"])
    return lines


def _won(total: dict[str, Any], money: dict[str, Any]) -> list[str]:
    """What customers cost and bring."""
    if total["cac_loaded"] is None or total["value_lifetime"] is None:
        return []
    back = total["payback_months"]
    if back is None:
        when = "not in sight"
    else:
        when = "back with the first order" if back < 0.5 else f"back after {_count(round(back), 'month')}"
    return [
        f"A new customer costs {_money(total['cac_loaded'], money)} and brings "
        f"{_money(total['value_lifetime'], money)} over {money['lifetime']['text']}; the cost is {when}."
    ]


def _budget(plan: dict[str, Any] | None, money: dict[str, Any]) -> list[str]:
    """What to spend on marketing."""
    if plan is None:
        return []
    if not plan["recommended"]:
        return ["Marketing: no other division of the budget is likely enough to bring more. Spend as you do now."]
    moves = ", ".join(
        f"{one['channel']} {_money(one['planned_a_week'], money)} instead of {_money(one['today_a_week'], money)}"
        for one in plan["channels"]
    )
    return [
        f"Marketing, a week: {moves}. That should bring {_money(plan['gain']['value'], money)} more in "
        f"{_count(plan['days'], 'day')}, net of spend ({chance(plan['probability'])} probability of any gain)."
    ]


def chance(share: float) -> str:
    """A probability, of which neither end is said to be certain."""
    return "more than 99%" if share > 0.99 else "less than 1%" if share < 0.01 else f"{share:.0%}"


def _alone(summary: dict[str, Any]) -> list[str]:
    store, found = summary["store"], summary["subscriptions"]
    first = (
        f"{store['name']}: {_count(found['customers'], 'subscriber')} from {store['first_day']} to {store['last_day']}"
    )
    return [first, *_subscriptions(found, summary["horizon"]), *_trust(summary["verdict"])]


def _trust(verdict: dict[str, Any]) -> list[str]:
    lines = [verdict["sentence"]]
    if verdict["trust"] != "good":
        lines += [f"- {reservation}" for reservation in verdict["reservations"]]
    return lines


def _added(update: dict[str, Any]) -> str:
    """What an update did, and how old the models are."""
    known = [f"{update[what]:,} {what}" for what in ("changed", "repeated", "older") if update[what]]
    others = f" ({', '.join(known)})" if known else ""
    back = f" and {_count(update['refunds'], 'refund')}" if update["refunds"] else ""
    fit = "fitted again" if update["refitted"] else f"fitted to orders up to {update['fitted_to']}"
    contracts = update["contracts"]
    if contracts["delivered"]:
        back += f"; {_count(contracts['new'], 'new contract')}, {contracts['changed']:,} changed"
    return (
        f"Added {_count(update['new'], 'new order')}{back}{others}: {_count(update['customers_touched'], 'customer')} "
        f"counted anew, of them {update['customers_new']:,} new. The models are {fit}."
    )


def _subscriptions(found: dict[str, Any], horizon: dict[str, Any]) -> list[str]:
    running = found["active"] + found["past_due"] + found["paused"]
    lines = [f"{running:,} of {_count(found['customers'], 'subscriber')} subscribe{'s' if running == 1 else ''} now"]
    equity, soon, money = found["equity"], found["expected_endings"], found["money"]
    if equity is None or money is None or found["mrr"] is None:
        lines[0] += " (the data name no prices)."
    else:
        total = equity["total"]
        lines[0] += (
            f" and bring{'s' if running == 1 else ''} {_money(found['mrr'], money)} a month. Subscribers are worth "
            f"{_money(total['value'], money)} over the next {horizon['text']} ({_range(total, money)}"
            f"discounted at {money['discount_annual']:.0%} a year, acquisition cost not deducted)."
        )
    ends = soon["contracts"]
    lines.append(
        f"About {ends['value']:,.0f} of them can be expected to end in the next {soon['within_days'] / 30.4375:.0f} "
        f"months ({ends['low']:,.0f} to {ends['high']:,.0f} with 80% probability)."
    )
    return lines


def _warnings(summary: dict[str, Any]) -> list[str]:
    """What a person must know before believing the numbers: warnings about the data, and rows that were put aside."""
    data = summary["data"]
    found = [finding["text"] for finding in data["findings"] if finding["level"] == "warning"]
    if data["rows_quarantined"]:
        rows, one = _count(data["rows_quarantined"], "row"), data["rows_quarantined"] == 1
        found.append(
            f"{rows} of {data['rows_read']:,} could not be read and {'was' if one else 'were'} left out; `keepers "
            f"check` lists {'it' if one else 'them'}."
        )
    if len(found) > _MOST_WARNINGS:
        rest = len(found) - _MOST_WARNINGS
        found[_MOST_WARNINGS:] = [f"{rest:,} more things; `keepers check` and the report have all of them."]
    return found


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def _range(total: dict[str, Any], money: dict[str, Any]) -> str:
    if total["low"] is None:
        return ""
    return f"{_money(total['low'], money)} to {_money(total['high'], money)} with 80% probability; "


def _concentration(store: dict[str, Any], equity: dict[str, Any]) -> str:
    share = equity["top_10_percent_share"]
    return "" if share is None or store["customers"] < 20 else f"; the best 10% hold {share:.0%}"


def _money(value: float | None, money: dict[str, Any]) -> str:
    if value is None:
        return "unknown"
    currency = "" if money["currency"] == "unspecified" else f" {money['currency']}"
    return f"{value:,.0f}{currency}" if abs(value) >= 100 else f"{value:,.2f}{currency}"
