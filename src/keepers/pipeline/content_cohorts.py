"""The report's cohort triangles."""

from __future__ import annotations

from keepers.domain.cells import FloatArray
from keepers.reports.figures import MoneyMeaning
from keepers.reports.groups import CohortMeasure, CohortRow, CohortTriangle
from keepers.summaries.cohorts import Cohorts


def cohort_content(
    cohorts: Cohorts, meaning: MoneyMeaning | None, forecast: dict[CohortMeasure, FloatArray] | None = None
) -> tuple[CohortTriangle, ...]:
    """One triangle a measure: who ordered again, orders a customer, value a customer where there is money.

    Parameters
    ----------
    cohorts : Cohorts
        What happened.
    meaning : MoneyMeaning or None
        The five things for money; None leaves money out.
    forecast : dict of arrays, shape (cohorts, ages), optional
        By measure, what is expected where the age is not over; NaN elsewhere.
    """
    ahead = forecast or {}
    measures: dict[CohortMeasure, FloatArray] = {
        CohortMeasure.ACTIVE_SHARE: cohorts.active_share,
        CohortMeasure.CUMULATIVE_ORDERS: cohorts.cumulative_purchases,
    }
    if meaning is not None and cohorts.basis is not None:
        measures[CohortMeasure.CUMULATIVE_VALUE] = cohorts.cumulative_money
    return tuple(
        CohortTriangle(
            measure,
            tuple(
                CohortRow(
                    start,
                    int(cohorts.customers[row]),
                    _cells(observed[row]),
                    _cells(ahead[measure][row]) if measure in ahead else (),
                )
                for row, start in enumerate(cohorts.starts)
            ),
            meaning if measure is CohortMeasure.CUMULATIVE_VALUE else None,
        )
        for measure, observed in measures.items()
    )


def _cells(values: FloatArray) -> tuple[float | None, ...]:
    return tuple(None if value != value else float(value) for value in values)  # noqa: PLR0124 (NaN)
