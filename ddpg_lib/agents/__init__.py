"""Agents beside DDPG, each a small change to it."""
