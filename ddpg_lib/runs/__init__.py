"""A run on disk: begun, saved, resumed, loaded."""
