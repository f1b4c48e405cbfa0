"""What channels caused: the hazard's causes turned into credits, with a baseline, and set right by experiments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from keepers.acquisition.attribution.credits import Method, ends, method_of
from keepers.acquisition.attribution.experiments import ChannelExperiment
from keepers.acquisition.attribution.journeys import Journeys
from keepers.domain.cells import FloatArray, IntArray
from keepers.domain.decision import EvidenceGrade
from keepers.numerics.contact_hazard import Causes, ContactHazard, causes, fit_hazard

_MANY = 20_000
_FEW_DRAWS = 12


@dataclass(frozen=True, eq=False)
class Caused:
    """Which contacts moved first orders.

    Attributes
    ----------
    best : Causes
        By the likeliest coefficients, contacts of the last day taken as on the way to an order that was coming.
    drawn : list of array of int, each shape (customers,)
        The cause of each customer by draw, the number of a channel or that of channels for none; first draws in which
        contacts of the last day bring nothing, then as many in which they may.
    half_life : float
        Days.
    converged : bool
        Whether all fits ended well.
    """

    best: Causes
    drawn: tuple[list[IntArray], list[IntArray]]
    half_life: float
    converged: bool


def caused_by(journeys: Journeys, draws: int, rng: np.random.Generator) -> Caused:
    """Fit the hazard both ways, and draw causes."""
    few = min(draws, _FEW_DRAWS) if journeys.won > _MANY else draws
    plain = fit_hazard(journeys.exposure, False, rng)
    whole = fit_hazard(journeys.exposure, True, rng)
    likeliest = max(plain.fadings, key=lambda one: one.weight)
    best = causes(journeys.exposure, likeliest.half_life, np.exp(likeliest.mode), journeys.look_back)
    drawn = _drawn(journeys, plain, few, draws, rng), _drawn(journeys, whole, few, draws, rng)
    return Caused(best, drawn, plain.half_life, plain.converged and whole.converged)


def _drawn(journeys: Journeys, hazard: ContactHazard, few: int, draws: int, rng: np.random.Generator) -> list[IntArray]:
    """A cause for each customer by draw; coefficients are drawn `few` times."""
    found = [
        causes(journeys.exposure, half_life, coefficients, journeys.look_back)
        for half_life, coefficients in hazard.draws(few, rng)
    ]
    return [_one_cause(found[draw % len(found)].share, rng) for draw in range(draws)]


def _one_cause(share: sparse.csr_array, rng: np.random.Generator) -> IntArray:
    """One column a row with its probability; the number of columns with what is left."""
    rows, columns = share.shape
    row = np.repeat(np.arange(rows), np.diff(share.indptr))
    running = np.cumsum(share.data)
    begin = np.concatenate([[0.0], running])[share.indptr[:-1]]
    within = running - begin[row]
    chosen = np.bincount(row, (within <= rng.random(rows)[row]).astype(np.float64), rows).astype(np.int64)
    place = share.indptr[:-1] + chosen
    some = chosen < np.diff(share.indptr)
    found = np.full(rows, columns, dtype=np.int64)
    found[some] = share.indices[place[some]]
    return found


def incremental(
    journeys: Journeys,
    caused: Caused,
    expected: FloatArray | None,
    drawn: FloatArray | None,
    experiments: Sequence[ChannelExperiment],
    rng: np.random.Generator,
) -> tuple[Method, list[str]]:
    """Credits of what was caused, and notes on experiments.

    Parameters
    ----------
    journeys : Journeys
        Ways of customers.
    caused : Caused
        What moved their orders.
    expected : array, shape (customers + 1,), or None
        What they are worth, those whom no contact led to last.
    drawn : array, shape (draws, customers + 1), or None
        The same by draw.
    experiments : sequence of ChannelExperiment
        What is known better.
    rng : Generator
        Draws experiments' results.
    """
    size = len(journeys.channels)
    share = caused.best.share
    one = np.ones(journeys.won)
    factors, errors, grades, notes = _factors(journeys, caused, experiments)
    customers = _set_right(np.append(one @ share, journeys.unled + caused.best.base.sum()), factors)
    count = len(caused.drawn[0])
    drawn_factors = np.maximum(factors + errors * rng.standard_normal((count, size)), 0.0)
    by_draw = [
        np.stack([
            _set_right(_counted(cause, one, float(journeys.unled), size), factor)
            for cause, factor in zip(side, drawn_factors, strict=True)
        ])
        for side in caused.drawn
    ]  # fmt: skip
    known = np.array([grade is EvidenceGrade.EXPERIMENTAL for grade in grades])
    counts = _hull(by_draw, customers, known)
    lost = np.asarray(one @ caused.best.lost) * _ratio(customers[:-1], one @ share)
    value = lost_value = None
    if expected is not None and drawn is not None:
        base = float(expected[:-1] @ caused.best.base) + expected[-1]
        plain = np.asarray(expected[:-1] @ share)
        worth = _set_right(np.append(plain, base), factors)
        sides = [
            np.stack([
                _set_right(_counted(cause, row[:-1], float(row[-1]), size), factor)
                for cause, row, factor in zip(side, drawn, drawn_factors, strict=True)
            ])
            for side in caused.drawn
        ]  # fmt: skip
        value = _hull(sides, worth, known)
        lost_value = np.asarray(expected[:-1] @ caused.best.lost) * _ratio(worth[:-1], plain)
    found = method_of("incremental", journeys.channels, counts, value, tuple(grades), (lost, lost_value))
    if not caused.converged:
        notes.append("The effects of contacts could not be told apart well; take the incremental credits with care.")
    return found, notes


def _counted(cause: IntArray, worth: FloatArray, unled: float, channels: int) -> FloatArray:
    found = np.bincount(cause, worth, channels + 1).astype(np.float64)
    found[-1] += unled
    return np.asarray(found)


def _ratio(new: FloatArray, old: FloatArray) -> FloatArray:
    return np.asarray(np.divide(new, old, out=np.ones_like(old), where=old > 0))


def _hull(
    sides: Sequence[FloatArray], estimate: FloatArray, known: NDArray[np.bool_]
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The interval that holds those of both sides; of the first alone where an experiment has decided."""
    _, low, high = ends(sides[0], estimate)
    _, other_low, other_high = ends(sides[1], estimate)
    return (
        estimate,
        np.where(known, low, np.minimum(low, other_low)),
        np.where(known, high, np.maximum(high, other_high)),
    )


def _factors(
    journeys: Journeys, caused: Caused, experiments: Sequence[ChannelExperiment]
) -> tuple[FloatArray, FloatArray, list[EvidenceGrade], list[str]]:
    """What the credit of each channel is to be multiplied by, its standard error, evidence, and notes.

    Several experiments with one channel are put together by their precision, with what contacts tell as one more that
    is right to within a factor of two.
    """
    size = len(journeys.channels)
    precision, weighted, known_of = np.ones(size), np.ones(size), np.zeros(size, dtype=bool)
    notes: list[str] = []
    for one in experiments:
        if one.channel not in journeys.channels:
            known = ", ".join(journeys.channels)
            notes.append(f"The experiment with {one.channel} was left out: contacts name no such channel, but {known}.")
            continue
        place = journeys.channels.index(one.channel)
        credited = _credited(journeys, caused, one, place)
        if credited is None:
            notes.append(
                f"The experiment with {one.channel} from {one.since} to {one.until} was left out: the channel is "
                "credited with no customer of those days, so that there is nothing to set right."
            )
            continue
        share, customers = credited
        factor = one.share / share
        # Few customers of these days leave open what contacts alone would have told.
        error = np.hypot(one.error / share, factor * np.sqrt((1.0 - share) / (share * customers)))
        precision[place] += 1.0 / error**2
        weighted[place] += factor / error**2
        known_of[place] = True
        notes.append(
            f"The experiment with {one.channel} ({one.kind}, {one.since} to {one.until}) says that it brought "
            f"{max(one.share, 0.0):.0%} of the new customers; from contacts alone it would be {share:.0%}. Its "
            "credit is set right by that."
        )
    factors = np.where(known_of, weighted / precision, 1.0)
    errors = np.where(known_of, 1.0 / np.sqrt(precision), 0.0)
    usual = EvidenceGrade.ADJUSTED
    if journeys.lost + journeys.unresolved == 0:
        usual = EvidenceGrade.PREDICTIVE
        notes.append(
            "Contacts are known of customers alone. Without visitors who did not buy, what contacts caused rests on "
            "when customers came after them, and not on whom they failed to win: add the contacts of all visitors."
        )
    grades = [EvidenceGrade.EXPERIMENTAL if known else usual for known in known_of]
    return np.maximum(factors, 0.0), errors, [*grades, usual], notes


def _credited(journeys: Journeys, caused: Caused, one: ChannelExperiment, place: int) -> tuple[float, int] | None:
    """Share of the experiment's customers that contacts alone credit to the channel, and how many they are."""
    days = journeys.first_day
    there = (days >= np.datetime64(one.since)) & (days <= np.datetime64(one.until))
    if one.keys is not None:
        there &= np.array([str(key) in one.keys for key in journeys.customers], dtype=bool)
    if not there.any():
        return None
    share = np.asarray(caused.best.share[:, [place]].todense()).ravel()
    credited = float(share[there[: journeys.won]].sum()) / float(there.sum())
    return (credited, int(there.sum())) if credited > 0 else None


def _set_right(credits: FloatArray, factors: FloatArray) -> FloatArray:
    """Credits of channels times their factors, the total kept.

    What a channel did not bring would have come anyway; what it brought beyond its credit is taken from everything that
    no experiment has spoken of, in proportion.
    """
    new = credits.copy()
    new[:-1] *= factors
    missing = float(credits.sum() - new.sum())
    if missing >= 0:
        new[-1] += missing
        return new
    untold = np.append(factors == 1.0, True)
    pool = float(new[untold].sum())
    new[untold] *= max(1.0 + missing / pool, 0.0) if pool > 0 else 0.0
    return np.asarray(new * (credits.sum() / new.sum()))
