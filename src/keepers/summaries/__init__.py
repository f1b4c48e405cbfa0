"""Events to summaries, as SQL that runs inside the engine."""
