"""Partitions as files: they come back as they were, or are refused."""

import os
import stat

import numpy as np
import pytest
from random_networks import random_layers, random_plane

from mbh_utils.errors import MBHError
from mbh_utils.regions.partition import Partition, partition_input_space
from mbh_utils.regions.planes import Line, Plane


@pytest.mark.parametrize("domain", ["rectangle", "box", "line"])
def test_a_saved_partition_comes_back(tmp_path, domain):
    layers = random_layers(2, 5, (30, 8))
    points = np.random.default_rng(0).random((3, 5))
    if domain == "line":
        where = Line.through(points[:2])
    else:
        where = Plane.through(points, domain="box") if domain == "box" else Plane.through(points)
    regions = partition_input_space(layers, where)
    regions.save(tmp_path / "regions.npz")
    back = type(regions).load(tmp_path / "regions.npz")
    assert repr(back) == repr(regions) and (back.patterns == regions.patterns).all()
    assert (back.corners == regions.corners).all() and (back.areas == regions.areas).all()
    middle = regions.intervals.mean(axis=1) if domain == "line" else regions.centroids
    assert (back.locate(middle) == regions.locate(middle)).all()
    assert (back.adjacency()[0] == regions.adjacency()[0]).all()
    assert (back.touched == regions.touched).all()
    partition_input_space(layers, where, keep=("areas",)).save(tmp_path / "regions.npz")
    assert type(regions).load(tmp_path / "regions.npz").areas == pytest.approx(regions.areas)
    assert [file.name for file in tmp_path.iterdir()] == ["regions.npz"]


def test_a_saved_partition_that_was_changed_is_refused(tmp_path):
    regions = partition_input_space(random_layers(0, 3, (9, 4)), random_plane(0, 3))
    regions.save(tmp_path / "whole.npz")
    content = (tmp_path / "whole.npz").read_bytes()
    arrays = dict(np.load(tmp_path / "whole.npz"))
    changed = {
        "one area": arrays | {"_areas": np.ones(1)},
        "larger areas": arrays | {"_areas": 7 * arrays["_areas"]},
        "no offsets": {name: array for name, array in arrays.items() if name != "_offsets"},
        "one more": arrays | {"extra": np.zeros(3)},
        "another type": arrays | {"widths": arrays["widths"].astype(float)},
        "no bits": arrays | {"_packed": 0 * arrays["_packed"]},
        "no digest": {name: array for name, array in arrays.items() if name != "digest"},
    }
    for name, ill in changed.items():
        np.savez(tmp_path / "ill.npz", **ill)
        with pytest.raises(MBHError, match="no readable partition"):
            Partition.load(tmp_path / "ill.npz")
            raise AssertionError(name)
    rng = np.random.default_rng(0)
    n = len(content)
    places = np.concatenate([rng.integers(0, n, 300), np.arange(n - 400, n)])
    for place in places:
        ill = bytearray(content)
        ill[place] ^= 1 << rng.integers(8)
        (tmp_path / "ill.npz").write_bytes(ill)
        try:
            loaded = Partition.load(tmp_path / "ill.npz")
        except MBHError:
            continue
        assert (loaded.packed == regions.packed).all() and (loaded.areas == regions.areas).all()


@pytest.mark.skipif(os.name != "posix", reason="rights of files")
@pytest.mark.parametrize("umask", [0o022, 0o027, 0o077, 0o002])
def test_a_saved_file_has_the_rights_that_the_umask_gives(tmp_path, umask):
    regions = partition_input_space(random_layers(2, 2, (3,)), Plane.rectangle())
    before = os.umask(umask)
    try:
        regions.save(tmp_path / "regions.npz")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "regions.npz").stat().st_mode) == 0o666 & ~umask


def test_files_that_are_no_partition_are_refused(tmp_path):
    regions = partition_input_space(random_layers(2, 2, (3,)), Plane.rectangle())
    load = type(regions).load
    path = tmp_path / "regions.npz"
    with pytest.raises(MBHError, match="no readable partition"):
        load(path)
    regions.save(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(MBHError, match="no readable partition"):
        load(path)
    np.savez(path, head=np.array([99, 0, 1, 0, 0]))
    with pytest.raises(MBHError, match="format 99"):
        load(path)
    np.savez(path, something=np.zeros(3))
    with pytest.raises(MBHError, match="no readable partition"):
        load(path)
