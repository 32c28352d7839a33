"""What all lenses together tell, in sentences."""

import itertools

import pandas as pd
import pytest

from mbh_utils.experiments.lens_table import MEASURES_OF_LENSES
from mbh_utils.workbook.lens_sentences import overview_markdown


def pairs(**rho_of) -> pd.DataFrame:
    """Correlations of all measures; those with s (square) as given, the others unclear."""
    rows = []
    for x, y in itertools.combinations(MEASURES_OF_LENSES, 2):
        other = {x, y} - {"s_square"}
        rho = rho_of.get(*other, 0.0) if len(other) == 1 else 0.0
        rows.append((x, y, rho, rho - 0.1, rho + 0.1))
    return pd.DataFrame(rows, columns=["x", "y", "rho", "low", "high"])


@pytest.fixture
def table() -> pd.DataFrame:
    columns = {name: range(6) for name in MEASURES_OF_LENSES}
    made = pd.DataFrame(columns).assign(density=[1.0, 1.0, 0.1, 0.1, 0.1, 0.1])
    z = [-9.0, -1.0, 2.0, 3.0, 4.0, 5.0]
    p = [0.02, 0.4, 1.0, 1.0, 1.0, 0.02]
    return made.assign(ncut_z=z, ncut_z_mask=z, ncut_p=p, ncut_p_mask=p)


def test_what_goes_along_with_specialization_stands_with_the_strongest_first(table):
    fixed = pairs(others=-0.8, importance=0.4, oui=0.05)
    told = overview_markdown(table, pairs(), fixed).splitlines()
    assert told[0] == (
        "- With N held fixed, 2 of 14 measures go along with s (square): "
        "others inside (-0.80), importance of clusters (+0.40)."
    )
    assert told[1].endswith("0 of 14 measures go along with accuracy: none of them.")


def test_a_sign_that_turns_round_is_told(table):
    told = overview_markdown(table, pairs(importance=0.5), pairs(importance=-0.5))
    assert "turns round for importance of clusters (+0.50 to -0.50)" in told
    assert "No clear correlation" in overview_markdown(table, pairs(importance=0.5), pairs())


def test_clusters_of_dense_and_of_sparse_networks(table):
    told = overview_markdown(table, pairs(), pairs()).splitlines()
    assert told[-3] == (
        "- Dense trained networks, all weights shuffled: n-cut z from -9.0 to -1.0, median -5.0; "
        "50% are more clustered than chance (p < .05)."
    )
    assert told[-1].startswith(
        "- Sparse trained networks, the mask kept: n-cut z from +2.0 to +5.0"
    )
    assert "25% are more clustered" in told[-1]
