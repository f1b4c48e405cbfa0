"""Every model of contracts in the catalogue keeps the contract, and one that does not is told what it breaks."""

from __future__ import annotations

import numpy as np
import pytest

from keepers.models.catalogue import CATALOGUE, model_class
from keepers.models.contractual.contract import ContractModel
from keepers.models.contractual.exponential_gamma import ExponentialGamma
from keepers.models.contractual.shifted_beta_geometric import ShiftedBetaGeometric
from keepers.testing import BrokenContractError, check_contract_model
from keepers.testing.check import CONTRACTS
from keepers.testing.contract_subject import ContractSubject
from keepers.testing.proof import prove

MODELS = [name for name in CATALOGUE if issubclass(model_class(name), ContractModel)]


@pytest.mark.parametrize("name", MODELS)
def test_a_model_of_the_catalogue_keeps_the_contract(name: str) -> None:
    proof = check_contract_model(model_class(name))
    assert len(proof.kept) + len(proof.not_applicable) == len(CONTRACTS)
    assert len(proof.kept) >= 20


@pytest.mark.parametrize("model", [ShiftedBetaGeometric, ExponentialGamma])
def test_so_it_does_by_maximum_likelihood_alone(model: type[ContractModel]) -> None:
    fits = [promise for promise in CONTRACTS if promise.title.startswith(("every book", "a weight", "likelihoods"))]
    assert len(prove("without prior", fits, ContractSubject(model(prior=None))).kept) == 3


class Careless(ShiftedBetaGeometric):
    """A model with planted faults."""

    def churn_probability(self, data, horizon):
        return 0.9 * super().churn_probability(data, horizon)

    def expected_residual_tenure(self, data, cap=None):
        return super().expected_residual_tenure(data, cap) + 0.5

    def sample_future(self, data, rng):
        return 2.0 * super().sample_future(data, rng)

    def survival_new_customer(self, ages, plan=None):
        return np.sqrt(super().survival_new_customer(ages, plan))


def test_a_model_that_breaks_the_contract_is_told_every_broken_promise() -> None:
    with pytest.raises(BrokenContractError) as caught:
        check_contract_model(Careless)
    text = str(caught.value)
    for words in (
        "`name` is 'ShiftedBetaGeometric'; it must be the name of the class, 'Careless'.",
        "churn in 1 months differs",
        "a tenure within 1 months is at most that",
        "the share that outlasts 12 months is what is predicted, within chance",
        "survival to 12 months differs",
        "the tenure left of contracts that ended differs",
        "Register it: an entry point of the group",
    ):
        assert words in text, text
    assert "gradient and Hessian of the likelihood are exact" not in caught.value.broken
    assert "discounting lessens, tends to the endless sum, and follows survival" not in caught.value.broken


def test_a_hole_is_found() -> None:
    class Silent(ShiftedBetaGeometric):
        renewal_probability = None  # type: ignore[assignment]

    with pytest.raises(BrokenContractError, match="there is no method `renewal_probability`"):
        prove("Silent", [p for p in CONTRACTS if p.title.startswith("every question")], ContractSubject(Silent))
