"""What chapter 1 alone needs."""
