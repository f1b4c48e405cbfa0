"""What customers answer and write: scores and words that turn sour before they leave."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from keepers.domain.cells import FloatArray, IntArray
from keepers.simulate.engagement import Fading
from keepers.simulate.phrases import COMPLAINTS, MOODS
from keepers.simulate.population import Traits
from keepers.simulate.refunds import RefundEvents
from keepers.simulate.streams import stream

KINDS = ("nps", "review", "complaint")


@dataclass(frozen=True, slots=True)
class Surveys:
    """Who is asked, who writes, and how feelings fall before a customer leaves.

    Parameters
    ----------
    nps : float
        Share of orders after which "would you recommend us" (0 to 10) is answered.
    review : float
        Share of orders that get a review with one to five stars.
    words : float
        Share of answers with words.
    complaint : float
        Share of refunds that begin with a complaint.
    fall : float
        Points (of ten) by which satisfaction falls until the dropout.
    fading : Fading
        When the fall begins.
    """

    nps: float = 0.10
    review: float = 0.04
    words: float = 0.6
    complaint: float = 0.5
    fall: float = 5.0
    fading: Fading = field(default_factory=lambda: Fading(days=100.0, floor=0.0))


@dataclass(frozen=True, eq=False)
class FeedbackEvents:
    """One entry an answer.

    Attributes
    ----------
    customer : array of int
        Who.
    moment : array
        When, in days.
    kind : array of int
        Position in `KINDS`.
    score : array
        0 to 10 for nps, 1 to 5 for reviews, NaN for complaints.
    mood : array of int
        0 sour, 1 plain, 2 glad; -1 for complaints.
    words : array of int, shape (n, 3)
        Opening, subject and closing in the mood's phrases (complaint: its phrase); -1 without words.
    order : array of int
        Row of the order it is about.
    """

    customer: IntArray
    moment: FloatArray
    kind: IntArray
    score: FloatArray
    mood: IntArray
    words: IntArray
    order: IntArray


def draw_feedback(
    plan: Surveys,
    traits: Traits,
    dropout: FloatArray,
    customer: IntArray,
    moment: FloatArray,
    refunds: RefundEvents | None,
    end: int,
    seed: int,
) -> FeedbackEvents:
    """Answers some days after orders (given by customer, -1 for guests, and moment), and complaints before refunds."""
    rng = stream(seed, "feedback")
    lot = rng.random(customer.size)
    lag = 4.0 + rng.gamma(2.0, 3.0, customer.size)
    unhappy = np.zeros(customer.size)
    if refunds is not None:
        unhappy[refunds.order] = np.where(refunds.cancelled, 0.0, 2.0)
    answers = (lot < plan.nps + plan.review) & (customer >= 0) & (moment + lag < end)
    order = np.flatnonzero(answers)
    who, when = customer[order], (moment + lag)[order]
    interest = plan.fading.interest(when, dropout[who])
    feeling = traits.satisfaction[who] - plan.fall * (1.0 - interest) - unhappy[order] + rng.normal(0, 1.2, order.size)
    kind = np.where(lot[order] < plan.nps, 0, 1)
    score = np.where(kind == 0, np.clip(np.round(feeling), 0, 10), np.clip(np.round(feeling / 2.0), 1, 5)) + 0.0
    mood = np.searchsorted([5.5, 7.4], feeling)
    words = np.stack([rng.integers(0, 1 << 30, order.size) % _lengths(part)[mood] for part in range(3)], axis=1)
    words[rng.random(order.size) >= plan.words] = -1
    if refunds is None:
        return FeedbackEvents(who, when, kind, score, mood, words, order)
    heard = ~refunds.cancelled & (rng.random(refunds.order.size) < plan.complaint) & (customer[refunds.order] >= 0)
    rows = refunds.order[heard]
    before = np.maximum(refunds.moment[heard] - rng.uniform(0.3, 1.5, rows.size), moment[rows])
    phrase = np.full((rows.size, 3), -1)
    phrase[:, 0] = rng.integers(0, len(COMPLAINTS), rows.size)
    return FeedbackEvents(
        np.concatenate([who, customer[rows]]),
        np.concatenate([when, before]),
        np.concatenate([kind, np.full(rows.size, 2)]),
        np.concatenate([score, np.full(rows.size, np.nan)]),
        np.concatenate([mood, np.full(rows.size, -1)]),
        np.concatenate([words, phrase]),
        np.concatenate([order, rows]),
    )


def _lengths(part: int) -> IntArray:
    """Number of phrases of each mood for one part of a text."""
    return np.array([len(mood[part]) for mood in MOODS])
