"""Chapter 13: what a few agents tell."""
