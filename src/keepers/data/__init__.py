"""Events in: sources, formats, quality, identity, engines."""
