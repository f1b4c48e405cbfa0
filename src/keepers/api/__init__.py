"""The JSON API: what programs ask of the running system, typed, versioned, each answer with what it means."""
