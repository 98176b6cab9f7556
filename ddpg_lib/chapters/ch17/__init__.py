"""What chapter 17 alone needs: looking at what an agent sees, and a car."""
