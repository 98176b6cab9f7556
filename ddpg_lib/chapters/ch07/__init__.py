"""What chapter 7 alone needs."""
