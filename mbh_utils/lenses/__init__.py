"""Other ways to look at the same networks: the systems of three related papers, one lens each."""
