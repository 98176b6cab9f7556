"""Chapter 20, speed."""
