"""Whether a model keeps everything that models of its kind promise."""

from __future__ import annotations

from typing import Any

from keepers.testing import (
    answers,
    chance,
    contract_covariates,
    contract_fits,
    contract_promises,
    fits,
    keeping,
    likelihoods,
)
from keepers.testing.contract_subject import ContractSubject
from keepers.testing.proof import Promise, Proof, prove
from keepers.testing.subject import Subject

BUYING: tuple[Promise[Subject], ...] = (
    *fits.PROMISES,
    *answers.PROMISES,
    *likelihoods.PROMISES,
    *chance.PROMISES,
    *keeping.PROMISES,
)
"""What every model of buying promises."""


CONTRACTS: tuple[Promise[ContractSubject], ...] = (
    *contract_fits.PROMISES,
    *contract_promises.PROMISES,
    *contract_covariates.PROMISES,
)
"""What every model of contracts promises."""


def check_model(model: Any, *, tolerance: float = 1e-6, seed: int = 20_050_514) -> Proof:
    """Prove that a model of buying keeps the contract of the house.

    Use it in the tests of a model of one's own: a model that passes works in backtests, in valuation and in
    ``keepers run --model NAME``, once its package names it in the entry points of the group ``keepers.models``.

    Parameters
    ----------
    model : class or instance
        A class that can be made without arguments, or an instance with its settings; it is copied and never changed.
    tolerance : float
        Relative accuracy that the answers are promised to have; identities between them are allowed ten times it.
    seed : int
        Seed of all that is drawn.

    Returns
    -------
    Proof
        Which promises were kept, and which mean nothing for such a model.

    Raises
    ------
    BrokenContractError
        Listing every broken promise in words, with the first number that breaks it.

    Examples
    --------
    >>> from keepers.models.btyd.nbd import NBD
    >>> proof = check_model(NBD)
    >>> proof.kept[0]
    'it has a name and a title, and a fit ends in words'
    """
    subject = Subject(model, tolerance=tolerance, seed=seed)
    return prove(subject.name, BUYING, subject)


def check_contract_model(model: Any, *, tolerance: float = 1e-6, seed: int = 20_050_514) -> Proof:
    """Prove that a model of contracts keeps the contract of the house.

    Use it in the tests of a model of one's own: a model that passes works in backtests of subscriptions, in
    `keepers.subscription_value` and in ``keepers run --model NAME``.

    Parameters
    ----------
    model : class or instance
        A class that can be made without arguments, or an instance with its settings; it is copied and never changed.
    tolerance : float
        Relative accuracy that the answers are promised to have; identities between them are allowed ten times it.
    seed : int
        Seed of all that is drawn.

    Returns
    -------
    Proof
        Which promises were kept, and which mean nothing for such a model.

    Raises
    ------
    BrokenContractError
        Listing every broken promise in words, with the first number that breaks it.

    Examples
    --------
    >>> from keepers.models.contractual.shifted_beta_geometric import ShiftedBetaGeometric
    >>> proof = check_contract_model(ShiftedBetaGeometric)
    >>> len(proof.kept), proof.not_applicable
    (22, ('the unit of time does not matter',))
    """
    subject = ContractSubject(model, tolerance=tolerance, seed=seed)
    return prove(subject.name, CONTRACTS, subject)
