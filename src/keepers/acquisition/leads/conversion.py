"""The chance that a lead becomes a customer, and by when: young leads are no failures, and some never will."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from keepers.acquisition.leads.design import LeadDesign
from keepers.acquisition.leads.table import LeadTable
from keepers.domain.cells import FloatArray, IntArray
from keepers.numerics.conversion import (
    ConversionFit,
    ConversionPrior,
    ConversionRows,
    Outcome,
    exposure,
    fit_conversion,
)

USUAL_SHARE = 0.12
"""Share of leads that become customers, before data: between 1% and 55% with nine chances in ten."""
_DOUBT = 1.5
"""Standard deviation of its log-odds."""
_MOST_ROWS = 60_000
"""Leads that a fit looks at, the newest; more of them move the last digit alone."""


@dataclass(frozen=True, eq=False)
class LeadConversion:
    """A fitted model of conversion.

    Attributes
    ----------
    design : LeadDesign
    fit : ConversionFit
    leads, won, lost, open : int
        What it was fitted to.
    """

    design: LeadDesign
    fit: ConversionFit
    leads: int
    won: int
    lost: int
    open: int

    def chance(self, codes: IntArray, age: FloatArray, ahead: float, point: FloatArray | None = None) -> FloatArray:
        """Chance that a lead that is open at an age converts within so many days from now, shape (n,)."""
        matrix = self.design.matrix(codes)
        return self.fit.converting(matrix, matrix[:, 1:], age, ahead, point)

    def average_curve(self, days: FloatArray) -> FloatArray:
        """Share of average leads that have converted by so many days after they came, shape (days,)."""
        middle = np.zeros((days.size, self.design.centre.size + 1))
        middle[:, 0] = 1.0
        return _by(self.fit, middle, days, self.fit.point)

    def average_band(self, days: FloatArray, level: float, draws: int, seed: int) -> tuple[FloatArray, FloatArray]:
        """The interval of that share, by draws of the parameters, each shape (days,)."""
        middle = np.zeros((days.size, self.design.centre.size + 1))
        middle[:, 0] = 1.0
        some = np.array([_by(self.fit, middle, days, point) for point in self.fit.draws(draws, seed)])
        low, high = np.quantile(some, [(1 - level) / 2, (1 + level) / 2], axis=0)
        return np.asarray(low), np.asarray(high)


def _by(fit: ConversionFit, matrix: FloatArray, days: FloatArray, point: FloatArray) -> FloatArray:
    beta, delta, hazard, _, _ = fit.parts(point)
    passed = np.exp(matrix[:, 1:] @ delta) * (exposure(days) @ hazard)
    return np.asarray(special.expit(matrix @ beta) * -np.expm1(-passed))


def fit_lead_conversion(
    table: LeadTable, design: LeadDesign, prior: ConversionPrior | None = None, start: FloatArray | None = None
) -> LeadConversion:
    """Fit who converts and when to leads as they stand.

    Parameters
    ----------
    table : LeadTable
    design : LeadDesign
    prior : ConversionPrior, optional
        What is believed before data; that of the house if left out.
    start : array, optional
        Point of an earlier fit with the same design.
    """
    recent = table.take(np.arange(max(table.size - _MOST_ROWS, 0), table.size))
    codes = design.codes(recent)
    pattern = np.column_stack([codes, recent.outcome, recent.days])
    kept, weight = np.unique(pattern, axis=0, return_counts=True)
    matrix = design.matrix(kept[:, :-2])
    rows = ConversionRows(matrix, matrix[:, 1:], kept[:, -2], kept[:, -1], weight.astype(np.float64))
    fit = fit_conversion(rows, prior or lead_prior(design), start)
    won = int(recent.won.sum())
    lost = int(np.isin(recent.outcome, (Outcome.LOST, Outcome.LOST_UNDATED)).sum())
    return LeadConversion(design, fit, recent.size, won, lost, recent.size - won - lost)


def lead_prior(design: LeadDesign) -> ConversionPrior:
    """What the house believes of leads before it has seen any."""
    return ConversionPrior((float(special.logit(USUAL_SHARE)), _DOUBT), design.groups, design.groups)
