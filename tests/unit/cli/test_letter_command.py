"""The letter and the quarterly report of real runs, by the program, as files and as mail that cannot be sent."""

from __future__ import annotations

import email
import email.policy
from pathlib import Path

import pytest
from typer.testing import CliRunner

from keepers.cli.main import app
from keepers.domain.errors import ConfigError, EngineError
from keepers.domain.time import parse_day
from keepers.pipeline.new_project import begin_project
from keepers.pipeline.options import RunOptions
from keepers.pipeline.project import Project, project_of
from keepers.pipeline.run import run
from keepers.reports.run_figures import RunFigures
from shop import shop_orders

MAIL = '[letter]\nto = ["ada@example.com"]\nfrom = "k@example.com"\nhost = "127.0.0.1"\nport = 9\nsecurity = "none"\n'


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs of a shop, a month apart."""
    folder = tmp_path_factory.mktemp("letters")
    orders = shop_orders(150, 400)
    orders.engine.execute(
        f"COPY (SELECT customer_key AS customer, day AS date, order_id, amount FROM {orders.name}) "
        f"TO '{folder / 'orders.csv'}' (HEADER)"
    )
    begin_project(Project(folder, ("orders.csv",), name="Tea & Pots"))
    written = (folder / "keepers.toml").read_text(encoding="utf-8")
    (folder / "keepers.toml").write_text(written.replace("[letter]\n", MAIL), encoding="utf-8")
    made = project_of(folder)
    assert made is not None
    for name, day in (("first", "2023-01-04"), ("second", None)):
        as_of = None if day is None else parse_day(day, "as_of")
        options = RunOptions(
            into=folder / name, model="bg-nbd", backtest=False, project=made, as_of=as_of, name="Tea & Pots"
        )
        run(made.locations, options)
    return folder


def said(*arguments: str) -> str:
    """What a command says that ends well."""
    done = CliRunner().invoke(app, arguments)
    if done.exception is not None:
        raise done.exception
    return done.stdout


def test_the_letter_says_what_changed_between_the_runs(project: Path) -> None:
    text = said("letter", "--project", str(project))
    made = project_of(project)
    assert made is not None
    with made.open_state() as state, state.reading() as books:
        later, earlier = (RunFigures.from_dict(one.figures) for one in books.runs.listed())
    assert later is not None
    assert earlier is not None
    assert later.value is not None
    assert earlier.value is not None
    assert later.same_money(earlier)
    assert (later.orders or 0) > (earlier.orders or 0)
    flat = " ".join(text.split())
    assert "What has changed since 4 Jan 2023" in flat
    assert f"there were {(later.orders or 0) - (earlier.orders or 0):,} orders" in flat
    assert f"from {earlier.value.value:,.0f} to {later.value.value:,.0f}" in flat
    assert "went quiet" in flat or "who are worth less" in flat


def test_files_of_every_kind(project: Path, tmp_path: Path) -> None:
    for name in ("letter.html", "letter.txt", "letter.eml", "quarter.pdf"):
        command = "quarterly" if name.endswith("pdf") else "letter"
        where = [] if command == "quarterly" else ["--to"]
        told = said(command, *where, str(tmp_path / name), "--project", str(project))
        assert str(tmp_path / name) in " ".join(told.split()).replace(" ", "")
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "letter.eml",
        "letter.html",
        "letter.txt",
        "quarter.pdf",
    ]
    message = email.message_from_bytes((tmp_path / "letter.eml").read_bytes(), policy=email.policy.default)
    assert message["To"] == "ada@example.com"
    assert (tmp_path / "quarter.pdf").read_bytes().startswith(b"%PDF-")
    with pytest.raises(ConfigError, match=r"ends with \.html, \.txt or \.eml"):
        said("letter", "--to", str(tmp_path / "letter.doc"), "--project", str(project))
    with pytest.raises(ConfigError, match="a4 or letter"):
        said("quarterly", str(tmp_path / "q.pdf"), "--paper", "a0", "--project", str(project))
    with pytest.raises(ConfigError, match="is no project yet"):
        said("letter", "--project", str(tmp_path))


def test_a_letter_that_cannot_be_sent_waits(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _: None)
    with pytest.raises(EngineError, match=r"127\.0\.0\.1:9 cannot be reached"):
        said("letter", "--send", "--project", str(project))
    made = project_of(project)
    assert made is not None
    with made.open_state() as state, state.reading() as books:
        assert [(one.status, one.attempts) for one in books.letters.listed()] == [("waiting", 1)]
