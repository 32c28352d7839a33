"""The sparsity explorer: its data against the package, its page in node and in Chromium."""

import csv
import io
import re
from dataclasses import replace

import numpy as np
import pytest
from browser import axe, chromium, needs_chromium, new_page, outside_requests, run_node, sideways
from test_training_page import drawing_time, goto

import mbh_utils as mbh
from mbh_utils import datasets
from mbh_utils.computing.store import Store
from mbh_utils.errors import MBHError
from mbh_utils.experiments import PROFILES, run_of, runs
from mbh_utils.explorers import sparsity
from mbh_utils.explorers.packing import unpack
from mbh_utils.explorers.rank_maps import COVERAGES, pixel_regions
from mbh_utils.explorers.sparsity import for_profile, sparsity_page

MOST_BYTES = 600_000


@pytest.fixture(scope="module")
def data():
    """Three classes of images of 3 x 4 pixels."""
    rng = np.random.default_rng(0)
    labels = np.arange(120) % 3
    images = np.clip(rng.normal(0.25 * (1 + labels[:, None]), 0.12, (120, 12)), 0, 1)
    made = mbh.from_arrays(images, labels, images[:60], labels[:60], classes=["ant", "bee", "cat"])
    return replace(made, image_shape=(3, 4))


@pytest.fixture(scope="module")
def wide(data):
    """Two criteria, three positions of the dial; both begin with the same dense network."""
    dense = mbh.feed_forward(data, (24, 16), bias_std=0.2)
    trained = dense.copy()
    mbh.train(trained, data, iterations=40, batch_size=20, learning_rate=0.02)
    budgets = [400, 220]
    tickets = [mbh.winning_ticket(trained, dense, n) for n in budgets]
    random = [mbh.feed_forward(data, (24, 16), parameters=n, bias_std=0.2) for n in budgets]
    return {"random mask": [trained, *random], "ticket": [trained, *tickets]}


@pytest.fixture(scope="module")
def narrow(data, wide):
    dense = wide["random mask"][0]
    made = [mbh.feed_forward(data, (18, 8), parameters=n, bias_std=0.2) for n in (380, 220)]
    made[0] = mbh.feed_forward(data, (21, 12), parameters=400, bias_std=0.2)
    return [dense, *made]


@pytest.fixture(scope="module")
def plane(data):
    return mbh.Plane.through(data.validation.images[:3])


@pytest.fixture(scope="module")
def page(wide, narrow, plane, data):
    return sparsity_page(wide, narrow, plane, data, caption="A toy.", pixels=120)


@pytest.fixture(scope="module")
def networks(page, wide, narrow):
    """The networks in the order of the page's views."""
    found = {}
    for criterion, row in zip(page.data["criteria"], wide.values(), strict=True):
        found |= dict(zip(criterion["views"], row, strict=True))
    found |= dict(zip(page.data["narrow"], narrow, strict=True))
    return [found[i] for i in range(len(page.data["views"]))]


@pytest.fixture(scope="module")
def file(page, tmp_path_factory):
    return page.save(tmp_path_factory.mktemp("pages"))


@pytest.fixture(scope="module")
def browser():
    with chromium() as found:
        yield found


# ------------------------------------------------------------------ data


def test_equal_networks_are_kept_once(page):
    assert len(page.data["views"]) == 3 + 2 + 2
    first = {row["views"][0] for row in page.data["criteria"]} | {page.data["narrow"][0]}
    assert len(first) == 1
    assert [row["name"] for row in page.data["criteria"]] == ["random mask", "ticket"]


def test_every_class_and_coverage_is_that_of_the_package(page, networks, plane, data):
    shares = unpack(page.data["share"])
    constraints = unpack(page.data["constraints"])
    met = unpack(page.data["met"])
    assert shares.shape == (7, 3, len(COVERAGES))
    for i, network in enumerate(networks):
        regions = mbh.partition_input_space(network, plane)
        for label in range(3):
            for k, coverage in enumerate(COVERAGES):
                pattern = mbh.maximal_pattern(network, data.validation.of_class(label), coverage)
                assert constraints[i, label, k] == len(pattern)
                assert met[i, label, k] == pattern.coverage
                expected = regions.blanket(pattern).share
                assert shares[i, label, k] == pytest.approx(expected, abs=1e-12)
    assert len(np.unique(shares)) > 30


def test_a_network_is_told_as_it_is(page, networks, plane, data):
    for view, network in zip(page.data["views"], networks, strict=True):
        assert view["hidden"] == list(network.hidden)
        assert view["parameters"] == network.n_parameters
        live = sum(int(mask.sum()) for mask in network.masks)
        assert view["density"] == live / sum(mask.size for mask in network.masks)
        assert view["accuracy"] == mbh.accuracy(network, data.validation)
        assert view["regions"] == len(mbh.partition_input_space(network, plane))
        assert unpack(view["degrees"]).tolist() == network.masks[0].sum(axis=0).tolist()
    assert page.data["shape"] == [3, 4]


def test_pixels_of_blankets_are_those_of_regions(page, networks, plane, data, tmp_path):
    side = page.data["side"]
    asked, expected = [], []
    for view, network in zip(page.data["views"], networks, strict=True):
        regions = mbh.partition_input_space(network, plane)
        region_of = pixel_regions(regions, side)
        runs_of = [unpack(view["map"][name]).tolist() for name in ("lengths", "kinds", "others")]
        ranks = unpack(view["ranks"])
        for label in range(3):
            pattern = mbh.maximal_pattern(network, data.validation.of_class(label), 0.8)
            inside = np.zeros(len(regions), int)
            inside[regions.blanket(pattern).regions] = 1
            expected.append(int(inside[region_of].sum()))
            asked.append(
                {
                    "runs": runs_of,
                    "ranks": ranks.ravel().tolist(),
                    "label": label,
                    "count": ranks.shape[1],
                    "constraints": len(pattern),
                }
            )
    script = """
    import { decodeMap } from "./runs.js";
    import { groupsInside } from "./sparsity.js";
    tell(given.asked.map(({ runs, ranks, label, count, constraints }) => {
      const inside = groupsInside(Uint8Array.from(ranks), label, count, constraints);
      return decodeMap(...runs, given.side).reduce((sum, group) => sum + inside[group], 0);
    }));
    """
    assert run_node(script, tmp_path, asked=asked, side=side) == expected
    assert any(0 < n < side * side for n in expected)


def test_the_glass_shows_the_middle_of_the_square(page, networks, plane, wide, narrow, data):
    left, top, size = page.data["glass"]
    assert left == top == pytest.approx((1 - size) / 2) and page.data["zoom"] == 1
    many = magnified(wide, narrow, plane, data)
    assert many.data["zoom"] == 3
    middle = (plane.low + plane.high) / 2
    half = (plane.high - plane.low) / 6
    glass = mbh.Plane(plane.origin, plane.basis, middle - half, middle + half)
    for view, network in zip(many.data["views"], networks, strict=True):
        expected = len(mbh.partition_input_space(network, glass))
        assert view["magnified"]["regions"] == expected < view["regions"]


def magnified(wide, narrow, plane, data):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sparsity, "_zoom", lambda n_regions: 3)
        return sparsity_page(wide, narrow, plane, data, pixels=40)


def test_the_glass_magnifies_more_where_there_are_more_regions():
    assert [sparsity._zoom(n) for n in (10, 350, 350 * 9, 60_000)] == [1, 1, 3, 13]


def test_input_that_makes_no_page_is_told(wide, narrow, plane, data):
    with pytest.raises(MBHError, match="has 3 networks, and narrow has 2"):
        sparsity_page(wide, narrow[:2], plane, data)
    with pytest.raises(MBHError, match="only equally large networks are compared"):
        sparsity_page(wide, [narrow[0], narrow[2], narrow[1]], plane, data)
    with pytest.raises(MBHError, match="at least one network each"):
        sparsity_page({}, narrow, plane, data)
    with pytest.raises(MBHError, match=r"narrow\[1\]"):
        sparsity_page(wide, [narrow[0], "network", narrow[2]], plane, data)
    with pytest.raises(MBHError, match="plane"):
        sparsity_page(wide, narrow, "plane", data)


# ------------------------------------------------------------------ a profile's page


def test_a_small_profile_s_page(tmp_path):
    quick = replace(PROFILES["quick"], iterations=30)
    store = Store(tmp_path / "store")
    page = for_profile(quick, store=store)
    assert len(page.html.encode()) < MOST_BYTES
    random, pruned, tickets = (row["views"] for row in page.data["criteria"])
    views = page.data["views"]
    sizes = [views[i]["parameters"] for i in random]
    widest = [s for s in quick.setups if s.hidden == quick.setups[0].hidden]
    assert sizes == [setup.parameters for setup in widest] == sorted(sizes, reverse=True)
    for row in (pruned, tickets, page.data["narrow"]):
        assert [views[i]["parameters"] for i in row] == sizes
    assert views[random[1]]["accuracy"] == run_of(quick, 2).history(store)[30]
    assert pruned[0] == random[0] != tickets[0]
    same_mask = [unpack(views[row[2]]["degrees"]).tolist() for row in (pruned, tickets)]
    assert same_mask[0] == same_mask[1] != unpack(views[random[2]]["degrees"]).tolist()


def test_the_page_of_profile_paper_is_committed_and_small(tmp_path, monkeypatch):
    if not datasets.describe("fashion_mnist")["found"]:
        pytest.skip("real fashion_mnist not found, whose checksum is part of the definition")
    monkeypatch.setattr(runs, "train_runs", lambda *given: pytest.fail("trains a network"))
    page = for_profile("paper", store=Store(tmp_path / "empty"))
    assert len(page.html.encode()) < MOST_BYTES
    views = page.data["views"]
    assert len(views) == 18
    assert max(view["regions"] for view in views) > 30_000
    assert all(view["magnified"]["regions"] < 2_000 for view in views)


# ------------------------------------------------------------------ pure functions


def test_pure_functions(tmp_path):
    script = """
    import { degreeGrey, degreeNumbers, densityWords, allowed } from "./sparsity.js";
    const data = {
      narrow: [0, 1, 2], criteria: [{}, {}], labels: [0, 2], coverages: given.coverages,
    };
    const asked = { step: 9, criterion: 7, picture: "x", class: 1, coverage: 0.777 };
    tell({
      grey: [degreeGrey(0, 9, false), degreeGrey(9, 9, false), degreeGrey(9, 9, true),
             degreeGrey(0, 0, false)],
      degrees: degreeNumbers([0, 3, 5, 0]), density: [1, 0.0163, 0.49921].map(densityWords),
      allowed: allowed(asked, data),
      kept: allowed({ step: 2, criterion: 1, picture: "regions", class: 2, coverage: 1 }, data),
    });
    """
    found = run_node(script, tmp_path, coverages=list(COVERAGES))
    assert found["grey"] == [255, 20, 255, 255]
    assert found["degrees"] == {"least": 0, "most": 5, "mean": 2, "none": 2}
    assert found["density"] == ["1", "0.0163", "0.499"]
    expected = {"step": 3, "criterion": 0, "picture": "blanket", "class": 0, "coverage": 0.78}
    assert found["allowed"] == expected
    expected = {"step": 2, "criterion": 1, "picture": "regions", "class": 2, "coverage": 1}
    assert found["kept"] == expected


# ------------------------------------------------------------------ in Chromium


def words_of(page, data, index: int, label: int, k: int) -> str:
    """What the status must say of one network, by the numbers of Python."""
    view = page.data["views"][index]
    share = unpack(page.data["share"])[index, label, k]
    widths = "-".join(map(str, view["hidden"]))
    words = (
        f"{widths} neurons at density {view['density']:.3g}: "
        f"validation accuracy {100 * view['accuracy']:.1f} %, {view['regions']:,} activation "
        f"regions, blanket {100 * share:.1f} % of the square, s = {1 - share:.3f}."
    )
    return words.replace(" %", "\N{NO-BREAK SPACE}%")


@needs_chromium
def test_status_says_python_s_numbers(browser, file, page, data):
    tab = new_page(browser)
    for step, criterion, label, k in [(1, 0, 0, 0), (2, 1, 2, 30), (3, 0, 1, 50), (3, 1, 2, 40)]:
        fragment = f"step={step}&criterion={criterion}&class={label}&coverage={COVERAGES[k]}"
        goto(tab, file, fragment)
        shown = tab.inner_text(".status")
        wide_one = page.data["criteria"][criterion]["views"][step - 1]
        for index in (wide_one, page.data["narrow"][step - 1]):
            assert words_of(page, data, index, label, k) in shown
        assert f"class {label} ({data.classes[label]}) at c_P = {COVERAGES[k]:.2f}" in shown
        row = tab.get_by_role("row", name=re.compile("^s of the class"))
        cells = row.locator("td").all_inner_texts()
        shares = unpack(page.data["share"])[[wide_one, page.data["narrow"][step - 1]], label, k]
        assert cells == [f"{1 - share:.3f}" for share in shares]
    assert tab.errors == [] and outside_requests(tab) == []


@needs_chromium
def test_it_is_one_file_without_errors(browser, file):
    tab = new_page(browser)
    goto(tab, file)
    files = [url for url in tab.requests if url.startswith("file:")]
    assert len(files) == 1 and outside_requests(tab) == [] and tab.errors == []


@needs_chromium
def test_the_keyboard_does_everything(browser, file):
    tab = new_page(browser)
    goto(tab, file, "step=1")
    tab.get_by_role("slider", name="density").focus()
    tab.keyboard.press("ArrowRight")
    tab.wait_for_function("location.hash.includes('step=2')")
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.tagName") == "SELECT"
    tab.keyboard.press("ArrowDown")
    tab.wait_for_function("location.hash.includes('criterion=1')")
    tab.keyboard.press("Tab")
    tab.keyboard.press("ArrowDown")
    tab.wait_for_function("location.hash.includes('picture=regions')")
    assert tab.get_by_role("img", name="activation regions in the magnified square").count() == 2
    tab.keyboard.press("Tab")
    tab.keyboard.press("ArrowDown")
    tab.wait_for_function("location.hash.includes('class=1')")
    tab.keyboard.press("Tab")
    tab.keyboard.press("End")
    tab.wait_for_function("location.hash.includes('coverage=1')")
    assert "class 1 (bee) at c_P = 1.00. Wide (ticket)" in tab.inner_text(".status")
    assert tab.errors == []


@needs_chromium
def test_controls_and_pictures_have_names(browser, file):
    tab = new_page(browser)
    goto(tab, file, "step=2")
    dial = tab.get_by_role("slider", name="density")
    assert dial.input_value() == "2" and dial.get_attribute("max") == "3"
    assert dial.get_attribute("data-lm-suppress-shortcuts") == "true"
    assert tab.get_by_role("img", name="Picture of the blanket of class 0").count() == 2
    assert tab.get_by_role("img", name="Picture of the pixels' connections").count() == 2


@needs_chromium
def test_pixels_connections_are_drawn(browser, file, page):
    tab = new_page(browser)
    goto(tab, file, "step=3&criterion=1")
    index = page.data["criteria"][1]["views"][2]
    degrees = unpack(page.data["views"][index]["degrees"])
    greys = tab.get_by_role("img", name="connections. Wide").evaluate(
        """(canvas) => {
          const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
          return Array.from(data).filter((_, i) => i % 4 === 0);
        }"""
    )
    expected = 255 * (1 - 0.92 * degrees / degrees.max())
    assert np.abs(np.array(greys) - expected).max() <= 1


@needs_chromium
def test_numbers_and_picture_are_saved(browser, file, page):
    tab = new_page(browser)
    goto(tab, file, "step=2&class=1&coverage=0.8")
    with tab.expect_download() as given:
        tab.get_by_role("button", name="save numbers").click()
    rows = list(csv.DictReader(io.StringIO(given.value.path().read_text())))
    assert len(rows) == 3 * 3
    assert [row["criterion"] for row in rows[:3]] == ["random mask", "ticket", "narrow network"]
    shares = unpack(page.data["share"])[:, 1, 30]
    indices = [page.data["criteria"][0]["views"][1], page.data["criteria"][1]["views"][1]]
    expected = [shares[i] for i in (*indices, page.data["narrow"][1])]
    assert [float(row["share"]) for row in rows[3:6]] == expected
    with tab.expect_download() as given:
        tab.get_by_role("button", name="save picture").click()
    assert given.value.path().read_bytes().startswith(b"\x89PNG")


@needs_chromium
@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [1100, 390])
def test_axe_finds_nothing_and_nothing_scrolls_sideways(browser, file, dark, width):
    tab = new_page(browser, width=width, dark=dark)
    goto(tab, file, "step=2")
    assert axe(tab) == []
    assert sideways(tab) <= 0


@needs_chromium
def test_drawing_takes_less_than_ten_milliseconds(browser, wide, narrow, plane, data, tmp_path):
    """Of pictures as large as those of the profiles."""
    file = sparsity_page(wide, narrow, plane, data).save(tmp_path)
    tab = new_page(browser)
    for picture in ("blanket", "regions"):
        goto(tab, file, f"step=2&picture={picture}")
        assert drawing_time(tab) < 10, picture
