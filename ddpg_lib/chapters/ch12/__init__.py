"""What chapter 12 alone needs: the museum of bugs, its tests, the atlas and the quiz."""
