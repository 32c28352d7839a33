"""Maximal patterns, minimal blankets and their hypervolume: specialization (thesis, chapters 4 and 5)."""
