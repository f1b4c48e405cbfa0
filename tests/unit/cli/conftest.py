"""The program as a person starts it, in the same process, and files of orders to give it."""

from __future__ import annotations

import csv
import datetime as dt
import random
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from keepers.cli.main import main


@dataclass(frozen=True)
class Ended:
    """How the program ended and what it said; lines broken at the edge of the terminal are joined."""

    code: int
    out: str
    err: str

    @property
    def message(self) -> str:
        """The error, without the lines of progress."""
        return " ".join(line for line in self.err.splitlines() if not line.endswith(" ..."))


Keepers = Callable[..., Ended]


@pytest.fixture
def keepers(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Iterator[Keepers]:
    """Call the program with words, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    before = signal.getsignal(signal.SIGTERM)

    def call(*words: object) -> Ended:
        monkeypatch.setattr(sys, "argv", ["keepers", *map(str, words)])
        capsys.readouterr()
        code = 0
        try:
            main()
        except SystemExit as leaving:
            code = int(leaving.code or 0)
        said = capsys.readouterr()
        return Ended(code, " ".join(said.out.split()), said.err)

    yield call
    signal.signal(signal.SIGTERM, before)


def shop_rows(customers: int = 60, orders: int = 300, seed: int = 1, days: int = 700) -> list[list[str]]:
    """Rows of customer, date and amount, in no order."""
    chance = random.Random(seed)
    return [
        [
            f"C{chance.randrange(customers)}",
            (dt.date(2023, 1, 1) + dt.timedelta(chance.randrange(days))).isoformat(),
            f"{chance.uniform(5, 90):.2f}",
        ]
        for _ in range(orders)
    ]


def write_csv(
    path: Path, rows: Iterable[Iterable[object]], head: Iterable[str] = ("customer", "date", "amount")
) -> Path:
    """A CSV file of a head and rows."""
    with path.open("w", encoding="utf-8", newline="") as file:
        written = csv.writer(file)
        written.writerow(head)
        written.writerows(rows)
    return path
