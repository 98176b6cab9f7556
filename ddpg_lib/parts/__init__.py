"""What the agent is made of: networks, losses, replay, noise, normalization, optimizer."""
