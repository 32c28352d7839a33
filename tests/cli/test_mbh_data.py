"""``mbh data``."""

from mbh_utils import datasets
from mbh_utils.errors import MBHError


def test_data_says_what_is_missing_where(mbh, tmp_path, monkeypatch):
    monkeypatch.setenv("MBH_DATA", str(tmp_path))
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    (raw / "train-images-idx3-ubyte.gz").write_bytes(b"not what it should be")
    status, out, _ = mbh("data")
    assert status == 0
    assert "digits8: built in" in out and f"mnist: not usable; looked in {tmp_path}" in out
    expected = "expected md5 f68b3c2dcbeaaa9fbdd348bbdeb94873, has "
    assert f"wrong    {raw}/train-images-idx3-ubyte.gz ({expected}" in out
    assert f"missing  {raw}/t10k-labels-idx1-ubyte.gz (expected md5 " in out
    assert "`mbh data get fashion_mnist` downloads it" in out


def test_data_get(mbh, monkeypatch):
    status, out, _ = mbh("data", "get", "digits8")
    assert status == 0 and "1,437 train" in out and "built in" in out

    def refused(name, **_):
        raise MBHError(f"{name}: files are missing. Download failed")

    monkeypatch.setattr(datasets, "load", refused)
    status, _, err = mbh("data", "get", "mnist")
    assert status == 1 and err.startswith("mbh: mnist: files are missing")
