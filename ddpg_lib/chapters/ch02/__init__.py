"""What chapter 2 alone needs."""
