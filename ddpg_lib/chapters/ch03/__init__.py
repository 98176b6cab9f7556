"""What chapter 3 alone needs."""
