"""What chapter 6 alone needs."""
