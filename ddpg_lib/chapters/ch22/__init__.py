"""The room of chapter 22, after DDPG."""
