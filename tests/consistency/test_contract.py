"""Every model of buying in the catalogue keeps the contract, and a model that does not is told what it breaks."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

import numpy as np
import pytest

from keepers.models.btyd.bg_nbd import BGNBD
from keepers.models.btyd.hierarchical_pareto_nbd import HierarchicalParetoNBD
from keepers.models.btyd.mbg_nbd import MBGNBD
from keepers.models.btyd.nbd import NBD
from keepers.models.buying import BuyingModel
from keepers.models.catalogue import CATALOGUE, model_class
from keepers.models.stack import Stack
from keepers.testing import BrokenContractError, check_model
from keepers.testing.check import BUYING
from keepers.testing.proof import prove
from keepers.testing.questions import QUESTIONS, answers
from keepers.testing.stores import asked, store
from keepers.testing.subject import Subject

SLOW = ("ParetoGGG", "ParetoNBDAbe", "GGompertzNBD")
"""Models that integrate over grids for every history: the same promises with less of everything, but for the recovery
of parameters, which a test of each in `tests/statistical` proves more strictly."""


class SmallSubject(Subject):
    """A subject on a smaller store and fewer histories, with fewer draws and a fifth of the corners."""

    def __init__(self, model: object) -> None:
        few = asked().take(np.array([0, 3, 4, 5, 6]))
        super().__init__(model, data=store(120), rows=few, drawn=500, futures=1000)

    def probed(self) -> list[object]:
        return super().probed()[::7]


MODELS = [name for name in CATALOGUE if issubclass(model_class(name), BuyingModel)]


@pytest.mark.parametrize("name", MODELS)
def test_a_model_of_the_catalogue_keeps_the_contract(name: str) -> None:
    # A mean over draws of the parameters keeps its promises with few draws as with many, and sooner.
    model = HierarchicalParetoNBD(draws=3) if name == "HierarchicalParetoNBD" else model_class(name)
    promises = BUYING
    if name in SLOW:
        promises = tuple(one for one in BUYING if not one.title.startswith("a fit to drawn customers"))
        assert len(promises) == len(BUYING) - 1
    proof = prove(name, promises, SmallSubject(model)) if name in SLOW else check_model(model)
    assert len(proof.kept) + len(proof.not_applicable) == len(promises)
    assert len(proof.kept) > 20


def test_a_stack_of_models_keeps_what_a_pool_can() -> None:
    proof = check_model(Stack([MBGNBD(), BGNBD()], [0.7, 0.3]))
    assert len(proof.kept) == 22
    assert "what is expected of drawn histories adds up to what is expected of new customers" in proof.not_applicable


@pytest.mark.parametrize("model", [NBD, BGNBD, MBGNBD])
def test_so_it_does_by_maximum_likelihood_alone(model) -> None:
    fits = [promise for promise in BUYING if promise.title.startswith(("every business", "the unit", "a weight"))]
    assert len(prove("without prior", fits, Subject(model(prior=None))).kept) == 3


@pytest.mark.parametrize("name", MODELS)
def test_the_matrix_of_questions_has_no_hole(name: str) -> None:
    found = answers(model_class(name))
    assert list(found) == [question.key for question in QUESTIONS]
    assert [key for key, answer in found.items() if answer is None] == []


class Careless(NBD):
    """A model with planted faults."""

    infinite: ClassVar[Mapping[str, str]] = MappingProxyType(
        {"expected_lifetime": "always", "median_lifetime": "always"}
    )

    def probability_alive(self, data, at=None, unit=None):
        return 1.0 + 0.0 * super().probability_alive(data, at, unit) + (0.0 if at is None else 0.5)

    def purchase_distribution(self, data, horizon, max_purchases, unit=None):
        return super().purchase_distribution(data, horizon, max_purchases, unit) * 0.9

    def sample_future(self, data, horizon, rng, unit=None):
        return 2 * super().sample_future(data, horizon, rng, unit)


def test_a_model_that_breaks_the_contract_is_told_every_broken_promise() -> None:
    with pytest.raises(BrokenContractError) as caught:
        check_model(Careless)
    broken = caught.value.broken
    text = str(caught.value)
    assert text.startswith(f"Careless breaks {len(broken)} of {len(BUYING)} promises of the contract.")
    for words in (
        "`name` is 'NBD'; it must be the name of the class, 'Careless'.",
        "alive at a later time is at most 1",
        "`infinite` does not declare",
        "the distribution's sum over 1 week differs in 8 of 8",
        "P(alive) never rises with time",
        "the mean of drawn futures is what is predicted, within chance",
        "Register it: an entry point of the group",
    ):
        assert words in text, text
    assert "gradient and Hessian of the likelihood are exact" not in broken


def test_a_hole_is_found() -> None:
    class Silent(NBD):
        median_lifetime = None  # type: ignore[assignment]

    assert answers(Silent)["median_lifetime"] is None
    with pytest.raises(BrokenContractError, match="there is no method `median_lifetime`"):
        prove("Silent", [BUYING[5]], Subject(Silent))


def test_an_exception_is_a_broken_promise_and_hides_nothing() -> None:
    class Fragile(NBD):
        def expected_lifetime(self, *_, **__):
            raise ZeroDivisionError("no life")

    with pytest.raises(BrokenContractError) as caught:
        prove("Fragile", BUYING[5:8], Subject(Fragile))
    assert "raises ZeroDivisionError: no life" in str(caught.value)
    assert "the distribution sums to one and has the mean and variance that are told" not in caught.value.broken


def test_a_model_is_not_changed_by_the_proof() -> None:
    model = NBD()
    prove("NBD", BUYING[:2], Subject(model))
    assert not model.fitted
    fitted = NBD().fit(Subject(NBD).data)
    before = dict(fitted.parameters_)
    prove("NBD", BUYING[1:4], Subject(fitted))
    assert fitted.parameters_ == before
    assert np.isfinite(fitted.log_likelihood_)
