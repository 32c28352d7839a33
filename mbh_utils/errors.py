"""The one exception for mistakes that a user can fix."""


class MBHError(ValueError):
    """A mistake in what the caller gave, or something missing on this machine.

    The message says what happened, what was expected and what to do next; the command line prints
    it without a traceback.
    """
