"""From what a run shows to what may be wrong with it."""
