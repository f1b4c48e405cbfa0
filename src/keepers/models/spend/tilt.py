"""The value of a customer whose spend goes with the rate, or with leaving too, as SQL: Gamma-Gamma's scale times a
function of own spend.

Given purchases and mean spend m, the expected money by expected purchases is known exactly by quadrature. Divided by
(gamma + x m) it is a smooth function of the share u = x m / (gamma + x m) alone, which by the model is Beta(p x, q)
distributed. Its logarithm is taken by a polynomial through quantiles of u, for each cell, and held beyond the
outermost: a parabola where spend goes with the rate alone; one of the fourth degree where it goes with leaving too, as
the chance of still being there bends it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from scipy.special import betaincinv, polygamma

from keepers.domain.cells import Cells, FloatArray
from keepers.domain.time import Horizon
from keepers.models.spend.buying_rates import BuyingRates
from keepers.numerics.likelihoods.correlated_gamma_gamma import expected_money, expected_spend
from keepers.numerics.likelihoods.correlated_traits import TraitNodes, nodes_at

_LEVELS = (0.02, 0.4, 0.98)
_JOINT_LEVELS = (0.005, 0.12, 0.5, 0.88, 0.995)
_EXACT = 20_000
_BIN = 0.03
_AT_A_TIME = 150_000


def tilt_columns(
    theta: FloatArray, cells: Cells, rates: BuyingRates, pull: FloatArray, include_first: bool
) -> tuple[dict[str, FloatArray], FloatArray]:
    """Columns of cells that `tilted_scale` reads, and the variance of the logarithm of value that the rate adds.

    Parameters
    ----------
    theta : (p, q, gamma, kappa, eta)
        With eta 1: leaving does not matter.
    cells : Cells
        Histories.
    rates : BuyingRates
        Of the customers.
    pull : array, shape (n,)
        Power of the rate that expected purchases follow.
    include_first : bool
        Whether first orders count.
    """
    trait = rates.rate_alive(cells)
    # What is known of the rate of customers who are still there depends on x and T alone.
    keys = np.column_stack([cells.x, trait.log_exposure, pull])
    rows, place = np.unique(keys.round(9), axis=0, return_index=True, return_inverse=True)[1:]
    shape, exposure, power = trait.shape[rows], trait.log_exposure[rows], pull[rows]

    def exact(x: FloatArray, m: FloatArray) -> FloatArray:
        return expected_spend(theta, x, m, shape, exposure, power)

    x = cells.x[rows] + (1.0 if include_first else 0.0)
    columns = _polynomial(theta, x, exact, _LEVELS)
    pulls = np.column_stack([power, np.zeros(power.size)])
    variance = _added_variance(theta, x, np.column_stack([polygamma(1, shape), np.zeros(shape.size)]), pulls)
    place = place.ravel()
    return {name: column[place] for name, column in columns.items()}, variance[place]


def joint_tilt_columns(
    theta: FloatArray, cells: Cells, rates: BuyingRates, alive: FloatArray, horizon: Horizon, include_first: bool
) -> tuple[dict[str, FloatArray], FloatArray]:
    """The same where leaving matters too: expected purchases are those of each rate and risk within the horizon.

    Parameters
    ----------
    theta : (p, q, gamma, kappa, eta)
    cells : Cells
        Histories.
    rates : BuyingRates
        Of the customers.
    alive : array, shape (n,)
        Probability that they are still there, given the purchases.
    horizon : Horizon
        How far ahead values look.
    include_first : bool
        Whether first orders count.
    """
    days = cells.unit.days
    # Neighbouring histories share their polynomial where there are many.
    width = _BIN if cells.size > _EXACT else 1e-9
    times = [np.rint(np.log1p(column * days) / width) for column in (cells.t_x, cells.T)]
    kind = np.zeros(cells.size) if cells.pattern is None else cells.pattern
    keys = np.column_stack([cells.x, *times, np.rint(alive / width), kind])
    rows, place = np.unique(keys, axis=0, return_index=True, return_inverse=True)[1:]
    some, known = cells.take(rows), alive[rows]
    counts = nodes_at(float(np.log(theta[3])), float(np.log(theta[4])))
    step = max(_AT_A_TIME // (counts[0] * counts[1] * 3), 1)
    parts = [slice(start, start + step) for start in range(0, rows.size, step)]
    found, variances = [], []
    for one in parts:
        part = some.take(np.arange(rows.size)[one])
        nodes = TraitNodes.of(rates.parts(part, known[one]), counts)
        ahead = rates.purchases(part, nodes, horizon)

        def exact(x: FloatArray, m: FloatArray, nodes: TraitNodes = nodes, ahead: FloatArray = ahead) -> FloatArray:
            return expected_money(theta, x, m, nodes, ahead)

        x = part.x + (1.0 if include_first else 0.0)
        found.append(_polynomial(theta, x, exact, _JOINT_LEVELS))
        variances.append(_added_variance(theta, x, *_traits_ahead(nodes, ahead)))
    place = place.ravel()
    columns = {name: np.concatenate([one[name] for one in found])[place] for name in found[0]}
    return columns, np.concatenate(variances)[place]


def traits_in_money(theta: FloatArray, nodes: TraitNodes, ahead: FloatArray) -> FloatArray:
    """Mean logarithms of rate and risk over the money that is expected ahead, shape (n, 2).

    By so much the logarithm of spend that own orders do not tell rises with each elasticity.
    """
    leaving = np.zeros((1, 1)) if nodes.log_leaving is None else nodes.log_leaving
    power = np.log(theta[3]) * nodes.log_rate + np.log(theta[4]) * leaving
    log_money = nodes.log_weight + power + np.log(np.maximum(ahead, 1e-300))
    money = np.exp(log_money - log_money.max(axis=1, keepdims=True))
    whole = money.sum(axis=1)
    return np.column_stack([np.sum(money * trait, axis=1) / whole for trait in (nodes.log_rate, leaving)])


def _polynomial(
    theta: FloatArray,
    x: FloatArray,
    exact: Callable[[FloatArray, FloatArray], FloatArray],
    levels: tuple[float, ...],
) -> dict[str, FloatArray]:
    """Columns of the polynomial of each row, from expected money by expected purchases given orders and their mean.

    In Newton's form: `spend_node_k` are the places, `tilt_k` the divided differences.
    """
    p, q = float(theta[0]), float(theta[1])
    nobody = np.zeros(x.shape)
    gamma = exact(nobody, nobody) * (q - 1.0) / p
    nodes = np.array([betaincinv(p * np.maximum(x, 1.0), q, level) for level in levels])
    some, differences = x > 0, np.zeros((len(levels), x.size))
    for at, u in enumerate(nodes):
        mean = gamma * u / (1.0 - u) / np.maximum(x, 1.0)
        plain = p * gamma / (1.0 - u) / (p * x + q - 1.0)
        differences[at] = np.where(some, np.log(exact(x, mean) / plain), 0.0)
    for degree in range(1, len(levels)):
        differences[degree:] = (differences[degree:] - differences[degree - 1 : -1]) / (
            nodes[degree:] - nodes[: len(levels) - degree]
        )
    columns = {"spend_gamma": gamma}
    columns |= {f"spend_node_{place}": node for place, node in enumerate(nodes)}
    return columns | {f"tilt_{place}": one for place, one in enumerate(differences)}


def _traits_ahead(nodes: TraitNodes, ahead: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Of who is still there: variances of the logarithms of both traits, and powers that purchases ahead follow."""
    weight = np.exp(nodes.log_weight) * nodes.alive
    weight = weight / np.maximum(weight.sum(axis=1, keepdims=True), 1e-300)
    purchases = np.log(np.maximum(ahead, 1e-300))
    variances, pulls = [], []
    expected = np.sum(weight * np.where(nodes.alive, purchases, 0.0), axis=1, keepdims=True)
    for trait in (nodes.log_rate, nodes.log_leaving):
        assert trait is not None
        away = trait - np.sum(weight * trait, axis=1, keepdims=True)
        variance = np.sum(weight * away**2, axis=1)
        variances.append(variance)
        crossed = np.sum(weight * away * np.where(nodes.alive, purchases - expected, 0.0), axis=1)
        pulls.append(crossed / np.maximum(variance, 1e-12))
    return np.column_stack(variances), np.column_stack(pulls)


def _added_variance(theta: FloatArray, x: FloatArray, variances: FloatArray, pulls: FloatArray) -> FloatArray:
    """What spend adds to the variance of the logarithm of value by going with traits that are not known, shape (n,).

    Own orders pin down k log rate + h log risk; purchases ahead vary with the traits anyway.
    """
    p, q = float(theta[0]), float(theta[1])
    power = np.log(theta[3:5])
    form = p * x + q
    known, own = p * x / form, (q / form)[:, None]
    informed = form * known * (1.0 - known)
    along = variances * power
    left = informed / (1.0 + informed * (along @ power))

    def variance(by: FloatArray) -> FloatArray:
        return np.asarray(np.sum(by**2 * variances, axis=1) - left * np.sum(by * along, axis=1) ** 2)

    return variance(pulls + own * power) - variance(pulls)


def tilted_scale(
    orders: str, mean: str, columns: Mapping[str, FloatArray], population_mean: float, factor: str = ""
) -> str:
    """The scale of a customer as SQL over the rows `summary` and `cell`.

    Parameters
    ----------
    orders, mean : str
        Columns of the summary.
    columns : dict of arrays
        Those of the cells.
    population_mean : float
        For customers whose orders have no known amount.
    factor : str
        What that is multiplied with, by cell.
    """
    number = "(summary.frequency + 1)" if "+" in orders else f"summary.{orders}"
    money = f"{number} * greatest(coalesce(summary.{mean}, {population_mean!r}{factor}), 0)"
    whole = f"(cell.spend_gamma + {money})"
    last = sum(name.startswith("tilt_") for name in columns) - 1
    share = f"least(greatest({money} / {whole}, cell.spend_node_0), cell.spend_node_{last})"
    tilt = f"cell.tilt_{last}"
    for place in range(last - 1, -1, -1):
        tilt = f"cell.tilt_{place} + ({share} - cell.spend_node_{place}) * ({tilt})"
    return f"{whole} * exp({tilt})"


def tilted(columns: Mapping[str, FloatArray], money: FloatArray) -> FloatArray:
    """The same scale of customers whose columns and money of all orders are at hand, shape (n,)."""
    last = sum(name.startswith("tilt_") for name in columns) - 1
    whole = columns["spend_gamma"] + money
    share = np.clip(money / whole, columns["spend_node_0"], columns[f"spend_node_{last}"])
    tilt = columns[f"tilt_{last}"]
    for place in range(last - 1, -1, -1):
        tilt = columns[f"tilt_{place}"] + (share - columns[f"spend_node_{place}"]) * tilt
    return np.asarray(whole * np.exp(tilt))
