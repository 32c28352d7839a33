"""The claims ledger: what the thesis claims, what came out here, and a verdict by rule.

Beside the thesis's claims stand those of the papers that the lenses come from, and our own: what
trials of what s measures gave, judged on all networks. A claim is an object: its source, a
sentence of it, a function that measures it on the experiments' tables, and a rule that gives the
verdict.

Which file to open:

- ``ledger.py``: judging, the table of all verdicts, what a chapter shows, the files.
- ``rules.py``: how a verdict follows from a value and its interval.
- ``claim.py``: what a claim is. A new claim is one decorated function in the file of its part.
- ``panels.py``: a measured column as an array set-up x model x plane, and its bootstrap.
- ``evidence.py``: what a measure hands to a rule.
- ``registry.py``: the parts in their order.
- ``accuracy.py``, ``specialization.py``, ...: the claims, one file per part.
"""

from mbh_utils.claims.choice_ways import CHOICE_TABLES, choice_slopes
from mbh_utils.claims.claim import (
    EVOLUTION,
    INDICATOR,
    LOCAL,
    OURS,
    PAPERS,
    SETTLING,
    SOURCES,
    THESIS,
    TOPOLOGY,
)
from mbh_utils.claims.ledger import evaluate, summary, verdict_table, write
from mbh_utils.claims.registry import CLAIMS

__all__ = [
    "CHOICE_TABLES",
    "CLAIMS",
    "EVOLUTION",
    "INDICATOR",
    "LOCAL",
    "OURS",
    "PAPERS",
    "SETTLING",
    "SOURCES",
    "THESIS",
    "TOPOLOGY",
    "choice_slopes",
    "evaluate",
    "summary",
    "verdict_table",
    "write",
]
