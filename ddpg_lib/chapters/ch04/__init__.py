"""What chapter 4 alone needs."""
