"""What all lenses together tell, in sentences."""

import itertools

import pandas as pd
import pytest

from mbh_utils.experiments.lens_table import MEASURES_OF_LENSES, lens_measures
from mbh_utils.workbook.lens_sentences import LENSES, in_short, overview_markdown


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


def test_each_lens_tells_what_networks_of_higher_s_have(table):
    fixed = pairs(others=-0.8, ncut_z=-0.5, importance=0.4, oui=0.05)
    told = overview_markdown(table, pairs(), fixed).splitlines()
    assert told[0] == (
        "**At fixed N, 2 of 10 measures of other lenses go along with s, "
        "n-cut z (all shuffled) most (-0.50).** Networks of higher s (square) have, at fixed N:"
    )
    assert told[2] == (
        "- **The thesis's own measures**: fewer images of other classes inside (-0.80); "
        "no clear sign for s (box) (+0.00), activation regions (+0.00)."
    )
    assert told[3] == (
        "- **Clusters**: more clustered weights (all shuffled) (-0.50), clusters that matter more "
        "(+0.40); no clear sign for n-cut z (mask kept) (+0.00), class range of clusters (+0.00)."
    )
    assert told[4] == "- **Wiring**: no clear sign for NNSTD / null (+0.00)."
    assert "With accuracy, also at fixed N, go 0 of 14 measures: none of them." in told[7]


def test_no_lens_may_agree():
    names = lens_measures(pd.DataFrame({name: range(6) for name in MEASURES_OF_LENSES}))
    assert in_short(pairs(), names) == (
        "At fixed N, 0 of 10 measures of other lenses go along with s"
    )


def test_a_sign_has_to_be_the_same_on_each_data_set(table):
    fixed = pairs(importance=0.4, information=0.8)
    alone = {"MNIST": pairs(importance=-0.4, information=0.7), "Fashion-MNIST": fixed}
    told = overview_markdown(table, pairs(), fixed, alone)
    assert (
        "Clear on MNIST and on Fashion-MNIST alone, too: I(A; Y) (groups of 8) (+0.70 and +0.80)."
    ) in told
    none = overview_markdown(table, pairs(), pairs(), alone)
    assert "alone, too: none of them." in none
    assert "alone" not in overview_markdown(table, pairs(), fixed)


def test_every_measure_belongs_to_one_lens():
    shared = [name for measures in LENSES.values() for name in measures]
    assert sorted([*shared, "s_square"]) == sorted(MEASURES_OF_LENSES)


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
