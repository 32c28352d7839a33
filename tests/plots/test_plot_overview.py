"""The overview of claims: every claim once, and verdicts that can be told without colours."""

import pandas as pd
import pytest
from drawn import labels

from mbh_utils import plots
from mbh_utils.errors import MBHError
from mbh_utils.plots.figures import verdicts
from mbh_utils.plots.overview import VERDICTS

LEDGER = pd.DataFrame(
    {
        "id": [f"A-{i}" for i in range(1, 11)] + ["B-1"],
        "part": ["accuracy"] * 10 + ["regions"],
        "verdict": ["reproduced", "same direction", "not reproduced", "not judgeable"] * 2
        + ["reproduced"] * 3,
    }
)


def test_every_claim_has_a_square_with_its_id_and_its_sign():
    ax = plots.claims_overview(LEDGER)
    words = [text.get_text() for text in ax.texts]
    assert words[1::2] == list(LEDGER["id"])
    assert words[::2] == [VERDICTS[verdict]["sign"] for verdict in LEDGER["verdict"]]
    assert len(ax.patches) == len(LEDGER)
    for square, verdict in zip(ax.patches, LEDGER["verdict"], strict=True):
        assert (square.get_hatch() or "") == VERDICTS[verdict]["hatch"]
    assert len({look["hatch"] for look in VERDICTS.values()}) == len(VERDICTS)


def test_a_long_part_goes_on_in_the_next_row_and_the_legend_counts():
    ax = plots.claims_overview(LEDGER, per_row=8)
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["accuracy", "", "regions"]
    assert labels(ax) == [
        "+ reproduced (5)",
        "~ same direction (2)",
        "− not reproduced (2)",
        "? not judgeable (2)",
    ]
    assert verdicts.overview(LEDGER).axes[0].texts


def test_an_unknown_verdict_is_refused():
    with pytest.raises(MBHError, match="verdict 'perhaps'"):
        plots.claims_overview(LEDGER.assign(verdict="perhaps"))
