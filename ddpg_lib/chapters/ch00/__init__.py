"""What chapter 0 alone needs."""
