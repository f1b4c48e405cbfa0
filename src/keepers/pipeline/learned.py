"""Learned value in a run: learned on all days, mixed where the backtest says so, beside or in place of the model's."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keepers.data.read import Dataset
from keepers.domain.errors import FitError, InputError
from keepers.domain.ports import Progress
from keepers.models.learned.learned_value import LearnedValue
from keepers.models.learned.mixed_value import MIX
from keepers.pipeline import scoring
from keepers.pipeline.early import EarlyRun, early_values
from keepers.pipeline.learned_columns import EARLY_FILE, LEARNED_FILE, MIX_FILE, Mix, with_learned
from keepers.pipeline.options import RunOptions
from keepers.pipeline.scoring import Scored
from keepers.summaries.features import features_at

if TYPE_CHECKING:
    from keepers.evaluation.results import Backtest


DIVIDED = "The values of customers are divided by it; their total stays that of the model of buying."
"""What is said where the mix is used."""


@dataclass(frozen=True, slots=True, eq=False)
class LearnedRun:
    """What was learned in a run.

    Attributes
    ----------
    model : LearnedValue
        Learned on all days.
    mix : Mix or None
        By which the predicted value of customers is divided; None where it is the models' of buying and spend.
    on : date
        The last day that it knew.
    sentences : tuple of str
        What a person should know.
    early : EarlyRun or None
        What newcomers will be worth by their first days, where that could be learned.
    meanings : mapping of str to str
        The features in words.
    """

    model: LearnedValue
    mix: Mix | None
    on: dt.date
    sentences: tuple[str, ...]
    early: EarlyRun | None = None
    meanings: Mapping[str, str] = field(default_factory=dict)

    @property
    def used(self) -> bool:
        """Whether the predicted value of customers is mixed with it."""
        return self.mix is not None

    def save(self, folder: Path) -> None:
        """Write what was learned into a folder of results."""
        self.model.save(folder / LEARNED_FILE)
        if self.mix is not None:
            self.mix.save(folder / MIX_FILE)
        if self.early is not None:
            self.early.model.save(folder / EARLY_FILE)

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and words for a file."""
        model = self.model
        return {
            "used": self.used,
            "learned_on": self.on.isoformat(),
            "as_of": self.on.isoformat(),
            "update": None,
            "head": model.head_,
            "features": len(model.feature_names),
            "customers": model.n_customers_,
            "prior_share": model.prior_share_,
            "importance": [
                {**one, "meaning": self.meanings.get(one["feature"])}
                for one in model.feature_importance().to_dict()["weights"][:20]
            ],
            "stability": model.feature_importance().stability,
            "sentences": list(self.sentences),
            "early": None if self.early is None else self.early.to_dict(),
        }


def learned_values(
    dataset: Dataset, scored: Scored, options: RunOptions, progress: Progress
) -> tuple[Scored, LearnedRun | None, tuple[str, ...]]:
    """Add learned value to the customers; or a sentence why there is none.

    `clv_learned_12m` and the ends of its interval are new columns. Where the backtest says that the mix forecasts
    better, `clv_predicted_12m` and its interval are the mix's, and percentiles and tiers follow; what the models of
    buying and spend say alone stays as `clv_by_orders_12m` and its interval. The total of all customers stays that of
    the model of buying, whose uncertainty is known: the mix says how it is divided among them.
    Newcomers also have what they will be worth in their first year, see `keepers.pipeline.early`.
    """
    test = scored.test
    if test is None or not scored.values.has_money:
        return scored, None, ("Nothing was learned from features: that needs amounts and a backtest.",)
    progress("Learning from features", None)
    cut = scored.summary.calibration_end
    features = features_at(dataset, cut)
    meanings = {name: one.meaning for name, one in features.catalogue.items()}
    mix = None
    if test.value_model == MIX:
        assert test.holdout is not None
        mix = Mix(test.mixed_value, test.holdout)
    try:
        clock = scored.summary.facts.clock
        model = scoring.competitor().learn(dataset, options.horizon, cut, options.margin, clock, features)
        values = with_learned(scored.values, scored.summary, dataset.orders, model, features, mix)
    except (InputError, FitError) as error:
        return scored, None, (f"Nothing was learned from features. {error}",)
    finally:
        features.engine.drop(features.name)
    sentences = (model.sentence, *_said(test, mix is not None), model.feature_importance().sentence)
    values, early, notes = early_values(dataset, values, cut, options, progress)
    return replace(scored, values=values), LearnedRun(model, mix, cut, sentences, early, meanings), notes


def _said(test: Backtest, used: bool) -> tuple[str, ...]:
    found = test.value_stacking
    if found is None:
        return ()
    if not used:
        return (f"{found.sentence} The values of customers are the model's; learned value stands beside them.",)
    return (f"{found.sentence} {DIVIDED}",)
