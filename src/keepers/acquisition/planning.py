"""What every question about a budget is asked of: responses over a period, today's spends, the worth of newcomers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from keepers.acquisition.response import ResponseCurves
from keepers.domain.cells import FloatArray
from keepers.domain.errors import ConfigError, InputError
from keepers.domain.time import Horizon
from keepers.numerics.response_curve import PlanCurves
from keepers.numerics.spend_plan import Responses, SpendLimits, SpendProblem

_STEPS = 60


@dataclass(frozen=True, eq=False)
class Planning:
    """Responses over one period.

    Parameters
    ----------
    curves : ResponseCurves
        What is known.
    period : Horizon
        How long a plan lasts.
    """

    curves: ResponseCurves
    period: Horizon

    @property
    def days(self) -> int:
        """Length of the period."""
        return round(self.period.days)

    @cached_property
    def today(self) -> FloatArray:
        """Today's money a day, shape (channels,)."""
        return np.array([one.today / 7.0 for one in self.curves.channels])

    @cached_property
    def worth(self) -> FloatArray:
        """Value of a new customer, shape (channels, draws)."""
        return np.stack([one.worth for one in self.curves.channels])

    @cached_property
    def responses(self) -> Responses:
        """What spends of the period bring."""
        curves = self.curves
        draws = [one.curve for one in curves.channels]
        return PlanCurves(
            draws,
            self.days,
            np.stack([one.pressure for one in curves.channels]),
            self.today,
            np.stack([one.demand**one.curve.season for one in curves.channels]),
        )

    def problem(self, limits: SpendLimits, risk_weight: float) -> SpendProblem:
        """The plan that is looked for."""
        early = np.array([one.worth_within(self.period) for one in self.curves.channels])
        return SpendProblem(self.responses, self.worth, self.today, self.days, limits, risk_weight, early)

    def value(self, spend: FloatArray) -> FloatArray:
        """Value of new customers less spend, by draw."""
        arrivals, _ = self.responses.arrivals(spend)
        return np.asarray((self.worth * arrivals).sum(axis=0) - self.days * spend.sum())

    def paid_back(self, within: Horizon) -> FloatArray:
        """Most money a day with which each channel is still expected to be paid back in time, shape (channels,).

        Since curves are concave, a channel is paid back at every spend below that.
        """
        assert self.curves.horizon is not None
        if within.days > self.curves.horizon.days:
            raise ConfigError(
                f"The payback of {within} is longer than the horizon of the values, {self.curves.horizon}. Make it "
                "shorter, or the horizon longer."
            )
        back = np.array([one.worth_within(within) for one in self.curves.channels])
        low = np.zeros(self.today.size)
        ceilings = np.array([one.curve.ceiling.mean() for one in self.curves.channels])
        high = np.maximum(ceilings * back, self.today) * 2.0
        for _ in range(_STEPS):
            middle = 0.5 * (low + high)
            brought = self.responses.arrivals(middle)[0].mean(axis=1) * back
            enough = brought >= self.days * middle
            low, high = np.where(enough, middle, low), np.where(enough, high, middle)
        return low

    @property
    def meaning(self) -> str:
        """What values of new customers are, in one sentence."""
        curves = self.curves
        return (
            f"{curves.basis.value.capitalize()} of a new customer in {curves.horizon} from the first order on, that "
            f"order included, discounted at {100 * curves.discount:g}% a year; gains are net of what is spent on "
            "marketing."
        )


def planning(curves: ResponseCurves, period: Horizon) -> Planning:
    """The questions about a period.

    Raises
    ------
    InputError
        Without money, or where nothing is spent today.
    """
    if not curves.has_money:
        raise InputError(
            "A budget weighs money against the value of new customers. Give `values` with money to `response_curves`."
        )
    if round(period.days) < 7:
        raise ConfigError(f"A plan lasts a week at least, not {period}.")
    found = Planning(curves, period)
    if not found.today.sum() > 0:
        raise InputError(
            "Nothing was spent in the last four weeks of the data, so that there is no plan of today to compare with. "
            "Add newer spend."
        )
    return found
