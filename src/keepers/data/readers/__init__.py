"""One reader a kind of source, each giving raw tables in the engine."""
