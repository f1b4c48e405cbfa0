"""What to do about customers: whom to treat, with what, and whom to leave alone."""
