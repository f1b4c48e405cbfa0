"""What the program itself remembers between runs: scores it published, alerts, decisions and frozen thresholds."""
