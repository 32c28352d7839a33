"""What a measure raises where the tables are not enough to judge a claim."""


class Unjudgeable(Exception):
    """A claim cannot be judged by these tables; the message says what is missing."""
