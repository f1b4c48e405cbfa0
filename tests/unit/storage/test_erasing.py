"""A person is erased from everything that is remembered, and others are not."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from keepers.data.engine import Engine, literal
from keepers.data.table import Table
from keepers.domain.alert import AlertStatus
from keepers.domain.errors import ConfigError
from keepers.pipeline.erase import erase
from keepers.pipeline.live_events import names_in
from keepers.pipeline.new_project import begin_project
from keepers.pipeline.project import Project, project_of
from keepers.pipeline.serving import known_as
from keepers.storage.scores import PublishedScores
from keepers.storage.state import FILE, State
from unit.storage.books import DAY, DECISION, NOW, RULES, proposal

PERSON = "maria.schmidt@shop.example"
OTHER = "C2"


def scores(state: State) -> PublishedScores:
    engine = Engine()
    name = engine.from_columns("scores", {"customer_key": [PERSON, OTHER], "value": [1.5, 2.5]})
    path = state.write_snapshot(Table(engine, name), "customers-2026-02-28")
    return PublishedScores("customers", NOW, DAY, "bg_nbd", 365.25, 90.0, None, None, 2, path)


def filled(folder: Path) -> None:
    with State(folder) as state:
        published = scores(state)
        with state.writing() as books:
            run = books.runs.begin(NOW, DAY, "0.1.0", folder, 2)
            books.runs.publish(run, published)
            raised = books.alerts.raise_all([proposal(PERSON), proposal(OTHER)], RULES, DAY, NOW, run, "EUR")
            books.alerts.close(raised[0].number, AlertStatus.DONE, f"called {PERSON}", NOW)
            books.ledger.record(replace(DECISION, audience=replace(DECISION.audience, customer_keys=(PERSON, OTHER))))


def rows(state: State) -> list[str]:
    with state.reading() as books:
        (published,) = books.runs.published("customers")
    assert published.rows == 1
    found = Engine().rows(f"SELECT customer_key FROM read_parquet({literal(str(published.snapshot))})")
    return [row[0] for row in found]


def test_nothing_is_left_of_the_person_and_everything_of_others(tmp_path: Path) -> None:
    filled(tmp_path)
    with State(tmp_path) as state:
        done = state.erase([PERSON])
        assert (done.alerts, done.decisions, done.scores) == (1, 1, 1)
        assert rows(state) == [OTHER]
        with state.reading() as books:
            assert [one.proposal.customer_key for one in books.alerts.listed(None)] == [OTHER]
            held = books.ledger.decision(DECISION.decision_id)
        assert held is not None
        assert held.audience.customer_keys == (OTHER,)
        assert len(list(state.snapshots.iterdir())) == 1
    for path in state.folder.rglob("*"):
        if path.is_file():
            assert PERSON.encode() not in path.read_bytes(), path
    assert (state.folder / FILE).is_file()


def test_what_programs_sent_of_the_person_goes_too(tmp_path: Path) -> None:
    filled(tmp_path)
    events = [
        ("m1", "track", json.dumps({"userId": "17", "event": "Order Completed"})),
        ("m2", "identify", json.dumps({"userId": "18", "traits": {"email": PERSON}})),
        ("m3", "track", json.dumps({"userId": "19", "event": "Order Completed", "properties": {"order_id": "17"}})),
    ]
    with State(tmp_path) as state:
        with state.writing() as books:
            books.inbox.add(events, NOW)
            books.live.know({known_as("segment", "17"): PERSON, known_as("email", PERSON): PERSON})
            books.live.know({known_as("segment", "19"): OTHER})
            books.live.name([(PERSON, "Maria", PERSON.upper())])
        assert state.addressed(f" {PERSON} ") == {PERSON}
        done = state.erase([PERSON], names_in)
        assert (done.events, done.live) == (2, 3)
        with state.reading() as books:
            assert [event.body for event in books.inbox.after(0, 10)] == [events[2][2]]
            assert books.live.keys_of([known_as("segment", "19"), known_as("segment", "17")]) == {
                known_as("segment", "19"): OTHER
            }
    for path in state.folder.rglob("*"):
        assert not path.is_file() or PERSON.encode() not in path.read_bytes().lower(), path


def test_a_kept_list_that_searches_for_the_person_goes_too(tmp_path: Path) -> None:
    with State(tmp_path) as state:
        with state.writing() as books:
            books.live.name([(PERSON, "Maria Schmidt", "maria@shop.example")])
            for name, query in (
                ("Her", "search=maria+schmidt"), ("Her too", "tier=Gold&search=MARIA%40shop.example"),
                ("maria schmidt", "tier=Gold"), ("Others", "search=schmid"), ("Gold", "tier=Gold"),
            ):  # fmt: skip
                books.views.keep("ada@example.com", name, "/customers", query, True, NOW)
        state.erase([PERSON])
        with state.reading() as books:
            assert [one.name for one in books.views.listed("ada@example.com")] == ["Gold", "Others"]


def test_an_erasure_that_fails_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(tmp_path)

    def refused(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Engine, "execute", refused)
    with State(tmp_path) as state:
        before = sorted(path.name for path in state.snapshots.iterdir())
        with pytest.raises(OSError, match="No space"):
            state.erase([PERSON])
        assert sorted(path.name for path in state.snapshots.iterdir()) == before
        with state.reading() as books:
            assert len(books.alerts.listed(None)) == 2


def test_somebody_is_found_by_address_and_the_results_that_name_them_are_told(tmp_path: Path) -> None:
    begin_project(Project(tmp_path))
    filled(tmp_path)
    result = tmp_path / "keepers-result"
    result.mkdir()
    engine = Engine()
    Table(
        engine,
        engine.from_columns(
            "customers", {"customer_key": [OTHER, "C9"], "email": ["Ada@shop.example", "b@shop.example"]}
        ),
    ).write_parquet(result / "customers.parquet")
    (result / "report.html").write_text("<html>")
    project = project_of(tmp_path)
    assert project is not None
    with pytest.raises(ConfigError, match="Nobody is known as 'nobody@"):
        erase(project, [PERSON, "nobody@shop.example"])
    done = erase(project, ["ada@shop.example", PERSON])
    assert done.keys == (OTHER, PERSON)
    assert done.erasure.entries == 6
    assert [path.name for path in done.still] == ["customers.parquet", "report.html"]


def test_a_number_that_a_customer_and_another_lead_have_erases_neither(tmp_path: Path) -> None:
    begin_project(Project(tmp_path))
    filled(tmp_path)
    result = tmp_path / "keepers-result"
    result.mkdir()
    engine = Engine()
    for name, columns in {
        "customers": {"customer_key": ["17", "18", "99"]},
        "leads": {"customer_key": ["99", "18", None], "lead_id": ["17", "18", "19"]},
    }.items():
        Table(engine, engine.from_columns(name, columns)).write_parquet(result / f"{name}.parquet")
    project = project_of(tmp_path)
    assert project is not None
    with pytest.raises(ConfigError, match="is the key of a customer and the number of a lead"):
        erase(project, ["17"])
    assert erase(project, ["18", "19", "99"]).keys == ("18", "19", "99")
