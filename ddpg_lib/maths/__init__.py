"""Statistics and derivatives, for everyone."""
