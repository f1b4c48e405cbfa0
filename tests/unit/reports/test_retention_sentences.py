"""What the report says about keeping customers, word by word."""

from __future__ import annotations

import dataclasses

from keepers.reports import retention_sentences as say
from unit.reports.retention_example import promises, segments, warnings


def plain(text: str) -> str:
    """With blanks at which lines may break."""
    return text.replace("\xa0", " ")


def test_warnings() -> None:
    first, second = say.warnings(warnings(), "EUR")
    assert first.startswith("Of 1,250 customers who are not lost, 312 have a chance of no order within 3 months")
    assert "€12,700" in second
    assert len(say.warnings(dataclasses.replace(warnings(), expected_loss=None), None)) == 1
    test = warnings().test
    assert test is not None
    said = say.warning_test(test, "no order within 3 months")
    assert "Of the tenth with the highest risk, 97% did." in said
    assert "rank better than the chance of having left, P(alive): 0.884 against 0.846" in said
    worse = dataclasses.replace(test, rows=(dataclasses.replace(test.rows[0], auc=0.7), *test.rows[1:]))
    assert "rank no better than" in say.warning_test(worse, "no order")


def test_moves_and_service() -> None:
    found = segments()
    assert plain(say.moves(found.moves[0])) == (
        "93% of those who were customers on 31 May 2025 are in the same behaviour segment. The largest move: 30 "
        "customers from Regulars to Slipping away."
    )
    assert "assumption, not a finding" in say.service(found)
    assert "[service]" not in say.service(found)


def test_referrals() -> None:
    found = segments().referrals
    assert found is not None
    first, second = say.referrals(found, "EUR")
    assert first.startswith("40 customers brought 61 others, who are worth €21,000 of the €260,000 that all customers")
    assert "some would have come anyway" in second


def test_we_said_you_got() -> None:
    running, over = promises()
    said = plain(say.promise(running, "EUR"))
    assert said.startswith(
        "On 31 May 2025 we said 310 orders by 30 Jun 2025 of 1,200 customers; you got 298: 4.2% too many."
    )
    assert "The horizon is not over" in said
    said = say.promise(over, "EUR")
    assert "Of the 80% ranges 83% held what came." in said
    assert "We said 55% would not order in time, and 57% did not." in said
