"""The command ``mbh``."""

from mbh_utils.cli.store import main

__all__ = ["main"]
