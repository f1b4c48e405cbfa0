"""States of customers and scores from a saved model, with nothing but NumPy loaded."""

from __future__ import annotations

import datetime as dt
import math
import subprocess
import sys
from pathlib import Path

import pytest

from keepers.domain.errors import FitError, InputError
from keepers.domain.outcome import FitOutcome
from keepers.domain.time import weeks
from keepers.models.btyd.bg_nbd import BGNBD
from keepers.models.realtime import CustomerState, Scorer

DATA = {"frequency": [0, 1, 4, 2, 0], "recency": [0.0, 5, 30, 20, 0], "T": [39.0, 39, 38, 30, 39]}
MONDAY = dt.date(2025, 3, 3)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return BGNBD().fit(DATA, unit="week").save(tmp_path / "model.json")


def test_updates() -> None:
    state = CustomerState.starting(dt.datetime(2025, 3, 3, 18, 30))
    assert state == CustomerState(MONDAY, MONDAY, 0)
    assert state.update(MONDAY) is state
    later = state.update(MONDAY + dt.timedelta(days=9))
    assert later == CustomerState(MONDAY, dt.date(2025, 3, 12), 1, log_gaps=math.log(9))
    late = later.update(dt.date(2025, 3, 5))
    # Which of the gaps a late order divides is not remembered; one before the first day adds a gap that is known.
    assert late == CustomerState(MONDAY, dt.date(2025, 3, 12), 2)
    before = later.update(dt.date(2025, 2, 1))
    assert before == CustomerState(dt.date(2025, 2, 1), dt.date(2025, 3, 12), 2, log_gaps=math.log(9) + math.log(30))


@pytest.mark.parametrize("wrong", [(MONDAY, MONDAY, 1), (MONDAY, dt.date(2025, 1, 1), 0), (MONDAY, MONDAY, -1)])
def test_impossible_states(wrong) -> None:
    with pytest.raises(InputError, match="cannot have bought"):
        CustomerState(*wrong)


def test_a_saved_model_scores(path: Path) -> None:
    scorer = Scorer.load(path)
    states = [CustomerState.starting(MONDAY), CustomerState(MONDAY, dt.date(2025, 5, 5), 3)]
    now = dt.date(2025, 9, 1)
    found = scorer.score(states, now, weeks(26))
    assert found.probability_alive.shape == (2,)
    assert found.probability_alive[0] == 1
    assert 0 < found.probability_alive[1] < 1
    alone = scorer.score(states[1], now, weeks(26))
    assert alone.expected_purchases[0] == pytest.approx(found.expected_purchases[1])
    bought = scorer.score(states[1].update(now), now, weeks(26))
    assert bought.probability_alive[0] > alone.probability_alive[0]
    with pytest.raises(InputError, match="cannot know of a purchase on 2025-05-05"):
        scorer.score(states, dt.date(2025, 4, 1))


def test_what_cannot_score(tmp_path: Path) -> None:
    fitted = BGNBD().fit(DATA, unit="week")
    fitted.outcome_ = FitOutcome.FAILED
    with pytest.raises(FitError, match="cannot score"):
        Scorer.load(fitted.save(tmp_path / "failed.json"))
    with pytest.raises(InputError, match="not a model of buying"):
        Scorer("GammaGamma", {}, fitted.unit_)
    (tmp_path / "half.json").write_text('{"format": "keepers-model", "version": 1}')
    with pytest.raises(InputError, match="not a saved model of buying"):
        Scorer.load(tmp_path / "half.json")


def test_scoring_loads_numpy_alone(path: Path) -> None:
    program = (
        "import sys, datetime as dt\n"
        "from keepers.models.realtime import CustomerState, Scorer\n"
        f"scorer = Scorer.load({str(path)!r})\n"
        "print(scorer.score(CustomerState.starting(dt.date(2025, 3, 3)), dt.date(2025, 9, 1)).expected_purchases[0])\n"
        "heavy = {'scipy', 'duckdb', 'narwhals', 'pandas', 'polars', 'pyarrow', 'sqlglot'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) > 0
