"""The command ``mbh``: one file for each of its commands.

``figures``, ``run``, ``data``, ``store`` and ``doctor`` are what ``mbh --help`` lists; ``entry``
reads the line and turns what goes wrong into a message and an exit status. Each command imports
what is heavy when it runs, so that help and mistakes in a line do not wait for torch.
"""

from mbh_utils.cli.entry import main

__all__ = ["main"]
