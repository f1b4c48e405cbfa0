"""What a decision rule is worth before it is used, from decisions that were logged, and the gate that it must pass."""
