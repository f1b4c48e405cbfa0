"""Transaction models for shops without a contract (buy till you die)."""
