"""What chapter 9 alone needs."""
