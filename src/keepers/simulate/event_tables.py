"""What happens around orders, as canonical tables: marketing, engagement, feedback, contracts, experiments."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from keepers.data.engine import literal
from keepers.domain.cells import FloatArray, IntArray
from keepers.simulate import engagement, feedback, subscriptions
from keepers.simulate.acquisition import Arrivals
from keepers.simulate.engagement import EngagementEvents
from keepers.simulate.feedback import FeedbackEvents
from keepers.simulate.funnel import DEVICES, PAGES, POLICY, TYPES, FunnelTruth, VisitEvents
from keepers.simulate.offers import OfferTruth
from keepers.simulate.phrases import COMPLAINTS, MOODS
from keepers.simulate.plan import StorePlan
from keepers.simulate.referrals import ReferralEvents, Referrals
from keepers.simulate.streams import stream
from keepers.simulate.subscriptions import ContractRows, Contracts
from keepers.simulate.tables import TableWriter, customer_key, labels, money
from keepers.simulate.touches import LANDING_PAGES, TouchEvents

Staged = dict[str, NDArray[np.generic]]


def campaign_names(plan: StorePlan) -> tuple[tuple[str, ...], dict[int, IntArray], dict[int, FloatArray]]:
    """All campaigns; for each channel that has some, their positions and their shares of customers."""
    names: list[str] = []
    places: dict[int, IntArray] = {}
    shares: dict[int, FloatArray] = {}
    for row, channel in enumerate(plan.channels):
        if channel.advertising is not None:
            campaigns = channel.advertising.campaigns
            places[row] = np.arange(len(names), len(names) + len(campaigns))
            weight = np.array([campaign.customer_share for campaign in campaigns])
            shares[row] = weight / weight.sum()
            names.extend(campaign.name for campaign in campaigns)
    return tuple(names), places, shares


def draw_campaigns(plan: StorePlan, channel: IntArray, subject: str, seed: int) -> IntArray:
    """A campaign for each entry of `channel`, -1 where the channel has none."""
    rng = stream(seed, f"campaigns of {subject}")
    _, places, shares = campaign_names(plan)
    result = np.full(channel.size, -1, dtype=np.int64)
    for row in places:
        mine = np.flatnonzero(channel == row)
        result[mine] = rng.choice(places[row], size=mine.size, p=shares[row])
    return result


def write_spend(writer: TableWriter, plan: StorePlan, arrivals: Arrivals, order_value: float, seed: int) -> None:
    """Spend by channel, campaign and day, with what the platforms claim for it."""
    names, places, shares = campaign_names(plan)
    rng = stream(seed, "spend")
    parts: list[tuple[NDArray[np.generic], ...]] = []
    for row, channel in enumerate(plan.channels):
        if channel.advertising is None:
            continue
        advertising = channel.advertising
        weight = np.array([campaign.spend_share for campaign in advertising.campaigns])
        for place, part, won in zip(places[row], weight / weight.sum(), shares[row], strict=True):
            cents = np.round(arrivals.daily_spend[row] * part * 100).astype(np.int64)
            days = np.flatnonzero(cents > 0)
            clicks = rng.poisson(cents[days] / 100 / advertising.cost_per_click)
            shown = rng.poisson(clicks / advertising.click_rate)
            brought = np.zeros(cents.size)
            brought[: arrivals.intensity.shape[1]] = arrivals.intensity[row] * won
            claimed = rng.poisson(brought[days] * advertising.claims)
            value = claimed * order_value * np.exp(rng.normal(-0.02, 0.2, days.size))
            parts.append(
                (days, np.full(days.size, row), np.full(days.size, place), cents[days], clicks, shown, claimed,
                 np.round(value * 100).astype(np.int64))
            )  # fmt: skip
    if not parts:
        return
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    named = ("channel", "campaign", "cents", "clicks", "shown", "claimed", "claimed_cents")
    staged: Staged = dict(zip(named, columns[1:], strict=True))
    writer.events(
        "spend", columns[0] + np.float64(0.5), staged, "campaign || '/' || day_number",
        channel=labels(tuple(channel.name for channel in plan.channels), "channel"),
        campaign=labels(names, "campaign"), amount=money("cents"), currency=literal(plan.currency),
        impressions="shown", clicks="clicks", claimed_conversions="claimed", claimed_value=money("claimed_cents"),
    )  # fmt: skip


def write_touches(writer: TableWriter, plan: StorePlan, touches: TouchEvents, brought: IntArray, seed: int) -> None:
    """Contacts, by visitor; `brought` is the campaign that brought each customer."""
    costs = np.array(
        [
            0 if channel.advertising is None else round(channel.advertising.cost_per_click * 100)
            for channel in plan.channels
        ]
    )
    drawn = draw_campaigns(plan, touches.channel, "touches", seed)
    staged: Staged = {
        "visitor": touches.visitor, "customer": touches.customer, "channel": touches.channel, "page": touches.page,
        "campaign": np.where(touches.caused, brought[touches.customer], drawn), "cost": costs[touches.channel],
    }  # fmt: skip
    writer.events(
        "touches", touches.moment, staged, "printf('T%09d', row + 1)",
        customer_key=customer_key(), visitor_id="printf('V%08d', visitor + 1)",
        channel=labels(tuple(channel.name for channel in plan.channels), "channel"),
        campaign=labels(campaign_names(plan)[0], "campaign"),
        medium=labels(tuple(channel.medium for channel in plan.channels), "channel"),
        landing_page=labels(LANDING_PAGES, "page"), cost=f"CASE WHEN cost > 0 THEN {money('cost')} END",
    )  # fmt: skip


def write_engagement(writer: TableWriter, events: EngagementEvents) -> None:
    """Mailings and visits of customers."""
    staged: Staged = {"customer": events.customer, "kind": events.kind, "mailing": events.mailing}
    writer.events(
        "engagement", events.moment, staged, "printf('E%010d', row + 1)",
        customer_key=customer_key(), kind=labels(engagement.KINDS, "kind"),
        campaign="CASE WHEN mailing >= 0 THEN printf('letter %03d', mailing + 1) END",
    )  # fmt: skip


def write_feedback(writer: TableWriter, plan: StorePlan, events: FeedbackEvents, article: IntArray | None) -> None:
    """Scores and words; `article` is the main article of every order, whose category the words name."""
    subject = np.zeros(events.order.size, dtype=np.int64) if article is None else article[events.order]
    staged: Staged = {
        "customer": events.customer, "kind": events.kind, "score": events.score, "mood": events.mood,
        "opening": events.words[:, 0], "about": events.words[:, 1], "closing": events.words[:, 2], "article": subject,
    }  # fmt: skip
    categories = (
        tuple(category.name.lower() for category, _ in plan.catalogue.articles) if plan.catalogue else ("order",)
    )
    texts = []
    for mood, (openings, abouts, closings) in enumerate(MOODS):
        named = f"replace({labels(abouts, 'about')}, '{{category}}', {labels(categories, 'article')})"
        words = f"rtrim({labels(openings, 'opening')} || ' ' || {named} || ' ' || {labels(closings, 'closing')})"
        texts.append(f"WHEN mood = {mood} THEN {words}")
    complaint = f"WHEN mood < 0 THEN {labels(COMPLAINTS, 'opening')}"
    writer.events(
        "feedback", events.moment, staged, "printf('F%08d', row + 1)",
        customer_key=customer_key(), kind=labels(feedback.KINDS, "kind"),
        score="CASE WHEN NOT isnan(score) THEN score END", text=f"CASE {complaint} {' '.join(texts)} END",
    )  # fmt: skip


def write_referrals(writer: TableWriter, plan: Referrals, events: ReferralEvents) -> None:
    """Who brought whom."""
    staged: Staged = {"referrer": events.referrer, "customer": events.referred}
    cost = f"CASE WHEN customer >= 0 THEN CAST({plan.incentive} AS DECIMAL(18, 4)) ELSE 0 END"
    writer.events(
        "referrals", events.moment, staged, "printf('R%07d', row + 1)",
        customer_key=customer_key(), referrer_key=customer_key("referrer"), incentive_cost=cost,
        converted="customer >= 0",
    )  # fmt: skip


def write_contracts(writer: TableWriter, plan: StorePlan, law: Contracts, rows: ContractRows) -> None:
    """Contracts, one row for each plan a subscriber had."""
    staged: Staged = {name: getattr(rows, name) for name in rows.__dataclass_fields__}
    identity = "printf('S%06d-%d', subscriber + 1, part + 1)"
    prices = "[" + ", ".join(f"{plan_.price}" for plan_ in law.plans) + "][plan + 1]"
    writer.events(
        "subscriptions", rows.started + np.float64(0.4), staged, identity,
        customer_key=customer_key(), subscription_id=identity, plan=labels(tuple(p.name for p in law.plans), "plan"),
        status=labels(subscriptions.STATUSES, "status"), started_on=writer.day("started"),
        trial_ends_on=writer.day("trial_ends"), ended_on=writer.day("ended"), interval="'month'", quantity="1.0",
        amount=f"CAST({prices} AS DECIMAL(18, 4))", currency=literal(plan.currency),
        cancellation_reason=labels(subscriptions.REASONS, "reason"),
    )  # fmt: skip


def write_experiments(writer: TableWriter, truths: tuple[OfferTruth, ...], end: int) -> None:
    """Treatments and assignments of all experiments; the cost is that of contact and of orders under the offer."""
    names = [name for truth in truths for name in ("control", *(offer.name for offer in truth.experiment.offers))]
    offset = np.cumsum([0, *(len(truth.experiment.offers) + 1 for truth in truths)])
    columns = []
    for number, truth in enumerate(truths):
        offers = truth.experiment.offers
        contact = np.array([0.0, *(offer.cost_per_contact for offer in offers)])[truth.arm]
        order = np.array([0.0, *(offer.cost_per_order for offer in offers)])[truth.arm]
        cents = np.round((contact + order * truth.purchases) * 100).astype(np.int64)
        columns.append(
            (np.full(truth.arm.size, end - truth.experiment.day + 0.3), truth.customer, np.full(truth.arm.size, number),
             offset[number] + truth.arm, truth.arm, cents, truth.experiment.probabilities[truth.arm],
             (truth.arm > 0) & (truth.purchases > 0))
        )  # fmt: skip
    moment, *rest = (np.concatenate(column) for column in zip(*columns, strict=True))
    moment = moment.astype(np.float64)
    named = ("customer", "experiment", "label", "arm", "cost", "chance", "taken")
    staged: Staged = dict(zip(named, rest, strict=True))
    experiments = tuple(truth.experiment.name for truth in truths)
    writer.events(
        "treatments", moment, staged, f"{labels(experiments, 'experiment')} || '/' || customer",
        customer_key=customer_key(), offer=labels(names, "label"), cost=money("cost"), propensity="chance",
        accepted="CASE WHEN arm > 0 THEN taken END",
    )  # fmt: skip
    writer.rows(
        "assignments", {**staged, "happened": writer.instant(moment)},
        customer_key=customer_key(), experiment=labels(experiments, "experiment"), arm=labels(names, "label"),
        held_out="arm = 0", assigned_at="make_timestamp(happened)",
    )  # fmt: skip


def write_visits(
    writer: TableWriter, plan: StorePlan, events: VisitEvents, truth: FunnelTruth, customer: IntArray, seed: int
) -> None:
    """Pages seen and variants shown; `customer` is that of every order."""
    count = events.kind.size
    visit = np.repeat(np.arange(count), events.reached)
    page = np.arange(visit.size) - np.repeat(np.cumsum(events.reached) - events.reached, events.reached)
    moment = events.moment[visit] + page * 45 / 86_400
    bought = events.order >= 0
    # Numbers that say nothing of what became of the visit.
    visitor_of = stream(seed, "visitors").permutation(count)
    staged: Staged = {
        "visit": visitor_of[visit], "page": page, "bought": bought[visit],
        "customer": np.where(bought, customer[np.where(bought, events.order, 0)], -1)[visit],
        "device": np.array([device for _, device in TYPES])[events.kind][visit],
        "channel": stream(seed, "channels of visits").integers(0, len(plan.channels), count)[visit],
    }  # fmt: skip
    visitor = "printf('N%08d', visit + 1)"
    writer.events(
        "visits", moment, staged, f"{visitor} || '/' || page", customer_key=customer_key(), visitor_id=visitor,
        page=labels(PAGES, "page"), channel=labels(tuple(channel.name for channel in plan.channels), "channel"),
        device=labels(DEVICES, "device"), converted="bought",
    )  # fmt: skip
    chosen = np.isin(page, [number for number, names in enumerate(truth.variants) if len(names) > 1])
    variant = events.variant[visit, page][chosen]
    chance = np.zeros(variant.size)
    label = np.zeros(variant.size, dtype=np.int64)
    offset = np.cumsum([0, *(len(names) for names in truth.variants)])
    for number, propensity in enumerate(truth.propensity):
        mine = page[chosen] == number
        chance[mine] = propensity[events.kind[visit[chosen][mine]], variant[mine]]
        label[mine] = offset[number] + variant[mine]
    shown: Staged = {name: column[chosen] for name, column in staged.items()} | {"label": label, "chance": chance}
    writer.events(
        "exposures", moment[chosen], shown, f"{visitor} || '/' || page", customer_key=customer_key(),
        visitor_id=visitor, decision_point=labels(PAGES, "page"),
        variant=labels(tuple(name for names in truth.variants for name in names), "label"), propensity="chance",
        policy_version=literal(POLICY),
    )  # fmt: skip
