"""What chapter 21 alone needs."""
