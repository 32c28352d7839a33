"""``mbh claims``."""

import pytest

from mbh_utils.claims import ledger


@pytest.fixture
def no_tables(monkeypatch, tmp_path):
    """Profiles without tables; figures go to a temporary folder."""
    monkeypatch.setattr(ledger, "ProfileTables", lambda profile: {})
    monkeypatch.setenv("MBH_FIGURES", str(tmp_path))
    return tmp_path


def test_all_claims_are_told_and_written(mbh, no_tables):
    status, out, _ = mbh("claims", "--profile", "draft")
    assert status == 0
    assert "S-3     not judgeable" in out
    assert "table grid is not there." in out
    assert "Hätönen 2020: 2 of 2 claims reproduced" in out, "those that need no table"
    for name in ("claims.md", "claims.csv"):
        assert f"written: {no_tables / 'draft' / name}" in out
        assert "S-3" in (no_tables / "draft" / name).read_text()


def test_some_claims_are_told_only(mbh, no_tables):
    status, out, _ = mbh("claims", "s-3", "ACC-1")
    assert status == 0
    assert "ACC-2" not in out
    assert not list(no_tables.iterdir()), "the ledger on disk is always whole"


def test_an_unknown_claim(mbh, no_tables):
    status, _, err = mbh("claims", "ACC-33")
    assert status == 1
    assert "claim 'ACC-33' is unknown: did you mean ACC-3?" in err
