"""The additive hazard of contacts: sums in closed form, known effects found again, causes that add up."""

from __future__ import annotations

import numpy as np
import pytest

from keepers.numerics.contact_hazard import Exposure, causes, fit_hazard
from keepers.numerics.path_rules import FloatArray

LOOK_BACK = 20
BETA = np.array([0.25, 0.08, 0.0])
HALF_LIFE = 2.0
BASE = 0.004


def walked(visitors: int, seed: int, harvest: float = 0.0) -> tuple[Exposure, FloatArray, FloatArray]:
    """Visitors who meet channels at random and convert by the law, and what truly caused the conversions.

    With `harvest`, that share of those who convert come through channel 1 on the way, though it changed nothing.
    """
    rng = np.random.default_rng(seed)
    fade = 2.0 ** (-1.0 / HALF_LIFE)
    contacts: list[tuple[int, int, int, int, int]] = []  # visitor, channel, day, last quiet day, place
    cause, quiet, rows, ends = [], 0, 0, []
    for _ in range(visitors):
        met = [(0, int(rng.integers(3)))]
        met += sorted((int(day), int(rng.integers(3))) for day in rng.integers(1, 8, rng.poisson(1.0)))
        last = met[-1][0] + LOOK_BACK - 1
        force, converted = np.zeros(3), None
        for day in range(last + 1):
            today = [place for place, one in enumerate(met) if one[0] == day]
            force *= fade
            if day == 0:
                force[met[0][1]] += BETA[met[0][1]]
                today = today[1:]
            if rng.random() < 1 - np.exp(-BASE - force.sum()):
                converted = day
                cause.append(int(rng.choice(4, p=np.append(force, BASE) / (force.sum() + BASE))))
                break
            for place in today:
                force[met[place][1]] += BETA[met[place][1]]
        until = last + 1 if converted is None else converted
        met = [one for one in met if one[0] <= until]
        if converted is not None and rng.random() < harvest:
            met.append((converted, 1))
        quiet += until
        for place, (day, channel) in enumerate(met):
            contacts.append((rows if converted is not None else -1, channel, day, until, place))
        if converted is not None:
            ends.append(converted)
            rows += 1
    table = np.array(contacts)
    won = table[:, 0] >= 0
    end = np.array(ends)
    return (
        Exposure(
            rows, 3, table[won, 0], table[won, 1], end[table[won, 0]] - table[won, 2], table[won, 4] == 0, table[:, 1],
            table[:, 3] - table[:, 2], table[:, 4] == 0, np.ones(len(table)), float(quiet),
        ),
        np.bincount(cause, minlength=4).astype(float), end,
    )  # fmt: skip


@pytest.mark.parametrize("half_life", [0.4, 3.5, 28.0])
@pytest.mark.parametrize("days", [0, 1, 2, 17])
@pytest.mark.parametrize("opening", [True, False])
def test_sums_over_quiet_days_are_those_of_adding_day_by_day(half_life: float, days: int, opening: bool) -> None:
    one = np.array([0])
    exposure = Exposure(
        1, 1, one, one, one, np.array([True]), one, np.array([days]), np.array([opening]), np.array([3.0]), 7.0
    )
    first = 0 if opening else 1
    by_day = sum(3.0 * 2.0 ** (-day / half_life) for day in range(first, days))
    today = 0.0 if opening or days < 1 else 3.0
    np.testing.assert_allclose(exposure.waiting(half_life, True), [7.0, by_day, today], atol=1e-9)
    np.testing.assert_allclose(exposure.waiting(half_life, False), [7.0, by_day], atol=1e-9)


def test_effects_and_their_fading_are_found_again() -> None:
    exposure, truth, _ = walked(9000, 4)
    found = fit_hazard(exposure, False, np.random.default_rng(0))
    assert found.converged
    assert found.half_life == HALF_LIFE
    drawn = np.stack([row for _, row in found.draws(200, np.random.default_rng(1))])
    low, high = np.quantile(drawn, [0.01, 0.99], axis=0)
    assert low[0] < BASE < high[0]
    assert low[1] < BETA[0] < high[1]
    assert low[2] < BETA[1] < high[2]
    assert high[3] < 0.02
    best = causes(exposure, HALF_LIFE, drawn.mean(axis=0), LOOK_BACK)
    credited = np.append(np.asarray(best.share.sum(axis=0)).ravel(), best.base.sum())
    np.testing.assert_allclose(best.share.sum(axis=1) + best.base, 1.0)
    assert credited.sum() == pytest.approx(exposure.rows)
    np.testing.assert_allclose(credited, truth, atol=4 * np.sqrt(exposure.rows) / 2)
    assert (best.lost.data <= best.share.data + 1e-12).all()


def test_contacts_on_the_way_lie_between_the_two_fits() -> None:
    exposure, truth, _ = walked(5000, 8, harvest=0.4)
    credited = []
    for closing in (False, True):
        found = fit_hazard(exposure, closing, np.random.default_rng(0))
        mode = np.exp(max(found.fadings, key=lambda one: one.weight).mode)
        share = causes(exposure, found.half_life, mode, LOOK_BACK).share
        credited.append(np.asarray(share.sum(axis=0)).ravel())
    # Channel 1 closes the ways of others: the plain fit is not taken in by it, the other one is.
    assert credited[0][1] == pytest.approx(truth[1], abs=0.15 * truth[:3].sum())
    assert credited[1][1] > 1.5 * truth[1]
    assert credited[1][0] < truth[0]


def test_a_channel_of_few_contacts_is_pulled_towards_the_others() -> None:
    exposure, _, _ = walked(3000, 6)
    more = Exposure(
        exposure.rows, 4, exposure.row, exposure.channel, exposure.lag, exposure.opening,
        np.append(exposure.waited_channel, 3), np.append(exposure.waited_days, 10),
        np.append(exposure.waited_opening, True),
        np.append(exposure.waited, 2.0), exposure.quiet_days,
    )  # fmt: skip
    mode = np.exp(fit_hazard(more, False, np.random.default_rng(0)).fadings[0].mode)
    assert mode[3] < mode[4] < mode[1]
