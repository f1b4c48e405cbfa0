"""What a backtest found: a row for every forecast and origin, the winner, and what to tell a person."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from keepers.domain.time import Horizon, ObservationWindow
from keepers.evaluation.calibration import Coverage
from keepers.evaluation.interval_report import IntervalReport
from keepers.evaluation.leaderboard import NOBODY, Leaderboard
from keepers.evaluation.metrics import CalibrationGroup, Metrics
from keepers.evaluation.ranking import Ranking
from keepers.evaluation.stacking import Stacking
from keepers.evaluation.tracking import Tracking
from keepers.evaluation.value_stacking import ValueStacking
from keepers.evaluation.verdict import Verdict

Target = Literal["purchases", "renewals", "value"]


@dataclass(frozen=True, slots=True)
class BacktestRow:
    """One forecast from one origin, graded.

    Attributes
    ----------
    model : str
        Class of the model or rule, or of both models behind a value.
    title : str
        Its name for people.
    baseline : bool
        Whether it is a naive rule.
    of : str
        "purchases", "renewals" or "value".
    origin : date
        Last day that the forecast knew.
    horizon : Horizon
        How far it looked.
    metrics : Metrics
        Errors of the point predictions.
    score : float or None
        Mean ranked probability score, in purchases or money; None for a rule that gives no distribution.
    coverage : tuple of Coverage
        Of intervals; empty for a rule that gives none.
    groups : tuple of CalibrationGroup
        Tenths of the customers by prediction.
    pit : tuple of float
        Histogram of the randomised probability integral transform; flat if the forecast is right.
    """

    model: str
    title: str
    baseline: bool
    of: Target
    origin: dt.date
    horizon: Horizon
    metrics: Metrics
    score: float | None
    coverage: tuple[Coverage, ...]
    groups: tuple[CalibrationGroup, ...]
    pit: tuple[float, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers for a file."""
        return {
            "model": self.model,
            "baseline": self.baseline,
            "of": self.of,
            "origin": self.origin.isoformat(),
            "horizon_days": round(self.horizon.days),
            **self.metrics.to_dict(),
            "score": self.score,
            "coverage": [one.to_dict() for one in self.coverage],
            "groups": [one.to_dict() for one in self.groups],
            "pit": list(self.pit),
        }


@dataclass(frozen=True, slots=True)
class Standing:
    """One forecast over all origins: means of its measures, the total's error over all of them together."""

    model: str
    title: str
    baseline: bool
    chosen: bool
    of: Target
    origins: int
    customers: float
    predicted: float
    actual: float
    total_error: float | None
    absolute_total_error: float | None
    """Mean size of the total's error, so that errors of opposite sign do not cancel."""
    mae: float
    rmse: float
    gini: float | None
    top_share: float | None
    top_capture: float | None
    score: float | None
    coverage: tuple[Coverage, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers for a file or a table; coverage as `coverage_80`, `coverage_80_randomised` and so on."""
        names = [name for name in Standing.__slots__ if name != "coverage"]
        found = {name: getattr(self, name) for name in names}
        for one in self.coverage:
            found[f"coverage_{one.level * 100:g}"] = one.plain
            found[f"coverage_{one.level * 100:g}_randomised"] = one.randomised
        return found


@dataclass(frozen=True)
class Backtest:
    """The trust table: every model and naive rule from several days in the past, against what happened.

    Attributes
    ----------
    rows : tuple of BacktestRow
        One for each forecast and origin.
    windows : tuple of ObservationWindow
        The origins, earliest first; empty where the history is too short.
    ranking : Ranking
        Order of the forecasts of purchases.
    verdict_ : Verdict
        What it means, in sentences.
    value_model : str or None
        Which rows of value are the winner's.
    spending : model of spend or None
        The model of spend that forecast value best, not fitted; it says whether first orders are included.
    interval_levels : dict of float to float
        For each level at which intervals of value are stated, the nominal level whose intervals held that share of
        the customers on unseen days; equal where no repair is needed.
    tracking : Tracking or None
        Predicted and actual purchases over time, of the winner from the last origin.
    places : Leaderboard
        What `leaderboard` gives.
    stacking : Stacking or None
        What mixing the models would bring; None with fewer than two.
    intervals : tuple of IntervalReport
        What intervals of value held on unseen days, before and after their repair, and by tenth of predicted value.
    value_stacking : ValueStacking or None
        What mixing learned value with the model of buying and the plain ratio rule would bring; None where nothing was
        learned.
    mixed_value : MixedValue or None
        That mix.
    """

    rows: tuple[BacktestRow, ...]
    windows: tuple[ObservationWindow, ...]
    ranking: Ranking
    verdict_: Verdict
    value_model: str | None = None
    spending: Any | None = None
    interval_levels: dict[float, float] = field(default_factory=dict)
    tracking: Tracking | None = None
    places: Leaderboard = NOBODY
    stacking: Stacking | None = None
    intervals: tuple[IntervalReport, ...] = ()
    value_stacking: ValueStacking | None = None
    mixed_value: Any = None

    @property
    def winner(self) -> str | None:
        """Class of the model that forecast purchases (or renewals) best; None where nothing could be graded."""
        return self.ranking.winner

    @property
    def counted(self) -> Target:
        """What was forecast and counted: "purchases" of a shop's customers, or "renewals" of contracts."""
        return "renewals" if any(row.of == "renewals" for row in self.rows) else "purchases"

    @property
    def verdict(self) -> str:
        """Whether the model can be trusted, in a sentence or two."""
        return self.verdict_.sentence

    @property
    def holdout(self) -> Horizon | None:
        """How far was predicted from each origin."""
        if self.rows:
            return self.rows[-1].horizon
        return self.windows[-1].holdout if self.windows else None

    @property
    def coverage(self) -> tuple[Coverage, ...]:
        """Coverage of the winner's intervals of what was counted, the mean over origins."""
        return self._winner_standing(self.counted)

    @property
    def value_coverage(self) -> tuple[Coverage, ...]:
        """Coverage of its intervals of value, before any repair."""
        return self._winner_standing("value")

    @property
    def groups(self) -> tuple[CalibrationGroup, ...]:
        """Tenths of the customers by the winner's prediction of what was counted, from the last origin."""
        return self._last_groups(self.counted)

    @property
    def value_groups(self) -> tuple[CalibrationGroup, ...]:
        """The same for value."""
        return self._last_groups("value")

    def leaderboard(self) -> Leaderboard:
        """Every forecast of purchases in its place: ranks, differences to the best with standard errors, ties in words.

        Examples
        --------
        >>> import keepers as kp
        >>> import numpy as np
        >>> rng = np.random.default_rng(1)
        >>> who = rng.zipf(1.6, 3000) % 400
        >>> when = np.datetime64("2023-01-01") + rng.integers(0, 500, 3000)
        >>> orders = kp.Orders.from_frame({"who": who, "when": when}, customer="who", date="when")
        >>> found = kp.backtest([kp.MBGNBD(), kp.NBD()], orders).leaderboard()
        >>> [(place.rank, place.model) for place in found][-1]
        (4, 'CohortMean')
        """
        return self.places

    def standings(self, of: Target | None = None) -> tuple[Standing, ...]:
        """Every forecast of what was counted (or of value) over all origins, best first."""
        of = of or self.counted
        names = list(dict.fromkeys(row.model for row in self.rows if row.of == of))
        found = [self._standing([row for row in self.rows if row.of == of and row.model == name]) for name in names]
        if of != "value":
            return tuple(sorted(found, key=lambda one: self.ranking.order.index(one.model)))
        return tuple(sorted(found, key=lambda one: one.rmse))

    def __repr__(self) -> str:
        return f"<Backtest from {len(self.windows)} day{'s' * (len(self.windows) != 1)} in the past: {self.verdict}>"

    def table(self, of: Target | None = None) -> list[dict[str, Any]]:
        """The standings as rows of a table, purchases (or renewals) first and then value."""
        targets: tuple[Target, ...] = (self.counted, "value") if of is None else (of,)
        return [standing.to_dict() for target in targets for standing in self.standings(target)]

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain numbers and words, for a file."""
        return {
            "winner": self.winner,
            "value_model": self.value_model,
            "verdict": self.verdict_.to_dict(),
            "ties": list(self.ranking.tied),
            "best_rule": self.ranking.best_rule,
            "improvement": self.ranking.improvement,
            "origins": [str(window.calibration_end) for window in self.windows],
            "holdout_days": round(self.holdout.days) if self.holdout else None,
            "interval_levels": {f"{level:g}": nominal for level, nominal in self.interval_levels.items()},
            "standings": self.table(),
            "intervals": [report.to_dict() for report in self.intervals],
            "leaderboard": self.places.to_dict(),
            "stacking": None if self.stacking is None else self.stacking.to_dict(),
            **({} if self.value_stacking is None else {"value_stacking": self.value_stacking.to_dict()}),
            "rows": [row.to_dict() for row in self.rows],
            "tracking": None if self.tracking is None else self.tracking.to_dict(),
        }

    def _chosen(self, row_model: str, of: Target) -> bool:
        return row_model == (self.value_model if of == "value" else self.winner)

    def _winner_standing(self, of: Target) -> tuple[Coverage, ...]:
        return next((one.coverage for one in self.standings(of) if one.chosen), ())

    def _last_groups(self, of: Target) -> tuple[CalibrationGroup, ...]:
        mine = [row for row in self.rows if row.of == of and self._chosen(row.model, of)]
        return max(mine, key=lambda row: row.origin).groups if mine else ()

    def _standing(self, rows: list[BacktestRow]) -> Standing:
        first = rows[0]
        predicted, actual = (float(sum(getattr(row.metrics, name) for row in rows)) for name in ("predicted", "actual"))
        return Standing(
            model=first.model,
            title=first.title,
            baseline=first.baseline,
            chosen=self._chosen(first.model, first.of),
            of=first.of,
            origins=len(rows),
            customers=rows[-1].metrics.customers,
            predicted=predicted,
            actual=actual,
            total_error=predicted / actual - 1.0 if actual > 0 else None,
            absolute_total_error=_mean([None if (e := r.metrics.total_error) is None else abs(e) for r in rows]),
            mae=float(np.mean([row.metrics.mae for row in rows])),
            rmse=float(np.mean([row.metrics.rmse for row in rows])),
            gini=_mean([row.metrics.gini for row in rows]),
            top_share=_mean([row.metrics.top_share for row in rows]),
            top_capture=_mean([row.metrics.top_capture for row in rows]),
            score=_mean([row.score for row in rows]),
            coverage=tuple(
                Coverage(
                    same[0].level,
                    float(np.mean([one.plain for one in same])),
                    float(np.mean([one.randomised for one in same])),
                )
                for same in zip(*(row.coverage for row in rows), strict=True)
            ),
        )


def _mean(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None
