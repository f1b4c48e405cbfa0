"""What offers that were decided on have earned: against who was held out by lot, once, not before it can be told."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from keepers.data.read import Dataset, read
from keepers.domain.decision import Action, Audience, Decision, EvidenceGrade
from keepers.domain.errors import InputError
from keepers.domain.proposal import proposal_key
from keepers.pipeline.memory import Memory
from keepers.pipeline.new_project import begin_project
from keepers.pipeline.offers_made import offers_made, offers_made_told
from keepers.pipeline.project import Project, project_of
from keepers.retention.effects import offer_effects
from keepers.retention.offer_record import _Bought, _difference, grade_offer, offers_decided
from keepers.retention.offers import OfferChoice, choose_offers
from trials_at_hand import drawn_trial

DECIDED = dt.datetime(2026, 1, 10, 9, tzinfo=dt.UTC)
GAIN, COST = 12.0, 1.5


@pytest.fixture(scope="module")
def choice() -> OfferChoice:
    return choose_offers(offer_effects(drawn_trial(600, effect=2.0)[0], learner="splines"))


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, choice: OfferChoice) -> Dataset:
    """Everybody orders as they always did; whoever got an offer from that day on brings more."""
    folder = tmp_path_factory.mktemp("shop")
    rng = np.random.default_rng(5)
    usual = rng.gamma(2.0, 40.0, choice.keys.size)
    more = np.where(choice.treated, GAIN, 0.0)
    rows = ["customer,date,order id,amount"]
    for key, often, added in zip(choice.keys, usual, more, strict=True):
        rows.append(f"{key},2025-06-01,{key}-1,{often:.2f}")
        rows.append(f"{key},2026-02-01,{key}-2,{often + added + rng.normal(0.0, 1.0):.2f}")
        # Before the year and after the days of the offer: nothing of it counts.
        rows += [f"{key},2024-06-01,{key}-0,500", f"{key},2026-04-01,{key}-3,{900 * (added > 0) + 1}"]
    (folder / "orders.csv").write_text("\n".join(rows), encoding="utf-8")
    got = zip(choice.keys[choice.treated], choice.arm[choice.treated], strict=True)
    given = [f"{key},2026-01-12,{choice.effects.trial.arms[arm]},{COST},0.9" for key, arm in got]
    (folder / "offers.csv").write_text("\n".join(["customer,date,offer,cost,propensity", *given]), encoding="utf-8")
    return read(folder)


def project_in(folder: Path) -> Project:
    begin_project(Project(folder))
    found = project_of(folder)
    assert found is not None
    return found


def test_the_ledger_keeps_who_was_held_out_and_what_came_of_it_once(
    tmp_path: Path, shop: Dataset, choice: OfferChoice
) -> None:
    project = project_in(tmp_path)

    def looked(day: dt.datetime) -> list[dict[str, object]]:
        with Memory(project) as memory:
            return offers_made_told(offers_made(shop, [choice], None, memory, day))

    assert looked(DECIDED) == []
    found = looked(DECIDED + dt.timedelta(days=30))
    with project.open_state() as state, state.reading() as books:
        names = books.ledger.decisions()
        decisions = [books.ledger.decision(name) for name in names]
        # Under way: the same offers are not decided on a second time.
        assert len(found) == len(names) == len(set(choice.arm[choice.treated]))
        chosen = {key for one in decisions if one for key in one.audience.customer_keys}
        held = {key for one in decisions if one for key in one.audience.held_out_keys}
        assert chosen == set(choice.keys[choice.treated])
        assert held == set(choice.keys[(choice.arm > 0) & choice.held_out])
        assert all(len(books.ledger.outcomes(name)) == 1 for name in names)
    later = looked(DECIDED + dt.timedelta(days=60))
    assert len(later) == len(found)
    with project.open_state() as state, state.reading() as books:
        assert len(books.ledger.decisions()) == 2 * len(names)
        assert all(len(books.ledger.outcomes(name)) == 1 for name in names)


def test_what_it_earned_is_what_was_planted_less_what_it_cost(
    tmp_path: Path, shop: Dataset, choice: OfferChoice
) -> None:
    with Memory(project_in(tmp_path)) as memory:
        offers_made(shop, [choice], None, memory, DECIDED)
    with project_of(tmp_path).open_state() as state, state.reading() as books:  # type: ignore[union-attr]
        for one, experiment in offers_decided(books.ledger):
            grade = grade_offer(shop, one)
            assert experiment == grade.experiment == "spring"
            assert grade.gain is not None
            assert grade.low is not None
            assert grade.high is not None
            true = (GAIN - COST) * grade.treated
            assert abs(grade.gain - true) < 1.5 * (grade.high - grade.low)
            assert 0.0 < (grade.high - grade.low) / grade.treated < 1.0
            assert grade.given == grade.treated == grade.bought
            outcome = grade.outcome(DECIDED)
            assert outcome is not None
            assert outcome.until == dt.date(2026, 3, 10)
            early = replace(one, decided_at=dt.datetime(2026, 3, 20, tzinfo=dt.UTC))
            waiting = grade_offer(shop, early)
            assert waiting.gain is None
            assert waiting.outcome(DECIDED) is None
            assert waiting.remark == "Orders count until 2026-05-18."


def test_what_somebody_accepted_goes_before_what_a_run_wrote_down(tmp_path: Path, choice: OfferChoice) -> None:
    project = project_in(tmp_path)
    with Memory(project) as memory:
        offers_made(read_nothing(tmp_path), [choice], None, memory, DECIDED)
    accepted = Decision(
        f"{proposal_key('offer', 'spring')}:20260115T090000:1", DECIDED + dt.timedelta(days=5), Action("a", "a", 1.0),
        Audience("customers of “spring” who get “a”", ("C00001", "C00002"), ("C00003",)), 5.0, 1.0, 9.0, "EUR",
        EvidenceGrade.EXPERIMENTAL,
    )  # fmt: skip
    with project.open_state() as state:
        with state.writing() as books:
            books.ledger.record(accepted)
        with state.reading() as books:
            assert [one.decision_id for one, _ in offers_decided(books.ledger)] == [accepted.decision_id]


def read_nothing(folder: Path) -> Dataset:
    (folder / "orders.csv").write_text("customer,date,amount\na,2025-01-01,5\n", encoding="utf-8")
    return read(folder / "orders.csv")


def test_too_few_held_out_say_nothing_and_nobody_is_an_error(shop: Dataset, choice: OfferChoice) -> None:
    keys = tuple(str(key) for key in choice.keys)
    few = Decision(
        "offer-1:2026-01-10:1", DECIDED, Action("a", "a"),
        Audience("customers of “spring” who get “a”", keys[5:], keys[:5]), 1.0, 0.0, 2.0, "",
        EvidenceGrade.EXPERIMENTAL,
    )  # fmt: skip
    grade = grade_offer(shop, few)
    assert grade.gain is None
    assert "Too few were held out" in grade.remark
    with pytest.raises(InputError, match="about no customers"):
        grade_offer(shop, replace(few, audience=Audience("nobody", ())))


def decided_for(keys: list[str], held: list[str], at: dt.datetime = DECIDED) -> Decision:
    return Decision(
        "offer-1:2026-01-10:1", at, Action("a", "a"),
        Audience("customers of “spring” who get “a”", tuple(keys), tuple(held)), 1.0, 0.0, 2.0, "",
        EvidenceGrade.EXPERIMENTAL,
    )  # fmt: skip


def shop_of(folder: Path, orders: list[str]) -> Dataset:
    (folder / "orders.csv").write_text("\n".join(["customer,date,order id,amount", *orders]), encoding="utf-8")
    return read(folder / "orders.csv")


def test_where_hardly_anybody_ordered_it_is_too_few_to_tell_not_certainty(tmp_path: Path) -> None:
    keys = [f"C{number:03d}" for number in range(120)]
    before = [f"{key},2025-06-01,{key}-1,50" for key in keys]
    last = "other,2026-06-01,x,1"
    nobody = grade_offer(shop_of(tmp_path, [*before, last]), decided_for(keys[:100], keys[100:]))
    assert (nobody.gain, nobody.low, nobody.high) == (None, None, None)
    assert nobody.outcome(DECIDED) is None
    assert nobody.remark == (
        "Too few to tell: nobody of the 120 chosen and held out ordered within its days; "
        "at least 10 who did are needed."
    )
    some = [f"{key},2026-02-01,{key}-2,50" for key in keys[:9]]
    assert (
        "only 9 of the 120"
        in grade_offer(shop_of(tmp_path, [*before, *some, last]), decided_for(keys[:100], keys[100:])).remark
    )


def test_where_everybody_brought_the_same_it_is_not_said_to_be_too_few(tmp_path: Path) -> None:
    keys = [f"C{number:03d}" for number in range(60)]
    orders = [f"{key},2026-02-01,{key}-2,50" for key in keys]
    same = grade_offer(shop_of(tmp_path, [*orders, "other,2026-06-01,x,1"]), decided_for(keys[:40], keys[40:]))
    assert same.gain is None
    assert same.remark.startswith("All of them brought the same")


def test_a_side_where_nobody_ordered_is_not_certain_of_it() -> None:
    out = np.arange(320) >= 300
    money = np.where(np.arange(320) < 30, 50.0, 0.0)
    found = _Bought(money, np.zeros(320), out, money > 0, ~out)
    gain, low, high = _difference(found, 300)
    assert gain == pytest.approx(300 * 5.0)
    assert low is not None
    assert high is not None
    # A tenth ordered of 300, none of 20: with no effect at all that happens to one in eight.
    assert low < 500.0
    assert high > 2_500.0


def test_the_first_day_is_that_of_the_business(tmp_path: Path) -> None:
    evening = dt.datetime(2026, 1, 11, 3, tzinfo=dt.UTC)  # ten in the evening of the 10th in New York
    data = shop_of(tmp_path, ["C1,2026-06-01,1,5"])
    one = decided_for(["C1"], ["C2"], evening)
    assert grade_offer(data, one).first_day == dt.date(2026, 1, 11)
    there = grade_offer(data, one, time_zone="America/New_York")
    assert (there.first_day, there.last_day) == (dt.date(2026, 1, 10), dt.date(2026, 3, 10))


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(11)
    inside, size = 0, 300
    for _ in range(size):
        before = rng.gamma(0.5, 80.0, 400)
        out = rng.random(400) < 0.12
        money = 0.6 * before * (rng.random(400) < 0.7) + rng.gamma(1.0, 10.0, 400) + np.where(out, 0.0, 4.0)
        treated = int((~out).sum())
        gain, low, high = _difference(_Bought(money, before, out, money > 0, ~out), treated)
        assert gain is not None
        assert low is not None
        assert high is not None
        inside += low <= 4.0 * treated <= high
    assert inside / size == pytest.approx(0.8, abs=0.06)
