"""Other systems that look at the same networks, each a lens."""
