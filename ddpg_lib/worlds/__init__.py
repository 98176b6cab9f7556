"""Worlds whose exact solution is known, which several chapters share."""
