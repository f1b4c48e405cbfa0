"""Steps from one schema of the state to the next, which Alembic carries out when a state is opened."""
