"""Totals that are wrong by so much, and from every day in the past in the same way, that a model cannot be used."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from keepers.evaluation.metrics import Metrics

FAR = 0.5
"""Totals that are off by more than this on average, always in the same direction, fail badly."""


def totals_fail(found: Sequence[Metrics]) -> bool:
    """Whether the predicted totals from several days in the past fail badly, beyond chance.

    Too high is counted as predicted over actual and too low as actual over predicted, so that half and twice as many
    are equally wrong.
    """
    errors = [_error(one) for one in found]
    known = [one for one in errors if one is not None]
    if not known or len({one > 0 for one in known}) > 1:
        return False
    fewest = min(one.actual for one in found)
    return bool(np.mean(np.abs(known)) > max(FAR, 5.0 / max(fewest, 1.0) ** 0.5))


def totals_sentence(found: Sequence[Metrics]) -> str:
    """The failure in words."""
    predicted, actual = (float(sum(getattr(one, name) for one in found)) for name in ("predicted", "actual"))
    often = f"all {len(found)} dates" if len(found) > 1 else "the date"
    if predicted > actual:
        return (
            f"From {often} in the past customers then bought far less than predicted: {actual:,.0f} purchases in place "
            f"of {predicted:,.0f}. Something ended or fades that the past does not show."
        )
    return (
        f"From {often} in the past customers then bought far more than predicted: {actual:,.0f} purchases in place "
        f"of {predicted:,.0f}. Buying grows in a way that the past does not show."
    )


def _error(one: Metrics) -> float | None:
    if one.actual <= 0 or one.predicted <= 0:
        return None
    ratio = one.predicted / one.actual
    return ratio - 1 if ratio >= 1 else 1 - 1 / ratio
