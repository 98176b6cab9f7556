"""What chapter 19 alone needs."""
