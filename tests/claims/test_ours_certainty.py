"""Claims of this workbook on how sure s is, on made-up tables where the verdict is known."""

import numpy as np
import pandas as pd
import pytest
from made_up import both_domains, networks, verdict
from scipy.stats import t as student

from mbh_utils.claims.ledger import judge
from mbh_utils.claims.ours_certainty import planes_for, spreads
from mbh_utils.claims.registry import CLAIMS

N_PLANES = 60


def many(own, common=0.0, level=lambda setup: 0.05 * setup):
    """s on many planes: what every network has of its own, and what all share of a plane."""
    rng = np.random.default_rng(0)
    planes = pd.DataFrame({"plane": range(N_PLANES)})
    table = both_domains(networks(models=3).merge(planes, how="cross")).assign(coverage=0.8)
    shared = common * rng.standard_normal(N_PLANES)
    noise = own * rng.standard_normal(len(table))
    base = table["setup"].map(level).to_numpy(float)
    return table.assign(s=base + shared[table["plane"]] + noise)


def test_planes_for_one_network():
    assert verdict("SU-1", many_planes=many(0.05)) == "reproduced"  # 98 planes
    assert verdict("SU-1", many_planes=many(0.01)) == "not reproduced"
    assert verdict("SU-1", many_planes=many(0.3)) == "not reproduced"


def test_planes_for_a_difference():
    assert verdict("SU-2", many_planes=many(0.015, common=0.1)) == "reproduced"
    assert verdict("SU-2", many_planes=many(0.06, common=0.1)) == "not reproduced"


def test_whether_the_same_planes_help():
    assert verdict("SU-3", many_planes=many(0.03, common=0.03)) == "reproduced"
    outcome = judge(CLAIMS["SU-3"], {"many_planes": many(0.03)})
    assert outcome.row["ours"] == pytest.approx(1, abs=0.1), "nothing is shared"


def test_whether_ten_planes_rank_as_all_others():
    assert verdict("SU-4", many_planes=many(0.03)) == "reproduced"
    near = many(0.3, level=lambda setup: 0.001 * setup)
    assert verdict("SU-4", many_planes=near) == "not reproduced"


def kinds(of_dense, of_sparse):
    table = networks(setups=(3, 7, 10, 14), models=1)
    table = both_domains(table.merge(pd.DataFrame({"plane": range(5)}), how="cross"))
    regions = 100 + table["plane"]
    share = np.where(np.isclose(table["density"], 1), of_dense, of_sparse)
    parts = [
        table.assign(kind="activation regions", count=regions),
        table.assign(kind="affine pieces", count=regions * share),
    ]
    return pd.concat(parts, ignore_index=True)


def test_whether_sparse_networks_have_more_regions_per_piece():
    assert verdict("SU-5", region_kinds=kinds(1.0, 0.8)) == "reproduced"
    assert verdict("SU-5", region_kinds=kinds(0.8, 1.0)) == "not reproduced"
    remark = judge(CLAIMS["SU-5"], {"region_kinds": kinds(1.0, 0.8)}).remark
    assert "#7 80.0%" in remark and "#10 100.0%" in remark
    dense = kinds(1.0, 0.8).query("setup in (3, 10)")
    assert verdict("SU-5", region_kinds=dense) == "not judgeable"


def test_planes_are_counted_by_students_interval():
    (n,) = planes_for(np.array([0.05])).astype(int)
    widths = [student.ppf(0.975, k - 1) * 0.05 / np.sqrt(k) for k in (n - 1, n)]
    assert widths[0] > 0.01 >= widths[1]


def test_resampled_spreads_are_those_of_the_drawn_planes():
    values = np.random.default_rng(3).random((4, 30))
    own, drawn = spreads(values, 0)
    assert own == pytest.approx(values.std(axis=1, ddof=1))
    assert drawn.shape == (4000, 4)
    assert np.median(drawn, axis=0) == pytest.approx(own, rel=0.1)
