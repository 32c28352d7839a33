"""The compiled heart of Algorithm 2, and the exact arithmetic that answers its questions."""
