"""Attribution of value: every method side by side over the same customers, on draws of what they are worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from keepers.acquisition.attribution.credits import Attribution, Method, ends, method_of
from keepers.acquisition.attribution.experiments import ChannelExperiment
from keepers.acquisition.attribution.incremental import Caused, caused_by, incremental
from keepers.acquisition.attribution.journeys import LOOK_BACK, Journeys, expected_worth, journeys_of, place_table
from keepers.domain.cells import FloatArray
from keepers.domain.decision import EvidenceGrade
from keepers.domain.errors import ConfigError
from keepers.numerics.absorbing_chain import MOST_MEMORY, Chain, Visits, choose_order
from keepers.numerics.path_rules import PathArrays, contact_shares
from keepers.summaries.channels import channel_names
from keepers.summaries.feature_sources import tables_of
from keepers.valuation.group_draws import outcomes_by_group
from keepers.valuation.values import Values

DRAWS = 32
_SEED = 20160901
_HALF_LIFE = 7.0


@dataclass(frozen=True, eq=False)
class Worth:
    """What customers are worth: expected, and by draw; one row a draw, one column a customer.

    The last column holds customers whom no contact led to, together.
    """

    expected: FloatArray
    draws: FloatArray


def attribute(
    source: Any,
    values: Values,
    *,
    look_back: int = LOOK_BACK,
    order: int | None = None,
    experiments: Sequence[ChannelExperiment] = (),
    channels: Mapping[str, str] | None = None,
    model_error: float = 0.0,
    draws: int = DRAWS,
    seed: int = _SEED,
) -> Attribution:
    """Which channels brought customers, and what those customers are worth.

    Contacts before a customer's first order are credited with what the customer has brought since then, that order
    included, and is expected to bring within the horizon of `values`. Descriptive methods divide that by a rule (first,
    last, linear, position, time decay, Shapley) or by what an absorbing Markov chain loses without a channel, visitors
    who never bought included. The incremental method asks which contacts moved the moment of the first order, leaves to
    "no contact" what would have come anyway, and is set right by experiments where there are any. Under every method
    credits and "no contact" add up to the total.

    Parameters
    ----------
    source : Dataset or Store
        With touches and orders; assignments, visits and exposures help to tell who is who.
    values : Values
        What customers are worth, from `keepers.lifetime_value`; without money, customers alone are attributed.
    look_back : int
        Days that a contact counts.
    order : int, optional
        Contacts that the Markov chain remembers, 1 to 3; chosen by paths held out if left out.
    experiments : sequence of ChannelExperiment
        What experiments have shown of channels.
    channels : mapping of str to str, optional
        Names of your own for channels, see `keepers.channel_economics`.
    model_error : float
        Standard deviation of the relative error of totals that a backtest has found.
    draws, seed : int
        Draws behind the intervals.

    Returns
    -------
    Attribution
        Methods with the credits of each channel, their 80% intervals and their evidence.

    Raises
    ------
    InputError
        There are no touches, or too few customers after contacts.
    ConfigError
        The order is not 1, 2 or 3, or the data are in a database or cluster.

    Notes
    -----
    Intervals of rules hold what the customers' value leaves open; those of the Markov chain also the paths that
    happened to be seen; those of the incremental method also its coefficients, who was caused by what, and whether
    contacts of the last day bring orders or come on the way to them (see `keepers.numerics.contact_hazard`).

    Examples
    --------
    >>> import keepers as kp
    >>> data = kp.read(["orders.csv", "touches.csv"])  # doctest: +SKIP
    >>> found = kp.attribute(data, values)  # doctest: +SKIP
    >>> found.method("incremental").of("paid search").value  # doctest: +SKIP
    """
    if "touches" in tables_of(source)[1]:
        source = channel_names(source, channels).renamed(source)
    return attribution_of(
        source, values, look_back=look_back, order=order, experiments=experiments, model_error=model_error,
        draws=draws, seed=seed,
    )  # fmt: skip


def attribution_of(
    source: Any,
    values: Values,
    *,
    look_back: int = LOOK_BACK,
    order: int | None = None,
    experiments: Sequence[ChannelExperiment] = (),
    model_error: float = 0.0,
    draws: int = DRAWS,
    seed: int = _SEED,
) -> Attribution:
    """The same as `attribute`, of a source that has one name for each channel already."""
    journeys = journeys_of(source, values, look_back)
    rng = np.random.default_rng(seed)
    worth = _worth(journeys, values, draws, model_error, rng)
    memory = memory_of(order, journeys.distinct, journeys.visits, rng)
    methods = [*_rules(journeys, worth), _markov(journeys, worth, memory, draws, rng)]
    caused = caused_by(journeys, draws, rng)
    last, notes = incremental(journeys, caused, None if worth is None else worth.expected,
                              None if worth is None else worth.draws, experiments, rng)  # fmt: skip
    methods.append(last)
    return _attribution(journeys, methods, caused, worth, values, notes, memory)


def memory_of(order: int | None, paths: PathArrays, visits: Visits, rng: np.random.Generator) -> int:
    """The memory of the chain: the one asked for, or the one under which paths held out are likeliest.

    Raises
    ------
    ConfigError
        The one asked for is not 1, 2 or 3.
    """
    if order is None:
        return choose_order(paths, visits, rng)
    if order not in range(1, MOST_MEMORY + 1):
        raise ConfigError(f"`order` is {order!r}; a chain remembers 1 to {MOST_MEMORY} contacts.")
    return order


def _worth(
    journeys: Journeys, values: Values, draws: int, model_error: float, rng: np.random.Generator
) -> Worth | None:
    if not values.has_money:
        return None
    place = np.minimum(np.arange(journeys.customers.size), journeys.won)
    table = place_table(journeys.engine, journeys.customers, place)
    try:
        past, ahead = expected_worth(values, table, journeys.won + 1)
        drawn = list(outcomes_by_group(values, table, ahead, rng, draws, model_error))
    finally:
        journeys.engine.drop(table)
    return Worth(past + ahead, past + np.concatenate(drawn))


def _rules(journeys: Journeys, worth: Worth | None) -> list[Method]:
    found = []
    one = np.ones(journeys.won)
    for rule in ("last", "first", "linear", "position", "decay", "shapley"):
        share = contact_shares(journeys.ways, rule, journeys.lag.astype(np.float64), _HALF_LIFE)
        customers = np.append(journeys.ways.by_channel(share, one), journeys.unled)
        value = None
        if worth is not None:
            value = ends(
                _by_channel(journeys.ways, share, worth.draws), _by_channel(journeys.ways, share, worth.expected)
            )
        found.append(method_of(rule, journeys.channels, (customers,) * 3, value, EvidenceGrade.PREDICTIVE))
    return found


def _by_channel(ways: PathArrays, share: FloatArray, worth: FloatArray) -> FloatArray:
    """Credits of channels, and behind them of those whom no contact led to, from worths by customer."""
    return np.concatenate([ways.by_channel(share, worth[..., :-1]), worth[..., -1:]], axis=-1)


def _markov(journeys: Journeys, worth: Worth | None, order: int, draws: int, rng: np.random.Generator) -> Method:
    chain = Chain(journeys.distinct, journeys.visits, order)
    won = chain_credits(chain, journeys.visits.conversions, None, draws, rng)
    unled = np.array([float(journeys.unled)])
    customers, value = _with_rest(won, (unled, unled, unled)), None
    if worth is not None:
        walked = sparse.csr_array(
            (np.ones(journeys.won), (np.arange(journeys.won), journeys.way)),
            shape=(journeys.won, journeys.distinct.paths),
        )
        by_way = np.asarray(worth.expected[:-1] @ walked)
        drawn = np.asarray(worth.draws[:, :-1] @ walked)
        rest = ends(worth.draws[:, -1:], worth.expected[-1:])
        value = _with_rest(chain_credits(chain, by_way, drawn, len(drawn), rng), rest)
    return method_of("markov", journeys.channels, customers, value, EvidenceGrade.PREDICTIVE)


Ends = tuple[FloatArray, FloatArray, FloatArray]


def _with_rest(channels: Ends, rest: Ends) -> Ends:
    """Credits of channels with that of no contact behind them."""
    return tuple(np.concatenate(pair) for pair in zip(channels, rest, strict=True))  # type: ignore[return-value]


def chain_credits(
    chain: Chain, worth: FloatArray, drawn: FloatArray | None, draws: int, rng: np.random.Generator
) -> Ends:
    """Removal effects scaled to what all paths are worth, with intervals from drawn worths and from the paths seen."""
    removal = chain.removal(worth, drawn)
    noise = rng.multivariate_normal(np.zeros(removal.effect.size), removal.covariance, draws, method="svd")
    effects = np.clip((removal.effect if drawn is None else removal.by_draw) + noise, 0.0, 1.0)
    totals = np.full(draws, worth.sum()) if drawn is None else drawn.sum(axis=1)
    return ends(_scaled(effects, totals[:, None]), _scaled(removal.effect[None, :], np.array([[worth.sum()]]))[0])


def _scaled(effects: FloatArray, totals: FloatArray) -> FloatArray:
    whole = effects.sum(axis=1, keepdims=True)
    return np.asarray(np.divide(effects, whole, out=np.zeros_like(effects), where=whole > 0) * totals)


def _attribution(
    journeys: Journeys, methods: Sequence[Method], caused: Caused, worth: Worth | None, values: Values,
    notes: Sequence[str], order: int,
) -> Attribution:  # fmt: skip
    shown = sorted(methods[-1].credits[:-1], key=lambda one: -one.share)
    return Attribution(
        tuple(methods), (*(one.channel for one in shown), methods[-1].credits[-1].channel),
        int(journeys.customers.size), journeys.unled, journeys.lost, journeys.unresolved, journeys.later,
        journeys.unseen, journeys.since, journeys.until, journeys.end, journeys.look_back, order, caused.half_life,
        None if worth is None else values.currency, values.basis,
        None if worth is None else float(worth.expected.sum()), (*journeys.notes, *notes),
    )  # fmt: skip
