"""Trained policies and agents in files that need no environment and no run."""
