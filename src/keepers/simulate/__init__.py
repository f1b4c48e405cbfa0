"""A store whose truth is known."""
