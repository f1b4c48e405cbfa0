"""What a state is filled with in tests: the same entries, in every database and in the golden files."""

from __future__ import annotations

import datetime as dt

from keepers.domain.alert import AlertProposal, AlertRules, AlertStatus
from keepers.domain.decision import Action, Audience, Decision, DecisionOutcome, EvidenceGrade
from keepers.domain.segments import SegmentMove
from keepers.storage.live_indexes import is_own
from keepers.storage.scores import PublishedScores
from keepers.storage.state import Books, State

NOW = dt.datetime(2026, 3, 1, 12, 30, 15, tzinfo=dt.UTC)
DAY = dt.date(2026, 2, 28)
RULES = AlertRules(owner="Ada", due_days=7, cool_down_days=90, lapse_days=30, most=2)
MOVES = (SegmentMove("", "New", 12, 340.5), SegmentMove("Loyal", "At risk", 3), SegmentMove("At risk", "", 1, 0.0))
DECISION = Decision(
    "winback-2026-02",
    NOW,
    Action("postcard", "Send a postcard", 0.75),
    Audience("at risk, worth more than 100", ("c", "a"), ("b",)),
    120.5,
    -10.0,
    260.0,
    "EUR",
    EvidenceGrade.EXPERIMENTAL,
    ("the last one earned 3 a customer",),
)
OUTCOME = DecisionOutcome("winback-2026-02", NOW, DAY, 80.0, 2, 1, 20.0, 140.0, "first look")


def proposal(customer: str = "C1", cause: str = "overdue", loss: float | None = 50.0) -> AlertProposal:
    """An alert that could be raised."""
    return AlertProposal(customer, cause, "customer", 0.8, 0.3, 90.0, loss, f"{cause} since May", "Call them")


def fill(state: State) -> None:
    """One entry of every kind."""
    with state.writing() as books:
        write(books)


def write(books: Books) -> None:
    """The same inside a transaction."""
    run = books.runs.begin(NOW, DAY, "0.1.0", books.runs._snapshots.parent / "result", 3)
    books.runs.publish(
        run,
        PublishedScores(
            "customers", NOW, DAY, "bg_nbd+GammaGamma", 365.25, 90.0, "net revenue", "EUR", 3,
            books.runs._snapshots / "customers-golden.parquet",
        ),
    )  # fmt: skip
    first, second = books.alerts.raise_all(
        [proposal("C1"), proposal("C2", "falling engagement", None)], RULES, DAY, NOW, run, "EUR"
    )
    del first
    books.alerts.close(second.number, AlertStatus.DONE, "called; will order in May", NOW + dt.timedelta(hours=1))
    books.ledger.record(DECISION)
    books.ledger.observe(OUTCOME)
    books.divisions.freeze("rfm:quintiles", DAY, {"recency": [10, 20.5], "frozen_on": "2026-02-28"})
    books.divisions.record("rfm", dt.date(2026, 1, 28), DAY, MOVES)


def check(books: Books) -> None:
    """Every entry is there as it was written."""
    (scores,) = books.runs.published("customers")
    assert (scores.as_of, scores.rows, scores.churn_horizon_days, scores.currency) == (DAY, 3, 90.0, "EUR")
    assert scores.scored_at == NOW
    (alert,) = books.alerts.listed()
    assert (alert.proposal, alert.owner, alert.due_on) == (proposal("C1"), "Ada", dt.date(2026, 3, 7))
    (closed,) = books.alerts.listed(AlertStatus.DONE)
    assert closed.proposal.expected_loss is None
    assert [event.event for event in closed.history] == ["raised", "done"]
    assert closed.outcome == closed.history[-1].note == "called; will order in May"
    assert books.ledger.decisions() == (DECISION.decision_id,)
    assert books.ledger.decision(DECISION.decision_id) == DECISION
    assert books.ledger.outcomes(DECISION.decision_id) == (OUTCOME,)
    assert books.divisions.rule("rfm:quintiles", DAY) == {"recency": [10, 20.5], "frozen_on": "2026-02-28"}
    assert books.divisions.rule("rfm:quintiles", dt.date(2026, 2, 27)) is None
    assert sorted(books.divisions.moves("rfm", DAY), key=repr) == sorted(MOVES, key=repr)


def of_the_schema(name: str | None, kind: str, _: object) -> bool:
    """Whether Alembic compares something: indexes of one generation are not of the schema."""
    return kind != "index" or not is_own(name)
