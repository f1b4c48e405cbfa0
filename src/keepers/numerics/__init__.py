"""Arrays only: special functions, likelihoods, optimisation, curvature and draws; no tables, no engines."""
