"""Offers of earlier runs, held against what came of them; and those of this run, written into the ledger."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from keepers.data.read import Dataset
from keepers.domain.money import Margin
from keepers.pipeline.memory import Memory
from keepers.retention.held_out import LEVEL
from keepers.retention.offer_record import (
    OfferGrade,
    day_in,
    grade_offer,
    offer_decisions,
    offers_decided,
    stands,
)
from keepers.retention.offers import OfferChoice
from keepers.storage.state import Books


def offers_made(
    dataset: Dataset,
    choices: Iterable[OfferChoice],
    margin: Margin | None,
    memory: Memory,
    now: dt.datetime,
    time_zone: str | None = None,
) -> tuple[OfferGrade, ...]:
    """Say what came of offers that were decided on, the newest first.

    When the run has ended well the ledger has what came of each, once, and the offers of this run, unless those of an
    earlier day for the same experiment are still under way.
    """
    with memory.state.reading() as books:
        decided = [one for one, _ in offers_decided(books.ledger, time_zone)]
    graded = tuple(grade_offer(dataset, one, margin, time_zone) for one in decided)
    new = [(choice.effects.trial.name, offer_decisions(choice, now, time_zone)) for choice in choices]

    def written(books: Books) -> None:
        for grade in graded:
            outcome = grade.outcome(now)
            if outcome is not None and not books.ledger.outcomes(outcome.decision_id):
                books.ledger.observe(outcome)
        for experiment, decisions in new:
            if not stands(books.ledger, experiment, day_in(now, time_zone), time_zone):
                for decision in decisions:
                    books.ledger.record(decision)

    memory.do(written)
    return graded


def offers_made_told(graded: Iterable[OfferGrade]) -> list[dict[str, Any]]:
    """The part `offers_made` of summary.json."""
    return [
        {
            "experiment": one.experiment, "offer": one.offer, "from": one.first_day.isoformat(),
            "until": one.last_day.isoformat(), "customers": one.treated, "held_out": one.held_out,
            "given": one.given if one.is_over else None,
            "ordered": one.bought if one.is_over else None,
            "ordered_held_out": one.bought_held_out if one.is_over else None,
            "expected": {
                "gain": one.decision.expected_gain, "low": one.decision.expected_gain_low,
                "high": one.decision.expected_gain_high,
            },
            "earned": {"gain": one.gain, "low": one.low, "high": one.high, "level": LEVEL} if one.is_graded else None,
            "remark": one.remark,
        }
        for one in graded
    ]  # fmt: skip
