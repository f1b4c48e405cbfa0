"""The parts of the quarterly report, each None where the content does not fill it."""

from __future__ import annotations

from collections.abc import Sequence

from keepers.domain.proposal import Proposal
from keepers.reports import acquisition_sentences as won
from keepers.reports import breakdowns, findings, letter_sentences, paper, retention_sentences, sentences
from keepers.reports import subscription_sentences as subs
from keepers.reports.content import ReportContent
from keepers.reports.formatting import MISSING, count, day, finite, money, number, percent, plural, short_money
from keepers.reports.groups import Dimension, Grouping
from keepers.reports.letter_facts import AlertCounts, Decided, LetterFacts
from keepers.reports.paper import Block, Part
from keepers.reports.plot import Plot, places
from keepers.reports.quarters import Quarter
from keepers.reports.run_figures import figures_of
from keepers.reports.subscriptions import Subscriptions

_MOST = 6
"""Things to do that are shown."""


def customers(content: ReportContent) -> Part | None:
    """Who they are: how many are still customers, tiers, and groups."""
    blocks, currency = list[Block](), content.store.currency
    if content.activity is not None:
        blocks += paper.say(
            sentences.activity(content.activity, content.store.customers), sentences.expected_orders(content.activity)
        )
    for caption, grouping in (("By value", content.tiers), ("By recency, frequency and money", content.rfm)):
        if grouping is not None and grouping.rows:
            blocks += [_grouping(caption, grouping, currency), *paper.small(findings.grouping(grouping))]
    return Part("Who your customers are", tuple(blocks)) if blocks else None


def _grouping(caption: str, grouping: Grouping, currency: str | None) -> Block:
    has_money = any(row.value is not None for row in grouping.rows)
    columns = ["Group", "Customers", "Still there", "Orders ahead", *(["Expected value", "Each"] if has_money else [])]
    rows = []
    for row in grouping.rows:
        each = None if row.value is None or not row.customers else row.value / row.customers
        cells = [row.name, count(row.customers), percent(row.probability_alive), count(row.expected_orders)]
        rows.append([*cells, *([money(row.value, currency), money(each, currency)] if has_money else [])])
    return paper.table(caption, columns, rows)


def channels(content: ReportContent) -> Part | None:
    """What winning customers costs and brings, or else where valuable customers come from."""
    found, currency, blocks = content.channels, content.store.currency, list[Block]()
    if found is not None:
        blocks += paper.say(won.lead(found, currency), *won.verdicts(found, currency))
        rows = [
            [
                row.label, count(row.new_customers), money(row.cost, currency), money(row.cac, currency),
                money(None if row.lifetime is None else row.lifetime.value, currency), won.payback(row),
                money(row.at_most, currency),
            ]
            for row in found.rows
        ]  # fmt: skip
        columns = ["Channel", "New", "Cost", "Cost each", f"Worth, {found.lifetime_words}", "Back after", "At most"]
        blocks += [paper.table("Channels", columns, rows), *paper.small(won.at_most(found))]
        paid = [row for row in found.rows if row.cac is not None and row.lifetime is not None][:8]
        if paid:
            blocks.append(_paid(content))
    for dimension in () if blocks else (Dimension.CHANNEL, Dimension.COUNTRY, Dimension.PRODUCT, Dimension.CATEGORY):
        one = next((each for each in content.breakdowns if each.dimension is dimension and each.rows), None)
        if one is None:
            continue
        rows = [
            [
                row.label or "not known",
                count(row.customers),
                money(row.value, currency),
                money(_mean(row.value, row.customers), currency),
            ]
            for row in breakdowns.largest(one)
        ]
        columns = [dimension.value.capitalize(), "Customers", "Expected value", "Each"]
        blocks += [
            paper.table(f"Value by {dimension.value}", columns, rows),
            *paper.small(findings.breakdown(one, currency)),
        ]
    return Part("Where customers come from", tuple(blocks)) if blocks else None


def _mean(total: float | None, customers: int) -> float | None:
    return None if total is None or not customers else total / customers


def _paid(content: ReportContent) -> Block:
    found, currency = content.channels, content.store.currency
    assert found is not None
    rows = [row for row in found.rows if row.cac is not None and row.lifetime is not None][:8]
    ends = [end for row in rows if row.lifetime is not None for end in (row.cac, row.lifetime.value, row.lifetime.high)]
    plot = Plot(
        "What a customer costs and what they are worth",
        "Bars a channel: the cost of a new customer and their expected value with its interval, as in the table above.",
        0.0, max(end for end in ends if finite(end) is not None and end is not None),
        lambda tick: short_money(tick, currency), 110,
    )  # fmt: skip
    for x, row in zip(places(len(rows)), rows, strict=True):
        assert row.lifetime is not None
        wide = 0.3 / len(rows)
        plot.x.append((x, row.label[:18]))
        plot.bar(x - wide / 2, wide, row.cac or 0.0, "warm")
        plot.bar(x + wide / 2, wide, row.lifetime.value, "accent")
        if finite(row.lifetime.low) is not None and finite(row.lifetime.high) is not None:
            plot.span(x + wide / 2, row.lifetime.low or 0.0, row.lifetime.high or 0.0)
    plot.named("cost of a new customer", "warm", "bar")
    plot.named(f"worth over {found.lifetime_words}, with the 80% interval", "accent", "bar")
    return plot.block()


def staying(content: ReportContent) -> Part | None:
    """Who may leave, why, and how much money that is."""
    currency, blocks = content.store.currency, list[Block]()
    if content.at_risk is not None:
        blocks += paper.say(*sentences.at_risk(content.at_risk, currency))
    for warned in content.warnings:
        blocks += paper.say(*retention_sentences.warnings(warned, currency))
        rows = [[one.name, count(one.customers), money(one.expected_loss, currency)] for one in warned.causes]
        if rows:
            blocks.append(
                paper.table(
                    f"Why {warned.whose}s may leave", ["Reason", f"{warned.whose.capitalize()}s", "Expected loss"], rows
                )
            )
        if warned.test is not None:
            blocks += paper.small(retention_sentences.warning_test(warned.test, warned.event))
    if content.segments is not None:
        blocks += paper.say(*(retention_sentences.moves(one) for one in content.segments.moves))
    return Part("Who may leave", tuple(blocks)) if blocks else None


def subscriptions(content: ReportContent) -> Part | None:
    """What subscriptions bring and how long they last."""
    found, currency = content.subscriptions, content.store.currency
    if found is None:
        return None
    blocks = list[Block]()
    if found.equity is not None:
        known = sentences.interval(found.equity.total, currency) or ""
        items = [paper.figure(subs.equity_title(found), money(found.equity.total.value, currency), known)]
        if found.revenue is not None:
            pay = f"paid by {plural(found.running, 'subscriber')}"
            items.append(paper.figure("Recurring revenue a month", money(found.revenue.now, currency), pay))
        blocks.append(paper.figures(*items))
    if found.revenue is not None:
        blocks += paper.say(*subs.revenue(found.revenue, currency))
        blocks += _recurring(content)
    blocks += [_survival(found), *paper.say(subs.survival(found))]
    blocks += paper.say(*subs.leaving(found.leaving, currency), found.trust)
    rows = [
        [one.name, count(one.running), money(one.mrr, currency), percent(one.kept.value), money(one.value, currency)]
        for one in found.plans
    ]
    if rows:
        columns = ["Plan", "Running", "A month", "Kept a year", "Expected value"]
        blocks.append(paper.table("Plans", columns, rows))
    return Part("Subscriptions", tuple(blocks))


def _survival(found: Subscriptions) -> Block:
    period, last = found.period.value, max(found.survival[-1].age, 1)
    plot = Plot(
        f"Share of subscriptions that still run, by {period}s since they began",
        f"Line chart: share of subscriptions that outlast each {period}, as counted and as predicted, with intervals.",
        0.0, 1.0, lambda tick: percent(tick, 0), 100,
    )  # fmt: skip
    plot.x = [(one.age / last, str(one.age)) for one in found.survival if one.age % max(last // 8, 1) == 0]
    ends = [(one.age / last, one.predicted) for one in found.survival]
    upper = [(x, plot.at(one.high)) for x, one in ends if one.high is not None]
    lower = [(x, plot.at(one.low)) for x, one in ends if one.low is not None]
    plot.bands.append({"points": [*upper, *reversed(lower)], "hue": "accent"})
    plot.line([(x, one.value) for x, one in ends], "accent", dashed=True)
    plot.line([(one.age / last, one.observed) for one in found.survival if one.observed is not None], "ink")
    plot.named("as counted", "ink")
    plot.named("predicted, with the 80% interval", "accent", "dashed")
    return plot.block()


def _recurring(content: ReportContent) -> list[Block]:
    found = content.subscriptions
    months = () if found is None or found.revenue is None else found.revenue.months[-24:]
    if len(months) < 3:
        return []
    plot = Plot(
        "Recurring revenue a month, at the end of each month", "Line chart: monthly recurring revenue over time.",
        0.0, max(one.end for one in months), lambda tick: short_money(tick, content.store.currency), 100,
    )  # fmt: skip
    last, step = len(months) - 1, max(len(months) // 6, 1)
    plot.x = [(place / last, f"{one.day:%b} {one.day.year}") for place, one in enumerate(months) if place % step == 0]
    plot.line([(place / last, one.end) for place, one in enumerate(months)], "accent")
    return [plot.block()]


def decisions(
    content: ReportContent,
    decided: Sequence[Decided],
    alerts: AlertCounts | None,
    to_do: Sequence[Proposal],
    quarter: Quarter,
) -> Part:
    """What was decided and what came of it, what was said and what came, and what to do next."""
    blocks: list[Block] = [paper.head(f"Decided in {quarter}, or with an outcome in it")]
    if decided:
        items = [
            (one.label, letter_sentences.expected(one), letter_sentences.decided(one), letter_sentences.came_of_it(one))
            for one in decided
        ]
        blocks.append(paper.deeds(items))
    facts = LetterFacts(content.store.generated_at, figures_of(content), alerts=alerts)
    said = (*letter_sentences.alerts(facts), *letter_sentences.plans(content, quarter.first))
    blocks += paper.say(*said)
    if not decided and not said:
        blocks += paper.say("No decision of this time was written down.")
    if to_do:
        items = [
            (one.title, letter_sentences.money_of(one), one.why, letter_sentences.how_sure(one))
            for one in to_do[:_MOST]
        ]
        blocks += [paper.head("What to do next"), paper.deeds(items)]
    return Part("Decisions and what came of them", tuple(blocks))


def trust(content: ReportContent) -> Part:
    """What tests and time have shown."""
    verdict, currency = content.verdict, content.store.currency
    blocks = paper.say(
        f"{sentences.VERDICT_HEADLINES[verdict.trust]}.", *sentences.verdict(verdict), *verdict.reservations
    )
    if content.promises:
        blocks += [paper.head("We said, you got")]
        blocks += paper.say(*(retention_sentences.promise(one, currency) for one in content.promises))
    if content.calibration is not None and content.calibration.groups:
        groups = content.calibration.groups
        plot = Plot(
            "Predicted and actual purchases a customer on hidden days, by tenth of the prediction",
            "Bars a group: predicted and actual mean purchases, from the lowest prediction to the highest.",
            0.0, max(max(one.predicted, one.actual) for one in groups), lambda tick: number(tick, 1), 100,
        )  # fmt: skip
        for place, (x, one) in enumerate(zip(places(len(groups)), groups, strict=True), start=1):
            wide = 0.32 / len(groups)
            plot.x.append((x, str(place)))
            plot.bar(x - wide / 2, wide, one.predicted, "accent")
            plot.bar(x + wide / 2, wide, one.actual, "ink")
        plot.named("predicted", "accent", "bar")
        plot.named("happened", "ink", "bar")
        blocks += [plot.block(), *paper.small(findings.calibration(content.calibration))]
    if content.backtest is not None:
        rows = [
            [
                one.name + (" (used)" if one.chosen else ""), number(one.mae, 3),
                MISSING if one.total_error is None else percent(one.total_error, signed=True), percent(one.coverage),
            ]
            for one in content.backtest.rows[:8]
        ]  # fmt: skip
        columns = ["Model or simple rule", "Error a customer", "Error of the total", "Inside 80%"]
        blocks += [paper.table("How each did on days it had not seen", columns, rows)]
        blocks += paper.small(findings.backtest(content.backtest))
    return Part("Can you trust this?", tuple(blocks))


def method(content: ReportContent) -> Part:
    """What money means here, where the numbers come from, and what was read."""
    meaning, blocks = figures_of(content).meaning, list[Block]()
    if meaning is not None:
        rows = [list(one) for one in sentences.money_note_rows(meaning)]
        blocks.append(paper.table("What the money in this report is", ["", "Here", "What that means"], rows, left=True))
    models = [[one.role.capitalize(), one.name, one.outcome] for one in content.models[:8]]
    if models:
        blocks.append(
            paper.table("Models behind the figures", ["For", "Model", "How it was fitted"], models, left=True)
        )
    if content.reconciliation is not None:
        account = content.reconciliation
        blocks += [paper.head("What was read"), *paper.say(*findings.reconciliation(account))]
        rows = [[one.name, one.format, count(one.rows_read), count(one.rows_set_aside)] for one in account.files[:12]]
        blocks.append(paper.table("Files", ["File", "Read as", "Rows", "Set aside"], rows))
    blocks += paper.small(
        f"Made by Keepers {content.store.version} from a run of {day(content.store.generated_at.date())}. Intervals "
        "hold the truth with 80% probability unless said otherwise. Nobody is named in this report.",
    )
    return Part("Method and meaning of money", tuple(blocks))
