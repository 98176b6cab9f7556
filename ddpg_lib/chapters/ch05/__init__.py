"""What chapter 5 alone needs."""
