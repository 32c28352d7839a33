"""Region maps: pixels of a partition in few bytes, read back by the page's own script."""

import numpy as np
import pytest
from browser import run_node

import mbh_utils as mbh
from mbh_utils.errors import MBHError
from mbh_utils.explorers import region_maps
from mbh_utils.explorers.rank_maps import pixel_regions
from mbh_utils.explorers.region_maps import encoded, pattern_hashes, places, region_map, repeats

DECODE = """
import { decodeMap } from "./runs.js";
import { numbersOf, borders, roomiest, inked, fromHsl } from "./maps.js";
"""


@pytest.fixture(scope="module")
def partition():
    rng = np.random.default_rng(1)
    network = mbh.Network(5, (14, 9), 3, seed=2)
    plane = mbh.Plane.through(rng.random((3, 5)))
    return mbh.partition_input_space(network, plane, decision_boundary=True)


@pytest.fixture(scope="module")
def box():
    """A partition of a domain that is no square: some pixels lie outside of it."""
    points = np.random.default_rng(3).random((3, 5))
    plane = mbh.Plane.through(points, domain="box", low=0, high=1)
    return mbh.partition_input_space(mbh.Network(5, (14, 9), 3, seed=2), plane)


def decoded(numbers, folder) -> list:
    lengths, kinds, others = encoded(numbers)
    given = {"lengths": lengths.tolist(), "kinds": kinds.tolist(), "others": others.tolist()}
    others = "new (given.wide ? Uint32Array : Uint16Array)(given.runs.others)"
    read = f"decodeMap(given.runs.lengths, given.runs.kinds, {others}, given.side)"
    is_wide = others_of(numbers).dtype == np.uint32
    script = f"{DECODE}tell(Array.from({read}));"
    return run_node(script, folder, runs=given, side=len(numbers), wide=bool(is_wide))


def others_of(numbers) -> np.ndarray:
    return encoded(numbers)[2]


@pytest.mark.parametrize("pixels", [1, 2, 37, 150])
def test_the_script_reads_what_was_encoded(partition, tmp_path, pixels):
    seen = region_map(partition, pixels)
    assert decoded(seen.pixels, tmp_path) == seen.pixels.ravel().tolist()
    assert (seen.regions[seen.pixels] == pixel_regions(partition, pixels)).all()


def test_runs_that_are_longer_than_a_byte_are_cut(tmp_path):
    numbers = np.zeros((40, 40), int)
    numbers[20:, 7:] = 1
    lengths, kinds, _ = encoded(numbers)
    assert lengths.sum() == numbers.size
    assert (kinds == region_maps.SAME).sum() == (800 + 7) // 255
    assert decoded(numbers, tmp_path) == numbers.ravel().tolist()


def test_noise_is_read_back_too(tmp_path):
    noise = np.random.default_rng(0).integers(0, 5, (30, 30))
    _, first, inverse = np.unique(noise, return_index=True, return_inverse=True)
    numbers = np.argsort(np.argsort(first))[inverse].reshape(noise.shape)
    assert decoded(numbers, tmp_path) == numbers.ravel().tolist()


def test_the_largest_number_may_come_out_of_order_and_be_wide(tmp_path):
    """It is that of pixels outside: whether it comes first or last, the others keep their order."""
    for outside in (3, 9, 2**16 - 1, 2**16, 10**6):
        numbers = np.full((12, 12), outside)
        numbers[4:8, 2:9] = 0
        numbers[5:9, 5:8] = 1
        numbers[10:, :3] = 2
        _, kinds, others = encoded(numbers)
        assert (kinds == region_maps.NEW).sum() == 3 and set(others.tolist()) <= {0, 1, outside}
        assert others.dtype == (np.uint16 if outside < 2**16 else np.uint32)
        assert decoded(numbers, tmp_path) == numbers.ravel().tolist()
        numbers[0, 0], numbers[-1, -1] = 0, 1  # now one of the regions comes first
        assert decoded(numbers, tmp_path) == numbers.ravel().tolist()


def test_pixels_outside_of_the_domain_have_a_number_of_their_own(box, tmp_path):
    seen = region_map(box, 64)
    found = pixel_regions(box, 64)
    assert (found == -1).any()
    assert ((seen.pixels == len(seen.regions)) == (found == -1)).all()
    inside = found >= 0
    assert (seen.regions[seen.pixels[inside]] == found[inside]).all()


def test_too_many_regions_are_told(partition, monkeypatch):
    monkeypatch.setattr(region_maps, "_MOST", 5)
    with pytest.raises(MBHError, match=r"sees \d+ regions, and up to 5"):
        region_map(partition, 50)


def test_repeats_are_read_back(tmp_path):
    values = np.array([7, 5, 7, 7, 6, 5, 1])
    first, repeated = repeats(values)
    script = DECODE + "tell(Array.from(numbersOf(given.repeated)));"
    numbers = run_node(script, tmp_path, repeated=repeated.tolist())
    assert values[first][numbers].tolist() == values.tolist()


def test_equal_patterns_have_equal_hashes_and_most_others_do_not():
    patterns = np.arange(200, dtype=np.uint64).reshape(100, 2)
    hashes = pattern_hashes(patterns)
    assert (pattern_hashes(patterns[::-1])[::-1] == hashes).all()
    assert len(np.unique(hashes)) > 60  # 256 colours for 100 patterns
    assert pattern_hashes(patterns[:1]).tolist() == [hashes[0]]


def test_spanning_images_lie_where_they_are_drawn(partition):
    plane = partition.plane
    side = plane.high[0] - plane.low[0]
    for (x, y), (u, v) in zip(places(plane), plane.spanning, strict=True):
        assert x == pytest.approx((u - plane.low[0]) / side, abs=1e-5)
        assert y == pytest.approx((plane.high[1] - v) / side, abs=1e-5)
    assert places(mbh.Plane.rectangle()) == []


def test_borders_and_room_of_a_picture(tmp_path):
    map_ = [0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 2, 2, 2, 2]
    script = (
        DECODE
        + """
    const map = Uint16Array.from(given.map);
    tell({ border: Array.from(borders(map, 4, [0, 1, 1])), room: roomiest(map, 4, [0, 1, 1], 3),
           thick: Array.from(borders(map, 4, [0, 1, 1], true)),
           red: inked("#ff8001") === (0xff0180ff >>> 0), grey: fromHsl(200, 0, 0.5),
           centre: roomiest(new Uint16Array(49), 7, [0], 1) });
    """
    )
    found = run_node(script, tmp_path, map=map_)
    assert found["border"] == [1, 5, 8, 9]
    assert sorted(set(found["thick"])) == [0, 1, 4, 5, 8, 9]
    assert [one["room"] for one in found["room"]] == [1, 1, 0]
    assert found["centre"] == [{"x": 3, "y": 3, "room": 4}]
    assert found["red"] and found["grey"] == "#808080"


def test_groups_of_regions_are_seen_as_one(partition, box):
    for regions in (partition, box):
        groups = np.arange(len(regions)) % 7
        seen = region_maps.group_map(regions, groups, 80)
        found = pixel_regions(regions, 80)
        inside = found >= 0
        assert (seen.regions[seen.pixels[inside]] == groups[found[inside]]).all()
        assert (seen.pixels[~inside] == len(seen.regions)).all()
        _, first = np.unique(seen.pixels, return_index=True)
        assert (np.diff(first[: len(seen.regions)]) > 0).all()
