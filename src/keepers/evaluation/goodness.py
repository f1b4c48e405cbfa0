"""Tests of fit: does a fitted model describe the store it was fitted to, and does it see who comes back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from keepers.domain.cells import Cells
from keepers.domain.errors import ConfigError, InputError
from keepers.evaluation.activity_fit import ActivityFit, activity_fit
from keepers.evaluation.frequency_fit import FrequencyFit, frequency_fit
from keepers.evaluation.origin import outcomes_of
from keepers.evaluation.tracking_fit import TrackingFit, tracking_fit
from keepers.models.buying import BuyingModel
from keepers.summaries.cohorts import purchase_ages
from keepers.summaries.summary import Summary


@dataclass(frozen=True, slots=True)
class GoodnessOfFit:
    """What tests of fit found.

    Attributes
    ----------
    model : str
        The model's name for people.
    frequencies : FrequencyFit
        Customers by number of repeat purchases against the model.
    tracking : TrackingFit or None
        Repeat purchases over time against the model; None where there are no orders behind the summary.
    activity : ActivityFit or None
        Who came back in the holdout against P(alive); None without a holdout.
    """

    model: str
    frequencies: FrequencyFit
    tracking: TrackingFit | None
    activity: ActivityFit | None

    @property
    def sentences(self) -> tuple[str, ...]:
        """One sentence for each test."""
        found = [self.frequencies.sentence]
        found.append(
            "Without orders nothing can be followed over time." if self.tracking is None else self.tracking.sentence
        )
        found.append(
            "Whether P(alive) is right shows in a holdout only: make the summary with a window that has one."
            if self.activity is None
            else self.activity.sentence
        )
        return tuple(found)

    @property
    def poor(self) -> bool:
        """Whether any test fails badly."""
        tests = (self.frequencies, self.tracking, self.activity)
        return any(test is not None and test.poor for test in tests)

    @property
    def sentence(self) -> str:
        """The whole in a sentence."""
        bad = sum(test is not None and test.poor for test in (self.frequencies, self.tracking, self.activity))
        if bad:
            fail = "one of its tests of fit fails" if bad == 1 else f"{bad} of its tests of fit fail"
            return f"{self.model} does not describe this store: {fail} badly."
        return f"{self.model} describes this store well enough."

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and words for a file."""
        return {
            "model": self.model,
            "poor": self.poor,
            "sentence": self.sentence,
            "frequencies": self.frequencies.to_dict(),
            "tracking": None if self.tracking is None else self.tracking.to_dict(),
            "activity": None if self.activity is None else self.activity.to_dict(),
        }


def goodness_of_fit(model: BuyingModel, summary: Summary | Cells) -> GoodnessOfFit:
    """Test whether a fitted model of buying describes the customers it was fitted to.

    Three tests, each with a sentence: the histogram of repeat purchases against the model's, with a p-value that knows
    that the parameters were estimated; repeat purchases over time against what the model expects of customers who came
    on those days; and, with a holdout, who came back against P(alive) and the predicted activity. With many customers
    every model is rejected by a p-value, so each test also says how large the misfit is.

    Parameters
    ----------
    model : BuyingModel
        Fitted.
    summary : Summary or Cells
        What it was fitted to. The test over time needs a summary made of orders, that of activity one with a holdout.

    Returns
    -------
    GoodnessOfFit

    Raises
    ------
    ConfigError, InputError
        If the model is none of buying, or there are no customers.

    Examples
    --------
    >>> import keepers as kp
    >>> model = kp.MBGNBD(prior=None)
    >>> from keepers.testing.stores import store
    >>> found = kp.goodness_of_fit(model.fit(store(2000)), store(2000))
    >>> found.poor, 0 <= found.frequencies.p_value <= 1
    (False, True)
    """
    if not isinstance(model, BuyingModel):
        raise ConfigError(f"Tests of fit are for fitted models of buying, not for {type(model).__name__}.")
    model._theta()
    if getattr(model, "varying_coefficients", ()):
        raise ConfigError(
            f"{model.title} has covariates that vary in time, so that what a customer of an age has bought depends on "
            "the days. Hold it against what followed instead: `keepers.backtest([model], orders, covariates=paths)`."
        )
    cells = (summary if isinstance(summary, Cells) else summary.cells()).in_unit(model.unit_)
    if not cells.customers > 0:
        raise InputError("There are no customers to test the fit on.")
    frequencies = frequency_fit(model, cells)
    tracking = activity = None
    if isinstance(summary, Summary):
        if summary.facts.source is not None:
            tracking = tracking_fit(model, purchase_ages(summary))
        if summary.has_holdout:
            length = summary.holdout
            assert length is not None
            activity = activity_fit(model, outcomes_of(summary, length))
    return GoodnessOfFit(model.title, frequencies, tracking, activity)
