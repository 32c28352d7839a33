"""The input space cut into activation regions, exactly (thesis, chapters 3 and 5): planes, patterns, Algorithm 2."""
