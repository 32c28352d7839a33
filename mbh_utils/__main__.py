"""``python -m mbh_utils`` is the command ``mbh``."""

from mbh_utils.cli import main

main()
