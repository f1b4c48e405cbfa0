"""The contract that every model meets, and the proof that one does."""

from __future__ import annotations

from keepers.testing.check import check_contract_model, check_model
from keepers.testing.proof import BrokenContractError, Proof

__all__ = ["BrokenContractError", "Proof", "check_contract_model", "check_model"]
