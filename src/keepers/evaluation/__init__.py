"""Can the numbers be trusted: backtests, metrics, calibration, choice of a model."""
