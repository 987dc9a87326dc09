"""The search page: a client of the engine like any other."""
