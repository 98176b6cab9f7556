"""Environments: made, stacked, and held to what DDPG needs."""
