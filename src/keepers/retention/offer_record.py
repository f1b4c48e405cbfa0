"""The record of offers: who was chosen and who was held out, and what those who were chosen brought more."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from keepers.data.engine import literal, quoted, template
from keepers.data.normalise import fill
from keepers.data.orders import Orders
from keepers.domain.cells import FloatArray
from keepers.domain.columns import CANONICAL
from keepers.domain.decision import Audience, Decision, DecisionOutcome
from keepers.domain.errors import InputError
from keepers.domain.money import Margin, MoneyBasis
from keepers.domain.ports import DecisionLedger
from keepers.domain.proposal import proposal_key
from keepers.retention.held_out import advantage
from keepers.retention.offers import OfferChoice
from keepers.retention.trials import LONGEST, PACKAGE
from keepers.summaries.feature_sources import Known, Shop, orders_of, tables_of
from keepers.summaries.purchases import day_literal, money_of

FEWEST = 10
"""Customers on either side, and customers who ordered on both together, below which nothing is said of what an offer
earned."""
FEWEST_ORDERED = 3
"""Customers who ordered on one side below which how money scatters is taken from both sides together."""
_KEY = "offer-"
IN_QUOTES = re.compile("“([^”]+)”")
"""What rules of audiences name: an experiment, a plan."""


@dataclass(frozen=True, slots=True)
class OfferGrade:
    """What came of one offer that was decided on.

    Attributes
    ----------
    decision : Decision
        The entry of the ledger.
    experiment : str
        What it was learned from.
    first_day, last_day : date
        Days in which orders count.
    gain, low, high : float or None
        What all who were chosen brought more than they would have without the offer, net of what it cost, with its 80%
        interval; None while its days are not over, or where too few were held out.
    treated, held_out : int
        Customers on either side.
    bought, bought_held_out : int
        Of them, who ordered.
    given : int
        Of those chosen, for whom the data hold the offer itself.
    basis : MoneyBasis or None
        What the money is.
    """

    decision: Decision
    experiment: str
    first_day: dt.date
    last_day: dt.date
    treated: int
    held_out: int
    bought: int = 0
    bought_held_out: int = 0
    given: int = 0
    gain: float | None = None
    low: float | None = None
    high: float | None = None
    basis: MoneyBasis | None = None
    is_over: bool = False

    @property
    def offer(self) -> str:
        """What was offered."""
        return self.decision.action.key

    @property
    def is_graded(self) -> bool:
        """Whether it can be said what it earned."""
        return self.gain is not None

    @property
    def remark(self) -> str:
        """What a reader should know, in a sentence; empty where there is nothing."""
        if not self.is_over:
            return f"Orders count until {self.last_day.isoformat()}."
        if self.gain is None:
            return self._untold
        if not self.given:
            return "The files do not say that it was given, nor what it cost: costs beside discounts are not deducted."
        if self.given < self.treated:
            return f"The files say that {self.given:,} of the {self.treated:,} got it; all who were chosen count."
        return ""

    @property
    def _untold(self) -> str:
        """Why it is not said what it earned, though its days are over."""
        if min(self.treated, self.held_out) < FEWEST:
            return f"Too few were held out to say what it earned; at least {FEWEST} are needed on either side."
        ordered = self.bought + self.bought_held_out
        if ordered >= FEWEST:
            return (
                "All of them brought the same, so that it cannot be told how far chance alone would set them apart: "
                "nothing is said of what it earned."
            )
        who = "nobody" if not ordered else f"only {ordered}"
        return (
            f"Too few to tell: {who} of the {self.treated + self.held_out:,} chosen and held out ordered within "
            f"its days; at least {FEWEST} who did are needed."
        )

    def outcome(self, observed_at: dt.datetime) -> DecisionOutcome | None:
        """An entry of the ledger; None where nothing can be said yet."""
        if self.gain is None:
            return None
        note = (
            f"{self.bought:,} of {self.treated:,} ordered, and {self.bought_held_out:,} of {self.held_out:,} held out"
        )
        return DecisionOutcome(
            self.decision.decision_id, observed_at, self.last_day, self.gain, self.treated, self.held_out, self.low,
            self.high, note,
        )  # fmt: skip


def offer_decisions(choice: OfferChoice, decided_at: dt.datetime, time_zone: str | None = None) -> tuple[Decision, ...]:
    """A choice as entries of the ledger, one an offer: who gets it, who is held out, and what it should earn.

    Parameters
    ----------
    choice : OfferChoice
        Of `keepers.choose_offers`.
    decided_at : datetime
        From that day on orders count.
    time_zone : str, optional
        The business's; UTC without it.
    """
    trial = choice.effects.trial
    day = day_in(decided_at, time_zone).isoformat()
    found = []
    for number, one in enumerate(choice.decisions(decided_at), start=1):
        rule = f"customers of “{trial.name}” who get “{one.action.label}”"
        found.append(
            Decision(
                f"{proposal_key('offer', trial.name)}:{day}:{number}", decided_at, one.action,
                Audience(rule, one.audience.customer_keys, one.audience.held_out_keys), one.expected_gain,
                one.expected_gain_low, one.expected_gain_high, one.currency, one.evidence, one.reasons,
            )
        )  # fmt: skip
    return tuple(found)


def offers_decided(ledger: DecisionLedger, time_zone: str | None = None) -> Iterator[tuple[Decision, str]]:
    """Offers that were decided on, with their experiments, the newest first.

    Of two decisions about one experiment for the same days the later one counts, as an offer that somebody has
    accepted does before the one that a run wrote down.
    """
    stand: dict[str, list[tuple[str, dt.date]]] = {}
    for name in ledger.decisions():
        if not name.startswith(_KEY):
            continue
        about, made = name.split(":")[0], name.rpartition(":")[0]
        one = ledger.decision(name)
        assert one is not None
        experiment = IN_QUOTES.search(one.audience.rule)
        if experiment is None or not one.audience.customer_keys:
            continue
        later = stand.setdefault(about, [])
        if any(other != made and first <= _last_day(one, time_zone) for other, first in later):
            continue
        later.append((made, day_in(one.decided_at, time_zone)))
        yield one, experiment[1]


def stands(ledger: DecisionLedger, experiment: str, day: dt.date, time_zone: str | None = None) -> bool:
    """Whether what was decided of an experiment earlier is still under way on a day."""
    decided = offers_decided(ledger, time_zone)
    return any(name == experiment and _last_day(one, time_zone) >= day for one, name in decided)


def grade_offer(
    source: Shop | Orders, decision: Decision, margin: Margin | None = None, time_zone: str | None = None
) -> OfferGrade:
    """Say what an offer that was decided on has earned: who was chosen against who was held out, by lot.

    All who were chosen count, whether the offer reached them or not, and their orders of the 60 days from the decision
    on. Who was held out by lot would have been as good a customer; what they bought in the year before takes chance
    out of the comparison.

    Parameters
    ----------
    source : Dataset or Store
        The newest data, with treatments where the costs of offers shall be deducted.
    decision : Decision
        Of the ledger, with those who were chosen and those who were held out.
    margin : Margin, optional
        What is left of revenue; each order's own contribution where orders carry one, else net revenue.
    time_zone : str, optional
        The business's, in which the first day is the one of the decision; UTC without it.

    Raises
    ------
    InputError
        If the decision is about no customers.
    """
    audience = decision.audience
    if not audience.customer_keys:
        raise InputError(f"The decision {decision.decision_id!r} is about no customers: nothing can be compared.")
    experiment = IN_QUOTES.search(audience.rule)
    name = "" if experiment is None else experiment[1]
    first, last = day_in(decision.decided_at, time_zone), _last_day(decision, time_zone)
    treated, held = len(audience.customer_keys), len(audience.held_out_keys)
    orders = orders_of(source)
    if orders.last_day < last:
        return OfferGrade(decision, name, first, last, treated, held)
    chosen = margin or Margin(per_order=orders.has_contribution)
    found = _bought(source, decision, chosen, first, last)
    ordered, of_those_out = int((found.ordered & ~found.out).sum()), int((found.ordered & found.out).sum())
    given = int((found.given & ~found.out).sum())
    gain, low, high = _difference(found, treated)
    return OfferGrade(
        decision, name, first, last, treated, held, ordered, of_those_out, given, gain, low, high, chosen.basis,
        is_over=True,
    )  # fmt: skip


def day_in(moment: dt.datetime, time_zone: str | None) -> dt.date:
    """The day of a moment where the business is."""
    return moment.astimezone(ZoneInfo(time_zone or "UTC")).date()


def _last_day(decision: Decision, time_zone: str | None) -> dt.date:
    return day_in(decision.decided_at, time_zone) + dt.timedelta(days=LONGEST - 1)


@dataclass(frozen=True, slots=True, eq=False)
class _Bought:
    """Customers of a decision: money of its days and of the year before, and who is held out, ordered, was given it."""

    earned: FloatArray
    before: FloatArray
    out: NDArray[np.bool_]
    ordered: NDArray[np.bool_]
    given: NDArray[np.bool_]


def _bought(source: Shop | Orders, decision: Decision, margin: Margin, first: dt.date, last: dt.date) -> _Bought:
    engine, tables = tables_of(source)
    orders, audience = orders_of(source), decision.audience
    money, _ = money_of(orders, margin, orders.last_day)
    keys = np.array([*audience.customer_keys, *audience.held_out_keys], dtype=object)
    held_out = np.arange(keys.size) >= len(audience.customer_keys)
    chosen = engine.from_columns(engine.new_name("decided"), {"customer_key": keys, "held_out": held_out})
    try:
        found = engine.columns(
            fill(
                template(PACKAGE, "offer_earned"), purchases=orders.purchases_sql(), chosen=quoted(chosen),
                money=f"({money}) * {margin.factor!r}", first=day_literal(first), last=day_literal(last),
                offer=literal(decision.action.key),
                treatments=Known(engine, tables, None).relation(CANONICAL["treatments"]),
            )
        )  # fmt: skip
    finally:
        engine.drop(chosen)
    earned, before = (np.asarray(found[name], dtype=np.float64) for name in ("earned", "before"))
    out, ordered, given = (np.asarray(found[name], dtype=np.bool_) for name in ("held_out", "ordered", "was_given"))
    return _Bought(earned, before, out, ordered, given)


def _difference(found: _Bought, treated: int) -> tuple[float, float, float] | tuple[None, None, None]:
    """What those chosen brought more, all together, less what differed before; with its interval."""
    earned, before, sides = found.earned, found.before, (~found.out, found.out)
    sizes = [int(side.sum()) for side in sides]
    ordered = [int(found.ordered[side].sum()) for side in sides]
    if min(sizes) < FEWEST or sum(ordered) < FEWEST:
        return None, None, None
    # Where hardly anybody ordered, money seems not to scatter at all, and the interval would be far too narrow.
    gain = advantage(earned, before, found.out, (ordered[0] < FEWEST_ORDERED, ordered[1] < FEWEST_ORDERED))
    if gain is None:
        return None, None, None
    return treated * gain[0], treated * gain[1], treated * gain[2]
